#!/bin/sh
# Guess: truncate_all_models() of tortoise.contrib.test empties every table that generate_schemas() made.
# What happens: on SQLite, the tables between the two models of a ManyToManyField keep their rows. They are no models, and foreign
#   keys are turned off for the while, so that nothing is deleted along. An object that is created next with the same key is
#   related to what the last test related it to. Where keys are counted, they go on, and the rows stay unseen.
# Seen with: tortoise-orm 1.1.9, aiosqlite 0.22.1
# Why it matters: a test finds relations that nobody has made, and only behind another test; or passes because of them.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq tortoise-orm==1.1.9 aiosqlite==0.22.1
cd "$folder"
cat > program.py <<'END'
from tortoise import Tortoise, fields, run_async
from tortoise.contrib.test import truncate_all_models
from tortoise.models import Model


class Theme(Model):
    name = fields.CharField(max_length=10, primary_key=True)


class Exhibit(Model):
    number = fields.CharField(max_length=10, primary_key=True)
    themes = fields.ManyToManyField("models.Theme")


async def create():
    await Theme.create(name="water")
    return await Exhibit.create(number="A7")


async def delete_all():
    for model in (Exhibit, Theme):
        await model.all().delete()


async def main():
    await Tortoise.init(db_url="sqlite://:memory:", modules={"models": ["__main__"]})
    await Tortoise.generate_schemas()
    for empty in (truncate_all_models, delete_all):
        exhibit = await create()
        await exhibit.themes.add(await Theme.get(name="water"))
        await empty()
        left = await Exhibit.all().count() + await Theme.all().count()
        exhibit = await create()
        print(f"{empty.__name__}: {left} objects left; a new one has the themes", [each.name for each in await exhibit.themes])
        await delete_all()


run_async(main())
END
venv/bin/python program.py > seen
cat > expected <<'END'
truncate_all_models: 0 objects left; a new one has the themes ['water']
delete_all: 0 objects left; a new one has the themes []
END
diff expected seen
echo "Tortoise ORM 1.1.9: as stated"
