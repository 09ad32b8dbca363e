"""An app that takes long to start, in many classes: a server for all of them, and one for each."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from time import perf_counter
from typing import Literal

from fastapi import FastAPI

from fastapi_testing import AsyncServerTestCase
from fastapi_testing.case.loops.share import close_run
from tests.benchmarks.batches import time_suite
from tests.benchmarks.peers import OURS
from tests.benchmarks.row import Batch, Contender, Row, Target

__all__ = ["ROWS"]

_CLASS_SCOPE = "a server for each class"
_CLASSES = 50
_START = 0.4
"""Seconds that the app takes to start."""


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    await asyncio.sleep(_START)
    yield


class _Case(AsyncServerTestCase):
    app = FastAPI(lifespan=_lifespan)

    async def test_nothing(self) -> None:
        pass


def _run(scope: Literal["run", "class"], number: int) -> float:
    """Run so many classes, and end what the run shares."""
    classes = [type("Tests", (_Case,), {"server_scope": scope}) for _ in range(number)]
    seconds = time_suite(cls("test_nothing") for cls in classes)
    start = perf_counter()
    assert close_run() == []
    return seconds + perf_counter() - start


def _contender(name: str, scope: Literal["run", "class"]) -> Contender:
    @contextmanager
    def opened() -> Iterator[Batch]:
        yield partial(_run, scope)

    return Contender(name=name, opened=opened, number=_CLASSES)


ROWS = (
    Row(
        name="slow-start",
        title=f"{_CLASSES} classes of an app that takes {_START:g} s to start",
        unit="a class",
        contenders=(_contender(OURS, "run"), _contender(_CLASS_SCOPE, "class")),
        targets=(Target(peer=_CLASS_SCOPE, at_most=0.05),),
        rounds=2,
        note="With server_scope = 'run', against the default; one empty test a class, the end of the run included.",
    ),
)
