"""Clients that leave: streams that are not read to their end."""

import itertools

from fastapi_testing import AsyncServerTestCase
from tests.soak.app import app as served
from tests.soak.budget import Budget
from tests.soak.cases import run_test
from tests.soak.faults import Faults
from tests.soak.outcome import Outcome
from tests.soak.row import Row

__all__ = ["ROW"]

_BOUND = 5.0


class _Tests(AsyncServerTestCase):
    app = served
    faults: Faults

    async def test_left(self) -> None:
        for _, way in zip(self.faults.turns(), itertools.cycle(("stream", "events", "client")), strict=False):
            with self.faults.one(way):
                await getattr(self, f"_leave_{way}")()
                await self.server.settle()
                self.assertIsNotNone(self.server.exchanges[-1].ended_at)

    async def _leave_stream(self) -> None:
        async with self.client.stream("GET", "/endless") as response:
            await anext(response.aiter_raw())

    async def _leave_events(self) -> None:
        async with self.client.sse("/events") as stream:
            await stream.next()

    async def _leave_client(self) -> None:
        async with self.new_client() as client:
            response = await client.send(client.build_request("GET", "/endless"), stream=True)
            await anext(response.aiter_raw())


def run(budget: Budget) -> Outcome:
    """Leave streams, after which nothing runs any more."""
    _Tests.faults = faults = Faults(budget, _BOUND)
    faults.mistakes += run_test(_Tests("test_left"))
    return faults.outcome("streams")


ROW = Row(name="left-early", title="Streams that the client leaves in their middle", run=run)
