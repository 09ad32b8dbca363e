"""Answers that come too late, since what made them held up the event loop on which the client's timer is."""

import asyncio
from collections.abc import AsyncIterator
from unittest import mock

import httpx
from fastapi import FastAPI, WebSocket
from fastapi.responses import StreamingResponse

from fastapi_testing import AsyncServerTestCase, ServerTestCase

__all__: list[str] = []

HELD_UP = "; the event loop was held up meanwhile (blocking = 'fail' on a test class names the line that did)"

app = FastAPI()
app.state.read = asyncio.Event()


def hold_up() -> None:
    """Hold up the event loop for 100 s, by its own clock."""
    loop = asyncio.get_running_loop()
    before = loop.time
    loop.time = lambda: before() + 100  # type: ignore[method-assign]


@app.get("/block")
async def block() -> str:
    """Answer late."""
    hold_up()
    return "late"


@app.get("/stream")
async def stream() -> StreamingResponse:
    """Answer in time, and go on late."""

    async def body() -> AsyncIterator[bytes]:
        yield b"first"
        await app.state.read.wait()
        hold_up()
        yield b"second"

    return StreamingResponse(body())


@app.websocket("/chat")
async def chat(websocket: WebSocket) -> None:
    """Answer late."""
    await websocket.accept()
    await websocket.receive()
    hold_up()
    await websocket.send_text("late")


class LateTests(AsyncServerTestCase):
    """A client on the event loop of the tests and the server."""

    app = app

    def setUp(self) -> None:
        """Have no debugger, which somebody may have imported."""
        self.has_debugger = self.enterContext(
            mock.patch("fastapi_testing.client.transport.timer.has_debugger", return_value=False)
        )

    async def test_response(self) -> None:
        """A request whose time is over when its answer is taken has timed out, as one from another machine has."""
        with self.assertRaises(httpx.ReadTimeout) as caught:
            await self.client.get("/block")
        self.assertEqual(str(caught.exception), f"GET /block: the server sent nothing for 5 s{HELD_UP}")

    async def test_longer_time_out(self) -> None:
        """One that has more time is answered."""
        self.assertJsonEqual(await self.client.get("/block", timeout=1000), "late")
        self.assertJsonEqual(await self.client.get("/block", timeout=None), "late")

    async def test_debugger(self) -> None:
        """Where there is a debugger, it may have held up the loop: the answer counts."""
        self.has_debugger.return_value = True
        self.assertJsonEqual(await self.client.get("/block"), "late")

    async def test_stream(self) -> None:
        """So it is between two pieces of a body."""
        pieces = []
        with self.assertRaises(httpx.ReadTimeout):
            async with self.client.stream("GET", "/stream") as response:
                async for piece in response.aiter_raw():
                    pieces.append(piece)
                    app.state.read.set()
        self.assertEqual(pieces, [b"first"])

    async def test_websocket(self) -> None:
        """A message that comes too late was not received either."""
        async with self.ws.connect("/chat") as chat:
            await chat.send_text("hello")
            with self.assertRaises(TimeoutError):
                await chat.receive_text(timeout=10)


class SyncLateTests(ServerTestCase):
    """A client whose timer is on the event loop of a server on a thread of its own."""

    app = app

    def test_response(self) -> None:
        """A request whose time is over when its answer is taken has timed out."""
        with (
            mock.patch("fastapi_testing.client.transport.timer.has_debugger", return_value=False),
            self.assertRaises(httpx.ReadTimeout) as caught,
        ):
            self.client.get("/block")
        self.assertEqual(str(caught.exception), f"GET /block: the server sent nothing for 5 s{HELD_UP}")
