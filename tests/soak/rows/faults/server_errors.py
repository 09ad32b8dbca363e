"""Exceptions that a response shows, and those that none can show."""

import itertools

from fastapi import BackgroundTasks, FastAPI

from fastapi_testing import AsyncServerTestCase
from tests.soak.budget import Budget
from tests.soak.cases import run_test
from tests.soak.faults import Faults
from tests.soak.outcome import Outcome
from tests.soak.row import Row

__all__ = ["ROW"]

_BOUND = 5.0

served = FastAPI()


@served.get("/seen")
async def seen() -> None:
    """Raise what the response shows."""
    raise LookupError("no stock")


@served.get("/unseen")
async def unseen(tasks: BackgroundTasks) -> None:
    """Raise what no response shows."""
    tasks.add_task(seen)


def run(budget: Budget) -> Outcome:
    """Run tests that fail for an exception of the app, whose text has to say which."""
    faults = Faults(budget, _BOUND)

    class Tests(AsyncServerTestCase):
        app = served

        async def test_seen(self) -> None:
            self.assertStatus(await self.client.get("/seen"), 200)

        async def test_unseen(self) -> None:
            self.assertStatus(await self.client.get("/unseen"), 200)

    for _, name in zip(faults.turns(), itertools.cycle(("test_seen", "test_unseen")), strict=False):
        with faults.one(name):
            (text,) = run_test(Tests(name))
            assert "LookupError: no stock" in text, text
    return faults.outcome("classes whose test fails")


ROW = Row(name="server-errors", title="Exceptions of the app, in a handler and in a background task", run=run)
