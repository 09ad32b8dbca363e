"""The tests of the shop, against a server."""

from fastapi_testing import AsyncServerTestCase

import shop


class ShopTests(AsyncServerTestCase):
    """The shop, as its clients see it."""

    app = shop.app

    async def test_read(self) -> None:
        """An item has a price."""
        response = await self.client.get("/items/teapot")
        self.assertStatus(response, 200)
        self.assertJsonEqual(response, {"name": "teapot", "price": 24.5})

    async def test_missing(self) -> None:
        """What is not sold is not found."""
        self.assertStatus(await self.client.get("/items/whale"), 404)

    async def test_redirect(self) -> None:
        """The start page leads to an item."""
        self.assertRedirects(await self.client.get("/"), "/items/teapot")

    async def test_order(self) -> None:
        """Who orders says who it is."""
        self.assertStatus(await self.client.post("/orders", json={"item": "teapot"}), 401)
        response = await self.client.post("/orders", json={"item": "teapot"}, headers={"Authorization": "Token ada"})
        self.assertStatus(response, 201)
