#!/bin/sh
# Guess: nose2, which collects test functions, runs an `async def` one or fails it as pytest does.
# What happens: it counts it as passed. Its methods of IsolatedAsyncioTestCase are run.
# Seen with: nose2 0.16.0, on Python 3.11 and 3.13
# Why it matters: a file of async test functions, moved from pytest-asyncio, is all green and tests nothing. A warning
#   ('never awaited') is all there is to see.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq nose2==0.16.0
cd "$folder"
cat > test_orders.py <<'END'
import unittest


async def test_function():
    assert 1 == 2


class Orders(unittest.IsolatedAsyncioTestCase):
    async def test_method(self):
        self.assertEqual(1, 2)
END
for name in test_function Orders.test_method; do
    status=0
    venv/bin/nose2 "test_orders.$name" > output 2>&1 || status=$?
    echo "$name: exit status $status, $(grep -E '^(OK|FAILED)' output)"
done > seen
cat > expected <<'END'
test_function: exit status 0, OK
Orders.test_method: exit status 1, FAILED (failures=1)
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
