#!/bin/sh
# Guess: green's JUnit report has a testcase for each test that has run, by the full name of its class; one that was
#   expected to fail and did is a skipped testcase, as unittest-xml-reporting and nose2 have it, or a passed one.
# What happens: it has none: tests= is less by one than the number that green itself prints. An unexpected success, by
#   which green fails the run, has none either. classname= is the bare name of the class, without the module, which only
#   the testsuite names.
# Seen with: green 4.0.2, on Python 3.11 and 3.13
# Why it matters: a run that fails by an unexpected success has a report without a failure. Two classes of the same name in
#   two modules are one to whatever goes by classname, as pages of CI and tools that share a suite out do.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq green==4.0.2
cd "$folder"
cat > test_orders.py <<'END'
import unittest


class Orders(unittest.TestCase):
    def test_sum(self):
        pass

    @unittest.expectedFailure
    def test_refund(self):
        self.fail("not yet")

    @unittest.expectedFailure
    def test_discount(self):
        pass
END
venv/bin/python -m green -s 1 -j report.xml test_orders > printed 2>&1 || true
{
    sed -E 's/\x1b\[[0-9;]*m//g; s/ in [0-9.]+s.*//' printed | grep -E '^(Ran|FAILED|OK)'
    venv/bin/python - <<'END'
from xml.etree import ElementTree

for suite in ElementTree.parse("report.xml").iter("testsuite"):
    print(suite.get("name"), "has", suite.get("tests"), "and", suite.get("failures"), "failures")
    for case in suite.iter("testcase"):
        print(" ", case.get("classname"), case.get("name"))
END
} > seen
cat > expected <<'END'
Ran 3 tests
FAILED (expected_failures=1, passes=1, unexpected_successes=1)
test_orders.Orders has 1 and 0 failures
  Orders test_sum
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
