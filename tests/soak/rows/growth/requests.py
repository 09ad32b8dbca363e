"""Requests, in one test."""

from fastapi_testing import AsyncServerTestCase
from tests.soak.app import app as served
from tests.soak.budget import Budget
from tests.soak.cases import run_test
from tests.soak.growth import Growth, Limits
from tests.soak.outcome import Outcome
from tests.soak.row import Row

__all__ = ["ROW"]


def run(budget: Budget) -> Outcome:
    """Ask for an item."""
    growth = Growth(budget, Limits(megabytes=3, per=20_000), warm_up=1200)

    class Tests(AsyncServerTestCase):
        app = served

        async def test_requests(self) -> None:
            for turn in growth.turns():
                self.assertStatus(await self.client.get(f"/items/{turn}"), 200)

    return growth.outcome("requests", run_test(Tests("test_requests")))


ROW = Row(name="requests", title="GET requests in one asynchronous test", run=run)
