"""The tests of the shop, in unittest, against a server."""

from fastapi_testing import AsyncServerTestCase

import shop


class ShopTests(AsyncServerTestCase):
    """The shop, as anybody finds it."""

    app = shop.app

    async def test_read(self) -> None:
        """An item has a price."""
        response = await self.client.get("/items/teapot")
        self.assertStatus(response, 200)
        self.assertJsonEqual(response, {"name": "teapot", "price": 24.5})

    async def test_missing(self) -> None:
        """What is not sold is not found."""
        for name in ("whale", "tea%20pot"):
            with self.subTest(name=name):
                response = await self.client.get(f"/items/{name}")
                self.assertStatus(response, 404)

    async def test_report(self) -> None:
        """There is no report of nothing."""
        with self.assertServerRaises(LookupError):
            await self.client.get("/report")

    async def test_till(self) -> None:
        """The till adds the prices up."""
        async with self.ws.connect("/till") as till:
            await till.send_json("teapot")
            await self.assertWebSocketReceives(till, {"total": 24.5})


class AdaTests(AsyncServerTestCase):
    """The shop, as Ada finds it."""

    app = shop.app

    async def asyncSetUp(self) -> None:
        await super().asyncSetUp()
        self.override_dependency(shop.current_user, value="ada")
        self.addCleanup(shop.mails.clear)

    async def test_order(self) -> None:
        """Who orders gets a mail."""
        response = await self.client.post("/orders", json={"item": "teapot"})
        self.assertStatus(response, 201)
        self.assertEqual(shop.mails, ["ada: teapot"])
