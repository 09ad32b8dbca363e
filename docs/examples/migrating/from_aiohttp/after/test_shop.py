"""The tests of the shop, with one server for all of them."""

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

    async def test_till(self) -> None:
        """The till adds the prices up, and closes when it is shown what the shop does not sell."""
        async with self.ws.connect("/till") as till:
            await till.send_json("teapot")
            await self.assertWebSocketReceives(till, {"total": 24.5})
            await till.send_json("whale")
            await self.assertWebSocketClosed(till, 1008)
