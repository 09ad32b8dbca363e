#!/bin/sh
# Guess: `manage.py test --parallel --buffer` reports a class whose setUpClass() fails as one error, like either option alone.
# What happens: the run breaks off with an AttributeError in unittest, as the results of the other processes are told again where
#   nothing is buffered: no test is reported any more, passed or failed, and there is no summary.
# Seen with: Django 5.2.19
# Why it matters: a server or a database that does not start fails class set-ups, and just then the run says nothing of the rest.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq django==5.2.19 tblib==3.2.2
cd "$folder"
mkdir suite && touch suite/__init__.py
cat > suite/test_classes.py <<'END'
import unittest


class ClosedTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise LookupError("closed")

    def test_never(self):
        pass


class OpenTests(unittest.TestCase):
    def test_passes(self):
        pass
END
cat > run.py <<'END'
import sys

import django
from django.conf import settings
from django.test.runner import DiscoverRunner

if __name__ == "__main__":
    settings.configure(DATABASES={})
    django.setup()
    runner = DiscoverRunner(parallel=int(sys.argv[1]), buffer=sys.argv[2] == "buffer", interactive=False)
    sys.exit(runner.run_tests(["suite"]) > 0)
END
for options in "0 buffer" "2 none" "2 buffer"; do
  venv/bin/python run.py $options > printed 2>&1 && code=0 || code=$?
  echo "parallel $options: exit code $code" >> seen
  grep -E '^(AttributeError|Ran |FAILED)' printed | sed 's/ in .*s$//' >> seen || true
done
cat > expected <<'END'
parallel 0 buffer: exit code 1
Ran 1 test
FAILED (errors=1)
parallel 2 none: exit code 1
Ran 1 test
FAILED (errors=1)
parallel 2 buffer: exit code 1
AttributeError: '_io.TextIOWrapper' object has no attribute 'getvalue'
END
diff expected seen
echo "Django 5.2.19: as stated"
