"""An app that fails in every way, and what tests of it fail with."""

import asyncio
import io
import logging
import re
import unittest
import warnings
from collections.abc import AsyncIterator
from contextlib import redirect_stderr
from typing import Any, ClassVar

from fastapi import BackgroundTasks, FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse

from fastapi_testing import AsyncServerTestCase
from tests.running import run_classes, without_exchanges
from tests.timing import MS

__all__ = ["FailingCase", "app", "failures", "line_of", "terminal_of"]

logger = logging.getLogger("tests.failing")
logger.addHandler(logging.NullHandler())  # or its warnings would go to the terminal

app = FastAPI()


@app.get("/fail")
async def fail() -> None:
    """Raise what a response shows."""
    logger.warning("no stock of %s", "pears")
    raise LookupError("no stock")


@app.get("/background")
async def background(tasks: BackgroundTasks) -> None:
    """Raise what no response can show."""

    async def work() -> None:
        raise LookupError("no paper")

    tasks.add_task(work)


@app.get("/never")
async def never() -> None:
    """Wait for what does not come."""
    await asyncio.Event().wait()


@app.get("/until-left")
async def until_left(request: Request) -> None:
    """Wait until the client has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


@app.get("/torn")
async def tear(*, waits: bool = False) -> StreamingResponse:
    """Raise, or wait for what does not come, in the middle of an answer."""

    async def pieces() -> AsyncIterator[str]:
        yield "begun"
        if waits:
            await never()
        raise LookupError("no ink")

    return StreamingResponse(pieces())


@app.get("/plain")
async def plain() -> None:
    """Do nothing."""


@app.get("/pieces")
async def pieces() -> StreamingResponse:
    """Answer in two pieces, with a wait between them."""

    async def made() -> AsyncIterator[str]:
        yield "one "
        await asyncio.sleep(0)
        yield "two"

    return StreamingResponse(made())


@app.get("/task")
async def start_task() -> None:
    """Start a task that outlives the request."""
    app.state.task = asyncio.create_task(asyncio.Event().wait(), name="worker")


@app.websocket("/chat")
async def chat(websocket: WebSocket) -> None:
    """Raise once a message has come."""
    await websocket.accept()
    await websocket.receive_text()
    raise LookupError("no room")


class FailingCase(AsyncServerTestCase):
    """The base of the cases that are run inside a test."""

    app = app
    settle_timeout: ClassVar[float] = 20 * MS
    blocked_after: ClassVar[float] = 0  # what blocks on purpose, on a slow machine for long, is not for the terminal


def failures(test: Any, base: type[unittest.TestCase] = FailingCase, /, **attributes: Any) -> list[str]:
    """
    Run a function as the only test of a case, and return the text of each error and failure.

    They are without tracebacks, and without the list of what the test has asked.
    """
    case = type("Case", (base,), {"test": test, **attributes})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = run_classes(case)
    return [without_exchanges(_without_frames(text)) for _, text in [*result.errors, *result.failures]]


def terminal_of(test: Any, **attributes: Any) -> str:
    """Run a function as the only test of a case, and return what is written on the terminal meanwhile."""
    with redirect_stderr(io.StringIO()) as terminal:
        run_classes(type("Case", (FailingCase,), {"test": test, **attributes}))
    return terminal.getvalue()


def line_of(text: str) -> int:
    """Return the number of the line of this module that ends with a text."""
    with open(__file__, encoding="utf-8") as source:  # noqa: PTH123 - read once
        return next(number for number, line in enumerate(source, 1) if line.rstrip().endswith(text))


def _without_frames(text: str) -> str:
    """Take the traceback of the test itself away."""
    return re.sub(r"^Traceback \(most recent call last\):\n(?:  .*\n)*", "", text).rstrip()
