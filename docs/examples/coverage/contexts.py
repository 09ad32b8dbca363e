"""Which test runs a line."""

import coverage
from fastapi_testing import AsyncServerTestCase

from fares import app


class FareTests(AsyncServerTestCase):
    """Tests whose names are the contexts of the lines."""

    app = app

    def setUp(self) -> None:
        """Name the test that runs from here on, where coverage measures."""
        if (measuring := coverage.Coverage.current()) is not None:
            measuring.switch_context(self.id())

    async def test_one_zone(self) -> None:
        """The fare of one zone."""
        self.assertJsonEqual(await self.client.get("/fares/1"), 2.5)

    async def test_two_zones(self) -> None:
        """The fare of two zones, by the same lines."""
        self.assertJsonEqual(await self.client.get("/fares/2"), 3.5)
