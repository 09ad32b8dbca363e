"""The museum over HTTP: a test's rows are deleted before the next one."""

import tempfile

from fastapi_testing import AsyncServerTestCase
from tortoise import Tortoise

from museum import Exhibit, Theme, app

JAR = {"number": "A7", "title": "Jar", "themes": ["water"]}


class MuseumTests(AsyncServerTestCase):
    """The tables are made once; the theme is there in each test."""

    app = app

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.override_env(MUSEUM_DATABASE=f"sqlite://{folder}/museum.db")
        await super().asyncSetUpClass()  # the app opens the database
        await Tortoise.generate_schemas()

    async def asyncSetUp(self) -> None:
        await super().asyncSetUp()
        for model in (Exhibit, Theme):
            await model.all().delete()
        await Theme.create(name="water")

    async def test_created(self) -> None:
        """An exhibit is in the database when the response is there."""
        self.assertStatus(await self.client.post("/exhibits", json=JAR), 201)
        self.assertEqual((await Exhibit.get(number="A7")).title, "Jar")
        self.assertJsonEqual(await self.client.get("/exhibits/A7/themes"), ["water"])

    async def test_nothing_left(self) -> None:
        """The exhibit of another test is not there, nor are its themes when one of its number is."""
        self.assertHTTPError(await self.client.get("/exhibits/A7/themes"), 404, "there is no exhibit A7")
        await Exhibit.create(number="A7", title="Vase")
        self.assertJsonEqual(await self.client.get("/exhibits/A7/themes"), [])

    async def test_number_is_taken(self) -> None:
        """A number is there once."""
        await Exhibit.create(number="A7", title="Vase")
        self.assertHTTPError(await self.client.post("/exhibits", json=JAR), 409, "there is a A7 already")

    async def test_all_or_nothing(self) -> None:
        """An exhibit with a theme that is not there is not added: its transaction is a real one."""
        response = await self.client.post("/exhibits", json=JAR | {"themes": ["water", "fire"]})
        self.assertHTTPError(response, 404, "there is no theme fire")
        self.assertEqual(await Exhibit.all().count(), 0)
