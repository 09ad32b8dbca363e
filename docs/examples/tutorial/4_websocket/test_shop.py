"""The tests of the shop."""

from fastapi_testing import AsyncServerTestCase

import shop


class ItemTests(AsyncServerTestCase):
    """Items over HTTP."""

    app = shop.app

    async def test_create(self) -> None:
        """A new item gets a number."""
        response = await self.client.post("/items", json={"name": "Teapot", "price": 24.5})
        self.assertStatus(response, 201)
        self.assertJsonEqual(response, {"number": 1})

    async def test_read(self) -> None:
        """An item is found under its number."""
        created = await self.client.post("/items", json={"name": "Cup", "price": 5.5})
        response = await self.client.get(f"/items/{created.json()['number']}")
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

    def tearDown(self) -> None:
        """Leave an empty shop to the next test."""
        shop.items.clear()


class TillTests(AsyncServerTestCase):
    """The till over a WebSocket, with two items in the shop."""

    app = shop.app

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        await super().asyncSetUpClass()
        shop.items[1] = shop.Item(name="Teapot", price=24.5)
        shop.items[2] = shop.Item(name="Cup", price=5.5)
        cls.addClassCleanup(shop.items.clear)

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
