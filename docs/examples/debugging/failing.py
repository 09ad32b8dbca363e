"""Tests that fail, or stop; the guide on debugging shows what they print."""

from urllib.request import urlopen

from fastapi_testing import AsyncServerTestCase

from stall import app


class PriceTests(AsyncServerTestCase):
    """Prices and stock."""

    app = app

    async def test_unknown(self) -> None:
        """What is not sold has no price."""
        response = await self.client.get("/prices/mug")
        self.assertStatus(response, 404)

    async def test_discount(self) -> None:
        """Ten are cheaper."""
        response = await self.client.get("/prices/tea", params={"count": 10})
        breakpoint()
        self.assertJsonEqual(response, 2700)


class StockTests(AsyncServerTestCase):
    """What is in the warehouse."""

    app = app
    test_timeout = 0.2
    settle_timeout = 0.2  # its end waits no longer, either
    leaks = "ignore"  # the failure says what is left

    async def test_stock(self) -> None:
        """There is tea."""
        self.assertJsonEqual(await self.client.get("/stock/tea"), "tea")


class BlockedTests(AsyncServerTestCase):
    """Prices, asked for by a client that blocks."""

    app = app
    blocked_after = 0.5  # two seconds unless it is set

    async def test_price(self) -> None:
        """Tea has a price."""
        with self.assertRaises(TimeoutError):  # without its own limit, it would never end
            urlopen(f"{self.server.url}/prices/tea", timeout=2)  # noqa: ASYNC210, S310 - a mistake


class ReportTests(AsyncServerTestCase):
    """The report, which is to keep nobody waiting."""

    app = app
    blocking = "fail"  # or "warn"
    blocking_threshold = 0.02  # a tenth of a second unless it is set

    async def test_report(self) -> None:
        """All is there."""
        self.assertJsonEqual(await self.client.get("/report"), "all there")
