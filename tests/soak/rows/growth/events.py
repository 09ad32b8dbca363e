"""Streams of Server-Sent Events, in one test."""

from fastapi_testing import AsyncServerTestCase
from tests.soak.app import EVENTS
from tests.soak.app import app as served
from tests.soak.budget import Budget
from tests.soak.cases import run_test
from tests.soak.growth import Growth, Limits
from tests.soak.outcome import Outcome
from tests.soak.row import Row

__all__ = ["ROW"]


def run(budget: Budget) -> Outcome:
    """Read a stream to its end."""
    growth = Growth(budget, Limits(megabytes=3, per=2_000))

    class Tests(AsyncServerTestCase):
        app = served

        async def test_events(self) -> None:
            for _ in growth.turns():
                async with self.client.sse("/events") as stream:
                    numbers = [int(event.data) async for event in stream]
                self.assertEqual(numbers, list(range(EVENTS)))

    return growth.outcome(f"streams of {EVENTS} events", run_test(Tests("test_events")))


ROW = Row(name="events", title=f"Streams of {EVENTS} Server-Sent Events, in one test", run=run)
