"""The fares, with some tests missing."""

from fastapi_testing import AsyncServerTestCase

from fares import app, sold


class FareTests(AsyncServerTestCase):
    """Fares and tickets."""

    app = app

    async def test_fare(self) -> None:
        """Each zone costs one more."""
        self.assertJsonEqual(await self.client.get("/fares/2"), 3.5)

    async def test_no_zones(self) -> None:
        """Nobody travels through no zones."""
        self.assertHTTPError(await self.client.get("/fares/0"), 404, "no such zones")

    async def test_sell(self) -> None:
        """The ticket is noted once the response is sent."""
        self.addCleanup(sold.clear)
        self.assertStatus(await self.client.post("/tickets/ann"), 201)
        self.assertEqual(sold, ["ann"])
