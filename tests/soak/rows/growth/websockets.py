"""WebSockets, in one test."""

from fastapi_testing import AsyncServerTestCase
from tests.soak.app import app as served
from tests.soak.budget import Budget
from tests.soak.cases import run_test
from tests.soak.growth import Growth, Limits
from tests.soak.outcome import Outcome
from tests.soak.row import Row

__all__ = ["ROW"]


def run(budget: Budget) -> Outcome:
    """Open a WebSocket, say something, and close it."""
    growth = Growth(budget, Limits(megabytes=3, per=5_000))

    class Tests(AsyncServerTestCase):
        app = served

        async def test_websockets(self) -> None:
            for turn in growth.turns():
                async with self.ws.connect("/echo") as session:
                    await session.send_text(f"hello {turn}")
                    await session.expect(f"hello {turn}")

    return growth.outcome("WebSockets", run_test(Tests("test_websockets")))


ROW = Row(name="websockets", title="WebSockets, each opened, used and closed, in one test", run=run)
