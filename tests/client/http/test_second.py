"""The clients of httpx2: what is their own, beside the table of requests."""

import asyncio
import copy
import importlib
import sys
import unittest
from typing import Any
from unittest import mock

import httpx
import httpx2
from fastapi import FastAPI, Response, WebSocket

from fastapi_testing import (
    AsyncClassTestCase,
    AsyncServerTestCase,
    Client,
    ForeignURLError,
    Server,
    ServerThread,
    SyncClient,
)
from fastapi_testing import httpx2 as second
from fastapi_testing.client import LoopbackTransport
from tests.client.parity_app import app

__all__: list[str] = []


class KindTests(unittest.TestCase):
    """Which client is made."""

    def test_word(self) -> None:
        """The word makes a client of httpx2; without it, and with the other one, it is one of httpx."""
        for make, stock, twin in ((Client, "AsyncClient", second.Client), (SyncClient, "Client", second.SyncClient)):
            made: list[Any] = [
                make("http://127.0.0.1:9"),
                make("http://127.0.0.1:9", http_library="httpx"),
                make("http://127.0.0.1:9", http_library="httpx2"),
                twin("http://127.0.0.1:9", http_library="httpx2"),
                twin("http://127.0.0.1:9"),
            ]
            with self.subTest(stock):
                self.assertEqual([type(client) for client in made], [make, make, twin, twin, twin])
                self.assertEqual([isinstance(each, getattr(httpx, stock)) for each in made], [True] * 2 + [False] * 3)
                self.assertEqual([isinstance(each, getattr(httpx2, stock)) for each in made], [False] * 2 + [True] * 3)
                self.assertEqual([type(each.origin) for each in made], [httpx.URL] * 2 + [httpx2.URL] * 3)

    def test_unknown(self) -> None:
        """A word that is none is refused."""
        options: Any = {"http_library": "requests"}
        for make in (Client, SyncClient):
            with self.subTest(make), self.assertRaisesRegex(ValueError, "must be 'httpx' or 'httpx2', got 'requests'$"):
                make("http://127.0.0.1:9", **options)

    def test_missing(self) -> None:
        """Where httpx2 is not installed, the word and the module say what to install."""
        with mock.patch.dict(sys.modules, {"httpx2": None}):
            for name in ("fastapi_testing.httpx2", "fastapi_testing.client.http.second"):
                del sys.modules[name]
            for make in (
                lambda: Client("http://127.0.0.1:9", http_library="httpx2"),
                lambda: importlib.import_module("fastapi_testing.httpx2"),
            ):
                with self.assertRaisesRegex(ImportError, r"pip install 'fastapi-unittest\[httpx2\]'$"):
                    make()

    def test_derived(self) -> None:
        """A class that is derived from a client is of that client's library."""

        class Own(Client):
            pass

        class OwnSync(SyncClient):
            pass

        class Newer(second.Client):
            pass

        text = "is a client of {}, and not of {}: derive it from {}"
        for make, name, told in (
            (Own, "httpx2", text.format("httpx", "httpx2", "fastapi_testing.httpx2.Client")),
            (OwnSync, "httpx2", text.format("httpx", "httpx2", "fastapi_testing.httpx2.SyncClient")),
            (Newer, "httpx", text.format("httpx2", "httpx", "fastapi_testing.Client")),
        ):
            options: Any = {"http_library": name}
            with self.subTest(make), self.assertRaises(TypeError) as caught:
                make("http://127.0.0.1:9", **options)
            self.assertEqual(str(caught.exception), f"{make.__qualname__} {told}")
        self.assertIsInstance(Newer("http://127.0.0.1:9", http_library="httpx2"), Newer)

    def test_timeout(self) -> None:
        """A time-out of either library is one of the client's own."""
        for name, library in (("httpx", httpx), ("httpx2", httpx2)):
            for given in (httpx.Timeout(3, read=4), httpx2.Timeout(3, read=4)):
                options: Any = {"http_library": name, "timeout": given}
                client = Client("http://127.0.0.1:9", **options)
                with self.subTest(name, given=given):
                    self.assertEqual(client.timeout, library.Timeout(3, read=4))

    def test_foreign_names(self) -> None:
        """What other frameworks call something is explained here, too."""
        client: Any = second.Client("http://127.0.0.1:9")
        with self.assertRaisesRegex(AttributeError, "'Client' object has no attribute 'login'; write here"):
            client.login()
        with self.assertRaisesRegex(TypeError, "unexpected keyword argument 'content_type'; write here"):
            client.get("/", content_type="text/plain")

    def test_copy(self) -> None:
        """A client that is copied is of the same class."""
        self.assertIs(type(copy.copy(second.Client("http://127.0.0.1:9"))), second.Client)


def make_app() -> FastAPI:
    """Return an app that sets cookies, refuses, and fails."""
    app = FastAPI()

    @app.get("/login")
    async def login(response: Response) -> None:
        response.set_cookie("session", "1")

    @app.get("/refused", status_code=403)
    async def refused() -> None:
        pass

    @app.get("/broken")
    async def broken() -> None:
        raise LookupError("no stock")

    return app


class ClientTests(AsyncClassTestCase):
    """One that is awaited."""

    server: Server

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        """Serve the app."""
        await super().asyncSetUpClass()
        cls.server = await cls.enterAsyncClassContext(Server(make_app()))

    async def asyncSetUp(self) -> None:
        """Make a client that has sent a request already."""
        await super().asyncSetUp()
        self.client = await self.enterAsyncContext(second.Client(self.server.url))
        await self.client.get("/login")

    async def test_cookies(self) -> None:
        """Its cookies are httpx2's, and take what a response sets."""
        self.assertIsInstance(self.client.cookies, httpx2.Cookies)
        await self.client.get("/login")
        self.assertEqual(dict(self.client.cookies), {"session": "1"})
        response = await self.client.get("/refused")
        self.assertEqual(response.request.headers["Cookie"], "session=1")

    async def test_error(self) -> None:
        """An error is httpx2's, and knows the request that it is of."""
        with self.assertRaises(httpx2.LocalProtocolError) as caught:
            await self.client.get("/", headers={"X": "a\x00"})
        self.assertIsInstance(caught.exception.request, httpx2.Request)

    async def test_status_error(self) -> None:
        """So is what a response raises, which has the app's exception with it."""
        with self.assertLogs("uvicorn.error"):
            response = await self.client.get("/broken")
        with self.assertRaises(httpx2.HTTPStatusError) as caught:
            response.raise_for_status()
        self.assertIs(caught.exception.response, response)
        self.assertEqual(str(response.extensions["exchange"].exception), "no stock")
        response.extensions["exchange"].expect()

    async def test_query(self) -> None:
        """The methods that it has beyond httpx's are sent, and explained, too."""
        async with Server(app) as server, second.Client(server.url) as client:
            response = await client.query("/echo", json={"a": 1})
        self.assertEqual(response.json()["method"], "QUERY")
        query: Any = self.client.query
        with self.assertRaisesRegex(TypeError, "unexpected keyword argument 'content_type'; write here"):
            await query("/", content_type="text/plain")

    async def test_mock_transport(self) -> None:
        """A transport of httpx2's own serves as well."""
        transport = httpx2.MockTransport(lambda request: httpx2.Response(299, text=request.url.path))
        async with second.Client("http://shop.test", transport=transport) as client:
            for path in ("/a", "/b"):
                response = await client.get(path)
                self.assertEqual((response.status_code, response.text), (299, path))

    async def test_shared_connections(self) -> None:
        """Clients of both libraries may have one server's connections together."""
        transport = LoopbackTransport()
        self.addAsyncCleanup(transport.aclose)
        addresses = set()
        for name in ("httpx", "httpx2", "httpx"):
            options: Any = {"http_library": name, "transport": transport}
            async with Client(self.server.url, **options) as client:
                response = await client.get("/login")
            addresses.add(response.extensions["network_stream"].get_extra_info("client_addr"))
        self.assertEqual(len(addresses), 1)

    async def test_host_names(self) -> None:
        """A name of the app leads to its server."""
        async with second.Client("https://shop.example", server_url=self.server.url) as client:
            response = await client.get("/login")
            self.assertEqual(str(response.url), "https://shop.example/login")
            self.assertIsInstance(response.url, httpx2.URL)


class OwnWebSocketTests(AsyncServerTestCase):
    """The WebSockets that httpx2 has itself go the same way."""

    http_library = "httpx2"
    hosts = ("shop.example",)

    @classmethod
    async def create_app(cls) -> FastAPI:
        """Return an app that greets."""
        app = FastAPI()

        @app.websocket("/chat")
        async def chat(websocket: WebSocket) -> None:
            await websocket.accept()
            await websocket.send_json({"host": websocket.headers["host"]})
            await websocket.receive()

        return app

    async def test_urls(self) -> None:
        """A path is taken, and the URLs of WebSockets: of the server, and of a name of the app."""
        client: Any = self.client
        own = self.server.url.removeprefix("http://")
        for url, host in (
            ("/chat", own),
            (f"http://{own}/chat", own),
            (f"ws://{own}/chat", own),
            ("ws://shop.example/chat", "shop.example"),
            ("wss://shop.example/chat", "shop.example"),
        ):
            with self.subTest(url):
                async with client.websocket(url) as session:
                    self.assertEqual(await session.receive_json(timeout=5), {"host": host})

    async def test_foreign(self) -> None:
        """One that is of another server is refused, and so is a request that is no handshake."""
        client: Any = self.client
        for url in ("ws://127.0.0.1:9/chat", "wss://other.example/chat"):
            with self.subTest(url), self.assertRaises(ForeignURLError):
                await self.enterAsyncContext(client.websocket(url))
        with self.assertRaises(ForeignURLError):
            await client.get(self.server.ws_url)


class SyncClientTests(unittest.TestCase):
    """One that waits."""

    def test_errors(self) -> None:
        """Its errors are httpx2's: where nothing listens, and where the loop is held up."""
        with ServerThread(make_app()) as server, second.SyncClient(server.url, thread=server, timeout=0.1) as client:
            client.get("/login")
            with self.assertRaises(httpx2.LocalProtocolError):
                client.get("/", headers={"X": "a\x00"})
        with second.SyncClient("http://127.0.0.1:9") as client, self.assertRaises(httpx2.ConnectError):
            client.get("/")

    def test_switched(self) -> None:
        """A body that is made in pieces is sent, and a response that is left half read is closed."""
        with ServerThread(app) as server, second.SyncClient(server.url, thread=server) as client:
            echoed = client.post("/echo", content=iter([b"a", b"b"])).json()
            self.assertEqual(echoed["body"], b"ab".hex())
            with client.stream("GET", "/big?size=1000000") as response:
                self.assertTrue(next(response.iter_raw()))
            self.assertTrue(response.is_closed)


class AloneTests(unittest.TestCase):
    """Without a test case."""

    def test_loop(self) -> None:
        """A client belongs to the event loop on which it was made."""

        async def make() -> second.Client:
            return second.Client("http://127.0.0.1:9")

        async def ask() -> None:
            async with client:
                await client.get("/")

        client = asyncio.run(make())
        with self.assertRaises(httpx2.ConnectError):
            asyncio.run(ask())
