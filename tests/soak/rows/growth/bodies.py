"""Large bodies, in one test."""

import hashlib

from fastapi_testing import AsyncServerTestCase
from tests.soak.app import MEGABYTE
from tests.soak.app import app as served
from tests.soak.budget import Budget
from tests.soak.cases import run_test
from tests.soak.growth import Growth, Limits
from tests.soak.outcome import Outcome
from tests.soak.row import Row

__all__ = ["ROW"]

_SENT = hashlib.sha256(MEGABYTE).digest()


def run(budget: Budget) -> Outcome:
    """Send a body, and read it as it comes back."""
    growth = Growth(budget, Limits(megabytes=8, in_all=20, objects=10_000), warm_up=20)

    class Tests(AsyncServerTestCase):
        app = served

        async def test_bodies(self) -> None:
            for _ in growth.turns():
                received = hashlib.sha256()
                async with self.client.stream("POST", "/mirror", content=MEGABYTE) as response:
                    async for piece in response.aiter_bytes():
                        received.update(piece)
                self.assertEqual(received.digest(), _SENT)

    return growth.outcome("bodies of 1 MB up and down", run_test(Tests("test_bodies")))


ROW = Row(name="bodies", title="Bodies of 1 MB, sent and read as they come back, in one test", run=run)
