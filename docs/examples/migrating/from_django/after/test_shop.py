"""The tests of the shop, against a server and a database of each class."""

from database_shop import Item, app, open_session
from fastapi_testing import AsyncServerTestCase
from fastapi_testing.databases import SQLAlchemyMixin
from sqlmodel import SQLModel, func, select
from sqlmodel.ext.asyncio.session import AsyncSession


class ShopTests(SQLAlchemyMixin, AsyncServerTestCase):
    """The shop with an item in its database, as its clients see it."""

    app = app
    metadata = SQLModel.metadata
    session_class = AsyncSession
    session_dependency = open_session
    session: AsyncSession

    @classmethod
    async def asyncSetUpTestData(cls) -> None:
        cls.session.add(Item(id=1, name="Teapot", price=24.5))

    async def test_read(self) -> None:
        """An item is read by one query."""
        async with self.assertNumQueries(1):
            response = await self.client.get("/items/1")
        self.assertStatus(response, 200)
        self.assertContains(response, "Teapot")

    async def test_missing(self) -> None:
        """An item that does not exist is not found."""
        response = await self.client.get("/items/99")
        self.assertStatus(response, 404)

    async def test_redirect(self) -> None:
        """The start page leads to an item."""
        self.assertRedirects(await self.client.get("/"), "/items/1")

    async def test_create(self) -> None:
        """A new item is stored."""
        response = await self.client.post("/items", json={"name": "Cup", "price": 5.5})
        self.assertStatus(response, 201)
        self.assertJsonEqual(response, {"id": 2, "name": "Cup", "price": 5.5})
        count = await self.session.exec(select(func.count()).select_from(Item))
        self.assertEqual(count.one(), 2)
