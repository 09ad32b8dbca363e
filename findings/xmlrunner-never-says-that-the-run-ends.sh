#!/bin/sh
# Guess: whatever runs tests into a result of unittest's calls its startTestRun() and stopTestRun(), which unittest
#   documents as the place for what a whole run needs: unittest-xml-reporting, whose runner is a TextTestRunner, does.
# What happens: it calls neither. nose2 fires events of these names for its plugins, and does not call those of the
#   result. What is opened for the run in one of them is not opened, and what is closed there stays open.
# Seen with: unittest-xml-reporting 4.0.0, nose2 0.16.0, on Python 3.11 and 3.13
# Why it matters: a server that all classes share, a coverage report, a summary for CI: what such hooks do at the end of
#   a run is left out in CI, where reports are wanted, and nowhere else. No error says so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq unittest-xml-reporting==4.0.0 nose2==0.16.0
cd "$folder"
cat > test_orders.py <<'END'
import unittest


class Orders(unittest.TestCase):
    def run(self, result=None):
        stop = result.stopTestRun

        def stop_and_say():
            print("the run ends")
            stop()

        result.stopTestRun = stop_and_say
        return super().run(result)

    def test_sum(self):
        pass
END
for runner in unittest xmlrunner nose2; do
    echo "$runner:"
    venv/bin/python -m "$runner" test_orders 2> /dev/null | grep 'the run' || echo 'not a word'
done > seen
cat > expected <<'END'
unittest:
the run ends
xmlrunner:
not a word
nose2:
not a word
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
