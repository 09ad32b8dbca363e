"""Exceptions of the app that a test could miss, and must not."""

import asyncio
import unittest
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, ClassVar
from unittest import mock

import httpx
from fastapi import BackgroundTasks, FastAPI, Request, Response, WebSocket
from fastapi.responses import StreamingResponse
from starlette.middleware.base import BaseHTTPMiddleware

from fastapi_testing import AsyncServerTestCase, Server
from fastapi_testing.server.application import Receive, Scope, Send
from tests.running import outcomes, run_classes, without_exchanges
from tests.timing import answer_within

app = FastAPI(title="shop")


@app.get("/boom")
async def boom() -> None:
    """Fail at once."""
    raise LookupError("no stock")


@app.get("/ok")
async def ok() -> None:
    """Do nothing."""


@app.get("/late")
async def late(request: Request) -> None:
    """Fail once the client has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    raise LookupError("no stock any more")


@app.get("/background")
async def background(tasks: BackgroundTasks) -> None:
    """Fail in the background, and leave a task."""

    async def work() -> None:
        app.state.left = asyncio.create_task(asyncio.Event().wait())
        await asyncio.sleep(0)
        raise LookupError("in the background")

    tasks.add_task(work)


@app.get("/endless")
async def endless() -> StreamingResponse:
    """Send one chunk, and never end."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"one"
        await asyncio.Event().wait()

    return StreamingResponse(chunks())


@app.websocket("/open")
async def stay(websocket: WebSocket) -> None:
    """Stay open, reading in a task group."""
    await websocket.accept()
    async with asyncio.TaskGroup() as group:
        group.create_task(websocket.receive_text())


async def answer_all(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Pass on what comes."""
    return await call_next(request)


class Base(AsyncServerTestCase):
    """A case for the app above."""

    app: Any = app


class MissedErrorTests(unittest.TestCase):
    """Each was seen to go by without a word."""

    def failures(self, case: type[unittest.TestCase]) -> list[str]:
        """Run a class, and return the texts of its failures."""
        result = run_classes(case)
        self.assertEqual(result.errors, [])
        return [without_exchanges(text) for _, text in result.failures]

    def test_client_that_did_not_wait(self) -> None:
        """An exception that comes after the client gave up has been seen by nobody."""

        class Case(Base):
            async def test(self) -> None:
                with self.assertRaises(httpx.ReadTimeout):
                    await self.client.get("/late", timeout=answer_within(20))

        (text,) = self.failures(Case)
        self.assertIn("the app raised what no response could show", text)
        self.assertIn("LookupError: no stock any more", text)

    def test_later_exception(self) -> None:
        """What is raised for a request that came after the context does not fulfil it."""

        class Case(Base):
            async def test(self) -> None:
                async with self.ws.connect("/open"):
                    with self.assertServerRaises(LookupError):
                        await self.client.get("/ok")
                await self.client.get("/boom")

        (text,) = self.failures(Case)
        self.assertIn("expected the app to raise LookupError, it raised nothing", text)

    def test_waits_no_longer_than_it_has_to(self) -> None:
        """`async with` goes on when the exception has come, whatever else is open."""

        class Case(Base):
            async def test(self) -> None:
                async with self.ws.connect("/open"), self.assertServerRaises(LookupError, "background"):
                    await self.client.get("/background", extensions={"settle": False})
                await self.server.settle()
                app.state.left.cancel()

        self.assertEqual(outcomes(run_classes(Case)), {})

    def test_leak_as_an_error(self) -> None:
        """With warnings as errors, a leak does not hide the exception."""

        class Case(Base):
            async def test(self) -> None:
                await self.client.get("/background")

        with warnings.catch_warnings(action="error"):
            (text,) = self.failures(Case)
        self.assertIn("LookupError: in the background", text)
        self.assertIn("left a task running", text)

    def test_leak_alone_as_an_error(self) -> None:
        """A leak alone is the warning that it is."""

        class Case(Base):
            async def test(self) -> None:
                self.task = asyncio.create_task(asyncio.Event().wait())

        with warnings.catch_warnings(action="error"):
            self.assertRegex(run_classes(Case).errors[0][1], "ResourceWarning: .* left a task running")

    def test_second_server(self) -> None:
        """What a class's second server still does is waited for as well."""
        done = []
        other = FastAPI()

        @other.get("/")
        async def index(tasks: BackgroundTasks) -> None:
            async def work() -> None:
                await asyncio.sleep(0)
                done.append("work")

            tasks.add_task(work)

        class Case(Base):
            other: ClassVar[Server]

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                await super().asyncSetUpClass()
                cls.other = await cls.enterAsyncClassContext(Server(other))

            async def test(self) -> None:
                await self.new_client(server=self.other).get("/", extensions={"settle": False})

        self.assertEqual(outcomes(run_classes(Case)), {})
        self.assertEqual(done, ["work"])

    def test_failure_inside_of_a_stream(self) -> None:
        """A test that fails while it reads a stream fails with its own failure."""

        class Case(Base):
            async def test(self) -> None:
                async with self.client.stream("GET", "/endless") as response:
                    await anext(response.aiter_raw())
                    self.fail("my own failure")

        self.assertRegex("".join(self.failures(Case)), "AssertionError: my own failure$")

    def test_middleware_that_raises_again(self) -> None:
        """A 500 that passed through other middleware has shown the exception."""

        class Case(Base):
            app = BaseHTTPMiddleware(app, answer_all)

            async def test(self) -> None:
                self.assertStatus(await self.client.get("/boom"), 500)

        self.assertEqual(outcomes(run_classes(Case)), {})

    def test_set_up(self) -> None:
        """A failing set-up shows the app's exception as a test does."""

        class Case(Base):
            async def asyncSetUp(self) -> None:
                (await self.client.get("/boom")).raise_for_status()

            async def test(self) -> None:
                raise AssertionError("not run")  # pragma: no cover - must not be run

        self.assertIn("LookupError: no stock", run_classes(Case).errors[0][1])

    def test_closed_websocket_in_a_task_group(self) -> None:
        """A handler whose task group ends because the client closed has not failed."""

        class Case(Base):
            async def test(self) -> None:
                await (await self.ws.connect("/open")).close()

        self.assertEqual(outcomes(run_classes(Case)), {})

    def test_every_address(self) -> None:
        """A server that listens on every address is spoken to by the loopback's, and its exchanges are found."""

        class Case(Base):
            server_options: ClassVar[Any] = {"host": "0.0.0.0"}

            async def test(self) -> None:
                response = await self.client.get("/ok")
                self.assertEqual(self.server.url, f"http://127.0.0.1:{self.server.port}")
                self.assertEqual(response.extensions["exchange"].status, 200)

        with mock.patch("fastapi_testing.server.serving.sockets._warned", {"0.0.0.0"}):
            self.assertEqual(outcomes(run_classes(Case)), {})

    def test_failing_close_of_a_client(self) -> None:
        """Where one client cannot be closed, the others are."""
        clients = []

        class Case(Base):
            async def test(self) -> None:
                clients.extend([self.new_client(), self.new_client()])
                clients[1].aclose = self.refuse  # type: ignore[method-assign]

            async def refuse(self) -> None:
                raise OSError("cannot close")

        self.assertEqual(outcomes(run_classes(Case)), {"test": "OSError: cannot close"})
        self.assertTrue(clients[0].is_closed)


class ForeignClientTests(AsyncServerTestCase):
    """Clients of other makers."""

    async def test_kept_exchanges(self) -> None:
        """They never ask for their exchanges, of which only so many are kept."""

        async def answer(scope: Scope, receive: Receive, send: Send) -> None: ...

        recorder = type(self.server.recorder)(answer)
        for port in range(600):
            await recorder({"type": "http", "client": ("127.0.0.1", port), "path": "/"}, None, None)  # type: ignore[arg-type]
        self.assertIsNone(recorder.take(("127.0.0.1", 0)))
        self.assertIsNotNone(recorder.take(("127.0.0.1", 599)))
