#!/bin/sh
# Guess: trial, which runs the test cases of unittest too, takes a test with @unittest.expectedFailure that fails for what it is.
# What happens: for a `unittest.TestCase` the whole run breaks off there with an AttributeError of trial's own: tests behind it
#   are not run, and there is no count. For trial's own TestCase the decorator means nothing, and the test has failed.
# Seen with: Twisted 26.10.0
# Why it matters: one expected failure in a suite of unittest, and trial reports nothing of all that comes later.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq twisted==26.10.0
cd "$folder"
cat > test_known.py <<'END'
import os
import unittest

from twisted.trial.unittest import TestCase

base = TestCase if os.environ.get("BASE") == "trial" else unittest.TestCase


class KnownTests(base):
    @unittest.expectedFailure
    def test_known(self):
        self.assertEqual(1, 2)


class LaterTests(base):
    def test_later(self):
        pass
END
for base in unittest trial; do
  BASE=$base PYTHONPATH=. venv/bin/python -m twisted.trial test_known > printed 2>&1 && code=0 || code=$?
  echo "$base: exit code $code" >> seen
  grep -E '^(AttributeError|Ran |PASSED|FAILED)' printed | sed 's/ in .*s$//' >> seen || true
done
cat > expected <<'END'
unittest: exit code 1
AttributeError: 'tuple' object has no attribute 'frames'
trial: exit code 1
Ran 2 tests
FAILED (failures=1, successes=1)
END
diff expected seen
echo "Twisted 26.10.0: as stated"
