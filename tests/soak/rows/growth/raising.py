"""Large bodies for a handler that raises, in one test."""

from fastapi_testing import AsyncServerTestCase
from tests.soak.app import MEGABYTE
from tests.soak.app import app as served
from tests.soak.budget import Budget
from tests.soak.cases import run_test
from tests.soak.growth import Growth, Limits
from tests.soak.outcome import Outcome
from tests.soak.row import Row

__all__ = ["ROW"]


def run(budget: Budget) -> Outcome:
    """Send a body to a handler that has it in a local variable when it raises."""
    growth = Growth(budget, Limits(megabytes=8, in_all=20, objects=10_000), warm_up=20)

    class Tests(AsyncServerTestCase):
        app = served

        async def test_bodies(self) -> None:
            for _ in growth.turns():
                self.assertStatus(await self.client.post("/raise", content=MEGABYTE), 500)

    return growth.outcome("bodies of 1 MB, with an exception", run_test(Tests("test_bodies")))


ROW = Row(name="raising", title="Bodies of 1 MB, each for a handler that raises, in one test", run=run)
