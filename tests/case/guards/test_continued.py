"""Where a call stands whose handler runs in a task of its own, as behind middleware and in streamed responses."""

import asyncio
import unittest
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
from anyio.streams.memory import MemoryObjectReceiveStream
from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from fastapi_testing import AsyncServerTestCase
from tests.case.failing import failures
from tests.resources import collected_in_silence
from tests.timing import MS, answer_within

LIMIT = 100 * MS


def make_app() -> FastAPI:
    """Return an app whose handlers never end, behind middleware."""
    app = FastAPI()

    @app.middleware("http")
    async def pass_on(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        return await call_next(request)

    @app.get("/never")
    async def never() -> None:
        await asyncio.Event().wait()

    @app.get("/poller")
    async def poller() -> None:
        app.state.poller = asyncio.create_task(poll())
        await asyncio.Event().wait()

    async def poll() -> None:
        await asyncio.Event().wait()

    async def session() -> None:
        await asyncio.Event().wait()

    @app.get("/dependency", dependencies=[Depends(session)])
    async def not_reached() -> None: ...

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(numbers())

    async def numbers() -> AsyncIterator[bytes]:
        yield b"1"
        await asyncio.Event().wait()

    return app


def line_of(text: str, occurrence: int = 0) -> int:
    """Return the number of the line of this module that is a text, of several the one said."""
    with open(__file__, encoding="utf-8") as source:  # noqa: PTH123 - read once
        lines = [number for number, line in enumerate(source, 1) if line.strip() == text]
    return lines[occurrence]


def waits(occurrence: int, function: str) -> str:
    """Return a place of those that wait for ever, in a traceback's words."""
    return f'File "{__file__}", line {line_of("await asyncio.Event().wait()", occurrence)}, in {function}'


class ContinuedTests(unittest.TestCase):
    """The line of the handler itself is told."""

    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        """Where a handler is cancelled behind it, the middleware of Starlette 0.41 leaves its streams open."""
        cls.enterClassContext(collected_in_silence(MemoryObjectReceiveStream))
        super().setUpClass()

    def note(self, path: str) -> str:
        """Return what is noted of a request that is not answered in time."""
        notes: list[str] = []

        async def test(case: AsyncServerTestCase) -> None:
            with case.assertRaises(httpx.ReadTimeout) as caught:
                await case.client.get(path, timeout=answer_within(100))
            notes.extend(caught.exception.__notes__)

        self.assertEqual(failures(test, app=make_app(), leaks="ignore"), [])
        (note,) = notes
        return note

    def test_handler(self) -> None:
        """It is found behind middleware, also where it has started a task that waits elsewhere."""
        name = f"{__name__}.make_app.<locals>"
        self.assertEqual(
            [self.note("/never"), self.note("/poller")],
            [
                f"in flight: GET /never, in {name}.never, waits at {waits(0, 'never')}",
                f"in flight: GET /poller, in {name}.poller, waits at {waits(1, 'poller')}",
            ],
        )

    def test_dependency(self) -> None:
        """So is a dependency, before the handler is reached."""
        self.assertTrue(self.note("/dependency").endswith(f"waits at {waits(3, 'session')}"))

    def test_stream(self) -> None:
        """So is the generator of a response that is streamed."""

        async def test(case: AsyncServerTestCase) -> None:
            async with case.client.stream("GET", "/stream") as response:
                await anext(response.aiter_raw())
                case.assertTrue(case.server.exchanges[0].whereabouts.endswith(f"waits at {waits(4, 'numbers')}"))

        self.assertEqual(failures(test, app=make_app(), leaks="ignore", settle=False), [])

    def test_hang(self) -> None:
        """A report of a hang shows the stack through the middleware into the handler."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.client.get("/never", timeout=None)

        self.assertTrue(
            failures(test, app=make_app(), leaks="ignore", test_timeout=700 * MS)[0].endswith(
                f"in flight: GET /never, in {__name__}.make_app.<locals>.never, at:\n"
                f'  File "{__file__}", line {line_of("return await call_next(request)")}, in pass_on\n'
                "    return await call_next(request)\n"
                f"  {waits(0, 'never')}\n"
                "    await asyncio.Event().wait()"
            )
        )

    def test_settle(self) -> None:
        """A time-out of settling names it as well."""

        async def test(case: AsyncServerTestCase) -> None:
            task = asyncio.create_task(case.client.get("/never"))
            await case.assertEventually(lambda: case.server.recorder.in_flight)
            with case.assertRaisesRegex(TimeoutError, "in never$"):
                await case.server.settle(timeout=LIMIT)
            task.cancel()

        self.assertEqual(failures(test, app=make_app(), leaks="ignore"), [])
