#!/bin/sh
# Guess: Tortoise ORM turns every time that has an offset into UTC for SQLite, in what it writes and in what it looks for: a row
#   that was created with `at=noon` is found by `filter(at=noon)`.
# What happens: only what is written is turned. A filter gives the time as text with its own offset, and SQLite compares the text:
#   the row is not found by the time it was created with, nor since a minute before, and is found before an hour earlier.
# Seen with: tortoise-orm 1.1.9, aiosqlite 0.22.1
# Why it matters: FastAPI gives a handler the offset that the client has sent. Tests that send UTC pass, and clients in another time
#   zone get other rows.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq tortoise-orm==1.1.9 aiosqlite==0.22.1
cd "$folder"
cat > program.py <<'END'
from datetime import datetime, timedelta, timezone

from tortoise import Tortoise, fields, run_async
from tortoise.models import Model

SUMMER = timezone(timedelta(hours=2))
noon = datetime(2026, 7, 1, 12, tzinfo=SUMMER)
minute = timedelta(minutes=1)


class Visit(Model):
    id = fields.IntField(primary_key=True)
    at = fields.DatetimeField()


async def main():
    await Tortoise.init(db_url="sqlite://:memory:", modules={"models": ["__main__"]})
    await Tortoise.generate_schemas()
    await Visit.create(at=noon)
    print("read:", (await Visit.get()).at)
    for name, time in {"with its offset": noon, "in UTC": noon.astimezone(timezone.utc)}.items():
        print(
            f"looked for {name}:",
            f"{await Visit.filter(at=time).count()} at the time,",
            f"{await Visit.filter(at__gte=time - minute).count()} since a minute before,",
            f"{await Visit.filter(at__lt=time - 60 * minute).count()} before an hour earlier",
        )


run_async(main())
END
venv/bin/python program.py > seen
cat > expected <<'END'
read: 2026-07-01 10:00:00+00:00
looked for with its offset: 0 at the time, 0 since a minute before, 1 before an hour earlier
looked for in UTC: 1 at the time, 1 since a minute before, 0 before an hour earlier
END
diff expected seen
echo "Tortoise ORM 1.1.9: as stated"
