"""Exchanges: what is recorded of requests, WebSockets and the lifespan."""

import asyncio
import contextlib
import logging
import unittest
from collections.abc import AsyncIterator
from typing import Any
from unittest import mock

import websockets
from fastapi import BackgroundTasks, FastAPI, Request, Response, WebSocket
from starlette.responses import PlainTextResponse

from fastapi_testing import Client, Server
from fastapi_testing.server.application import Receive, Scope, Send
from fastapi_testing.server.recording.exchange import Exchange, exchange_of
from tests.server import apps
from tests.server.apps import in_flight, raw_request
from tests.timing import MS

logger = logging.getLogger("tests.exchange")
logger.addHandler(logging.NullHandler())  # or its warnings would go to the terminal


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Keep a worker running, as apps do."""
    logger.warning("opening")
    app.state.worker = asyncio.create_task(asyncio.Event().wait())
    yield
    app.state.worker.cancel()


def make_app() -> FastAPI:
    """Return an app that succeeds and fails in every way that an exchange tells apart."""
    app = FastAPI(lifespan=lifespan)

    @app.post("/items")
    async def create(request: Request) -> Response:
        return Response(await request.body(), 201, {"X-Item": "1"})

    @app.get("/fail")
    async def fail() -> None:
        raise LookupError("no database")

    @app.get("/background")
    async def background(tasks: BackgroundTasks) -> None:
        tasks.add_task(fail)

    @app.get("/logs")
    def logs(count: int = 1) -> None:
        for number in range(count):
            logger.warning("number %d", number)
        logger.debug("details")

    @app.get("/shown")
    async def shown() -> None:
        raise KeyError("shown")

    @app.get("/logged")
    async def logged() -> Response:
        try:
            await fail()
        except LookupError:
            logger.exception("failed")
            logger.error("so it is answered")  # noqa: TRY400 - nothing more is known of it
        return PlainTextResponse("sorry", 500)

    @app.get("/unsaid")
    async def unsaid() -> Response:
        return PlainTextResponse("sorry", 500)

    @app.websocket("/gives-up")
    async def give_up(websocket: WebSocket) -> None:
        await websocket.accept()
        try:
            await fail()
        except LookupError:
            await websocket.close(1011)

    @app.exception_handler(OSError)
    async def excuse(_: Request, exc: Exception) -> Response:
        return PlainTextResponse(str(exc), 500)

    @app.get("/excused")
    async def excused() -> None:
        raise OSError("no disk")

    @app.exception_handler(KeyError)
    async def show(_: Request, exc: Exception) -> Response:
        return PlainTextResponse(str(exc), 418)

    @app.websocket("/echo")
    async def echo(websocket: WebSocket) -> None:
        await websocket.accept(headers=[(b"x-chat", b"lobby")])
        await websocket.send_text(await websocket.receive_text())
        await websocket.send_bytes(await websocket.receive_bytes())
        await websocket.receive_text()

    @app.websocket("/refused")
    async def refused(websocket: WebSocket) -> None:
        await websocket.close()

    @app.websocket("/denied")
    async def denied(websocket: WebSocket) -> None:
        await websocket.send_denial_response(PlainTextResponse("no", 402))

    @app.websocket("/fail")
    async def fail_websocket(websocket: WebSocket) -> None:
        raise LookupError("no room")

    return app


class ExchangeTests(unittest.IsolatedAsyncioTestCase):
    """What an exchange holds once it is over."""

    async def asyncSetUp(self) -> None:
        self.app = make_app()
        self.server = await self.enterAsyncContext(Server(self.app))
        self.client = await self.enterAsyncContext(Client(self.server.url))

    async def asked(self, method: str, path: str, **options: Any) -> Exchange:
        """Make a request, and return its exchange."""
        response = await self.client.request(method, path, **options)
        exchange = response.extensions["exchange"]
        assert isinstance(exchange, Exchange)
        return exchange

    async def test_request(self) -> None:
        """An HTTP request has what was asked and what was answered."""
        exchange = await self.asked("POST", "/items?a=%20b", content=b"12345", headers={"X-Tenant": "blue"})
        self.assertEqual((exchange.kind, exchange.method, exchange.target), ("http", "POST", "/items?a=%20b"))
        self.assertEqual((exchange.status, exchange.bytes_received, exchange.bytes_sent), (201, 5, 5))
        self.assertIn((b"x-tenant", b"blue"), exchange.request_headers)
        self.assertIn((b"x-item", b"1"), exchange.response_headers)
        self.assertEqual(exchange.endpoint, "tests.server.recording.test_exchange.make_app.<locals>.create")
        self.assertEqual(repr(exchange), "<Exchange POST /items?a=%20b status 201>")

    async def test_times(self) -> None:
        """It has taken some time, which does not go on."""
        exchange = await self.asked("POST", "/items")
        self.assertGreater(exchange.duration, 0)
        self.assertEqual(exchange.duration, exchange.duration)
        self.assertEqual((exchange.stack, exchange.whereabouts), ([], exchange.name))
        await exchange.wait_ended()

    async def test_response_shows_the_exception(self) -> None:
        """An exception that the client got a 500 for is kept, and counts as seen."""
        with self.assertLogs("uvicorn.error"):
            exchange = await self.asked("GET", "/fail")
        self.assertEqual((str(exchange.exception), exchange.status), ("no database", 500))
        self.assertTrue(exchange.is_error)
        self.assertFalse(exchange.unseen)

    async def test_exception_behind_the_response(self) -> None:
        """One that comes after the response is unseen."""
        with self.assertLogs("uvicorn.error"):
            exchange = await self.asked("GET", "/background")
        self.assertEqual((str(exchange.exception), exchange.status, exchange.unseen), ("no database", 200, True))

    async def test_handled_exception(self) -> None:
        """One that the app itself answers, whatever with, is no exception of the exchange."""
        exchange = await self.asked("GET", "/shown")
        self.assertEqual((exchange.exception, exchange.status, exchange.app_traceback), (None, 418, ""))

    async def test_exception_behind_500(self) -> None:
        """What an app handles, or logs, and answers 500 for is known, and counts as raised."""
        for path, expected in ("/excused", "no disk"), ("/logged", "no database"):
            with self.subTest(path=path):
                exchange = await self.asked("GET", path)
                self.assertEqual((str(exchange.handled), exchange.exception), (expected, None))
                self.assertTrue(exchange.is_error)
                self.assertFalse(exchange.was_missed)
                self.assertRegex(exchange.app_traceback, rf"^Traceback (.*\n)+  File .*\n.*\n(.*\^\n)?\w+: {expected}$")
                self.assertIn(exchange, self.server.recorder.failed)

    async def test_nothing_behind_500(self) -> None:
        """Of an app that just answers so, nothing is known."""
        exchange = await self.asked("GET", "/unsaid")
        self.assertIsNone(exchange.error)
        self.assertEqual(exchange.app_traceback, "")

    async def test_exception_behind_close(self) -> None:
        """What an app handles, and closes a WebSocket for, is known too."""
        async with self.client.ws.connect("/gives-up") as session:
            await session.wait_closed()
        (exchange,) = self.server.exchanges
        await exchange.wait_ended()
        self.assertEqual((str(exchange.handled), exchange.was_missed), ("no database", False))

    async def test_logs(self) -> None:
        """Log records of a thread count as well, from INFO up; the last hundred are kept."""
        exchange = await self.asked("GET", "/logs?count=101")
        messages = [record.getMessage() for record in exchange.log_records]
        self.assertEqual((messages[0], messages[-1], len(messages)), ("number 1", "number 100", 100))

    async def test_websocket(self) -> None:
        """A WebSocket has the bytes of its messages; that the client leaves is no error."""
        with self.assertLogs("uvicorn.error"):
            async with await self.client.ws.connect("/echo") as session:
                exchange = session.exchange
                assert exchange is not None
                self.assertEqual(repr(exchange), "<Exchange WebSocket /echo in flight>")
                await session.send_text("ä")
                await session.expect("ä")
                await session.send_bytes(b"123")
                await session.expect(b"123")
            await exchange.wait_ended()
        self.assertEqual((exchange.status, exchange.bytes_received, exchange.bytes_sent), (101, 5, 5))
        self.assertIn((b"x-chat", b"lobby"), exchange.response_headers)
        self.assertEqual((type(exchange.exception).__name__, exchange.unseen), ("WebSocketDisconnect", False))

    async def test_rejected_websockets(self) -> None:
        """A rejected handshake has the status of its response; an exception is unseen."""
        for path, status in (("/refused", 403), ("/denied", 402), ("/fail", 500)):
            rejected = self.assertRaises(websockets.InvalidStatus)
            with self.subTest(path=path), rejected, self.assertLogs("uvicorn.error", logging.INFO):
                await self.client.ws.connect(path)
            exchange = self.server.exchanges[-1]
            self.assertEqual((exchange.status, exchange.unseen), (status, path == "/fail"))

    async def test_lifespan(self) -> None:
        """The lifespan has an exchange of its own, which is none of the requests; what it starts belongs to it."""
        exchange = self.server.recorder.lifespan
        assert exchange is not None
        self.assertEqual((str(exchange), exchange.endpoint, exchange.status), ("lifespan", "", None))
        self.assertEqual([record.getMessage() for record in exchange.log_records], ["opening"])
        self.assertEqual(self.server.exchanges, [])
        self.assertIs(exchange_of(self.app.state.worker), exchange)

    async def test_task_of_nobody(self) -> None:
        """A task that no app has started belongs to no exchange."""
        task = asyncio.current_task()
        assert task is not None
        self.assertIsNone(exchange_of(task))

    async def test_waiting_on_another_loop(self) -> None:
        """The end can be waited for from another thread, on a loop of its own."""
        async with Server(apps.app) as slow, in_flight(slow.host, slow.port, "/never"):
            while not slow.exchanges:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0)
            (exchange,) = slow.exchanges
            waiting = asyncio.create_task(asyncio.to_thread(asyncio.run, exchange.wait_ended()))
            while not exchange._waiters:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0)
            for task in slow.recorder.tasks("http"):
                task.cancel()
            with self.assertLogs("uvicorn.error"):
                await waiting
        self.assertEqual(type(exchange.exception), asyncio.CancelledError)
        self.assertFalse(exchange.is_error)

    async def test_waiter_whose_loop_has_closed(self) -> None:
        """Nor is one whose event loop has closed meanwhile: the call ends as it would, and the others are told."""
        done = asyncio.Event()

        async def answer_late(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})
            await done.wait()

        async def give_up(exchange: Exchange) -> None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(exchange.wait_ended(), MS)

        async with Server(answer_late, lifespan="off") as slow:
            response = await self.client_of(slow).get("/", extensions={"settle": False})
            exchange: Exchange = response.extensions["exchange"]
            await asyncio.to_thread(asyncio.run, give_up(exchange))
            waiting = asyncio.create_task(exchange.wait_ended())
            while len(exchange._waiters) < 2:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0)
            done.set()
            await asyncio.wait_for(waiting, 10_000 * MS)
        self.assertIsNone(exchange.exception)

    async def test_second_answer(self) -> None:
        """The status is that of the answer which the client got, though the app begins another: that one is refused."""

        async def answer_twice(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})
            await send({"type": "http.response.start", "status": 500, "headers": []})

        async with Server(answer_twice, lifespan="off") as server:
            with self.assertLogs("uvicorn.error"):
                response = await self.client_of(server).get("/")
        exchange: Exchange = response.extensions["exchange"]
        self.assertEqual((response.status_code, exchange.status), (204, 204))
        self.assertIsInstance(exchange.exception, RuntimeError)
        self.assertTrue(exchange.unseen)

    def client_of(self, server: Server) -> Client:
        """Return a client that is closed after the test."""
        client = Client(server.url)
        self.addAsyncCleanup(client.aclose)
        return client

    async def test_cancelled_waiter(self) -> None:
        """Who has stopped waiting for the end is not in the way of others."""
        async with Server(apps.app) as slow, in_flight(slow.host, slow.port, "/never"):
            while not slow.exchanges:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0)
            (exchange,) = slow.exchanges
            with self.assertRaises(TimeoutError):
                await asyncio.wait_for(exchange.wait_ended(), 0.001)
            for task in slow.recorder.tasks("http"):
                task.cancel()
            with self.assertLogs("uvicorn.error"):
                await exchange.wait_ended()

    async def test_held_log(self) -> None:
        """A log that is held back goes to its handlers once, and one that is not goes nowhere."""
        exchange = await self.asked("GET", "/logs?count=1")
        handler = mock.Mock()
        exchange.release_log()
        exchange.hold_log(exchange.log_records[0], [handler])
        exchange.release_log()
        exchange.release_log()
        handler.handle.assert_called_once_with(exchange.log_records[0])

    async def test_bounded(self) -> None:
        """The last 500 exchanges are kept."""
        for _ in range(502):
            await self.client.post("/items")
        self.assertEqual(len(self.server.exchanges), 500)

    async def test_strange_clients(self) -> None:
        """What uvicorn refuses itself never was the app's, and leaves no exchange."""
        with self.assertLogs("uvicorn.error"):
            self.assertIn(b"400 Bad Request", await raw_request(self.server.host, self.server.port, " bad target"))
        self.assertEqual(self.server.exchanges, [])


class DescribeTests(unittest.IsolatedAsyncioTestCase):
    """The words for a task that answers a request."""

    async def test_websocket_without_a_route(self) -> None:
        """A WebSocket is named as one; where the app has no routes, only the target is."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await asyncio.Event().wait()

        async with Server(app, lifespan="off") as server:
            connecting = asyncio.create_task(websockets.connect(f"{server.ws_url}/chat", proxy=None).__aenter__())
            while not server.server_state.tasks:  # noqa: ASYNC110 - uvicorn tells nobody
                await asyncio.sleep(0)
            (task,) = server.server_state.tasks
            await asyncio.sleep(0)
            described = server.recorder.describe(task)
            task.cancel()
            with self.assertLogs("uvicorn.error"), self.assertRaises(websockets.InvalidStatus):
                await connecting
        self.assertEqual(
            described, f'WebSocket /chat, waits at File "{__file__}", line {app.__code__.co_firstlineno + 1}, in app'
        )

    async def test_unknown_task(self) -> None:
        """A task that the app did not get, such as one that refuses a request, is shown as asyncio shows it."""
        task = asyncio.current_task()
        assert task is not None
        async with Server(apps.app) as server:
            self.assertEqual(server.recorder.describe(task), repr(task))
