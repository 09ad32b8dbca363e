"""What a test can ask of the server, where the response does not say enough."""

import asyncio

from fastapi_testing import AsyncServerTestCase, Exchange

from stall import app


class ExchangeTests(AsyncServerTestCase):
    """What happened inside."""

    app = app

    async def test_behind_a_response(self) -> None:
        """A response knows what the app did for it."""
        response = await self.client.get("/prices/tea", params={"count": 11})
        exchange: Exchange = response.extensions["exchange"]
        self.assertEqual(str(exchange), "GET /prices/tea?count=11")
        self.assertEqual(exchange.endpoint, "stall.read_price")
        self.assertEqual([record.getMessage() for record in exchange.log_records], ["a discount for 11 of tea"])

    async def test_all_that_was_asked(self) -> None:
        """The server knows them all: those of a browser, or of another client, too."""
        for name in ("tea", "cup"):
            await self.client.get(f"/prices/{name}")
        asked = [f"{exchange} {exchange.status}" for exchange in self.server.exchanges if exchange.kind == "http"]
        self.assertEqual(asked, ["GET /prices/tea 200", "GET /prices/cup 200"])


class SlowTests(AsyncServerTestCase):
    """In debug mode, asyncio tells who blocks the event loop."""

    app = app
    loop_debug = True

    async def test_blocks(self) -> None:
        """The report keeps everybody waiting for longer than anything may."""
        asyncio.get_running_loop().slow_callback_duration = 0.04
        with self.assertLogs("asyncio", "WARNING") as logs:
            await self.client.get("/report")
        self.assertRegex(logs.output[0], r"Executing .* took 0\.\d+ seconds")
