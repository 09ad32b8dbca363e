#!/bin/sh
# Guess: a decorator that stubs HTTP for a function does so for each test of a class, as those of HTTPretty and
#   unittest.mock do; or it refuses a class.
# What happens: the class becomes a function, or None, and no loader finds it. No test of it runs, and nothing is said:
#   beside another class, the run is green.
# Seen with: respx 0.23.1, aioresponses 0.7.9, mocket 3.15.0, pook 2.1.6; Python 3.11 to 3.13
# Why it matters: who moves @respx.mock from each test to the class has a suite that checks less, in which nothing fails.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq respx==0.23.1 aioresponses==0.7.9 mocket==3.15.0 httpretty==1.1.4 pook==2.1.6
cd "$folder"
cat > test_stubbed.py <<'END'
import unittest
from unittest import mock

import aioresponses
import httpretty
import mocket
import pook
import respx


class StubbedTests(unittest.IsolatedAsyncioTestCase):
    async def test_stubbed(self):
        self.fail("it runs")


Respx = respx.mock(type("Respx", (StubbedTests,), {}))
Aioresponses = aioresponses.aioresponses()(type("Aioresponses", (StubbedTests,), {}))
Mocket = mocket.mocketize(type("Mocket", (StubbedTests,), {}))
HTTPretty = httpretty.activate(type("HTTPretty", (StubbedTests,), {}))
Pook = pook.on(type("Pook", (StubbedTests,), {}))
Patched = mock.patch.dict("os.environ")(type("Patched", (StubbedTests,), {}))
del StubbedTests


class OtherTests(unittest.TestCase):
    def test_other(self):
        pass
END
venv/bin/python - > seen <<'END'
import unittest

import test_stubbed

for name in ("Respx", "Aioresponses", "Mocket", "HTTPretty", "Pook", "Patched"):
    print(name, type(getattr(test_stubbed, name)).__name__)
result = unittest.TestResult()
unittest.defaultTestLoader.loadTestsFromModule(test_stubbed).run(result)
print("ran", result.testsRun, "failed", [test.id() for test, _ in result.failures])
END
cat > expected <<'END'
Respx function
Aioresponses function
Mocket function
HTTPretty type
Pook NoneType
Patched type
ran 3 failed ['test_stubbed.HTTPretty.test_stubbed', 'test_stubbed.Patched.test_stubbed']
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
