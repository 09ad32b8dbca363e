"""The tests of the shop, with one server for all of them."""

from fastapi_testing import AsyncServerTestCase

import shop


class ShopTests(AsyncServerTestCase):
    """The shop, as its clients see it."""

    app = shop.app

    def tearDown(self) -> None:
        shop.mails.clear()

    async def test_read(self) -> None:
        """An item has a price."""
        response = await self.client.get("/items/teapot")
        self.assertStatus(response, 200)
        self.assertJsonEqual(response, {"name": "teapot", "price": 24.5})

    async def test_order(self) -> None:
        """Who orders gets a mail, by the time the request returns."""
        response = await self.client.post("/orders", json={"item": "teapot"}, headers={"Authorization": "Token ada"})
        self.assertStatus(response, 201)
        self.assertEqual(shop.mails, ["ada: teapot"])

    async def test_till(self) -> None:
        """The till adds the prices up."""
        async with self.ws.connect("/till") as till:
            await till.send_json("teapot")
            await self.assertWebSocketReceives(till, {"total": 24.5})
