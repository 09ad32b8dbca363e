"""Two services that call each other."""

from typing import ClassVar

from fastapi_testing import AsyncServerTestCase, Client, Server

import orders
import stock


class OrderTests(AsyncServerTestCase):
    """The orders are what is tested; the stock runs beside them, as in production."""

    app = orders.app
    stock: ClassVar[Server]

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        """Start the stock as well, and tell the orders where it is."""
        await super().asyncSetUpClass()
        cls.stock = await cls.enterAsyncClassContext(Server(stock.app))
        cls.override_dependency(orders.get_stock_url, value=cls.stock.url)

    async def asyncSetUp(self) -> None:
        """Fill the stock."""
        stock.app.state.left = {"lamp": 5}

    async def test_order(self) -> None:
        """An order is confirmed once the stock has called back."""
        created = await self.client.post("/orders", json={"item": "lamp", "quantity": 2})
        self.assertStatus(created, 201)
        await self.stock.settle()  # it calls back in the background
        self.assertJsonContains(await self.client.get(f"/orders/{created.json()['id']}"), {"confirmed": True})

    async def test_what_the_stock_was_asked(self) -> None:
        """An order is one request to the stock."""
        await self.client.post("/orders", json={"item": "lamp"})
        self.assertEqual([str(exchange) for exchange in self.stock.exchanges], ["POST /reservations"])

    async def test_sold_out(self) -> None:
        """What the stock says to it, the customer is told."""
        response = await self.client.post("/orders", json={"item": "lamp", "quantity": 6})
        self.assertHTTPError(response, 409, "no 6 of lamp left")

    async def test_what_is_left(self) -> None:
        """The stock can be asked, too."""
        await self.client.post("/orders", json={"item": "lamp", "quantity": 2})
        clerk: Client = self.new_client(server=self.stock)
        self.assertJsonEqual(await clerk.get("/items/lamp"), {"left": 3})
