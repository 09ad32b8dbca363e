"""Tests of the drinks."""

from fastapi_testing import AsyncServerTestCase

from stand import app


class ListTests(AsyncServerTestCase):
    """All drinks."""

    app = app

    async def test_all(self) -> None:
        """They are in the order of the alphabet."""
        self.assertJsonEqual(await self.client.get("/drinks"), ["coffee", "tea"])


class PriceTests(AsyncServerTestCase):
    """One drink."""

    app = app

    async def test_tea(self) -> None:
        """Tea is cheaper."""
        self.assertJsonEqual(await self.client.get("/drinks/tea"), 2)

    async def test_coffee(self) -> None:
        """Coffee is dearer."""
        self.assertJsonEqual(await self.client.get("/drinks/coffee"), 3)
