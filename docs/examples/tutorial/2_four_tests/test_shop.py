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
