#!/bin/sh
# Guess: where a subTest is skipped, unittest-xml-reporting writes a testcase of the test's class for it, skipped, as it
#   writes one of the class for a subTest that fails; the test itself, whose other subTests passed, is there or not.
# What happens: the skipped subTest is in a testsuite and a file of its own, those of "unittest.case._SubTest", together with
#   the ones of all other classes; only classname= says whose it is. In the suite of its class the test is missing: tests=
#   is less by one, and a class with no other test has no suite and no file.
# Seen with: unittest-xml-reporting 4.0.0, on Python 3.11 and 3.13
# Why it matters: a loop that skips one of its parameters, as for a missing driver, takes its test out of the report of its
#   class, though its other parameters have passed. What reads a report by its suites or its files, as most pages of CI
#   do, shows a class that no source has, and loses one that has run.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq unittest-xml-reporting==4.0.0
cd "$folder"
cat > test_orders.py <<'END'
import unittest


class Orders(unittest.TestCase):
    def test_drivers(self):
        for driver in ("sqlite", "oracle"):
            with self.subTest(driver=driver):
                if driver == "oracle":
                    self.skipTest("not installed")

    def test_sum(self):
        pass


class Prices(unittest.TestCase):
    def test_drivers(self):
        with self.subTest(driver="oracle"):
            self.skipTest("not installed")
END
venv/bin/python -m xmlrunner --output reports test_orders > /dev/null 2>&1
venv/bin/python - > seen <<'END'
from pathlib import Path
from xml.etree import ElementTree

for report in sorted(Path("reports").iterdir()):
    for suite in ElementTree.parse(report).iter("testsuite"):
        print(suite.get("name").rpartition("-")[0], "has", suite.get("tests"))
        for case in suite.iter("testcase"):
            print(" ", case.get("classname"), case.get("name"))
END
cat > expected <<'END'
test_orders.Orders has 1
  test_orders.Orders test_sum
unittest.case._SubTest has 2
  test_orders.Orders test_drivers (driver='oracle')
  test_orders.Prices test_drivers (driver='oracle')
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
