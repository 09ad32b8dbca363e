"""Tests that say what they care about, and leave the rest to a factory."""

from case import OrderTestCase
from factories import LineFactory, OrderFactory
from purchases import Order


class OrderTests(OrderTestCase):
    """Orders over HTTP."""

    async def test_total(self) -> None:
        """The total is made of counts and prices; who ordered what does not matter."""
        lines = [LineFactory.build(count=2, cents=150), LineFactory.build(count=1, cents=99)]
        number = await self.place(OrderFactory.build(lines=lines))
        self.assertJsonEqual(await self.client.get(f"/orders/{number}/total"), 399)

    async def test_read(self) -> None:
        """What was ordered is what is shown."""
        for order in OrderFactory.batch(3):
            number = await self.place(order)
            shown = self.assertModel(await self.client.get(f"/orders/{number}"), Order)
            self.assertEqual(shown, order)

    async def test_every_kind(self) -> None:
        """With a date and without one, an order is taken."""
        for order in OrderFactory.coverage():
            with self.subTest(ship_after=order.ship_after):
                await self.place(order)

    async def test_express(self) -> None:
        """No factory knows what a validator demands: the date has to be said."""
        order = OrderFactory.build(express=True, ship_after=None)
        await self.place(order)

    async def test_refused(self) -> None:
        """What the model forbids, no factory makes: it is a good document, changed by hand."""
        document = OrderFactory.build().model_dump(mode="json")
        response = await self.client.post("/orders", json=document | {"lines": []})
        self.assertValidationError(response, ("body", "lines"), "too_short")
