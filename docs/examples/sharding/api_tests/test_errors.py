"""Tests of what goes wrong."""

from fastapi_testing import AsyncServerTestCase

from stand import app


class UnknownDrinkTests(AsyncServerTestCase):
    """A drink that is not sold."""

    app = app

    async def test_not_found(self) -> None:
        """There is no price for it."""
        self.assertStatus(await self.client.get("/drinks/milk"), 404)


class WrongMethodTests(AsyncServerTestCase):
    """A request that is not served."""

    app = app

    async def test_delete(self) -> None:
        """Drinks cannot be deleted."""
        self.assertStatus(await self.client.delete("/drinks/tea"), 405)
