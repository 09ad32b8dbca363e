"""Classes whose clients are of httpx2: all that a test does with them, and what is refused."""

import sys
import traceback
import unittest
from collections.abc import AsyncIterator
from typing import Any, ClassVar
from unittest import mock

import httpx
import httpx2
from fastapi import BackgroundTasks, FastAPI, Header, HTTPException, Response, WebSocket
from fastapi.responses import RedirectResponse, StreamingResponse

from fastapi_testing import AsyncServerTestCase, AsyncTestClient, Client, ServerTestCase, SyncClient
from fastapi_testing import httpx2 as second
from fastapi_testing.case.served.served_case import ServedCase
from tests.running import outcomes, run_classes

__all__: list[str] = []

app = FastAPI()
done: list[str] = []


@app.get("/item")
async def item(tasks: BackgroundTasks) -> dict[str, str]:
    """Answer, and go on."""
    tasks.add_task(done.append, "item")
    return {"name": "Widget"}


@app.get("/whoami")
async def whoami(authorization: str = Header(""), cookie: str = Header(""), x_tenant: str = Header("")) -> list[str]:
    """Say what the client says of itself."""
    return [authorization, cookie, x_tenant]


@app.get("/login")
async def login(response: Response) -> None:
    """Set a cookie."""
    response.set_cookie("session", "1")


@app.get("/prices")
async def prices() -> StreamingResponse:
    """Stream two events, of which one has a name."""

    async def stream() -> AsyncIterator[str]:
        yield "data: 1\n\n"
        yield f"event: rise\nid: 7\ndata: {'2' * 100_000}\n\n"

    return StreamingResponse(stream(), media_type="text/event-stream")


@app.get("/broken")
async def broken() -> None:
    """Raise."""
    raise LookupError("no stock")


@app.get("/broken-off")
async def broken_off() -> StreamingResponse:
    """Raise in the middle of a body."""

    async def stream() -> AsyncIterator[str]:
        yield "a"
        raise LookupError("no stock")

    return StreamingResponse(stream())


@app.websocket("/chat")
async def chat(websocket: WebSocket) -> None:
    """Take whom we know, and say which cookies they have."""
    if websocket.headers.get("authorization") is None:
        raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
    await websocket.accept(headers=[(b"set-cookie", b"chat=1; Path=/")])
    await websocket.send_json(websocket.cookies)
    await websocket.receive()


@app.websocket("/old-chat")
async def old_chat(websocket: WebSocket) -> None:
    """Lead to itself."""
    await websocket.send_denial_response(RedirectResponse("/old-chat"))


class AsyncTests(AsyncServerTestCase):
    """Tests that are coroutines."""

    app = app
    http_library = "httpx2"
    timeout = httpx.Timeout(5, read=4)
    limits = httpx2.Limits(max_connections=10)
    headers: ClassVar[dict[str, str] | None] = {"X-Tenant": "red"}

    async def test_request(self) -> None:
        """Client and response are httpx2's, and the request settles."""
        self.assertIsInstance(self.client, httpx2.AsyncClient)
        self.assertIs(type(self.client), second.Client)
        self.assertEqual(self.client.timeout, httpx2.Timeout(5, read=4))
        for _ in range(2):
            done.clear()
            response = await self.client.get("/item")
            self.assertIsInstance(response, httpx2.Response)
            self.assertEqual(done, ["item"])
        self.assertStatus(response, 200)
        self.assertJsonEqual(response, {"name": "Widget"})
        self.assertHeader(response, "Content-Type", "application/json")

    async def test_failure(self) -> None:
        """A failing assertion shows the exchange, as it does for httpx."""
        with self.assertRaisesRegex(AssertionError, "^GET /item: expected status 404, got 200 OK"):
            self.assertStatus(await self.client.get("/item"), 404)

    async def test_auth(self) -> None:
        """Its authentication is taken, by requests and by WebSockets."""
        client = self.new_client(auth=httpx2.BasicAuth("ann", "1"))
        told = await client.get("/whoami")
        self.assertJsonEqual(told, ["Basic YW5uOjE=", "", "red"])
        async with client.ws.connect("/chat") as session:
            await session.expect({})
        self.assertEqual(dict(client.cookies), {"chat": "1"})
        async with client.ws.connect(self.server.ws_url + "/chat") as session:
            await session.expect({"chat": "1"})

    async def test_digest(self) -> None:
        """An authentication that looks at an answer gets the rejection of a WebSocket as one of httpx2's."""
        seen: list[Any] = []

        class Asked(httpx2.Auth):
            def auth_flow(self, request: httpx2.Request) -> Any:
                seen.append((yield request))
                request.headers["Authorization"] = "Asked"
                yield request

        client = self.new_client(auth=Asked())
        async with client.ws.connect("/chat") as session:
            await session.expect({})
        self.assertIsInstance(seen[0], httpx2.Response)
        self.assertEqual((seen[0].status_code, seen[0].headers["WWW-Authenticate"]), (401, "Basic"))

    async def test_rejection(self) -> None:
        """A WebSocket's rejection has the answer."""
        rejection = await self.assertWebSocketRejected("/chat", 401)
        self.assertEqual(rejection.headers["WWW-Authenticate"], "Basic")

    async def test_redirected_rejection(self) -> None:
        """Redirects of a handshake are followed, and their end is httpx2's error."""
        client = self.new_client(follow_redirects=True)
        with self.assertRaises(httpx2.TooManyRedirects):
            await client.ws.connect("/old-chat")

    async def test_events(self) -> None:
        """Events are httpx2's, and so is the error where there are none."""
        async with self.client.sse("/prices") as events:
            received: list[Any] = [event async for event in events]
        self.assertEqual([type(event) for event in received], [httpx2.ServerSentEvent] * 2)
        self.assertEqual([(event.event, event.id) for event in received], [("message", ""), ("rise", "7")])
        with self.assertRaisesRegex(httpx2.SSEError, "^GET /item: expected 200 OK with text/event-stream"):
            await self.enterAsyncContext(self.client.sse("/item"))
        async with self.client.sse("/prices") as events:
            await self.assertEvents(events, [{"data": "1"}])

    async def test_server_errors(self) -> None:
        """The app's exception is found, where it has answered and where it has broken off."""
        with self.assertServerRaises(LookupError):
            self.assertStatus(await self.client.get("/broken"), 500)
        with self.assertServerRaises(LookupError), self.assertRaises(httpx2.RemoteProtocolError) as caught:
            await self.client.get("/broken-off")
        self.assertIn("no stock", caught.exception.__notes__[0])
        client = self.new_client(raise_server_exceptions=True)
        for path in ("/broken", "/broken-off"):
            # The Starlette of the lower bounds streams in a task group.
            with self.assertRaises((LookupError, ExceptionGroup)) as raised:
                await client.get(path)
            self.assertIn("LookupError: no stock", "".join(traceback.format_exception(raised.exception)))

    async def test_openapi(self) -> None:
        """Responses are checked against the app's document."""
        self.assertMatchesOpenAPI(await self.client.get("/item"))

    async def test_hooks(self) -> None:
        """Event hooks get its requests and responses."""
        seen: list[Any] = []

        async def note(message: Any) -> None:
            seen.append(type(message).__mro__)

        client = self.new_client(event_hooks={"request": [note], "response": [note]})
        await client.get("/item")
        self.assertIn(httpx2.Request, seen[0])
        self.assertIn(httpx2.Response, seen[1])

    async def test_other_library(self) -> None:
        """One more client may be of the other library, over the same connections."""
        addresses = set()
        for client in (self.client, self.new_client(http_library="httpx")):
            response = await client.get("/item")
            addresses.add(response.extensions["network_stream"].get_extra_info("client_addr"))
        self.assertIsInstance(response, httpx.Response)
        self.assertEqual((type(client), len(addresses)), (Client, 1))

    async def test_other_cookies(self) -> None:
        """Cookies of the other library are taken."""
        client = self.new_client(cookies=httpx.Cookies({"session": "2"}))
        self.assertJsonEqual(await client.get("/whoami"), ["", "session=2", "red"])

    async def test_mocked(self) -> None:
        """Mocks in the place of the library's classes, for what the app asks, are not in the way."""
        with mock.patch("httpx2.AsyncClient"), mock.patch("httpx2.Client"):
            self.assertStatus(await self.client.get("/item"), 200)
            async with self.client.sse("/prices") as events:
                await self.assertEvents(events, [{"data": "1"}])

    async def test_own_events(self) -> None:
        """The assertion on events takes the library's own streams, one event after the other."""
        self.client = httpx2.AsyncClient(base_url=self.server.url)
        async with self.client.sse("/prices") as events:
            await self.assertEvents(events, [{"data": "1"}, {"event": "rise", "id": "7"}])
        with self.assertRaises(AssertionError) as caught:
            async with self.client.sse("/prices") as events:
                await self.assertEvents(events, [{}, {}, {}])
        self.assertIn("GET /prices: event 3 of 3: expected an event, got the end of the events", str(caught.exception))

    async def test_given(self) -> None:
        """A client that a test gives itself may be of either library, whatever the class says."""
        for library in (httpx, httpx2):
            done.clear()
            self.client = library.AsyncClient(base_url=self.server.url)
            self.assertStatus(await self.client.get("/item"), 200)
            self.assertEqual(done, ["item"])
            await self.assertWebSocketRejected("/chat", 401)


class ClassClientTests(AsyncServerTestCase):
    """A client of the class, with which those of the tests begin."""

    app = app
    http_library = "httpx2"

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        """Log in."""
        await super().asyncSetUpClass()
        cls.client.headers["X-Tenant"] = "blue"
        cls.client.auth = ("ann", "1")
        await cls.client.get("/login")

    async def test_copies(self) -> None:
        """Headers, cookies and authentication are there, as httpx2's."""
        self.assertIs(type(self.client), second.Client)
        self.assertIsInstance(self.client.cookies, httpx2.Cookies)
        self.assertJsonEqual(await self.client.get("/whoami"), ["Basic YW5uOjE=", "session=1", "blue"])


class OtherClassClientTests(AsyncServerTestCase):
    """A client of the class that is of the other library than those of the tests."""

    app = app

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        """Log in."""
        await super().asyncSetUpClass()
        made: Any = cls.new_client(http_library="httpx2", auth=("ann", "1"), headers={"X-Tenant": "blue"})
        await made.get("/login")
        cls.client = made

    async def test_copies(self) -> None:
        """Those of the tests have what it has, its authentication too."""
        self.assertIs(type(self.client), Client)
        self.assertJsonEqual(await self.client.get("/whoami"), ["Basic YW5uOjE=", "session=1", "blue"])


class SyncOtherClassClientTests(ServerTestCase):
    """The same in plain tests."""

    app = app
    http_library = "httpx2"

    @classmethod
    def setUpClass(cls) -> None:
        """Log in."""
        super().setUpClass()
        made: Any = cls.new_client(http_library="httpx", auth=("ann", "1"))
        made.get("/login")
        cls.client = made

    def test_copies(self) -> None:
        """Those of the tests have what it has, its authentication too."""
        self.assertIs(type(self.client), second.SyncClient)
        self.assertJsonEqual(self.client.get("/whoami"), ["Basic YW5uOjE=", "session=1", ""])


class FixedClassTests(AsyncServerTestCase):
    """A class that has its clients made by one of the other library's, and does not say the word."""

    app = app
    client_class = second.Client

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        """Log in."""
        await super().asyncSetUpClass()
        cls.client.auth = ("ann", "1")
        await cls.client.get("/login")

    async def test_copies(self) -> None:
        """They are what they are."""
        self.assertIs(type(self.client), second.Client)
        self.assertJsonEqual(await self.client.get("/whoami"), ["Basic YW5uOjE=", "session=1", ""])


class StandaloneClientTests(AsyncServerTestCase):
    """What a class has its clients made by hands the word on."""

    app = app
    http_library = "httpx2"
    client_class = AsyncTestClient

    async def test_request(self) -> None:
        """The client within is of httpx2."""
        response = await self.client.get("/item")
        self.assertIsInstance(response.headers, httpx2.Headers)
        self.assertIsInstance(response.elapsed.total_seconds(), float)


class SyncTests(ServerTestCase):
    """Tests that are no coroutines."""

    app = app
    http_library = "httpx2"

    def test_request(self) -> None:
        """Client and response are httpx2's, and the request settles."""
        self.assertIsInstance(self.client, httpx2.Client)
        self.assertIs(type(self.client), second.SyncClient)
        for _ in range(2):
            done.clear()
            response = self.client.get("/item")
            self.assertIsInstance(response, httpx2.Response)
            self.assertEqual(done, ["item"])
        self.assertStatus(response, 200)

    def test_events(self) -> None:
        """Events are httpx2's, and so are the errors."""
        with self.client.sse("/prices") as events:
            self.assertIsInstance(events.response, httpx2.Response)
            self.assertIsInstance(events.next(), httpx2.ServerSentEvent)
        with self.assertRaises(httpx2.SSEError):
            self.enterContext(self.client.sse("/item"))

    def test_own_events(self) -> None:
        """The assertion on events takes the library's own streams, and no more of them than is expected."""
        self.client = httpx2.Client(base_url=self.server.url)
        with self.client.sse("/prices") as events:
            self.assertEvents(events, [{"data": "1"}])
            self.assertJsonEqual(self.client.get("/item"), {"name": "Widget"})
        with self.assertRaises(AssertionError) as caught, self.client.sse("/prices") as events:
            self.assertEvents(events, [{}, {}, {}])
        self.assertIn("GET /prices: event 3 of 3: expected an event, got the end of the events", str(caught.exception))

    def test_rejection(self) -> None:
        """A WebSocket's rejection has the answer."""
        self.assertWebSocketRejected("/chat", 401)
        client = self.new_client(auth=("ann", "1"))
        with client.ws.connect("/chat") as session:
            session.expect({})
        with self.assertRaises(httpx2.TooManyRedirects):
            self.new_client(follow_redirects=True).ws.connect("/old-chat")

    def test_server_errors(self) -> None:
        """The app's exception is found, where it has answered and where it has broken off."""
        with self.assertServerRaises(LookupError):
            self.assertStatus(self.client.get("/broken"), 500)
        with self.assertServerRaises(LookupError), self.assertRaises(httpx2.RemoteProtocolError):
            self.client.get("/broken-off")

    def test_other_library(self) -> None:
        """One more client may be of the other library."""
        client = self.new_client(http_library="httpx")
        self.assertIsInstance(client.get("/item"), httpx.Response)
        self.assertIs(type(client), SyncClient)


class DefaultTests(AsyncServerTestCase):
    """A class that says nothing."""

    app = app

    async def test_httpx(self) -> None:
        """Its clients are of httpx, though httpx2 is there."""
        self.assertIsInstance(self.client, httpx.AsyncClient)
        self.assertIsInstance(await self.client.get("/item"), httpx.Response)
        self.assertIsInstance(await self.new_client(http_library="httpx2").get("/item"), httpx2.Response)


class RefusalTests(unittest.TestCase):
    """What a class cannot say."""

    def refusal(self, base: type[ServedCase], **body: Any) -> str:
        """Return the last line of the error that setting up a class is."""
        case = type("Case", (base,), {"app": app, "test": unittest.TestCase.setUp, **body})
        (told,) = outcomes(run_classes(case)).values()
        return told

    def test_unknown(self) -> None:
        """There are two libraries."""
        for base in (AsyncServerTestCase, ServerTestCase):
            self.assertEqual(
                self.refusal(base, http_library="requests"),
                "ValueError: http_library must be 'httpx' or 'httpx2', got 'requests'",
            )

    def test_missing(self) -> None:
        """httpx2 has to be installed."""
        with mock.patch.dict(sys.modules, {"httpx2": None}):
            self.assertEqual(
                self.refusal(ServerTestCase, http_library="httpx2"),
                "ImportError: http_library = 'httpx2' needs httpx2: pip install 'fastapi-unittest[httpx2]'",
            )

    def test_timeout(self) -> None:
        """A time-out is named as that library does."""
        self.assertEqual(
            self.refusal(ServerTestCase, http_library="httpx2", timeout="5"),
            "TypeError: timeout must be seconds or an httpx2.Timeout, got '5'",
        )

    def test_options_of_the_other_library(self) -> None:
        """Those of httpx2 say what they take, in a class that does not say the word."""
        advice = " of httpx2: say http_library = 'httpx2'"
        self.assertEqual(
            self.refusal(ServerTestCase, timeout=httpx2.Timeout(3)),
            f"TypeError: timeout must be seconds or an httpx.Timeout, got Timeout(timeout=3){advice}",
        )
        limits = httpx2.Limits(max_connections=1)
        self.assertEqual(
            self.refusal(AsyncServerTestCase, limits=limits),
            f"ValueError: limits must be httpx.Limits that allow for a connection, got {limits!r}{advice}",
        )

    def test_other_kind(self) -> None:
        """The advice for a client that would block is in the words of the class's library."""

        def set_up(case: Any) -> None:
            case.client = httpx2.Client(base_url=case.server.url)

        self.assertIn(
            "make it an httpx2.AsyncClient(base_url=self.server.url)",
            self.refusal(AsyncServerTestCase, http_library="httpx2", setUp=set_up),
        )
