#!/bin/sh
# Guess: a task that is made inside of in_transaction() and writes after its end either fails, as the transaction is over, or
#   writes on its own, as a task made outside does.
# What happens: on SQLite it goes on with the connection, past the lock that keeps transactions apart. create() returns the object,
#   and the row is in whatever transaction another task has open at that moment: if that is rolled back, the row is gone.
# Seen with: tortoise-orm 1.1.9, aiosqlite 0.22.1
# Why it matters: a handler that starts a task, such as to write a log, from within a transaction loses what it writes when another
#   request fails. Nothing is raised, and a test with one request at a time passes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq tortoise-orm==1.1.9 aiosqlite==0.22.1
cd "$folder"
cat > program.py <<'END'
import asyncio

from tortoise import Tortoise, fields, run_async
from tortoise.models import Model
from tortoise.transactions import in_transaction


class Row(Model):
    id = fields.IntField(primary_key=True)
    text = fields.CharField(max_length=20)


async def write_later(moment):
    await moment.wait()
    return await Row.create(text="log")


async def first_request(moment, *, inside):
    async with in_transaction():
        await Row.create(text="first request")
        if inside:
            return asyncio.create_task(write_later(moment))
    return asyncio.create_task(write_later(moment))


async def failing_request(moment):
    async with in_transaction():
        await Row.create(text="failing request")
        moment.set()
        await asyncio.sleep(0.5)
        raise ValueError


async def main():
    await Tortoise.init(db_url="sqlite://:memory:", modules={"models": ["__main__"]})
    await Tortoise.generate_schemas()
    for inside in (True, False):
        await Row.all().delete()
        moment = asyncio.Event()
        task = await asyncio.create_task(first_request(moment, inside=inside))
        failed = await asyncio.gather(asyncio.create_task(failing_request(moment)), return_exceptions=True)
        row = await task
        print(f"made {'inside' if inside else 'outside'}: created {row.text}, then {failed}, then there is")
        print("   ", await Row.all().order_by("id").values_list("text", flat=True))


run_async(main())
END
venv/bin/python program.py > seen
cat > expected <<'END'
made inside: created log, then [ValueError()], then there is
    ['first request']
made outside: created log, then [ValueError()], then there is
    ['first request', 'log']
END
diff expected seen
echo "Tortoise ORM 1.1.9: as stated"
