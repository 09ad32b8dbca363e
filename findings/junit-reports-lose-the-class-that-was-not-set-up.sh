#!/bin/sh
# Guess: a class whose setUpClass() raises is in the JUnit report under its own name: as a testcase with classname= of the
#   class, or by its tests, each an error, as pytest has it.
# What happens: unittest-xml-reporting puts all of them into a testsuite, and a file, of "unittest.suite._ErrorHolder", with
#   an empty classname=. nose2 cuts what unittest calls it, "setUpClass (module.Class)", at its last dot: classname= is
#   "setUpClass (module", name= is "Class)". In neither report is there a test of the class; tests= of nose2's suite does
#   not count what it has.
# Seen with: unittest-xml-reporting 4.0.0, nose2 0.16.0, pytest 9.2.0, on Python 3.11 and 3.13
# Why it matters: a server or a database that does not start fails whole classes, and CI shows it under a class that nobody
#   has written; who looks for the class finds that it has not run. Owners by class, histories and reruns by classname
#   get nothing.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq unittest-xml-reporting==4.0.0 nose2==0.16.0 pytest==9.2.0
cd "$folder"
cat > test_orders.py <<'END'
import unittest


class Orders(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise LookupError("no database")

    def test_sum(self):
        pass


class Prices(unittest.TestCase):
    def test_sum(self):
        pass
END
venv/bin/python -m pytest -q -p no:cacheprovider --junitxml=1-pytest.xml test_orders.py > /dev/null 2>&1 || true
venv/bin/python -m xmlrunner --output-file 2-xmlrunner.xml test_orders > /dev/null 2>&1 || true
venv/bin/python -m nose2 --plugin nose2.plugins.junitxml --junit-xml test_orders > /dev/null 2>&1 || true
mv nose2-junit.xml 3-nose2.xml
venv/bin/python - > seen <<'END'
from pathlib import Path
from xml.etree import ElementTree

for report in sorted(Path().glob("*.xml")):
    print(report.stem.partition("-")[2])
    for suite in ElementTree.parse(report).iter("testsuite"):
        print(" ", suite.get("name").partition("-2")[0], "has", suite.get("tests"))
        for case in suite.iter("testcase"):
            print("   ", [case.get("classname"), case.get("name")])
END
cat > expected <<'END'
pytest
  pytest has 2
    ['test_orders.Orders', 'test_sum']
    ['test_orders.Prices', 'test_sum']
xmlrunner
  test_orders.Prices has 1
    ['test_orders.Prices', 'test_sum']
  unittest.suite._ErrorHolder has 1
    ['', 'setUpClass (test_orders.Orders)']
nose2
  nose2-junit has 1
    ['setUpClass (test_orders', 'Orders)']
    ['test_orders.Prices', 'test_sum']
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
