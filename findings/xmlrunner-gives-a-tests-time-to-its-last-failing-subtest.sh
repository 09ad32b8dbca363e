#!/bin/sh
# Guess: where subTests of a test fail, unittest-xml-reporting writes a testcase for each, with the time that the
#   subTest took; one that has passed has one, too, or its time is in none.
# What happens: each failing subTest has a testcase. All of them but the last have time="0.000"; the last has the time of
#   the whole test, with that of the subTests that passed. Passing ones have none.
# Seen with: unittest-xml-reporting 4.0.0, on Python 3.11 and 3.13
# Why it matters: who looks for the slow parameter of a loop in CI's report finds the last that failed, whatever was slow.
#   The sum over a test is right, so a suite may be shared out by it; a mean or a limit for each testcase is not.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq unittest-xml-reporting==4.0.0
cd "$folder"
cat > test_orders.py <<'END'
import time
import unittest


class Orders(unittest.TestCase):
    def test_statuses(self):
        for status, seconds in (("lost", 1.0), ("paid", 0.5), ("sent", 0.0), ("back", 0.5)):
            with self.subTest(status=status):
                time.sleep(seconds)
                if status in ("lost", "sent"):
                    self.fail("no such order")
END
venv/bin/python -m xmlrunner --output-file report.xml test_orders > /dev/null 2>&1 || true
venv/bin/python - > seen <<'END'
from xml.etree import ElementTree

for case in ElementTree.parse("report.xml").iter("testcase"):
    print(case.get("name"), "took", round(float(case.get("time")), 0), "s")
END
cat > expected <<'END'
test_statuses (status='lost') took 0.0 s
test_statuses (status='sent') took 2.0 s
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
