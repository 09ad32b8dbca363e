"""The client of plain tests against httpx as it is, and what is its own."""

import asyncio
import contextlib
import logging
import os
import signal
import sqlite3
import threading
import unittest
from collections.abc import AsyncIterator, Iterator
from typing import Any, ClassVar
from unittest import mock

import httpx
import httpx2
from fastapi import BackgroundTasks, FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

from fastapi_testing import ForeignURLError, ServerError, ServerThread, SyncClient
from fastapi_testing.client import LoopbackTransport
from fastapi_testing.client.wrappers.settling import Settling
from tests.client.http.test_client import COMPLAINTS, MALFORMED, REQUESTS, complaints, visible
from tests.client.parity_app import app
from tests.client.raw_servers import Handler, RawServer, Reader, Writer, read_request, serve_raw
from tests.resources import held_again, held_resources
from tests.timing import MS, answer_within

Options = dict[str, Any]


def parts(*pieces: bytes) -> Iterator[bytes]:
    """Yield the pieces of a body."""
    yield from pieces


STREAMED: dict[str, tuple[bytes, ...]] = {
    "chunked": (b"a", b"", b"b" * 1000),
    "no chunks": (),
    "streamed with a length": (b"a", b"b"),
    "too short": (b"a",),
}
"""The requests of the table whose bodies are streamed, and their pieces."""


def options_of(name: str) -> Options:
    """Return what a request of the table is made with, by clients that wait."""
    made = REQUESTS[name]()
    return made | {"content": parts(*STREAMED[name])} if name in STREAMED else made


class ParityTests(unittest.TestCase):
    """One table of requests, two clients, one server."""

    library: ClassVar[Any] = httpx
    complaints: ClassVar[set[object]] = COMPLAINTS
    server: ServerThread

    @classmethod
    def setUpClass(cls) -> None:
        """Serve the app."""
        cls.server = cls.enterClassContext(ServerThread(app))

    def setUp(self) -> None:
        """Make both clients."""
        options: Options = {"cookies": {"old": "1"}, "headers": {"X-Client": "1"}}
        name: Any = self.library.__name__
        self.ours: Any = self.enterContext(
            SyncClient(self.server.url, thread=self.server, http_library=name, **options)
        )
        self.stock: Any = self.enterContext(
            self.library.Client(base_url=self.server.url, trust_env=False, verify=False, **options)
        )

    def outcome(self, client: httpx.Client, options: Options) -> Any:
        """Return what can be seen of a response, or of the error that there is instead."""
        try:
            response = client.request(**{"method": "GET", **options})
        except Exception as exc:
            return type(exc).__name__, str(exc).split()[:3]
        return visible(response)

    def test_table(self) -> None:
        """Every request has the same outcome, for clients that have cookies and for those that do not."""
        with self.assertLogs("uvicorn.error") as logs:
            for name in REQUESTS:
                for cookies in ({}, {"old": "1"}):
                    self.ours.cookies = self.stock.cookies = cookies
                    with self.subTest(name, cookies=bool(cookies)):
                        outcomes = [self.outcome(client, options_of(name)) for client in (self.ours, self.stock)]
                        self.assertEqual(*outcomes)
                        self.assertEqual(sorted(self.ours.cookies.items()), sorted(self.stock.cookies.items()))
            self.server.settle()
        self.assertEqual(complaints(logs.records), self.complaints)

    def test_streams(self) -> None:
        """A stream can be read in every way, and is the same."""
        for read in ("iter_raw", "iter_bytes", "iter_text", "iter_lines"):
            for path in ("/stream?pieces=3", "/gzip", "/item", "/big?size=1000000"):
                found = []
                for client in (self.ours, self.stock):
                    with client.stream("GET", path) as response:
                        found.append([*getattr(response, read)()])
                with self.subTest(read, path=path):
                    self.assertEqual(*[type(pieces[0])().join(pieces) for pieces in found])

    def test_hooks(self) -> None:
        """Event hooks see the same requests and responses, and may read them."""
        events: dict[httpx.Client, list[Any]] = {self.ours: [], self.stock: []}
        for client, noted in events.items():

            def on_response(response: httpx.Response, noted: list[Any] = noted) -> None:
                noted.append((response.status_code, response.read()))

            client.event_hooks = {"response": [on_response]}
            client.get("/redirect/302?to=/echo", follow_redirects=True)
        self.assertEqual(events[self.ours], events[self.stock])

    def test_log(self) -> None:
        """The line that httpx logs is there."""
        name = self.library.__name__
        with self.assertLogs(name, "INFO") as logs:
            self.ours.get("/item")
        self.assertEqual(logs.output, [f'INFO:{name}:HTTP Request: GET {self.server.url}/item "HTTP/1.1 200 OK"'])


class Httpx2ParityTests(ParityTests):
    """The same table with httpx2."""

    library: ClassVar[Any] = httpx2
    complaints: ClassVar[set[object]] = COMPLAINTS - {MALFORMED}  # it says no length beside chunks


class ClientTestCase(unittest.TestCase):
    """Serves an app that goes on after its answers, with a client of it."""

    def setUp(self) -> None:
        """Start the server."""
        self.done: list[str] = []
        self.gate = threading.Event()
        self.server = self.enterContext(ServerThread(self.make_app()))
        self.addCleanup(self.gate.set)
        self.client = self.new_client()

    def new_client(self, **options: Any) -> SyncClient:
        """Return another client."""
        return self.enterContext(SyncClient(self.server.url, thread=self.server, **options))

    def make_app(self) -> FastAPI:
        """Return the app."""
        made = FastAPI()

        async def work() -> None:
            self.done.append("work")

        @made.get("/background")
        async def background(tasks: BackgroundTasks) -> None:
            tasks.add_task(work)

        @made.get("/late-error")
        async def late_error(tasks: BackgroundTasks) -> None:
            async def fail() -> None:
                raise LookupError("no paper")

            tasks.add_task(fail)

        @made.get("/error")
        async def error() -> None:
            raise LookupError("no stock")

        @made.get("/gate")
        async def gate(tasks: BackgroundTasks) -> None:
            tasks.add_task(self.gate.wait)

        @made.get("/never")
        def never() -> None:
            self.gate.wait()

        @made.get("/blocked")
        async def blocked() -> None:
            self.gate.wait()

        @made.post("/mirror")
        async def mirror(request: Request) -> Response:
            return Response(await request.body())

        @made.get("/numbers")
        async def numbers(tasks: BackgroundTasks) -> StreamingResponse:
            async def lines() -> AsyncIterator[str]:
                for number in range(3):
                    yield f"{number}\n"

            tasks.add_task(work)
            return StreamingResponse(lines(), background=tasks)

        return made


class SettlingTests(ClientTestCase):
    """The end of a request."""

    def test_settles(self) -> None:
        """A request returns when its background tasks are done, and has its exchange."""
        response = self.client.get("/background")
        self.assertEqual(self.done, ["work"])
        self.assertEqual(str(response.extensions["exchange"]), "GET /background")

    def test_too_long(self) -> None:
        """An app that does not come to its end is named."""
        client = self.new_client(settling=Settling(timeout=10 * MS))
        with self.assertRaisesRegex(TimeoutError, "^GET /gate: answered, but the app did not end the call within "):
            client.get("/gate")

    def test_stream(self) -> None:
        """A streamed response settles when it is closed."""
        with self.client.stream("GET", "/numbers") as response:
            self.assertEqual([*response.iter_lines()], ["0", "1", "2"])
        self.assertEqual(self.done, ["work"])

    def test_stream_that_is_left(self) -> None:
        """One that is left by an exception waits for nothing, and the exception is seen."""
        client = self.new_client(settling=Settling(timeout=10 * MS))
        with self.assertRaisesRegex(LookupError, "^mine$"), client.stream("GET", "/gate"):
            raise LookupError("mine")

    def test_stream_where_an_exception_is_handled(self) -> None:
        """A stream that is opened and read while an exception is handled settles, and raises, as anywhere else."""
        client = self.new_client(settling=Settling(raise_server_exceptions=True))
        try:
            int("mine")
        except ValueError:
            with self.client.stream("GET", "/numbers") as response:
                response.read()
            self.assertEqual(self.done, ["work"])
            with (
                self.assertLogs("uvicorn.error"),
                self.assertRaisesRegex(LookupError, "^no paper$"),
                client.stream("GET", "/late-error") as response,
            ):
                response.read()

    def test_raised_exceptions(self) -> None:
        """With raise_server_exceptions, the app's own exception is raised where the request is made."""
        logging.disable()
        self.addCleanup(logging.disable, logging.NOTSET)
        client = self.new_client(settling=Settling(raise_server_exceptions=True))
        for path, text in (("/error", "no stock"), ("/late-error", "no paper")):
            with self.subTest(path), self.assertRaisesRegex(LookupError, f"^{text}$"):
                client.get(path)

    def test_error_on_another_thread(self) -> None:
        """A connection that the server is about to close after an error is not used again."""
        logging.disable()
        self.addCleanup(logging.disable, logging.NOTSET)
        with SyncClient(self.server.url) as client:
            for _ in range(20):
                self.assertEqual(client.get("/error").status_code, 500)
                self.assertEqual(client.get("/background").status_code, 200)


class BodyTests(ClientTestCase):
    """Bodies that are made piece by piece, and answers that come so."""

    def test_made_by_the_caller(self) -> None:
        """A generator runs on the thread that called, where it may block, use the client, and what is that thread's."""
        database = sqlite3.connect(":memory:")  # of this thread only
        self.addCleanup(database.close)

        def body() -> Iterator[bytes]:
            yield str(database.execute("SELECT 1").fetchone()).encode()
            yield self.client.post("/mirror", content=b", inner").content

        self.assertEqual(self.client.post("/mirror", content=body()).content, b"(1,), inner")

    def test_fails(self) -> None:
        """What a generator raises goes through."""

        def body() -> Iterator[bytes]:
            yield b"1"
            raise LookupError("no more")

        with self.breaks_off(), self.assertRaisesRegex(LookupError, "^no more$"):
            self.client.post("/mirror", content=body())

    def test_cancelled(self) -> None:
        """A request that is cancelled while its body is made takes no more of it."""

        def body(error: Exception | None) -> Iterator[bytes]:
            yield b"1"
            self.server.run(cancel_calls())
            if error is not None:
                raise error
            yield b"2"

        for error in (None, LookupError("nobody hears")):
            with self.subTest(error), self.breaks_off(), self.assertRaises(asyncio.CancelledError):
                self.client.post("/mirror", content=body(error))

    def test_interrupted(self) -> None:
        """Ctrl-C in a generator ends the request, and goes through."""

        def body() -> Iterator[bytes]:
            yield b"1"
            os.kill(os.getpid(), signal.SIGINT)
            yield b"2"  # pragma: no cover - interrupted

        self.addCleanup(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, signal.default_int_handler))
        with self.breaks_off(), self.assertRaises(KeyboardInterrupt):
            self.client.post("/mirror", content=body())

    def test_left_half_way(self) -> None:
        """A stream may be left at any point, and the next request is served."""
        with self.client.stream("GET", "/numbers") as response:
            self.assertEqual(next(response.iter_raw()), b"0\n")
        self.assertEqual(self.client.get("/background").status_code, 200)

    def test_left_after_the_server(self) -> None:
        """One that outlives the server can still be closed."""
        response = self.client.send(self.client.build_request("GET", "/numbers"), stream=True)
        self.server.stop()
        response.close()

    def test_broken_off(self) -> None:
        """A body that breaks off is an error for who reads it, and what came before is seen."""
        client = self.raw_client(closing(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"))
        with self.assertRaisesRegex(httpx.RemoteProtocolError, "after 4 of 10 body bytes"):
            client.get("/")

    def test_switched(self) -> None:
        """A connection that becomes another protocol's can be read and written."""

        async def handler(reader: Reader, writer: Writer) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n")
            writer.write(await reader.readexactly(5))

        headers = {"Connection": "upgrade", "Upgrade": "echo"}
        with self.raw_client(handler).stream("GET", "/", headers=headers) as response:
            stream = response.extensions["network_stream"]
            self.assertIsNone(stream.get_extra_info("ssl_object"))
            stream.write(b"hello")
            self.assertEqual(stream.read(5), b"hello")
            stream.close()

    @contextlib.contextmanager
    def breaks_off(self) -> Iterator[None]:
        """Assert that a request breaks off for the app too, which is all that the server says of it."""
        with self.assertLogs("uvicorn.error") as logs:
            yield
            self.server.settle()
        self.assertEqual([complaints([record]) for record in logs.records], [{ClientDisconnect}])

    def raw_client(self, handler: Handler) -> SyncClient:
        """Serve connections with a handler, and return a client."""
        serving = serve_raw(handler)
        raw = self.server.run(enter(serving))
        self.addCleanup(lambda: self.server.run(leave(serving)))
        return self.enterContext(SyncClient(raw.url, thread=self.server))


class EndTests(ClientTestCase):
    """Time-outs, refusals and closes."""

    def test_timeout(self) -> None:
        """A handler that does not answer ends in httpx's own time-out, which names it."""
        with self.assertRaises(httpx.ReadTimeout) as caught:
            self.client.get("/never", timeout=answer_within(20))
        self.assertRegex(caught.exception.__notes__[0], r"^in flight: GET /never, in .*\.never, waits at File ")

    def test_blocked_loop(self) -> None:
        """A handler that blocks the server's event loop ends in a time-out that names the line."""
        self.enterContext(mock.patch("fastapi_testing.server.threads.calls._GRACE", 20 * MS))
        with self.assertRaises(httpx.ReadTimeout) as caught:
            self.client.get("/blocked", timeout=answer_within(20))
        self.assertRegex(
            str(caught.exception),
            r'^GET /blocked: no answer for \S+ s: the event loop is blocked at:\n  File ".*", line \d+, in blocked\n',
        )
        self.gate.set()

    def test_other_origin(self) -> None:
        """A URL of another origin is refused."""
        with self.assertRaises(ForeignURLError) as caught:
            self.client.get("http://127.0.0.1:9/")
        self.assertEqual(caught.exception.origin, self.server.url)

    def test_on_the_loop(self) -> None:
        """It cannot be used on the very loop that would have to answer."""

        async def ask() -> None:
            self.client.get("/background")

        with self.assertRaisesRegex(
            ServerError, "called on its own event loop, which would wait for itself without end"
        ):
            self.server.run(ask())

    def test_threads(self) -> None:
        """One client serves several threads at once."""
        statuses: list[int] = []
        threads = [
            threading.Thread(target=lambda: statuses.append(self.client.get("/background").status_code))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(statuses, [200] * 8)

    def test_shared_transport(self) -> None:
        """A transport that was given stays open, for the client after this one."""
        transport = LoopbackTransport()
        addresses = set()
        for _ in range(3):
            with SyncClient(self.server.url, thread=self.server, transport=transport) as client:
                response = client.get("/background")
            addresses.add(response.extensions["network_stream"].get_extra_info("client_addr"))
        self.server.run(transport.aclose())
        self.assertEqual(len(addresses), 1)

    def test_own_thread(self) -> None:
        """Without a thread it has one of its own, from the first request to its end."""
        before = held_resources()
        client = SyncClient(self.server.url)
        self.assertEqual(held_resources(), before)
        self.assertEqual(client.get("/background").status_code, 200)
        self.assertEqual(self.done, ["work"])
        client.close()
        with self.assertRaisesRegex(RuntimeError, "closed"):
            client.get("/background")
        del client
        self.assertTrue(held_again(before))

    def test_closes_what_is_open(self) -> None:
        """Streams that are still open when it closes are closed with it, and nothing is left."""
        self.client.get("/background")
        before = held_resources()
        client = SyncClient(self.server.url, thread=self.server)
        response = client.send(client.build_request("GET", "/numbers"), stream=True)
        client.close()
        self.server.settle()
        del client, response
        self.assertTrue(held_again(before))

    def test_closed_after_the_server(self) -> None:
        """It may outlive the server."""
        client = SyncClient(self.server.url, thread=self.server)
        client.get("/background")
        self.server.stop()
        client.close()
        self.assertTrue(client.is_closed)


async def cancel_calls() -> None:
    """Cancel what other threads wait for."""
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        if task.get_coro().__qualname__ == "Call._run":  # type: ignore[union-attr]
            task.cancel()


async def enter(serving: contextlib.AbstractAsyncContextManager[RawServer]) -> RawServer:
    """Start a raw server."""
    return await serving.__aenter__()


async def leave(serving: contextlib.AbstractAsyncContextManager[RawServer]) -> None:
    """Stop it."""
    await serving.__aexit__(None, None, None)


def closing(answer: bytes) -> Handler:
    """Return a handler that closes the connection behind its answer."""

    async def handler(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        writer.write(answer)

    return handler
