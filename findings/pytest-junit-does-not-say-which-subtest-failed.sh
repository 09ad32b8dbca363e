#!/bin/sh
# Guess: each failing subTest of a unittest class is a testcase of its own in pytest's JUnit XML, with its parameters,
#   and tests= is the number of testcases.
# What happens: all failures are put into one testcase, the parameters are nowhere in the file, and tests= counts the
#   subtests, so it is more than there are testcases. The terminal shows the parameters.
# Seen with: pytest 9.2.0, unittest-xml-reporting 4.0.0
# Why it matters: CI shows from the XML that a loop over statuses failed, and not for which; readers that keep one
#   failure a testcase (the common schema) lose the rest. Tools that sum up tests= get another number than those that
#   count.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq pytest==9.2.0 unittest-xml-reporting==4.0.0
cd "$folder"
cat > test_orders.py <<'END'
import unittest


class Orders(unittest.IsolatedAsyncioTestCase):
    async def test_statuses(self):
        for status in ("paid", "sent", "lost"):
            with self.subTest(status=status):
                if "t" in status:
                    self.fail(f"'t' in {status!r}")
END
cat > program.py <<'END'
import subprocess
import sys
from xml.etree import ElementTree

COMMANDS = {
    "xmlrunner": ["xmlrunner", "--output-file", "xmlrunner.xml", "test_orders"],
    "pytest": ["pytest", "--show-capture=no", "--junit-xml", "pytest.xml", "test_orders.py"],
}
for name, command in COMMANDS.items():
    subprocess.run([sys.executable, "-m", *command], capture_output=True, check=False)
    suite = next(ElementTree.parse(f"{name}.xml").getroot().iter("testsuite"))
    print(name, "tests", suite.get("tests"), "failures", suite.get("failures"))
    for case in suite.findall("testcase"):
        print("   ", case.get("name"), [failure.get("message") for failure in case.findall("failure")])
    shown = ElementTree.tostring(suite, "unicode")
    print("    parameters in the file:", "status='sent'" in shown or "status=\"sent\"" in shown)
END
venv/bin/python program.py > seen
cat > expected <<'END'
xmlrunner tests 2 failures 2
    test_statuses (status='sent') ["'t' in 'sent'"]
    test_statuses (status='lost') ["'t' in 'lost'"]
    parameters in the file: True
pytest tests 4 failures 2
    test_statuses ["AssertionError: 't' in 'sent'", "AssertionError: 't' in 'lost'"]
    parameters in the file: False
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
