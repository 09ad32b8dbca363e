"""Assertions of a project's own, and tests of them."""

from case import OrderTestCase
from factories import LineFactory, OrderFactory

TWO = [LineFactory.build(count=2, cents=150)]


class TotalTests(OrderTestCase):
    """They read as those of `unittest` do."""

    async def test_total(self) -> None:
        """Two of them cost twice as much."""
        number = await self.place(OrderFactory.build(lines=TWO))
        await self.assertOrderTotal(number, 3.00)

    async def test_failure(self) -> None:
        """A failure says what the total is, and then what the test says besides."""
        number = await self.place(OrderFactory.build(lines=TWO))
        with self.assertRaises(self.failureException) as caught:
            await self.assertOrderTotal(number, 1.50, "each is 1.50 €")
        self.assertEqual(str(caught.exception), "expected order 1 to cost 1.50 €, it costs 3.00 € : each is 1.50 €")

    async def test_no_order(self) -> None:
        """An assertion that is made of others has their messages."""
        with self.assertRaisesRegex(self.failureException, "expected status 200, got 404 Not Found"):
            await self.assertOrderTotal(99, 1.50)
