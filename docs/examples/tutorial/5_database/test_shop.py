"""The tests of the shop."""

from fastapi_testing import AsyncServerTestCase
from fastapi_testing.databases import SQLAlchemyMixin
from sqlmodel import SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession

import shop


class ShopTestCase(SQLAlchemyMixin, AsyncServerTestCase):
    """What all tests of the shop share: a database with two items in it."""

    app = shop.app
    metadata = SQLModel.metadata
    session_class = AsyncSession
    session_dependency = shop.open_session
    session: AsyncSession

    @classmethod
    async def asyncSetUpTestData(cls) -> None:
        cls.session.add(shop.Item(number=1, name="Teapot", price=24.5))
        cls.session.add(shop.Item(number=2, name="Cup", price=5.5))


class ItemTests(ShopTestCase):
    """Items over HTTP."""

    async def test_create(self) -> None:
        """A new item gets a number."""
        response = await self.client.post("/items", json={"name": "Saucer", "price": 3})
        self.assertStatus(response, 201)
        self.assertJsonEqual(response, {"number": 3, "name": "Saucer", "price": 3})

    async def test_read(self) -> None:
        """An item is found under its number."""
        response = await self.client.get("/items/2")
        self.assertStatus(response, 200)
        self.assertJsonContains(response, {"name": "Cup"})

    async def test_missing(self) -> None:
        """An item that does not exist is not found."""
        response = await self.client.get("/items/99")
        self.assertStatus(response, 404)
        self.assertJsonEqual(response, {"detail": "no such item"})

    async def test_no_gifts(self) -> None:
        """An item has a price."""
        response = await self.client.post("/items", json={"name": "Teapot", "price": 0})
        self.assertStatus(response, 422)
        self.assertContains(response, "greater than 0")


class TillTests(ShopTestCase):
    """The till over a WebSocket."""

    async def test_sum(self) -> None:
        """The till adds the prices up."""
        async with self.ws.connect("/till") as till:
            await till.send_json(1)
            await self.assertWebSocketReceives(till, {"total": 24.5})
            await till.send_json(2)
            await self.assertWebSocketReceives(till, {"total": 30.0})

    async def test_unknown_item(self) -> None:
        """The till closes when it is shown what the shop does not sell."""
        async with self.ws.connect("/till") as till:
            await till.send_json(3)
            await self.assertWebSocketClosed(till, 1008, "no such item")


class DatabaseTests(ShopTestCase):
    """What is in the database, and for how long."""

    async def list_names(self) -> list[str]:
        """Return the names of all items."""
        return list(await self.session.exec(select(shop.Item.name)))

    async def test_created_item_is_stored(self) -> None:
        """What a request has created is a row."""
        await self.client.post("/items", json={"name": "Saucer", "price": 3})
        self.assertEqual(await self.list_names(), ["Teapot", "Cup", "Saucer"])

    async def test_next_test_starts_anew(self) -> None:
        """What the other tests have created is gone."""
        self.assertEqual(await self.list_names(), ["Teapot", "Cup"])

    async def test_stored_item_is_read(self) -> None:
        """What the test puts into the database is there for a request."""
        self.session.add(shop.Item(number=7, name="Kettle", price=30))
        await self.session.commit()
        self.assertJsonContains(await self.client.get("/items/7"), {"name": "Kettle"})

    async def test_one_statement(self) -> None:
        """Reading an item takes one SELECT."""
        async with self.assertNumQueries(1):
            await self.client.get("/items/1")
