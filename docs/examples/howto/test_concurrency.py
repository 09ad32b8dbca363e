"""Requests at the same time."""

import asyncio

from fastapi_testing import AsyncServerTestCase

import bakery
from bakery import get_payment


class BakeryTests(AsyncServerTestCase):
    """Two customers and one cake."""

    app = bakery.app

    def setUp(self) -> None:
        """Bake the cake."""
        self.app.state.cakes = 1

    async def buy(self, path: str, customers: int) -> list[int]:
        """Have customers ask at the same time; return what each was told, in order."""
        async with asyncio.TaskGroup() as group:
            requests = [group.create_task(self.client.post(path)) for _ in range(customers)]
        return sorted(request.result().status_code for request in requests)

    async def test_careful(self) -> None:
        """One of many gets the cake."""
        self.assertEqual(await self.buy("/careful", 20), [200] + 19 * [409])
        self.assertEqual(self.app.state.cakes, 0)

    async def test_careless(self) -> None:
        """Both pay for one cake, where both look before either pays: the barrier sees to that."""
        both_have_looked = asyncio.Barrier(2)

        async def pay() -> None:
            await both_have_looked.wait()

        self.override_dependency(get_payment, value=pay)
        self.assertEqual(await self.buy("/careless", 2), [200, 200])
        self.assertEqual(self.app.state.cakes, -1)

    async def test_one_waits(self) -> None:
        """One customer pays while another one asks; the test decides when the first is done."""
        paying, may_go_on = asyncio.Event(), asyncio.Event()

        async def pay() -> None:
            paying.set()
            await may_go_on.wait()

        self.override_dependency(get_payment, value=pay)
        async with asyncio.TaskGroup() as group:
            first = group.create_task(self.client.post("/careless"))
            await paying.wait()
            self.app.state.cakes = 0  # somebody else was quicker
            second = await self.client.post("/careless")
            may_go_on.set()
        self.assertHTTPError(second, 409, "sold out")
        self.assertStatus(first.result(), 200)
