"""Tests, in one class."""

from fastapi_testing import AsyncServerTestCase
from tests.soak.app import app as served
from tests.soak.budget import Budget
from tests.soak.cases import StreamedSuite, run_suite, troubles
from tests.soak.growth import Growth, Limits
from tests.soak.outcome import Outcome
from tests.soak.row import Row

__all__ = ["ROW"]


def run(budget: Budget) -> Outcome:
    """Ask for an item in each test."""
    growth = Growth(budget, Limits(megabytes=3, per=10_000))

    class Tests(AsyncServerTestCase):
        app = served

        async def test_item(self) -> None:
            self.assertStatus(await self.client.get("/items/1"), 200)

    suite = StreamedSuite(Tests("test_item") for _ in growth.turns())
    return growth.outcome("tests", troubles(run_suite(suite)))


ROW = Row(name="tests", title="Asynchronous tests of one class, each with a request", run=run)
