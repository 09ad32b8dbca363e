#!/bin/sh
# Guess: a test that outlasts the time-out which its fixture holds open around it is ended by that, and fails with
#   TimeoutError.
# What happens: under unittest's IsolatedAsyncioTestCase and under pytest-asyncio the test runs to its end and passes, and
#   the time-out ends without a word: set-up, test and tear-down are a task each, and the time-out cancels the task of the
#   set-up, which is done. Entered in the test's body by enterAsyncContext(), it ends the test with a bare CancelledError.
#   Under anyio's plugin, where all run in one task, the test is ended with CancelledError, and the tear-down has an error
#   which says that a resource is closed. Nobody says TimeoutError.
# Seen with: CPython 3.11.7, pytest 9.2.0, pytest-asyncio 1.5.0, anyio 4.16.0
# Why it matters: a base class or a conftest.py that limits each test by such a fixture limits none, and nothing tells.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq pytest==9.2.0 pytest-asyncio==1.5.0 anyio==4.16.0
cd "$folder"
cat > test_unittest.py <<'END'
import asyncio
import unittest


class SetUp(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        await self.enterAsyncContext(asyncio.timeout(0.1))

    async def test(self):
        await asyncio.sleep(1)


class Body(unittest.IsolatedAsyncioTestCase):
    async def test(self):
        await self.enterAsyncContext(asyncio.timeout(0.1))
        await asyncio.sleep(1)
END
cat > fixture.txt <<'END'
async def limit():
    async with asyncio.timeout(0.1):
        yield


async def test(limit):
    await asyncio.sleep(1)
END
{
  printf 'import asyncio\nimport pytest\nimport pytest_asyncio\npytestmark = pytest.mark.asyncio\n@pytest_asyncio.fixture\n'
  cat fixture.txt
} > test_pytest_asyncio.py
{
  printf 'import asyncio\nimport pytest\npytestmark = pytest.mark.anyio\n@pytest.fixture\n'
  cat fixture.txt
} > test_anyio.py
printf 'import pytest\n@pytest.fixture\ndef anyio_backend():\n    return "asyncio"\n' > conftest.py
for case in SetUp Body; do
  echo "unittest, $case: $(venv/bin/python -m unittest test_unittest.$case 2>&1 | grep -E '^(OK|.*Error)' || true)"
done > seen
for plugin in pytest_asyncio anyio; do
  echo "$plugin:"
  venv/bin/python -m pytest -q -p no:cacheprovider -rA "test_$plugin.py" 2>&1 |
    grep -E '^(PASSED|FAILED|ERROR)' | sort | sed 's/ - .*\.\([A-Za-z]*\).*/ - \1/'
done >> seen
cat > expected <<'END'
unittest, SetUp: OK
unittest, Body: asyncio.exceptions.CancelledError
pytest_asyncio:
PASSED test_pytest_asyncio.py::test
anyio:
ERROR test_anyio.py::test - ClosedResourceError
FAILED test_anyio.py::test - CancelledError
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
