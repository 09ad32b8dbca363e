"""The test case of the orders: what their tests share, and what they can claim."""

from typing import Any

from fastapi_testing import AsyncServerTestCase
from polyfactory.factories.pydantic_factory import ModelFactory

from purchases import Order, app, orders

__unittest = True  # tracebacks end on the line of the test, not in this module


class OrderTestCase(AsyncServerTestCase):
    """Knows how to place an order, and what can be claimed of one."""

    app = app

    def setUp(self) -> None:
        """Start without orders, and with the same random numbers whichever tests ran before."""
        ModelFactory.seed_random(1)
        self.addCleanup(orders.clear)

    async def place(self, order: Order) -> int:
        """Place an order over HTTP, and return its number."""
        response = await self.client.post("/orders", json=order.model_dump(mode="json"))
        self.assertStatus(response, 201)
        number: int = response.json()
        return number

    async def assertOrderTotal(self, number: int, euros: float, msg: Any = None) -> None:
        """Fail unless an order costs so much."""
        response = await self.client.get(f"/orders/{number}/total")
        self.assertStatus(response, 200, msg)
        total = response.json() / 100
        if total != euros:
            standard = f"expected order {number} to cost {euros:.2f} €, it costs {total:.2f} €"
            self.fail(self._formatMessage(msg, standard))
