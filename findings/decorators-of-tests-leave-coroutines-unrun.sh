#!/bin/sh
# Guess: what decorates a test, or each test of a class, knows coroutine functions, as parameterized and ddt do, or says
#   that it does not.
# What happens: it calls the function and hands on a coroutine that nobody awaits. IsolatedAsyncioTestCase takes the
#   wrapper for a plain test, which passes: not a line of it has run.
# Seen with: requests-mock 1.12.1 on a class, retrying 1.4.2, genty 1.3.2; ddt 1.7.2 and parameterized 0.9.0 run them;
#   Python 3.11 to 3.13
# Why it matters: a suite that becomes asynchronous keeps its decorators, gets faster, and checks nothing.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq requests-mock==1.12.1 retrying==1.4.2 genty==1.3.2 ddt==1.7.2 parameterized==0.9.0
cd "$folder"
cat > program.py <<'END'
import unittest
import warnings

import requests_mock
from ddt import data, ddt
from genty import genty, genty_dataset
from parameterized import parameterized
from retrying import retry

warnings.simplefilter("ignore")


@requests_mock.Mocker()
class RequestsMock(unittest.IsolatedAsyncioTestCase):
    async def test(self, mocker):
        self.fail("it runs")


class Retrying(unittest.IsolatedAsyncioTestCase):
    @retry(stop_max_attempt_number=3, wait_fixed=1)
    async def test(self):
        self.fail("it runs")


@genty
class Genty(unittest.IsolatedAsyncioTestCase):
    @genty_dataset(1)
    async def test(self, number):
        self.fail("it runs")


@ddt
class Ddt(unittest.IsolatedAsyncioTestCase):
    @data(1)
    async def test(self, number):
        self.fail("it runs")


class Parameterized(unittest.IsolatedAsyncioTestCase):
    @parameterized.expand([(1,)])
    async def test(self, number):
        self.fail("it runs")


for case in (RequestsMock, Retrying, Genty, Ddt, Parameterized):
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    print(case.__name__, "ran", result.testsRun, "passed" if result.wasSuccessful() else "failed")
END
venv/bin/python program.py > seen
cat > expected <<'END'
RequestsMock ran 1 passed
Retrying ran 1 passed
Genty ran 1 passed
Ddt ran 1 failed
Parameterized ran 1 failed
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
