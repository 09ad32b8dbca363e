"""How an app is served: what each option does on a real connection, and what is none."""

import asyncio
import contextlib
import functools
import inspect
import os
import socket
import struct
import sys
import unittest
import warnings
from collections.abc import AsyncIterator
from importlib.util import find_spec
from typing import Any
from unittest import mock

import uvicorn
import websockets
from fastapi import FastAPI, Request, WebSocket

from fastapi_testing import Client, Server, ServerStartupError, ServerThread
from fastapi_testing.server.serving import options as options_module
from fastapi_testing.server.serving.options import ServerOptions
from tests.server.apps import app, bare_app, in_flight, make_app, raw_request
from tests.timing import MS

_HANDSHAKE = (
    b"GET /echo HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_PING = b"\x89"
_CLOSE = b"\x88"


def seeing_app() -> FastAPI:
    """Return an app that says what it sees of a request."""
    made = make_app()

    @made.get("/seen")
    async def seen(request: Request) -> dict[str, Any]:
        scope = request.scope
        return {
            "root_path": scope["root_path"],
            "path": scope["path"],
            "client": scope["client"][0],
            "url": str(request.url_for("seen").replace(port=None)),
        }

    @made.websocket("/where")
    async def where(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(websocket.scope["root_path"] + " " + websocket.scope["path"])

    return made


@contextlib.asynccontextmanager
async def served(**options: Any) -> AsyncIterator[Client]:
    """Serve the app with options, and yield a client of it."""
    async with Server(seeing_app(), **options) as server, Client(server.url) as client:
        yield client


@contextlib.asynccontextmanager
async def shaken(server: Server) -> AsyncIterator[asyncio.StreamReader]:
    """Open a WebSocket by hand, and answer nothing that comes on it."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    try:
        writer.write(_HANDSHAKE)
        await reader.readuntil(b"\r\n\r\n")
        yield reader
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def head_of(answer: bytes) -> dict[str, str]:
    """Return the headers of an answer."""
    lines = answer.decode().partition("\r\n\r\n")[0].split("\r\n")[1:]
    return {name: value for name, _, value in (line.partition(": ") for line in lines)}


class ProxyTests(unittest.IsolatedAsyncioTestCase):
    """What an app sees that stands behind a proxy."""

    forwarded = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}  # noqa: RUF012 - never changed

    async def test_root_path(self) -> None:
        """With root_path, the app sees the path that the world sees, and the test asks without it."""
        async with served(root_path="/api") as client:
            self.assertEqual(
                (await client.get("/seen")).json(),
                {"root_path": "/api", "path": "/api/seen", "client": "127.0.0.1", "url": "http://127.0.0.1/api/seen"},
            )
            self.assertEqual((await client.get("/openapi.json")).json()["servers"], [{"url": "/api"}])
            self.assertIn("'/api/openapi.json'", (await client.get("/docs")).text)

    async def test_root_path_of_a_websocket(self) -> None:
        """So does the handler of a WebSocket."""
        async with served(root_path="/api") as client, client.ws.connect("/where") as session:
            self.assertEqual(await session.receive_text(), "/api /api/where")
            self.assertEqual(session.target, "/where")

    async def test_root_path_of_an_exchange(self) -> None:
        """What was asked is told as the test has asked for it, and a route that is near is found."""
        for http in ("httptools", "h11"):
            async with served(root_path="/api", http=http) as client:
                exchange = (await client.get("/sen?a=1")).extensions["exchange"]
                self.assertEqual(exchange.target, "/sen?a=1")
                self.assertEqual(exchange.obstacle, "no route of the app matches GET /sen; nearest: GET /seen")

    async def test_proxy_headers(self) -> None:
        """The headers of a proxy say who the client is, and which scheme it uses; with False, they do not."""
        for proxy_headers, client_host, scheme in ((True, "203.0.113.9", "https"), (False, "127.0.0.1", "http")):
            with self.subTest(proxy_headers=proxy_headers):
                async with served(proxy_headers=proxy_headers) as client:
                    seen = (await client.get("/seen", headers=self.forwarded)).json()
                self.assertEqual((seen["client"], seen["url"]), (client_host, f"{scheme}://127.0.0.1/seen"))

    async def test_forwarded_allow_ips(self) -> None:
        """Only those proxies are believed that are named; the clients of tests come from the loopback."""
        for allowed in ("*", "127.0.0.1", "10.0.0.1,127.0.0.1", ["127.0.0.0/8"], None):
            with self.subTest(allowed=allowed):
                async with served(forwarded_allow_ips=allowed) as client:
                    seen = (await client.get("/seen", headers=self.forwarded)).json()
                self.assertEqual(seen["client"], "203.0.113.9")
        for allowed in ("10.0.0.1", ["10.0.0.1"], []):
            with self.subTest(allowed=allowed):
                async with served(forwarded_allow_ips=allowed) as client:
                    seen = (await client.get("/seen", headers=self.forwarded)).json()
                self.assertEqual(seen["client"], "127.0.0.1")

    async def test_forwarded_allow_ips_of_the_environment(self) -> None:
        """Unless it is given, the environment says it, as in production."""
        with mock.patch.dict(os.environ, {"FORWARDED_ALLOW_IPS": "10.0.0.1"}):
            async with served() as client:
                seen = (await client.get("/seen", headers=self.forwarded)).json()
        self.assertEqual(seen["client"], "127.0.0.1")


class ResponseTests(unittest.IsolatedAsyncioTestCase):
    """What the server itself says in each response."""

    async def test_headers(self) -> None:
        """Headers are in every response, those of an empty one too."""
        async with Server(bare_app, lifespan="off", headers=[("X-Served-By", "tests"), ("X-Two", "2")]) as server:
            head = head_of(await raw_request(server.host, server.port))
        self.assertEqual((head["x-served-by"], head["x-two"], head["server"]), ("tests", "2", "uvicorn"))

    async def test_server_header(self) -> None:
        """Without server_header, no response names uvicorn; a header of that name takes its place."""
        for options, expected in (
            ({"server_header": False}, None),
            ({"headers": [("Server", "shop")]}, "shop"),
            ({"server_header": False, "headers": [("Server", "shop")]}, "shop"),
        ):
            with self.subTest(options=options):
                async with served(**options) as client:
                    self.assertEqual((await client.get("/")).headers.get("server"), expected)

    async def test_date_header(self) -> None:
        """Without date_header, a response has no date; what else the server says, it has."""
        for http in ("httptools", "h11"):
            async with served(date_header=False, http=http) as client:
                headers = (await client.get("/")).headers
            self.assertNotIn("date", headers)
            self.assertEqual(headers["server"], "uvicorn")


class LimitTests(unittest.IsolatedAsyncioTestCase):
    """What the server does at its limits."""

    async def test_limit_concurrency(self) -> None:
        """A request that is one too many is answered 503, and the one before it goes on."""
        begun, may_end = asyncio.Event(), asyncio.Event()
        made = FastAPI()

        @made.get("/slow")
        async def slow() -> str:
            begun.set()
            await may_end.wait()
            return "done"

        async with (
            Server(made, limit_concurrency=2) as server,
            Client(server.url) as client,
            asyncio.TaskGroup() as tasks,
        ):
            first = tasks.create_task(client.get("/slow"))
            await begun.wait()
            with self.assertLogs("uvicorn.error", "WARNING") as logs:
                self.assertEqual((await client.get("/slow")).status_code, 503)
            self.assertEqual(logs.output, ["WARNING:uvicorn.error:Exceeded concurrency limit."])
            may_end.set()
            self.assertEqual((await first).json(), "done")

    async def test_timeout_keep_alive(self) -> None:
        """The server closes a connection that has been idle for so long."""
        async with (
            Server(app, timeout_keep_alive=20 * MS) as server,
            in_flight(server.host, server.port, "/") as reader,
        ):
            answer = await reader.read()  # to the end, which only the server can make
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK"), answer)

    async def test_next_request_after_the_keep_alive(self) -> None:
        """The client takes another connection for a request that comes after it."""
        async with Server(app, timeout_keep_alive=20 * MS) as server, Client(server.url) as client:
            for _ in range(2):
                self.assertEqual((await client.get("/")).status_code, 200)
                while server.server_state.connections:  # noqa: ASYNC110 - uvicorn tells nobody
                    await asyncio.sleep(MS)

    async def test_h11_max_incomplete_event_size(self) -> None:
        """Of a head that does not end, h11 takes so much, and answers 400."""
        async with Server(app, http="h11", h11_max_incomplete_event_size=500) as server:
            self.assertIn(b"200 OK", await raw_request(server.host, server.port))
            with self.assertLogs("uvicorn.error", "WARNING"):
                answer = await raw_request(server.host, server.port, f"/?{'a' * 1000}", end="")
        self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer)

    @unittest.skipUnless(sys.platform == "linux", "only Linux tells the length of the queue")
    async def test_backlog(self) -> None:
        """So many connections may wait to be accepted."""
        async with Server(app, backlog=17) as server:
            (listening,) = server.servers[0].sockets
            info = listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
        self.assertEqual(struct.unpack_from("=I", info, 28)[0], 17)  # tcpi_sacked, of a socket that listens


class WebSocketTests(unittest.IsolatedAsyncioTestCase):
    """What the server does with WebSockets."""

    async def test_ws(self) -> None:
        """Each of uvicorn's implementations serves them."""
        each: list[Any] = ["auto", "websockets", "websockets-sansio", *(["wsproto"] if find_spec("wsproto") else [])]
        for ws in each:
            with self.subTest(ws=ws), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the one named "websockets" is an old one, and says so
                async with served(ws=ws) as client, client.ws.connect("/echo") as session:
                    await session.send_text("hello")
                    self.assertEqual(await session.receive_text(), "hello")

    async def test_no_websockets(self) -> None:
        """With "none", a handshake is a request that no route takes."""
        async with served(ws="none") as client:
            with (
                self.assertLogs("uvicorn.error", "WARNING"),
                self.assertRaisesRegex(websockets.InvalidStatus, "HTTP 404"),
            ):
                await client.ws.connect("/echo")

    async def test_wsproto_is_not_there(self) -> None:
        """An implementation that is not installed is refused at once, with what to install."""
        with (
            mock.patch.object(options_module, "find_spec", return_value=None),
            self.assertRaises(ValueError) as caught,
        ):
            Server(app, ws="wsproto")
        self.assertEqual(
            str(caught.exception),
            "ws='wsproto' needs the package wsproto, which is not installed: pip install wsproto",
        )

    async def test_ws_max_size(self) -> None:
        """A message of that size comes through, and one that is larger closes the WebSocket with 1009."""
        async with served(ws_max_size=10) as client, client.ws.connect("/echo") as session:
            await session.send_text("x" * 10)
            self.assertEqual(await session.receive_text(), "x" * 10)
            await session.send_text("x" * 11)
            with self.assertRaises(websockets.ConnectionClosed):
                await session.recv()
            self.assertEqual(session.close_code, 1009)

    async def test_ws_ping_interval(self) -> None:
        """The server sends pings at that interval."""
        async with (
            Server(app, ws_ping_interval=10 * MS, ws_ping_timeout=None) as server,
            shaken(server) as reader,
        ):
            first = await reader.readexactly(1)
            size = (await reader.readexactly(1))[0]
            await reader.readexactly(size)
            self.assertEqual((first, await reader.readexactly(1)), (_PING, _PING))

    async def test_ws_ping_timeout(self) -> None:
        """It closes a WebSocket whose other side does not answer one in time."""
        async with Server(app, ws_ping_interval=10 * MS, ws_ping_timeout=10 * MS) as server, shaken(server) as reader:
            self.assertEqual((await reader.readexactly(1)), _PING)
            await reader.read()  # to the end, which only the server can make

    async def test_ws_per_message_deflate(self) -> None:
        """Messages are compressed where both sides can, unless the server is not to."""
        for deflate in (True, False):
            async with (
                Server(app, ws_per_message_deflate=deflate) as server,
                websockets.connect(f"{server.ws_url}/echo", proxy=None) as session,
            ):
                assert session.response is not None
                self.assertEqual("Sec-WebSocket-Extensions" in session.response.headers, deflate)


class FactoryTests(unittest.IsolatedAsyncioTestCase):
    """An app that is made when the server is."""

    async def test_function(self) -> None:
        """What a function returns is served."""
        made = make_app()
        async with Server(lambda: made, factory=True) as server:
            self.assertIs(server.app, made)
            self.assertIn(b"200 OK", await raw_request(server.host, server.port))

    async def test_import_string(self) -> None:
        """So is what an import string leads to, called once."""
        async with Server("tests.server.apps:make_app", factory=True) as server:
            self.assertIsInstance(server.app, FastAPI)
            self.assertIn(b"200 OK", await raw_request(server.host, server.port))

    def test_class(self) -> None:
        """A class is a function that makes one."""
        self.assertIsInstance(Server(FastAPI, factory=True).app, FastAPI)

    def test_without_factory(self) -> None:
        """With False, as without it, the app is the app."""
        self.assertIs(Server(app, factory=False).app, app)

    def test_no_factory(self) -> None:
        """What cannot be called without arguments is refused, with what to do."""

        def with_settings(settings: Any) -> Any:
            return make_app() if settings else app

        async def asynchronous() -> None: ...

        self.assertIsInstance(with_settings(True), FastAPI)  # noqa: FBT003 - any settings do
        name = f"{__name__}.FactoryTests.test_no_factory.<locals>"
        for given, text in (
            (app, "FastAPI 'shop', which is an app: leave factory out"),
            (bare_app, "tests.server.apps.bare_app, which is an app: leave factory out"),
            (with_settings, f"{name}.with_settings(settings: Any) -> Any: return what it makes from create_app()"),
            (
                functools.partial(with_settings),
                f"{name}.with_settings(settings: Any) -> Any: return what it makes from create_app()",
            ),
            (asynchronous, f"{name}.asynchronous, which is asynchronous: return it from create_app()"),
            (5, "5"),
        ):
            with self.subTest(given=given), self.assertRaises(TypeError) as caught:
                Server(given, factory=True)  # type: ignore[arg-type]
            self.assertEqual(
                str(caught.exception).replace("typing.", ""),
                f"with factory=True, app must be called without arguments to make the app; got {text}",
            )

    def test_result_that_is_no_app(self) -> None:
        """What it returns has to be an app."""
        with self.assertRaisesRegex(TypeError, "^app must be an ASGI 3 application"):
            Server(lambda: 5, factory=True)  # type: ignore[arg-type]

    def test_exit(self) -> None:
        """A factory that ends the process is told instead."""
        with self.assertRaises(ServerStartupError) as caught:
            Server(lambda: sys.exit(3), factory=True)
        self.assertRegex(str(caught.exception), r"<lambda>\(\) has called sys.exit\(3\)$")


class RefusedTests(unittest.TestCase):
    """What is no option, and what an option cannot be."""

    def refusal(self, server: Any = Server, **options: Any) -> str:
        """Return how a server refuses options, with the type of the error."""
        with self.assertRaises((TypeError, ValueError)) as caught:
            server(app, **options)
        return f"{type(caught.exception).__name__}: {caught.exception}"

    def test_unknown(self) -> None:
        """An unknown name is answered with the nearest one, or with all that there are."""
        self.assertEqual(self.refusal(rootpath="/"), "TypeError: there is no option 'rootpath': is root_path meant?")
        self.assertEqual(self.refusal(worker=1), "TypeError: there is no option 'worker': is workers meant?")
        self.assertEqual(
            self.refusal(zzz=1),
            f"TypeError: there is no option 'zzz'; there are {', '.join(sorted(ServerOptions.__annotations__))}",
        )

    def test_thread(self) -> None:
        """A ServerThread takes and refuses the same."""
        self.assertEqual(
            self.refusal(ServerThread, rootpath="/"), "TypeError: there is no option 'rootpath': is root_path meant?"
        )

    def test_impossible(self) -> None:
        """What uvicorn takes and a server of tests cannot is refused with the reason, and with what to do."""
        process = "the app is served in this process, where tests see inside it"
        address = "the clients of tests connect to a host and a port"
        for name, text in (
            ("workers", f"{process}: start another Server, or uvicorn by itself"),
            ("reload", "the app stays as it is while its tests run: leave it out, and run them again"),
            ("fd", f"{address}: leave it out, or give a bound socket to Server(sock=...)"),
            (
                "log_config",
                "logging is as your program has set it up: do so with the logging module, as in setUpModule()",
            ),
        ):
            with self.subTest(name=name):
                self.assertEqual(
                    self.refusal(**{name: None}), f"TypeError: {name} is no option of a server in tests: {text}"
                )

    def test_everything_of_uvicorn_is_known(self) -> None:
        """Each setting of uvicorn is an option, or is refused with a reason; and each option is one of uvicorn's."""
        settings = inspect.signature(uvicorn.Config).parameters.keys()
        rules, refused = options_module._RULES.keys(), options_module._REFUSED.keys()
        self.assertEqual(settings - rules - refused, set())
        self.assertEqual(rules - settings, set())
        self.assertEqual(rules, ServerOptions.__annotations__.keys())
        self.assertEqual(rules & refused, set())

    def test_wrong_values(self) -> None:
        """A value that an option cannot have is refused before anything starts."""
        count = "a whole number above 0"
        seconds = "a number of seconds above 0"
        path = "a path in ASCII that begins with a slash and does not end with one, such as '/api'"
        pairs = "a list of pairs such as [('X-Served-By', 'tests')], each a line of Latin-1"
        addresses = "a list of addresses, a str of them with commas, or '*'"
        for name, values, text in (
            ("host", [4, None], "an IP address such as '127.0.0.1' or '::1'"),
            ("lifespan", ["of", None], "one of 'auto', 'on', 'off'"),
            ("http", ["zttp", None], "one of 'auto', 'httptools', 'h11'"),
            ("ws", ["wsprotocol"], "one of 'auto', 'none', 'websockets', 'websockets-sansio', 'wsproto'"),
            ("root_path", ["api", "/", "/api/", "/é", None], path),
            ("headers", [{"X": "1"}, [("X",)], ["X1"], [("X", 1)], [("X", "a\nb")], [("", "a")], [("X", "€")]], pairs),
            ("forwarded_allow_ips", [4, [4], ("127.0.0.1",)], addresses),
            ("ws_max_size", [0, -1, 1.5, True, None], count),
            ("backlog", [0, "9"], count),
            ("limit_concurrency", [0, True], f"{count}, or None"),
            ("h11_max_incomplete_event_size", [0], f"{count}, or None"),
            ("ws_ping_interval", [0, "20", True], f"{seconds}, or None"),
            ("ws_ping_timeout", [-1], f"{seconds}, or None"),
            ("timeout_keep_alive", [0, None, True], seconds),
            *((each, [1, "yes", None], "True or False") for each in ("proxy_headers", "factory", "date_header")),
        ):
            for value in values:  # type: ignore[attr-defined]
                with self.subTest(name=name, value=value):
                    self.assertEqual(self.refusal(**{name: value}), f"ValueError: {name} must be {text}, got {value!r}")

    def test_right_values(self) -> None:
        """Those that mean nothing are taken."""
        options: ServerOptions = {
            "root_path": "",
            "headers": [],
            "limit_concurrency": None,
            "h11_max_incomplete_event_size": None,
            "ws_ping_interval": None,
            "forwarded_allow_ips": None,
        }
        self.assertIs(Server(app, **options).app, app)

    def test_option_of_h11(self) -> None:
        """An option that nobody would read is refused."""
        for http in ({}, {"http": "httptools"}):
            self.assertEqual(
                self.refusal(h11_max_incomplete_event_size=9, **http),
                "ValueError: h11_max_incomplete_event_size is for the h11 implementation only: say http='h11' too",
            )
