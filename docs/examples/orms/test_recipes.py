"""The recipes over HTTP: a test's rows are deleted before the next one."""

import tempfile
from pathlib import Path

from fastapi_testing import AsyncServerTestCase
from piccolo.table import create_db_tables

from recipes import DB, TABLES, Ingredient, Recipe, app

SOUP = {"name": "soup", "ingredients": ["water", "salt"]}


class RecipeTests(AsyncServerTestCase):
    """The tables are made once, in a file of the class's own."""

    app = app

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.addClassCleanup(setattr, DB, "path", DB.path)
        DB.path = str(Path(folder, "recipes.sqlite"))
        await create_db_tables(*TABLES)
        await super().asyncSetUpClass()

    async def asyncSetUp(self) -> None:
        await super().asyncSetUp()
        for table in reversed(TABLES):
            await table.delete(force=True)  # all rows

    async def test_created(self) -> None:
        """A recipe is in the database when the response is there."""
        response = await self.client.post("/recipes", json=SOUP)
        self.assertStatus(response, 201)
        self.assertJsonEqual(await self.client.get(f"/recipes/{response.json()}/ingredients"), ["salt", "water"])
        self.assertEqual(await Recipe.count(), 1)

    async def test_created_again(self) -> None:
        """What another test has written is not there."""
        self.assertStatus(await self.client.post("/recipes", json=SOUP), 201)
        self.assertEqual(await Ingredient.count(), 2)

    async def test_name_is_taken(self) -> None:
        """There is one recipe of a name."""
        await Recipe(name="soup").save()
        self.assertHTTPError(await self.client.post("/recipes", json=SOUP), 409, "there is a recipe for soup already")

    async def test_all_or_nothing(self) -> None:
        """A recipe that is refused half-way leaves nothing: its transaction is a real one."""
        response = await self.client.post("/recipes", json=SOUP | {"ingredients": ["water", "poison"]})
        self.assertHTTPError(response, 422, "nobody cooks with poison")
        self.assertEqual((await Recipe.count(), await Ingredient.count()), (0, 0))
