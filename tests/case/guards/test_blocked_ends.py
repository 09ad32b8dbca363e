"""What blocks the event loop while a test is being ended."""

import asyncio
import inspect
import io
import logging
import re
import sys
import time
import unittest
from collections.abc import AsyncIterator
from typing import Any
from unittest import mock

from fastapi import FastAPI, WebSocket
from fastapi.responses import StreamingResponse

from fastapi_testing import AsyncServerTestCase
from fastapi_testing.server.threads import lookout
from tests.case.failing import failures
from tests.case.guards.test_hangs import ADVICE
from tests.timing import MS

LIMIT = 1000 * MS
"""Long enough for what comes before the end of a test."""

app = FastAPI()


@app.get("/finally")
async def finally_blocks() -> None:
    """Block where it is cancelled."""
    app.state.begun.set()
    try:
        await asyncio.Event().wait()
    finally:
        time.sleep(60)  # noqa: ASYNC251 - that is what is tested


@app.websocket("/finally")
async def websocket_blocks(websocket: WebSocket) -> None:
    """Block once its client has gone."""
    await websocket.accept()
    try:
        await asyncio.Event().wait()
    finally:
        time.sleep(60)  # noqa: ASYNC251 - that is what is tested


@app.get("/short")
async def short() -> StreamingResponse:
    """Send a piece."""
    return StreamingResponse(iter(["one"]))


@app.get("/endless")
async def endless() -> StreamingResponse:
    """Send without an end, and without a wait: uvicorn's send() is none any more once the client has gone."""

    async def pieces() -> AsyncIterator[bytes]:
        while True: yield b"x" * 1000  # fmt: skip  # noqa: E701 - one line, wherever it is when somebody looks

    return StreamingResponse(pieces())


class EndTests(unittest.TestCase):
    """Tests that have passed, but for what they leave."""

    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        """Ask once: what frameworks import at the first request takes longer than a test may."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.client.get("/short")

        failures(test, app=app)

    def setUp(self) -> None:
        self.enterContext(mock.patch.object(lookout, "_GRACE", 20 * MS))
        self.enterContext(mock.patch.object(sys, "__stderr__", io.StringIO()))  # where it takes some more time

    def ended(self, test: Any) -> str:
        """Run a test, and return its failure."""
        attributes = {"app": app, "test_timeout": LIMIT, "hook_timeout": 60.0, "leaks": "ignore"}
        return failures(test, **attributes)[-1]

    def blocked(self, function: Any, offset: int) -> str:
        """Return the beginning of a report that names a line."""
        code = function.__code__
        line = "time.sleep(60)  # noqa: ASYNC251 - that is what is tested"
        return (
            f"AssertionError: not ended within {LIMIT:g} s; the event loop is blocked at:\n"
            f'  File "{__file__}", line {code.co_firstlineno + offset}, in {code.co_name}\n    {line}'
        )

    def test_handler(self) -> None:
        """A handler that blocks where the end of the test cancels it is interrupted, and its line is the failure."""

        async def test(case: AsyncServerTestCase) -> None:
            app.state.begun = asyncio.Event()
            app.state.asking = asyncio.create_task(case.client.get("/finally", timeout=None))
            await app.state.begun.wait()

        name = f"{__name__}.finally_blocks"
        self.assertEqual(
            self.ended(test),
            f"{self.blocked(finally_blocks, 7)}\nin flight: GET /finally, in {name}, running\n{ADVICE}",
        )

    def test_websocket(self) -> None:
        """So is that of a WebSocket."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.ws.connect("/finally", settle=False)

        self.assertTrue(self.ended(test).startswith(self.blocked(websocket_blocks, 7)))

    def test_endless_stream(self) -> None:
        """A stream without an end that was left open is named with the line of its generator."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.client.send(case.client.build_request("GET", "/endless"), stream=True)

        yields = inspect.getsource(endless).splitlines()[5].strip()
        line = f'  File "{__file__}", line {endless.__code__.co_firstlineno + 5}, in pieces\n    {yields}\n'
        begin = f"^AssertionError: not ended within {LIMIT:g} s; the event loop is blocked at:\n"
        logging.disable()  # asyncio says of each piece that nobody takes it
        self.addCleanup(logging.disable, logging.NOTSET)
        # In one statement: coverage on 3.11 misses the line after a coroutine that an exception was thrown into.
        self.assertRegex(self.ended(test), f"(?s){begin}.*{re.escape(line)}")
