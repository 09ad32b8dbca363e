"""Requests that return when the app's call has ended."""

import asyncio
import unittest
from collections.abc import AsyncIterator
from typing import Any

import httpx
from fastapi import BackgroundTasks, FastAPI
from starlette.responses import StreamingResponse

from fastapi_testing import AsyncServerTestCase, Client, Server
from fastapi_testing.client import LoopbackTransport
from fastapi_testing.client.wrappers.settling import Settling, SettlingTransport
from tests.server.apps import bare_app
from tests.timing import MS, answer_within


class SettlingTests(unittest.IsolatedAsyncioTestCase):
    """What a client's request waits for."""

    async def asyncSetUp(self) -> None:
        self.gate = asyncio.Event()
        self.done: list[str] = []
        self.server = await self.enterAsyncContext(Server(self.make_app()))
        self.addCleanup(self.gate.set)

    def make_app(self) -> FastAPI:
        """Return an app that goes on after its answers."""
        app = FastAPI()

        async def work() -> None:
            await asyncio.sleep(0)
            self.done.append("work")

        async def wait_for_gate() -> None:
            await self.gate.wait()

        async def numbers() -> AsyncIterator[str]:
            yield "1"
            yield "2"
            self.done.append("stream")

        async def fail() -> None:
            while not self.server.exchanges[-1].delivered:  # noqa: ASYNC110 - nothing tells it
                await asyncio.sleep(0)
            raise LookupError("no paper")

        @app.get("/background")
        async def background(tasks: BackgroundTasks) -> None:
            tasks.add_task(work)

        @app.get("/stream")
        async def stream(tasks: BackgroundTasks) -> StreamingResponse:
            tasks.add_task(work)
            return StreamingResponse(numbers(), background=tasks)

        @app.get("/gate")
        async def gate(tasks: BackgroundTasks) -> None:
            tasks.add_task(wait_for_gate)

        @app.get("/never")
        async def never() -> None:
            await self.gate.wait()

        @app.get("/broken")
        async def broken(tasks: BackgroundTasks) -> None:
            tasks.add_task(fail)

        return app

    async def client(self, **settling: Any) -> Client:
        """Return a client that settles so."""
        return await self.enterAsyncContext(Client(self.server.url, settling=Settling(**settling)))

    async def test_background_task(self) -> None:
        """A background task is done when the request returns."""
        await (await self.client()).get("/background")
        self.assertEqual(self.done, ["work"])

    async def test_stream(self) -> None:
        """A streamed response settles when it is closed."""
        async with (await self.client()).stream("GET", "/stream") as response:
            self.assertEqual([text async for text in response.aiter_text()], ["1", "2"])
        self.assertEqual(self.done, ["stream", "work"])

    async def test_many_at_once(self) -> None:
        """Each response has its own exchange."""
        client = await self.client()
        paths = [f"/background?number={number}" for number in range(20)]
        responses = await asyncio.gather(*map(client.get, paths))
        self.assertEqual([response.extensions["exchange"].target for response in responses], paths)

    async def test_turned_off(self) -> None:
        """A client, or a request, does not wait where it is told so."""
        client = await self.client(settle=False)
        exchanges = [(await client.get("/gate")).extensions["exchange"]]
        client = await self.client()
        exchanges.append((await client.get("/gate", extensions={"settle": False})).extensions["exchange"])
        self.assertEqual([exchange.ended_at for exchange in exchanges], [None, None])
        self.gate.set()
        await (await self.client(settle=False)).get("/gate", extensions={"settle": True})
        await self.server.settle()

    async def test_timeout(self) -> None:
        """A call that waits for something the test does later is named, with what to do."""
        client = await self.client(timeout=20 * MS)
        with self.assertRaises(TimeoutError) as caught:
            await client.get("/gate")
        line = self.make_app.__func__.__code__.co_firstlineno + 9  # type: ignore[attr-defined]
        name = f"{__name__}.SettlingTests.make_app.<locals>.gate"
        self.assertEqual(
            str(caught.exception),
            f"GET /gate: answered, but the app did not end the call within {20 * MS:g} s: GET /gate, in {name}, "
            f'waits at File "{__file__}", line {line}, in wait_for_gate; where it waits for something that the test '
            'does later, say settle = False on the class, or extensions={"settle": False} with the request',
        )

    async def test_no_answer(self) -> None:
        """Where no answer comes, httpx's exception has a note of where the handler waits."""
        client = await self.client()
        with self.assertRaises(httpx.ReadTimeout) as caught:
            await client.get("/never", timeout=answer_within(20))
        line = self.make_app.__func__.__code__.co_firstlineno + 36  # type: ignore[attr-defined]
        (note,) = caught.exception.__notes__
        self.assertEqual(
            note,
            f"in flight: GET /never, in {__name__}.SettlingTests.make_app.<locals>.never, "
            f'waits at File "{__file__}", line {line}, in never',
        )
        self.gate.set()
        await self.server.settle()

    async def test_no_answers(self) -> None:
        """Of many requests for one target, each has the note of its own."""
        client = await self.client()
        asked = (client.get("/never", timeout=httpx.Timeout(None, read=300 * MS)) for _ in range(12))
        errors = await asyncio.gather(*asked, return_exceptions=True)
        self.assertEqual([len(getattr(error, "__notes__", ())) for error in errors], [1] * 12)
        self.gate.set()
        await self.server.settle()

    async def test_no_answers_to_others(self) -> None:
        """With a transport that does not say which connection it used, those it may be are named: ten and a count."""

        class Secretive(LoopbackTransport):
            async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
                try:
                    return await super().handle_async_request(request)
                finally:
                    request.extensions.pop("network_stream", None)

        transport = Secretive()
        self.addAsyncCleanup(transport.aclose)
        client = await self.enterAsyncContext(Client(self.server.url, transport=transport))
        asked = (client.get("/never", timeout=httpx.Timeout(None, read=300 * MS)) for _ in range(12))
        errors = await asyncio.gather(*asked, return_exceptions=True)
        self.assertIn("in flight: 2 more for the same target", getattr(errors[0], "__notes__", ())[10:])
        self.assertEqual(max(len(getattr(error, "__notes__", ())) for error in errors), 11)
        self.gate.set()
        await self.server.settle()

    async def test_exception_behind_the_response(self) -> None:
        """The next request does not go out on the connection that the server closes for such an exception."""
        client = await self.client()
        with self.assertLogs("uvicorn.error"):
            await client.get("/broken")
        await client.get("/background")
        self.assertEqual(self.done, ["work"])

    async def test_open_stream(self) -> None:
        """A client that is closed closes the streams that are open, without waiting for the app."""
        client = await self.client()
        response = await client.send(client.build_request("GET", "/gate"), stream=True)
        await client.aclose()
        self.assertIsNone(response.extensions["exchange"].ended_at)

    async def test_other_servers(self) -> None:
        """A response of a server that is not of this process, or of no socket at all, has no exchange."""
        request = httpx.Request("GET", "http://127.0.0.1:1/")

        class Refusing(httpx.AsyncBaseTransport):
            async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
                raise httpx.ConnectTimeout("no such server", request=request)

        settling = Settling()
        response = await SettlingTransport(httpx.ASGITransport(bare_app), settling).handle_async_request(request)
        self.assertNotIn("exchange", response.extensions)
        with self.assertRaises(httpx.ConnectTimeout):
            await SettlingTransport(Refusing(), settling).handle_async_request(request)

    async def test_closing(self) -> None:
        """Closing the transport closes the one below."""
        closed = []

        class Transport(httpx.AsyncBaseTransport):
            async def aclose(self) -> None:
                closed.append(True)

        await SettlingTransport(Transport(), Settling()).aclose()
        self.assertEqual(closed, [True])


class ClassAttributeTests(AsyncServerTestCase):
    """The same as attributes of the test case."""

    settle = False

    async def test_settle(self) -> None:
        """With settle = False a request returns with its response."""
        gate = asyncio.Event()

        @self.app.get("/")  # type: ignore[untyped-decorator]  # the app is Any
        async def index(tasks: BackgroundTasks) -> None:
            tasks.add_task(gate.wait)

        exchange = (await self.client.get("/")).extensions["exchange"]
        self.assertIsNone(exchange.ended_at)
        gate.set()
        await self.server.settle()
        self.assertIsNotNone(exchange.ended_at)
