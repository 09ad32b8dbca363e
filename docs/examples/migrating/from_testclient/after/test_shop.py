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

    async def test_redirect(self) -> None:
        """The start page leads to an item."""
        response = await self.client.get("/")
        self.assertRedirects(response, "/items/teapot", status=302)

    async def test_order(self) -> None:
        """Who orders gets a mail."""
        self.override_dependency(shop.current_user, value="ada")
        self.addCleanup(shop.mails.clear)
        response = await self.client.post("/orders", json={"item": "teapot"})
        self.assertStatus(response, 201)
        self.assertEqual(shop.mails, ["ada: teapot"])

    async def test_report(self) -> None:
        """There is no report of nothing."""
        with self.assertServerRaises(LookupError):
            response = await self.client.get("/report")
        self.assertStatus(response, 500)

    async def test_till(self) -> None:
        """The till adds the prices up, and closes when it is shown what the shop does not sell."""
        async with self.ws.connect("/till") as till:
            await till.send_json("teapot")
            await self.assertWebSocketReceives(till, {"total": 24.5})
            await till.send_json("whale")
            await self.assertWebSocketClosed(till, 1008)
