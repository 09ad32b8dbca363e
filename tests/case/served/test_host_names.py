"""The names of an app: what its clients call it by, while they are led to the test's server."""

import unittest
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar
from unittest import mock

import httpx
from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.responses import RedirectResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware

from fastapi_testing import (
    AsyncServerTestCase,
    AsyncTestClient,
    Client,
    ForeignURLError,
    Server,
    ServerTestCase,
    ServerThread,
    SyncClient,
    TLSOptions,
)
from tests.running import run_classes

app = FastAPI(title="tenants")
app.add_middleware(TrustedHostMiddleware, allowed_hosts=["shop.example", "*.shop.example"])


@app.get("/login")
async def login(request: Request) -> Response:
    """Set a cookie for all of the names, and lead on by an absolute URL."""
    response = RedirectResponse(request.url_for("whoami"))
    secure = request.url.scheme == "https"
    response.set_cookie("user", "ann", domain="shop.example", secure=secure)
    return response


@app.get("/me")
async def whoami(request: Request) -> dict[str, Any]:
    """Tell what the app sees."""
    return {
        "url": str(request.url),
        "user": request.cookies.get("user", "nobody"),
        "client": request.client.host if request.client else "",
        "forwarded": sorted(name for name in request.headers if name.startswith("x-forwarded-")),
    }


@app.get("/www")
async def from_www() -> Response:
    """Lead to another name."""
    return RedirectResponse("https://www.shop.example/me")


@app.websocket("/who")
async def who(websocket: WebSocket) -> None:
    """Tell what the app sees of a WebSocket, or lead to another name."""
    to = websocket.query_params.get("to")
    if to is not None:
        await websocket.send_denial_response(RedirectResponse(to))
        return
    if websocket.query_params.get("private") and "authorization" not in websocket.headers:
        await websocket.send_denial_response(Response(status_code=401, headers=_CHALLENGE))
        return
    await websocket.accept()
    names = ("authorization", "origin", "cookie", "host")
    told = {name: websocket.headers.get(name, "") for name in names}
    told["authorization"] = told["authorization"].partition(" ")[0]
    await websocket.send_json({"url": str(websocket.url), **told})
    await websocket.receive()


_CHALLENGE = {"WWW-Authenticate": 'Digest realm="shop", nonce="1", qop="auth"'}


class Named(AsyncServerTestCase):
    """The base of classes of async tests."""

    app = app
    base_url: ClassVar[str | None] = "https://shop.example"

    def setUp(self) -> None:
        """Let nobody ask where a name is."""
        find = self.enterContext(mock.patch("socket.getaddrinfo"))
        self.addCleanup(find.assert_not_called)

    async def seen(self, **options: Any) -> Any:
        """Return what the app sees of a WebSocket."""
        async with self.ws.connect("/who", **options) as session:
            return await session.receive_json()


class BehindProxyTests(Named):
    """Without TLS, an https name is what it is behind a proxy that ends it."""

    async def test_seen(self) -> None:
        """The app sees the name, https and the client, as uvicorn reads what a proxy says."""
        response = await self.client.get("/me")
        self.assertEqual(str(response.url), "https://shop.example/me")
        self.assertJsonEqual(
            response,
            {
                "url": "https://shop.example/me",
                "user": "nobody",
                "client": "127.0.0.1",
                "forwarded": ["x-forwarded-for", "x-forwarded-proto"],
            },
        )
        self.assertIs(response.extensions["exchange"], self.server.exchanges[-1])

    async def test_cookies(self) -> None:
        """A Secure cookie with a domain comes back, also to another name below it; an absolute redirect is followed."""
        response = await self.client.get("/login", follow_redirects=True)
        self.assertJsonContains(response, {"url": "https://shop.example/me", "user": "ann"})
        acme = self.new_client(base_url="https://acme.shop.example", cookies=self.client.cookies)
        self.assertJsonContains(await acme.get("/me"), {"url": "https://acme.shop.example/me", "user": "ann"})

    async def test_forwarded_for(self) -> None:
        """What a request says of its client itself stays."""
        response = await self.client.get("/me", headers={"x-forwarded-for": "203.0.113.7"})
        self.assertJsonContains(response, {"client": "203.0.113.7"})

    async def test_websocket(self) -> None:
        """A WebSocket is of the name: its URL, its Host, its cookies and its Origin."""
        await self.client.get("/login")
        self.assertEqual(
            await self.seen(origin="https://shop.example"),
            {
                "url": "wss://shop.example/who",
                "authorization": "",
                "origin": "https://shop.example",
                "cookie": "user=ann",
                "host": "shop.example",
            },
        )

    async def test_address(self) -> None:
        """The server's own address is its own yet, and the middleware judges it; nothing is said of a proxy."""
        self.assertStatus(await self.client.get(f"{self.server.url}/me"), 400)

    async def test_foreign(self) -> None:
        """Another name is foreign, as is the same one at another port; a note says how it would be the app's."""
        for url in ("https://www.shop.example/me", "https://example/me", "ftp://shop.example/", "wss://a.example/"):
            with self.subTest(url), self.assertRaises(ForeignURLError) as raised:
                await self.client.get(url)
            self.assertEqual(raised.exception.origin, "https://shop.example")
        with self.assertRaises(ForeignURLError) as raised:
            await self.client.get("/www", follow_redirects=True)
        self.assertEqual(
            raised.exception.__notes__,
            ["if www.shop.example is a name of the app, too, say hosts = ['www.shop.example'] in the class"],
        )
        with self.assertRaises(ForeignURLError) as raised:
            await self.client.get("https://shop.example:8443/me")
        self.assertEqual(getattr(raised.exception, "__notes__", []), [])
        with self.assertRaises(ForeignURLError) as raised:
            await self.ws.connect("wss://www.shop.example/who")
        self.assertEqual(raised.exception.url, "wss://www.shop.example/who")

    async def test_late(self) -> None:
        """A base URL that is changed on the client is foreign, as without a name."""
        client = self.new_client()
        client.base_url = httpx.URL("https://elsewhere.example")
        with self.assertRaises(ForeignURLError):
            await client.get("/me")
        with self.assertRaises(ForeignURLError):
            await client.ws.connect("/who")

    async def test_given(self) -> None:
        """A client of the name may be the test's."""
        self.client = self.new_client(base_url="https://acme.shop.example")
        self.assertJsonContains(await self.client.get("/me"), {"url": "https://acme.shop.example/me"})

    async def test_of_the_test(self) -> None:
        """A hook may say it for its test."""
        vars(self)["base_url"] = "http://eu.shop.example:8000/api/"
        response = await self.client.get("/me")
        self.assertStatus(response, 404)
        self.assertEqual(str(response.url), "http://eu.shop.example:8000/api/me")
        self.assertEqual(dict(self.server.exchanges[-1].request_headers)[b"host"], b"eu.shop.example:8000")

    async def test_other_server(self) -> None:
        """Another server has none of the class's names, but the one that a client is given for it."""
        other = await self.enterAsyncContext(Server(app))
        self.assertStatus(await self.new_client(server=other).get("/me"), 400)
        with self.assertRaises(ForeignURLError):
            await self.new_client(server=other).get("https://shop.example/me")
        client = self.new_client(server=other, base_url="http://b.shop.example")
        self.assertJsonContains(await client.get("/me"), {"url": "http://b.shop.example/me", "forwarded": []})


class ManyNamesTests(Named):
    """An app with several names, one of them for any tenant."""

    hosts: ClassVar[Sequence[str]] = ["WWW.shop.example", "*.eu.shop.example"]
    follow_redirects = True

    async def test_redirect(self) -> None:
        """A redirect to another of the names is followed."""
        self.assertJsonContains(await self.client.get("/www"), {"url": "https://www.shop.example/me"})
        self.assertJsonContains(
            await self.client.get("http://a.eu.shop.example/me"), {"url": "http://a.eu.shop.example/me"}
        )

    async def test_below(self) -> None:
        """A star is for one part of a name only, and there is no name of it without that."""
        for host in ("eu.shop.example", "a.b.eu.shop.example"):
            with self.subTest(host), self.assertRaises(ForeignURLError):
                await self.client.get(f"https://{host}/me")

    async def test_websocket_redirect(self) -> None:
        """A WebSocket that is led to another name sends its Host, and no password of the first."""
        client = self.new_client(auth=("ann", "secret"), follow_redirects=True)
        for to, sent in (("https://www.shop.example/who", ""), ("https://shop.example/who", "Basic")):
            with self.subTest(to):
                async with client.ws.connect("/who", params={"to": to}) as session:
                    told = await session.receive_json()
                host = httpx.URL(to).host
                self.assertEqual((told["host"], told["authorization"]), (host, sent))
        http = self.new_client(base_url="http://shop.example", auth=("ann", "secret"), follow_redirects=True)
        async with http.ws.connect("/who", params={"to": "https://shop.example/who"}) as session:
            self.assertEqual((await session.receive_json())["authorization"], "Basic")


class OnlyHostsTests(AsyncServerTestCase):
    """Further names without a first one."""

    app = app
    hosts = ("shop.example",)

    async def test_both(self) -> None:
        """Paths lead to the address, and an absolute URL of the name to the server as well."""
        self.assertStatus(await self.client.get("/me"), 400)
        self.assertJsonContains(await self.client.get("http://shop.example/me"), {"url": "http://shop.example/me"})


class AuthTests(Named):
    """What a client's ``auth`` does for a WebSocket."""

    async def test_basic(self) -> None:
        """It is sent with the handshake."""
        self.client = self.new_client(auth=("ann", "secret"))
        self.assertEqual((await self.seen())["authorization"], "Basic")

    async def test_digest(self) -> None:
        """It answers a challenge; where it has no answer, the rejection comes out."""
        self.client = self.new_client(auth=httpx.DigestAuth("ann", "secret"))
        self.assertEqual((await self.seen(params={"private": "1"}))["authorization"], "Digest")
        await self.assertWebSocketRejected("/nowhere", 403)

    async def test_token(self) -> None:
        """It may ask for something else before."""
        self.client = self.new_client(auth=_TokenAuth())
        self.assertEqual((await self.seen())["authorization"], "Bearer")


class _TokenAuth(httpx.Auth):
    """Asks for a token first."""

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        answer: Any = yield httpx.Request("GET", "https://shop.example/me")
        assert answer.status_code == 200
        request.headers["Authorization"] = "Bearer token"
        yield request


class SecureTests(Named):
    """With TLS, the certificate has the names."""

    tls: ClassVar[TLSOptions | bool | None] = True
    hosts: ClassVar[Sequence[str]] = ["*.shop.example"]

    async def test_seen(self) -> None:
        """The app sees the name; nothing is said of a proxy."""
        for name in ("shop.example", "acme.shop.example"):
            with self.subTest(name):
                client = self.new_client(base_url=f"https://{name}")
                self.assertJsonContains(await client.get("/me"), {"url": f"https://{name}/me", "forwarded": []})
                async with client.ws.connect("/who") as session:
                    self.assertEqual((await session.receive_json())["url"], f"wss://{name}/who")

    async def test_refused(self) -> None:
        """A name that the certificate has not is refused, and so is http."""
        with self.assertRaises(ValueError) as raised:
            self.new_client(base_url="https://b.c.example")
        self.assertEqual(
            str(raised.exception),
            "the certificate of the server is not for b.c.example: say hosts = ['b.c.example'] in the class, or for a "
            "server of your own tls=TLSOptions(host_names=['b.c.example'])",
        )
        with self.assertRaises(ForeignURLError):
            await self.client.get("http://shop.example/me")
        with self.assertRaisesRegex(ValueError, "must begin with https:// where the server speaks TLS"):
            self.new_client(base_url="http://shop.example")
        self.assertStatus(await self.new_client(base_url=self.server.url).get("/me"), 400)


class OwnCertificateTests(Named):
    """A certificate of one's own has its names already."""

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        """Take one of another server."""
        other = Server(app, tls=TLSOptions(host_names=["shop.example"]))
        async with other:
            cls.tls = TLSOptions(certificate=_issued("shop.example"), ca_certificate=other.ca_certificate)
        await super().asyncSetUpClass()

    tls: ClassVar[TLSOptions | bool | None] = None

    async def test_seen(self) -> None:
        """It is the certificate that is checked for the name."""
        self.assertJsonContains(await self.client.get("/me"), {"url": "https://shop.example/me"})
        with self.assertRaisesRegex(httpx.ConnectError, "Hostname mismatch"):
            await self.new_client(base_url="https://acme.shop.example").get("/me")


def _issued(name: str) -> Any:
    from fastapi_testing.server.tls.certificates import run_authority  # noqa: PLC0415 - needs trustme

    return run_authority().issue(name)


class StandaloneClassTests(Named):
    """Another kind of client is led by the name, too."""

    client_class = AsyncTestClient

    async def test_seen(self) -> None:
        """The app sees the name."""
        response: Any = await self.client.get("/me")
        self.assertEqual((await response.json())["url"], "https://shop.example/me")


class PlainTests(ServerTestCase):
    """All this in plain tests."""

    app = app
    base_url = "https://shop.example"
    hosts = ("www.shop.example",)

    def test_seen(self) -> None:
        """The app sees the name, cookies come back, redirects are followed."""
        self.assertJsonContains(self.client.get("/login", follow_redirects=True), {"user": "ann"})
        self.assertJsonContains(
            self.client.get("/www", follow_redirects=True), {"url": "https://www.shop.example/me", "user": "ann"}
        )

    def test_websocket(self) -> None:
        """A WebSocket is of the name, and sends the client's auth, which may answer a challenge."""
        auths: dict[str, Any] = {"Basic": ("ann", "secret"), "Digest": httpx.DigestAuth("ann", "secret")}
        for scheme, auth in {**auths, "Bearer": _TokenAuth()}.items():
            client = self.new_client(base_url="https://acme.shop.example", auth=auth)
            with self.subTest(scheme), client.ws.connect("/who", params={"private": "1"}) as session:
                told = session.receive_json()
                self.assertEqual(told["url"], "wss://acme.shop.example/who?private=1")
                self.assertEqual(told["authorization"], scheme)
        with self.subTest("no answer"):
            self.assertWebSocketRejected(lambda: client.ws.connect("/nowhere"), 403)


class PlainSecureTests(ServerTestCase):
    """TLS in plain tests."""

    app = app
    base_url = "https://shop.example"
    tls = True

    def test_seen(self) -> None:
        """Requests and WebSockets are of the name."""
        self.assertJsonContains(self.client.get("/me"), {"url": "https://shop.example/me", "forwarded": []})
        with self.ws.connect("/who") as session:
            self.assertEqual(session.receive_json()["url"], "wss://shop.example/who")


class ClassClientTests(ServerTestCase):
    """The client of a class has a name of its own."""

    app = app
    base_url = "https://shop.example"

    @classmethod
    def setUpClass(cls) -> None:
        """Log in once, by another name."""
        super().setUpClass()
        cls.client = cls.new_client(base_url="https://acme.shop.example")  # type: ignore[assignment]
        cls.client.get("/login")

    def test_begins_with_it(self) -> None:
        """A test's client begins with it."""
        self.assertJsonContains(self.client.get("/me"), {"url": "https://acme.shop.example/me", "user": "ann"})


class StandaloneTests(unittest.IsolatedAsyncioTestCase):
    """Clients without a test class."""

    async def test_clients(self) -> None:
        """They are given the address and the name."""
        async with Server(app) as server:
            async with Client("https://shop.example", server_url=server.url) as client:
                self.assertEqual((await client.get("/me")).json()["url"], "https://shop.example/me")
            async with AsyncTestClient("https://shop.example", server_url=server.url) as other:
                self.assertEqual((await (await other.get("/me")).json())["url"], "https://shop.example/me")
            with self.assertRaises(ValueError) as raised:
                Client(server.url, hosts=["shop.example"])
            self.assertEqual(str(raised.exception), "hosts are names of a server elsewhere: say server_url too")

    def test_sync_client(self) -> None:
        """So is the one that waits."""
        with ServerThread(app) as server, SyncClient("http://shop.example", server_url=server.url) as client:
            self.assertEqual(client.get("/me").json()["url"], "http://shop.example/me")

    async def test_unicode(self) -> None:
        """A name of other scripts is sent in ASCII, as browsers send it."""
        plain = FastAPI()

        @plain.get("/host")
        async def host(request: Request) -> str:
            return request.headers["host"]

        async with Server(plain) as server:
            hosts = ["*.bücher.example"]
            async with Client("http://bücher.example", server_url=server.url, hosts=hosts) as client:
                self.assertEqual((await client.get("/host")).json(), "xn--bcher-kva.example")
                self.assertEqual((await client.get("http://a.BÜCHER.example/host")).json(), "a.xn--bcher-kva.example")


class BadNamesTests(unittest.TestCase):
    """What is no name is refused before anything starts."""

    def test_base_url(self) -> None:
        """Each has an error that says what is right."""
        for base_url, message in {
            "shop.example": "base_url must begin with http:// or https:// and a name, got 'shop.example'",
            "/items": "base_url must begin with http:// or https:// and a name, got '/items'",
            "ws://shop.example": "base_url must begin with http:// or https:// and a name, got 'ws://shop.example'",
            "https://": "base_url must begin with http:// or https:// and a name, got 'https://'",
            "https://ann:x@shop.example": "base_url must be a scheme, a name, and a port and a path if need be, got "
            "'https://ann:x@shop.example': say what a client sends besides by auth= or params=",
            "https://shop.example?a=1": "base_url must be a scheme, a name, and a port and a path if need be, got "
            "'https://shop.example?a=1': say what a client sends besides by auth= or params=",
            "https://shop.example.": "base_url must have a name without a dot at its end, got 'https://shop.example.'",
            "https://*.shop.example": "base_url must be one name, got 'https://*.shop.example': those with * go into "
            "hosts",
            "https://shop.example:port": "base_url must be a URL such as 'https://shop.example', got "
            "'https://shop.example:port': Invalid port: 'port'",
        }.items():
            with self.subTest(base_url):
                self.assertEqual(_refusal(base_url=base_url), f"ValueError: Bad: {message}; {_OTHER}")
        self.assertEqual(
            _refusal(base_url=3),
            f"TypeError: Bad: base_url must be a str such as 'https://shop.example', got 3; {_OTHER}",
        )
        self.assertEqual(
            _refusal(base_url="http://shop.example", tls=True),
            f"ValueError: Bad: base_url must begin with https:// where the server speaks TLS, got "
            f"'http://shop.example'; {_OTHER}",
        )

    def test_hosts(self) -> None:
        """Each is a name alone."""
        for host in ("https://shop.example", "shop.example:80", "shop.example.", "a.*.example", "*", "", "a b", "a/b"):
            with self.subTest(host):
                self.assertEqual(
                    _refusal(hosts=[host]),
                    f"ValueError: Bad: each of hosts must be a name alone, such as 'www.shop.example' or "
                    f"'*.shop.example', got {host!r}; {_OTHER}",
                )
        for hosts in ("shop.example", {"shop.example"}, [1]):
            with self.subTest(hosts):
                self.assertEqual(
                    _refusal(hosts=hosts),
                    f"TypeError: Bad: hosts must be a sequence of names, such as ['www.shop.example'], got {hosts!r}; "
                    f"{_OTHER}",
                )

    def test_note(self) -> None:
        """Where the class has no name, the error of an absolute URL says how it gets one."""

        class Unnamed(AsyncServerTestCase):
            app = FastAPI()

            async def test(self) -> None:
                await self.client.get("http://shop.example/me")

        ((_, text),) = run_classes(Unnamed).errors
        self.assertIn("if shop.example is the name of the app, say base_url = 'http://shop.example' in the class", text)


_OTHER = "it is by what the clients call the app: give what else is called so another name"


def _refusal(**attributes: Any) -> str:
    """Return why a class cannot be."""
    bad: Any = type("Bad", (AsyncServerTestCase,), {"app": app, "test": _never, **attributes})
    result = run_classes(bad)
    ((_, text),) = result.errors
    return text.strip().rpartition("\n")[2]


async def _never(_: Any) -> None:
    raise AssertionError  # pragma: no cover - the class is refused


class IPAddressTests(AsyncServerTestCase):
    """An address may be a name, too."""

    app = FastAPI()
    base_url = "http://[2001:db8::1]:8000"

    async def test_host(self) -> None:
        """It is what the request says, while it goes to the server."""
        await self.client.get("/")
        self.assertEqual(dict(self.server.exchanges[-1].request_headers)[b"host"], b"[2001:db8::1]:8000")
