"""Tests that fail, in one class: unittest's result keeps them all."""

from fastapi_testing import AsyncServerTestCase
from tests.soak.app import app as served
from tests.soak.budget import Budget
from tests.soak.cases import StreamedSuite, run_suite
from tests.soak.growth import Growth, Limits
from tests.soak.outcome import Outcome
from tests.soak.row import Row

__all__ = ["ROW"]


def run(budget: Budget) -> Outcome:
    """Fail in each test, after an exception of the app."""
    limits = Limits(megabytes=20, in_all=20, per=10_000, objects_per_turn=20)
    growth = Growth(budget, limits, warm_up=100)

    class Tests(AsyncServerTestCase):
        app = served

        async def test_raise(self) -> None:
            self.assertStatus(await self.client.post("/raise", content=b"x"), 200)

    result = run_suite(StreamedSuite(Tests("test_raise") for _ in growth.turns()))
    passed = result.testsRun - len(result.failures)
    mistakes = (f"{passed} tests did not fail",) if passed else ()
    return growth.outcome("failing tests", mistakes)


ROW = Row(name="failing-tests", title="Tests that fail after an exception of the app, all kept in one result", run=run)
