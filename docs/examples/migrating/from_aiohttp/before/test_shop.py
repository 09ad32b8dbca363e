"""The tests of the shop, with aiohttp's test case."""

from aiohttp import WSMsgType, web
from aiohttp.test_utils import AioHTTPTestCase
from aiohttp_shop import create_app


class ShopTests(AioHTTPTestCase):
    """The shop, as its clients see it."""

    async def get_application(self) -> web.Application:
        return create_app()

    async def test_read(self) -> None:
        """An item has a price."""
        async with self.client.get("/items/teapot") as response:
            self.assertEqual(response.status, 200)
            self.assertEqual(await response.json(), {"name": "teapot", "price": 24.5})

    async def test_missing(self) -> None:
        """What is not sold is not found."""
        async with self.client.get("/items/whale") as response:
            self.assertEqual(response.status, 404)

    async def test_till(self) -> None:
        """The till adds the prices up, and closes when it is shown what the shop does not sell."""
        async with self.client.ws_connect("/till") as till:
            await till.send_json("teapot")
            self.assertEqual(await till.receive_json(timeout=5), {"total": 24.5})
            await till.send_json("whale")
            message = await till.receive(timeout=5)
            self.assertEqual(message.type, WSMsgType.CLOSE)
            self.assertEqual(till.close_code, 1008)
