"""The client of a test against httpx, and httpx2, as it is: nothing that can be seen differs."""

import http.cookiejar
import inspect
import logging
import pickle
import unittest
import unittest.mock
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, ClassVar

import httpx
import httpx2
from starlette.requests import ClientDisconnect

from fastapi_testing import AsyncClassTestCase, Client, ForeignURLError, Server
from fastapi_testing.client import LoopbackTransport
from fastapi_testing.client.http import remembering
from fastapi_testing.client.transport import body
from tests.client.parity_app import app

__all__: list[str] = []

Options = dict[str, Any]


async def parts(*pieces: bytes) -> AsyncIterator[bytes]:
    """Yield the pieces of a body."""
    for piece in pieces:
        yield piece


REQUESTS: dict[str, Callable[[], Options]] = {
    "GET": lambda: {"url": "/echo"},
    "no slash": lambda: {"url": "echo"},
    "query": lambda: {"url": "/echo?b=2&a=1&b=%20x"},
    "params": lambda: {"url": "/echo?lost=1", "params": {"a": [1, 2], "b": "ü &"}},
    "escaped path": lambda: {"url": "/stat us/é/%2F"},
    "fragment": lambda: {"url": "/echo#there"},
    "headers": lambda: {"url": "/echo", "headers": [("X-Twice", "1"), ("x-twice", "2"), ("accept", "text/html")]},
    "own host": lambda: {"url": "/echo", "headers": {"x-first": "1", "Host": "shop.test"}},
    "no user agent": lambda: {"url": "/echo", "headers": {"User-Agent": ""}},
    "cookies": lambda: {"url": "/echo", "headers": {"Cookie": "a=1"}},
    "DELETE": lambda: {"method": "DELETE", "url": "/echo"},
    "OPTIONS": lambda: {"method": "OPTIONS", "url": "/echo"},
    "own method": lambda: {"method": "query", "url": "/echo", "content": b"x"},
    "wrong method": lambda: {"method": "PUT", "url": "/item"},
    "empty POST": lambda: {"method": "POST", "url": "/echo"},
    "empty PUT": lambda: {"method": "PUT", "url": "/echo", "content": b""},
    "bytes": lambda: {"method": "PATCH", "url": "/echo", "content": b"\x00\xff"},
    "text": lambda: {"method": "POST", "url": "/echo", "content": "é"},
    "GET with a body": lambda: {"url": "/echo", "content": b"x"},
    "JSON": lambda: {"method": "POST", "url": "/items", "json": {"name": "Wídget"}},
    "JSON with GET": lambda: {"url": "/echo", "json": []},
    "JSON with params": lambda: {"method": "PUT", "url": "/echo", "json": 0, "params": {"a": "1"}},
    "JSON null": lambda: {"method": "POST", "url": "/echo", "json": None},
    "invalid JSON": lambda: {"method": "POST", "url": "/items", "json": {"price": "x"}},
    "form": lambda: {"method": "POST", "url": "/echo", "data": {"a": ["1", "2"], "b": "é"}},
    "upload": lambda: {
        "method": "POST",
        "url": "/upload",
        "data": {"field": "x"},
        "files": {"file": ("a.txt", b"x" * 100_000, "text/plain")},
        "headers": {"Content-Type": "multipart/form-data; boundary=b"},
    },
    "chunked": lambda: {"method": "POST", "url": "/echo", "content": parts(b"a", b"", b"b" * 1000)},
    "no chunks": lambda: {"method": "POST", "url": "/echo", "content": parts()},
    "streamed with a length": lambda: {
        "method": "POST",
        "url": "/echo",
        "content": parts(b"a", b"b"),
        "headers": {"Content-Length": "2"},
    },
    "chunked bytes": lambda: {
        "method": "POST",
        "url": "/echo",
        "content": b"ab",
        "headers": {"Transfer-Encoding": "chunked"},
    },
    "expect": lambda: {"method": "POST", "url": "/echo", "content": b"ab", "headers": {"Expect": "100-continue"}},
    "close": lambda: {"url": "/echo", "headers": {"Connection": "close"}},
    "megabyte up": lambda: {"method": "POST", "url": "/echo", "content": b"x" * 1_000_000},
    "megabyte down": lambda: {"url": "/big?size=1000000"},
    "HEAD": lambda: {"method": "HEAD", "url": "/item"},
    "HEAD of nothing": lambda: {"method": "HEAD", "url": "/nothing"},
    "200 without a body": lambda: {"url": "/status/200"},
    "204": lambda: {"url": "/status/204"},
    "304": lambda: {"url": "/status/304"},
    "404": lambda: {"url": "/nothing"},
    "418": lambda: {"url": "/status/418"},
    "unknown status": lambda: {"url": "/status/599"},
    "repeated headers": lambda: {"url": "/headers"},
    "gzip": lambda: {"url": "/gzip"},
    "set cookies": lambda: {"url": "/cookies"},
    "stream": lambda: {"url": "/stream?pieces=3"},
    "empty stream": lambda: {"url": "/stream?pieces=0"},
    "closed": lambda: {"url": "/close"},
    "app's error": lambda: {"url": "/broken"},
    "deaf": lambda: {"method": "POST", "url": "/deaf", "content": b"x" * 1_000_000},
    "redirect not followed": lambda: {"url": "/redirect/307?to=/echo"},
    "redirect": lambda: {"url": "/redirect/302?to=/redirect/307?to=/cookies", "follow_redirects": True},
    "redirected POST": lambda: {
        "method": "POST",
        "url": "/redirect/303?to=/echo",
        "content": b"x",
        "follow_redirects": True,
    },
    "redirected body": lambda: {
        "method": "POST",
        "url": "/redirect/308?to=/echo",
        "content": b"x",
        "follow_redirects": True,
    },
    "redirects without end": lambda: {"url": "/redirect/302?to=/redirect/302?to=/echo%23a", "follow_redirects": True},
    "auth": lambda: {"url": "/basic", "auth": ("ann", "secret")},
    "no auth": lambda: {"url": "/basic"},
    "target": lambda: {"url": "/nothing", "extensions": {"target": b"/echo?a"}},
    "illegal header": lambda: {"url": "/echo", "headers": {"X": "a\r\nb: c"}},
    "illegal URL": lambda: {"url": "/\x00"},
    "too long": lambda: {"method": "POST", "url": "/echo", "content": b"abc", "headers": {"Content-Length": "2"}},
    "too short": lambda: {"method": "POST", "url": "/echo", "content": parts(b"a"), "headers": {"Content-Length": "2"}},
}
"""Requests by their name; made anew for each client, as a stream can be read once."""

MALFORMED = "Invalid HTTP request received."

COMPLAINTS: set[object] = {MALFORMED, RuntimeError, ClientDisconnect}
"""What the server says of the whole table: of the heads that are none, of ``/broken``, of the bodies that break off."""


def complaints(records: Iterable[logging.LogRecord]) -> set[object]:
    """Return what a server has logged: the kind of an exception, or else the message."""
    return {record.exc_info[0] if record.exc_info else record.getMessage() for record in records}


def visible(response: httpx.Response) -> Options:
    """Return what can be seen of a response, but for what no two responses share."""
    headers = [(name, value) for name, value in response.headers.raw if name != b"date"]
    return {
        "status": (response.status_code, response.reason_phrase, response.http_version),
        "headers": headers,
        "content": response.content,
        "downloaded": response.num_bytes_downloaded,
        "encoding": response.encoding,
        "cookies": sorted((cookie.name, cookie.value, cookie.path) for cookie in response.cookies.jar),
        "url": str(response.url),
        "request headers": response.request.headers.raw,
        "request": (response.request.method, response.request.extensions),
        "closed": (response.is_closed, response.is_stream_consumed, response.elapsed is not None),
        "next": response.next_request and (response.next_request.method, str(response.next_request.url)),
        "history": [visible(earlier) for earlier in response.history],
        "extensions": {"http_version", "network_stream", "reason_phrase"} - response.extensions.keys(),
        "repr": repr(response),
    }


class ParityTests(AsyncClassTestCase):
    """One table of requests, two clients, one server."""

    library: ClassVar[Any] = httpx
    complaints: ClassVar[set[object]] = COMPLAINTS
    server: Server

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        """Serve the app."""
        await super().asyncSetUpClass()
        cls.server = await cls.enterAsyncClassContext(Server(app))

    async def asyncSetUp(self) -> None:
        """Make both clients."""
        await super().asyncSetUp()
        options: Options = {"cookies": {"old": "1"}, "headers": {"X-Client": "1"}}
        name: Any = self.library.__name__
        self.ours: Any = await self.enterAsyncContext(Client(self.server.url, http_library=name, **options))
        self.stock: Any = await self.enterAsyncContext(
            self.library.AsyncClient(base_url=self.server.url, trust_env=False, verify=False, **options)
        )

    async def outcome(self, client: httpx.AsyncClient, options: Options) -> Any:
        """Return what can be seen of a response, or of the error that there is instead."""
        try:
            response = await client.request(**{"method": "GET", **options})
        except Exception as exc:
            # By name, as h11's own errors of a body leak through httpx; by its first words, as ours say more.
            return type(exc).__name__, str(exc).split()[:3]
        return visible(response)

    async def test_table(self) -> None:
        """Every request has the same outcome, for clients that have cookies and for those that do not."""
        with self.assertLogs("uvicorn.error") as logs:
            url: Callable[[], Options] = lambda: {"url": self.library.URL("/echo", params={"a": "1"})}  # noqa: E731
            for name, options in (REQUESTS | {"URL": url}).items():
                for cookies in ({}, {"old": "1"}):
                    self.ours.cookies = self.stock.cookies = cookies
                    with self.subTest(name, cookies=bool(cookies)):
                        outcomes = [await self.outcome(client, options()) for client in (self.ours, self.stock)]
                        self.assertEqual(*outcomes)
                        self.assertEqual(sorted(self.ours.cookies.items()), sorted(self.stock.cookies.items()))
            await self.server.settle()
        self.assertEqual(complaints(logs.records), self.complaints)

    async def test_streams(self) -> None:
        """A stream can be read in every way, and is the same."""
        for read in ("aiter_raw", "aiter_bytes", "aiter_text", "aiter_lines"):
            for path in ("/stream?pieces=3", "/gzip", "/item", "/big?size=1000000"):
                seen = []
                for client in (self.ours, self.stock):
                    async with client.stream("GET", path) as response:
                        seen.append([piece async for piece in getattr(response, read)()])
                with self.subTest(read, path=path):
                    joined = ["".join(map(repr, pieces)) if path == "/stream?pieces=3" else "" for pieces in seen]
                    self.assertEqual(*joined)
                    self.assertEqual(*[type(pieces[0])().join(pieces) for pieces in seen])

    async def test_hooks(self) -> None:
        """Event hooks see the same requests and responses, and may read them."""
        seen: dict[httpx.AsyncClient, list[Any]] = {self.ours: [], self.stock: []}
        for client, events in seen.items():

            async def on_request(request: httpx.Request, events: list[Any] = events) -> None:
                request.headers["X-Hook"] = "1"
                events.append((request.method, str(request.url)))

            async def on_response(response: httpx.Response, events: list[Any] = events) -> None:
                events.append((response.status_code, await response.aread()))

            client.event_hooks = {"request": [on_request], "response": [on_response]}
            response = await client.get("/redirect/302?to=/echo", follow_redirects=True)
            self.assertIn(["x-hook", "1"], response.json()["headers"])
        self.assertEqual(seen[self.ours], seen[self.stock])

    async def test_auth_flow(self) -> None:
        """An auth flow may look at a response and ask again."""

        class Asked(self.library.Auth):  # type: ignore[misc,name-defined]
            requires_response_body = True

            def auth_flow(self, request: httpx.Request) -> Any:
                response = yield request
                request.headers["Authorization"] = f"Asked {len(response.content)}"
                yield request

        responses = [await client.get("/basic", auth=Asked()) for client in (self.ours, self.stock)]
        self.assertEqual(*[visible(response) for response in responses])
        self.assertEqual([response.text for response in responses], ["Asked 0"] * 2)

    async def test_settings(self) -> None:
        """What is set on the client holds for the next request, also where the last looked the same."""
        changes: list[Callable[[httpx.AsyncClient], object]] = [
            lambda client: client.headers.update({}),
            lambda client: client.headers.update({"X-Later": "1"}),
            lambda client: setattr(client, "params", {"a": "1"}),
            lambda client: setattr(client, "timeout", self.library.Timeout(3.0)),
            lambda client: setattr(client, "base_url", f"{self.server.url}/redirect"),
            lambda client: setattr(client, "cookies", {"new": "1"}),
            lambda client: client.cookies.set("newer", "2"),
            lambda client: setattr(client, "headers", {"X-Only": "1"}),
        ]
        for change in changes:
            for client in (self.ours, self.stock):
                change(client)
            with self.subTest(inspect.getsource(change).strip()):
                self.assertEqual(*[await self.outcome(client, {"url": "/echo"}) for client in (self.ours, self.stock)])

    async def test_log(self) -> None:
        """The line that httpx logs is there."""
        name = self.library.__name__
        with self.assertLogs(name, "INFO") as logs:
            for _ in range(2):
                await self.ours.get("/item")
        self.assertEqual(logs.output, 2 * [f'INFO:{name}:HTTP Request: GET {self.server.url}/item "HTTP/1.1 200 OK"'])

    async def test_pickle(self) -> None:
        """A response can be pickled, as unittest-parallel does with what it finds in an error."""
        for path in ("/item", "/big?size=1000000"):
            asked = await self.ours.get(path)
            response = pickle.loads(pickle.dumps(asked))  # noqa: S301 - our own
            self.assertEqual((type(response), response.content), (type(asked), asked.content))
            self.assertIsInstance(response, self.library.Response)


class Httpx2ParityTests(ParityTests):
    """The same table with httpx2."""

    library: ClassVar[Any] = httpx2
    complaints: ClassVar[set[object]] = COMPLAINTS - {MALFORMED}  # it says no length beside chunks


class ClientTests(AsyncClassTestCase):
    """What is the client's own."""

    server: Server

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        """Serve the app."""
        await super().asyncSetUpClass()
        cls.server = await cls.enterAsyncClassContext(Server(app))

    async def assertForeign(self, client: Client, url: str, **options: Any) -> None:
        """Check that a request is refused, and that nothing was sent to where it leads."""
        with self.assertRaises(ForeignURLError) as caught:
            await client.get(url, **options)
        self.assertEqual(caught.exception.origin, self.server.url)

    async def test_other_origin(self) -> None:
        """A URL of another origin is refused, also one that a redirect or an auth flow leads to."""

        class Elsewhere(httpx.Auth):
            def auth_flow(self, request: httpx.Request) -> Any:
                request.url = httpx.URL("http://127.0.0.1:9/")
                yield request

        async with Client(self.server.url) as client:
            await self.assertForeign(client, "http://127.0.0.1:9/")
            await self.assertForeign(client, self.server.url.replace("http", "https"))
            await self.assertForeign(client, "/redirect/302?to=http://127.0.0.1:9/", follow_redirects=True)
            await self.assertForeign(client, "/item", auth=Elsewhere())
            client.base_url = httpx.URL("http://127.0.0.1:9")
            await self.assertForeign(client, "/item")
            self.assertEqual((await client.get(f"{self.server.url}/item")).status_code, 200)

    async def test_shared_transport(self) -> None:
        """A transport that was given stays open, for the client after this one."""
        transport = LoopbackTransport()
        self.addAsyncCleanup(transport.aclose)
        addresses = set()
        for _ in range(3):
            async with Client(self.server.url, transport=transport) as client:
                response = await client.get("/item")
            addresses.add(response.extensions["network_stream"].get_extra_info("client_addr"))
        self.assertEqual(len(addresses), 1)

    async def test_own_transport(self) -> None:
        """Its own closes with it."""
        client = Client(self.server.url)
        response = await client.get("/item")
        await client.aclose()
        self.assertEqual(response.extensions["network_stream"].get_extra_info("socket").fileno(), -1)

    async def test_cookie_jar(self) -> None:
        """A jar that was given is used as it is, and other cookies are copied, as with httpx."""
        jar: Any = http.cookiejar.CookieJar()
        cookies = httpx.Cookies({"old": "1"})
        async with Client(self.server.url, cookies=jar) as first, Client(self.server.url, cookies=cookies) as second:
            for client in (first, second):
                await client.get("/cookies")
        self.assertEqual({cookie.name for cookie in jar}, {"here", "session"})
        self.assertEqual(dict(cookies), {"old": "1"})


def build(client: Client) -> httpx.Request:
    """Return a request that has nothing of its own, built with all the options that httpx passes."""
    options: Options = dict(remembering.same_for(httpx).no_options)
    return client.build_request("GET", "/", **options)


class MemoryTests(unittest.TestCase):
    """What is remembered, and what it takes from httpx."""

    def test_urls(self) -> None:
        """A URL is merged once, for all clients of an origin; one that is none is refused each time."""
        clients = [Client("http://127.0.0.1:9/a/") for _ in range(2)]
        before = remembering._merge_url.cache_info().misses
        urls = [client.build_request("GET", "/once?x").url for client in clients]
        self.assertEqual([str(url) for url in urls], ["http://127.0.0.1:9/a/once?x"] * 2)
        self.assertEqual(remembering._merge_url.cache_info().misses, before + 1)
        for client in clients:
            with self.assertRaises(httpx.InvalidURL):
                client.build_request("GET", "http://a:b")

    def test_requests_are_their_own(self) -> None:
        """A request that is changed changes no other."""
        client = Client("http://127.0.0.1:9")
        first = build(client)
        first.headers["X-Own"] = "1"
        first.extensions["own"] = 1
        second = build(client)
        self.assertEqual((second.headers.get("X-Own"), second.extensions.get("own")), (None, None))
        self.assertEqual(second.content, b"")

    def test_https(self) -> None:
        """A port that is another scheme's own is part of the Host header."""
        client = Client("https://127.0.0.1:80")
        request = build(client)
        self.assertEqual(request.headers["Host"], "127.0.0.1:80")

    def test_httpx_options(self) -> None:
        """The options that httpx gives build_request() are known here, with the values that mean nothing."""
        parameters = dict(inspect.signature(httpx.AsyncClient.build_request).parameters)
        for name in ("self", "method", "url", "json"):
            del parameters[name]
        self.assertEqual(
            {name: parameter.default for name, parameter in parameters.items()}, remembering.same_for(httpx).no_options
        )

    def test_httpx_private_names(self) -> None:
        """The names of httpx's own that reading a response at once takes are there."""
        self.assertIs(body.response_classes(httpx)[True], body.WholeResponse)


class WithoutPrivateNamesTests(AsyncClassTestCase):
    """An httpx that has renamed them."""

    async def test_slower_and_right(self) -> None:
        """Responses are read through httpx's own generators."""
        async with Server(app) as server, Client(server.url) as client:
            self.addCleanup(body.response_classes.cache_clear)
            body.response_classes.cache_clear()
            with unittest.mock.patch.object(body, "_FILLED_BY_AREAD", {"_renamed"}):
                response = await client.get("/item")
        self.assertNotIsInstance(response, body.WholeResponse)
        self.assertEqual(response.json(), {"name": "Widget", "price": 1.5})
