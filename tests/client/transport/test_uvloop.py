"""A whole suite on uvloop."""

import asyncio
import sys
import unittest
from collections.abc import AsyncIterator, Callable

from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse

from fastapi_testing import AsyncServerTestCase
from fastapi_testing.server.tls.certificates import run_authority
from tests.resources import held_resources
from tests.running import outcomes, run_classes

app = FastAPI()


@app.post("/echo")
async def echo(request: Request) -> StreamingResponse:
    """Send the body back, in pieces."""
    body = await request.body()

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 100_000):
            yield body[start : start + 100_000]

    return StreamingResponse(pieces())


@app.websocket("/echo")
async def echo_messages(websocket: WebSocket) -> None:
    """Send messages back."""
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)


def make_suite(factory: Callable[[], asyncio.AbstractEventLoop]) -> type[AsyncServerTestCase]:
    """Return a class that runs in a test, and is found by no loader."""

    class OnUvloop(AsyncServerTestCase):
        """A suite as users write it."""

        loop_factory = staticmethod(factory)

        app = app

        async def test_loop(self) -> None:
            """Server and tests run on it."""
            self.assertEqual(type(asyncio.get_running_loop()).__module__, "uvloop")

        async def test_requests(self) -> None:
            """Requests of every size, one after the other and at once, share connections."""
            for size in (0, 10, 1_000_000):
                response = await self.client.post("/echo", content=b"x" * size)
                self.assertEqual(len(response.content), size)
            responses = await asyncio.gather(*(self.client.post("/echo", content=b"x") for _ in range(20)))
            self.assertEqual([response.content for response in responses], [b"x"] * 20)

        async def test_streams(self) -> None:
            """Bodies are streamed both ways, and given up half-way."""

            async def body() -> AsyncIterator[bytes]:
                for _ in range(50):
                    yield b"x" * 100_000

            response = await self.client.post("/echo", content=body())
            self.assertEqual(len(response.content), 5_000_000)
            async with self.client.stream("POST", "/echo", content=b"x" * 5_000_000) as response:
                self.assertTrue(await anext(response.aiter_bytes()))

        async def test_errors(self) -> None:
            """An error of the app is an answer."""
            self.assertStatus(await self.client.get("/nothing"), 404)

        async def test_websocket(self) -> None:
            """A WebSocket opens, carries messages and closes."""
            async with self.ws.connect("/echo") as session:
                await session.send_text("hi")
                self.assertEqual(await session.receive_text(), "hi")

    return OnUvloop


@unittest.skipIf(sys.platform == "win32", "uvloop is not for Windows")
class UvloopTests(unittest.TestCase):
    """The same suite with another event loop."""

    def test_suite(self) -> None:
        """`loop_factory = uvloop.new_event_loop` is all it takes, with TLS too, and nothing is left behind."""
        import uvloop  # noqa: PLC0415 - there is none for Windows

        on_uvloop = make_suite(uvloop.new_event_loop)
        uvloop.new_event_loop().close()  # libuv's first loop opens a pipe for signals, which stays
        run_authority()  # the folder of a run's certificates stays locked to its end
        before = held_resources()
        # coverage loses sight of a frame in which uvloop has run: what follows is another's.
        self.check(run_classes(on_uvloop, type("OverTLS", (on_uvloop,), {"tls": True})), before)

    def check(self, result: unittest.TestResult, before: tuple[int, int]) -> None:
        """Check that all tests passed, and that nothing is held that was not held before."""
        self.assertEqual((outcomes(result), result.testsRun), ({}, 10))
        self.assertEqual(held_resources(), before)
