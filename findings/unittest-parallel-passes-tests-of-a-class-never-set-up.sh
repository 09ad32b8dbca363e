#!/bin/sh
# Guess: with --level=test, where each test has a turn of its own, unittest-parallel sets a class up for each of its tests;
#   or, as its documentation says that tests with class fixtures will likely fail at this level, their run fails.
# What happens: no class fixture is called, and nothing says so. Tests of a class whose setUpClass() raises run and pass, and
#   so do those of one that would have skipped itself; the run ends with OK and exit code 0. At the other two levels the
#   same tests are an error, and skipped. Fixtures of modules are left out in the same way.
# Seen with: unittest-parallel 1.8.0, on Python 3.11
# Why it matters: the level is one word on the command line, and the quickest for classes with many tests. Checks that a
#   suite makes once a class or a module, such as "is the right service running?", are gone, and what the fixtures do not
#   clean up is not there either: the report is better than before.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq unittest-parallel==1.8.0
cd "$folder"
cat > test_fixtures.py <<'END'
import unittest


class Broken(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise ValueError("cannot be set up")

    def test_one(self):
        pass


class Elsewhere(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise unittest.SkipTest("not on this machine")

    def test_two(self):
        pass
END
cat > test_module.py <<'END'
import unittest


def setUpModule():
    raise ValueError("cannot be set up")


class Test(unittest.TestCase):
    def test_three(self):
        pass
END
for level in module class test; do
  status=0
  venv/bin/unittest-parallel --level=$level -j 1 -t . -s . > printed 2>&1 || status=$?
  echo "$level: $(grep -E '^(OK|FAILED)' printed), exit code $status"
done > seen
cat > expected <<'END'
module: FAILED (errors=2, skipped=1), exit code 2
class: FAILED (errors=2, skipped=1), exit code 2
test: OK, exit code 0
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
