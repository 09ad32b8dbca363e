"""Handlers that block, and handlers that never end, in tests with a limit."""

import asyncio
import contextlib
import io
import itertools
import time
from typing import TYPE_CHECKING

from fastapi import FastAPI

from fastapi_testing import AsyncServerTestCase, ServerTestCase
from tests.soak.budget import Budget
from tests.soak.cases import run_test
from tests.soak.faults import Faults
from tests.soak.outcome import Outcome
from tests.soak.row import Row

if TYPE_CHECKING:
    import unittest

__all__ = ["ROW"]

_BOUND = 8.0
_LIMIT = 0.4

served = FastAPI()


@served.get("/blocks")
async def block() -> None:
    """Hold the event loop up for longer than a test may take."""
    time.sleep(2 * _LIMIT)  # noqa: ASYNC251 - that is the fault


@served.get("/waits")
async def wait() -> None:
    """Wait for what never comes."""
    await asyncio.sleep(3600)


class _Limits:
    """What both classes have."""

    app = served
    test_timeout: float | None = _LIMIT
    settle_timeout = 0.2
    shutdown_timeout = 0.5


class _AsyncTests(_Limits, AsyncServerTestCase):
    async def test_blocks(self) -> None:
        await self.client.get("/blocks")

    async def test_waits(self) -> None:
        await self.client.get("/waits")


class _PlainTests(_Limits, ServerTestCase):
    def test_blocks(self) -> None:
        self.client.get("/blocks")

    def test_waits(self) -> None:
        self.client.get("/waits")


_KINDS: dict[str, str] = {"test_blocks": "time.sleep(2 * _LIMIT)", "test_waits": "asyncio.sleep(3600)"}
"""The tests, and the line that each has to name."""


def run(budget: Budget) -> Outcome:
    """Run tests that take too long: each ends, and its text names the line."""
    faults = Faults(budget, _BOUND)
    classes: tuple[type[unittest.TestCase], ...] = (_AsyncTests, _PlainTests)
    for _, (name, tests) in zip(faults.turns(), itertools.cycle(itertools.product(_KINDS, classes)), strict=False):
        terminal = io.StringIO()
        with faults.one(f"{tests.__name__}.{name}"), contextlib.redirect_stderr(terminal):
            told = "\n".join(run_test(tests(name))) + terminal.getvalue()
            assert _KINDS[name] in told, told
    return faults.outcome("tests")


ROW = Row(name="blocked", title="Tests with a limit, whose handler blocks or never ends", run=run)
