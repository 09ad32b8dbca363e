#!/bin/sh
# Guess: a failing subTest that runs beside others, in asyncio.gather, is reported with its own parameters.
# What happens: it takes those of each subTest that was open when it began, and what is left over stays for the rest
#   of the test: the failure of path='/b' is also user='ann', and a later subTest, with nothing beside it, too.
# Seen with: Python 3.11 and 3.13 (IsolatedAsyncioTestCase), standard library only; no package to pin
# Why it matters: the parent of a subTest is an attribute of the test case, not of the task. Whoever calls an app
#   concurrently and names each call by a subTest reads of a pair of parameters that was never tried.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
cd "$folder"
cat > test_calls.py <<'END'
import asyncio
import unittest


class Calls(unittest.IsolatedAsyncioTestCase):
    async def call(self, **parameters):
        with self.subTest(**parameters):
            await asyncio.sleep(0)
            self.fail()

    async def test_calls(self):
        await asyncio.gather(self.call(user="ann"), self.call(path="/b"))
        with self.subTest(later=True):
            self.fail()
END
venv/bin/python -m unittest test_calls 2>&1 | grep '^FAIL:' > seen
cat > expected <<'END'
FAIL: test_calls (test_calls.Calls.test_calls) (user='ann')
FAIL: test_calls (test_calls.Calls.test_calls) (path='/b', user='ann')
FAIL: test_calls (test_calls.Calls.test_calls) (later=True, user='ann')
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
