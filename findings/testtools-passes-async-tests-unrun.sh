#!/bin/sh
# Guess: testtools.TestCase fails an `async def` test that it cannot run, and runs it where the class is an
#   IsolatedAsyncioTestCase too.
# What happens: both pass. The coroutine is made and dropped; only a RuntimeWarning ('never awaited') is left, and -W
#   error does not fail the test either.
# Seen with: testtools 2.9.1, on Python 3.11 and 3.13
# Why it matters: suites of OpenStack's kind (testtools, stestr) that gain their first async test of an app are green
#   whatever it asserts. The order of the bases decides: with testtools.TestCase first, its run method wins.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq testtools==2.9.1
cd "$folder"
cat > test_orders.py <<'END'
import unittest

import testtools


class Plain(testtools.TestCase):
    async def test_sum(self):
        self.assertEqual(1, 2)


class Mixed(testtools.TestCase, unittest.IsolatedAsyncioTestCase):
    async def test_sum(self):
        self.assertEqual(1, 2)


class Isolated(unittest.IsolatedAsyncioTestCase):
    async def test_sum(self):
        self.assertEqual(1, 2)
END
for name in Plain Mixed Isolated; do
    status=0
    venv/bin/python -W error -m unittest "test_orders.$name" > /dev/null 2>&1 || status=$?
    echo "$name: exit status $status"
done > seen
cat > expected <<'END'
Plain: exit status 0
Mixed: exit status 0
Isolated: exit status 1
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
