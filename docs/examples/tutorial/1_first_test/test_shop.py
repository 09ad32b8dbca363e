"""The tests of the shop."""

from fastapi_testing import AsyncServerTestCase

import shop


class ItemTests(AsyncServerTestCase):
    """Items over HTTP."""

    app = shop.app

    async def test_create(self) -> None:
        """A new item gets a number."""
        response = await self.client.post("/items", json={"name": "Teapot", "price": 24.5})
        self.assertStatus(response, 201)
        self.assertJsonEqual(response, {"number": 1})
