"""Lifespans that die: at their start, in their middle, at their end."""

import asyncio
import itertools
import unittest
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from fastapi_testing import AsyncServerTestCase, ServerTestCase
from tests.soak.budget import Budget
from tests.soak.cases import run_test
from tests.soak.faults import Faults
from tests.soak.outcome import Outcome
from tests.soak.row import Row

__all__ = ["ROW"]

_BOUND = 8.0
_BASES: tuple[type[unittest.TestCase], ...] = (AsyncServerTestCase, ServerTestCase)


def _app(phase: str) -> FastAPI:
    """Make an app whose lifespan dies."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if phase == "start":
            raise LookupError("no stock")
        yield
        if phase == "hang":
            await asyncio.sleep(3600)
        raise LookupError("no stock")

    return FastAPI(lifespan=lifespan)


def run(budget: Budget) -> Outcome:
    """Run a class whose lifespan dies, and one that is well."""
    faults = Faults(budget, _BOUND)
    kinds = itertools.cycle(itertools.product(("start", "end", "hang"), _BASES))
    for _, (phase, base) in zip(faults.turns(), kinds, strict=False):
        with faults.one(f"{phase} of {base.__name__}"):
            told = "\n".join(run_test(_test(base, _app(phase))))
            assert ("shutdown" if phase == "hang" else "LookupError: no stock") in told, told
            assert run_test(_test(base, FastAPI())) == ()
    return faults.outcome("classes")


def _test(base: type[unittest.TestCase], served: FastAPI) -> unittest.TestCase:
    class Tests(base):  # type: ignore[misc, valid-type]
        app = served
        shutdown_timeout = 0.5

        def test_nothing(self) -> None: ...

    return Tests("test_nothing")


ROW = Row(name="lifespans", title="Lifespans that raise at their start or end, or hang at it", run=run)
