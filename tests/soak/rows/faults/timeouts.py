"""Requests that time out together."""

import asyncio

import httpx

from fastapi_testing import AsyncServerTestCase
from tests.soak.app import app as served
from tests.soak.budget import Budget
from tests.soak.cases import run_test
from tests.soak.faults import Faults
from tests.soak.outcome import Outcome
from tests.soak.row import Row

__all__ = ["ROW"]

_BOUND = 15.0
_AT_ONCE = 100


def run(budget: Budget) -> Outcome:
    """Have a hundred requests time out at once."""
    faults = Faults(budget, _BOUND)

    class Tests(AsyncServerTestCase):
        app = served
        timeout = 0.2
        settle_timeout = 0.2
        leaks = "ignore"

        async def test_timeouts(self) -> None:
            for _ in faults.turns():
                with faults.one(f"{_AT_ONCE} at once"):
                    await self._time_out()
                    self.assertStatus(await self.client.get("/items/1", timeout=_BOUND), 200)

        async def _time_out(self) -> None:
            requests = [self.client.get("/sleep") for _ in range(_AT_ONCE)]
            for error in await asyncio.gather(*requests, return_exceptions=True):
                self.assertIsInstance(error, httpx.TimeoutException)

    faults.mistakes += run_test(Tests("test_timeouts"))
    return faults.outcome(f"times {_AT_ONCE} requests")


ROW = Row(name="timeouts", title=f"{_AT_ONCE} requests that time out together", run=run)
