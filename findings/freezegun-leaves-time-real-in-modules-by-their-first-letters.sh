#!/bin/sh
# Guess: freeze_time stops datetime and time.time() alike, in each module that is not named on its ignore list.
# What happens: the list holds beginnings of names. As it has 'gi' (of PyGObject), 'queue' and 'threading',
#   time.time() runs on in gifts.py or queueing.py of one's own, while datetime stands still there. orders.py, of the
#   same text, has both frozen.
# Seen with: freezegun 1.5.5, on Python 3.11 and 3.13
# Why it matters: an expiry that is computed with time.time() in gifts.py and compared with datetime.now() is off by
#   years in tests, by the name of the file alone; a move of the code to another file turns the test green or red.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq freezegun==1.5.5
cd "$folder"
cat > program.py <<'END'
import importlib
from pathlib import Path

from freezegun import freeze_time

SOURCE = """
import datetime
import time

def years():
    return datetime.datetime.now().year, time.gmtime(time.time()).tm_year
"""

for name in ("orders", "gifts", "queueing", "threadings"):
    Path(f"{name}.py").write_text(SOURCE)
    module = importlib.import_module(name)
    with freeze_time("2001-02-03"):
        by_datetime, by_time = module.years()
    print(name, "datetime:", by_datetime, "time:", "frozen" if by_time == 2001 else "real")
END
venv/bin/python program.py > seen
cat > expected <<'END'
orders datetime: 2001 time: frozen
gifts datetime: 2001 time: real
queueing datetime: 2001 time: real
threadings datetime: 2001 time: real
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
