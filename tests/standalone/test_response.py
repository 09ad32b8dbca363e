"""Responses: what they give, what they refuse, and that assertions take them."""

import copy
import pickle

import httpx

from fastapi_testing.assertions import HTTPAssertions, JsonAssertions, WebSocketAssertions
from fastapi_testing.errors import InvalidResponseTypeError
from fastapi_testing.standalone import AsyncTestResponse
from tests.standalone.case import StandaloneTestCase


class HTTPResponseTests(StandaloneTestCase):
    """A response of HTTP."""

    async def asyncSetUp(self) -> None:
        await super().asyncSetUp()
        self.response = await self.client.get("/items")

    async def test_attributes(self) -> None:
        """Status, headers and body are there; whatever else httpx has, too."""
        self.assertEqual(self.response.status_code, 200)
        self.assertEqual(self.response.headers["Content-Type"], "application/json")
        self.assertEqual(self.response.content, b'["apple","pear"]')
        self.assertEqual((self.response.request.method, self.response.history), ("GET", []))

    async def test_body(self) -> None:
        """The body is awaited, as JSON or as text."""
        self.assertEqual(await self.response.json(), ["apple", "pear"])
        self.assertEqual(await self.response.text(), '["apple","pear"]')

    async def test_expect_status(self) -> None:
        """The status that is expected lets the response pass on."""
        self.assertIs(await self.response.expect_status(200), self.response)

    async def test_another_status(self) -> None:
        """Another status fails as assertStatus does."""
        with self.assertRaises(AssertionError) as caught:
            await self.response.expect_status(404)
        self.assertTrue(
            str(caught.exception).startswith("GET /items: expected status 404, got 200 OK; body:"), caught.exception
        )

    async def test_no_websocket(self) -> None:
        """What belongs to WebSockets is refused, with what to call instead."""
        message = (
            "This response is not a WebSocket connection: json() and text() return its body; "
            "client.websocket(path) opens a WebSocket"
        )
        with self.assertRaises(InvalidResponseTypeError) as caught:
            self.response.websocket()
        self.assertEqual(str(caught.exception), message)
        for call in (self.response.recv, self.response.close):
            with self.assertRaises(InvalidResponseTypeError) as caught:
                await call()
            self.assertEqual(str(caught.exception), message)

    async def test_unknown_attribute(self) -> None:
        """What neither the response nor httpx has is missing, as it is anywhere."""
        with self.assertRaises(AttributeError) as caught:
            self.response.nothing  # noqa: B018 - the access is the test
        self.assertEqual(str(caught.exception), "'AsyncTestResponse' object has no attribute 'nothing'")
        self.assertNotIsInstance(caught.exception, InvalidResponseTypeError)

    async def test_attributes_of_websockets(self) -> None:
        """Attributes of WebSockets are refused, with what to call instead; hasattr() says that they are not there."""
        for name in ("send_text", "subprotocol", "ping", "latency"):
            with self.subTest(name), self.assertRaises(InvalidResponseTypeError) as caught:
                getattr(self.response, name)
            self.assertEqual(
                str(caught.exception),
                f"HTTP responses don't have {name}: json() and text() return the body; "
                f"client.websocket(path) opens a WebSocket, which has it",
            )
            self.assertFalse(hasattr(self.response, name))

    async def test_assertions(self) -> None:
        """The assertions on responses take it, and fail as they do for httpx."""
        HTTPAssertions().assertHeader(self.response, "Content-Type", "application/json")
        JsonAssertions().assertJsonEqual(self.response, ["apple", "pear"])
        with self.assertRaises(AssertionError) as caught:
            HTTPAssertions().assertStatus(await self.client.get("/nowhere"), "2xx")
        self.assertRegex(str(caught.exception), r"^GET /nowhere: expected status 2xx, got 404 Not Found; body:")

    async def test_repr(self) -> None:
        """It shows what it holds."""
        self.assertEqual(repr(self.response), "<AsyncTestResponse of <Response [200 OK]>>")

    async def test_copies(self) -> None:
        """It can be copied and pickled, as httpx's can."""
        response = AsyncTestResponse(httpx.Response(204, request=httpx.Request("GET", "http://test/")))
        for other in (copy.copy(response), pickle.loads(pickle.dumps(response))):  # noqa: S301 - pickled here
            self.assertEqual(other.status_code, 204)


class WebSocketResponseTests(StandaloneTestCase):
    """A WebSocket in the place of a response."""

    async def asyncSetUp(self) -> None:
        await super().asyncSetUp()
        self.response = await self.client.websocket("/two")

    async def test_websocket(self) -> None:
        """It is the session itself that websocket() returns."""
        session = self.response.websocket()
        self.assertEqual((session.target, await session.recv()), ("/two", "one"))

    async def test_attributes(self) -> None:
        """Attributes of HTTP are refused, with what to call instead."""
        connection = "websocket() returns the connection, whose response is the handshake's"
        for name, message in (
            ("status_code", "WebSocket connections don't have status codes: websocket() returns the connection"),
            (
                "headers",
                "WebSocket connections don't have headers: websocket().response.headers are those of the handshake",
            ),
            ("content", "WebSocket connections don't have a body: websocket().recv() receives a message"),
            (
                "cookies",
                "WebSocket connections don't have cookies: those that the handshake set are in client.http.cookies",
            ),
            (
                "url",
                "WebSocket connections don't have a URL: websocket().target is the path and query of the handshake",
            ),
            (
                "is_closed",
                "WebSocket connections don't have is_closed: websocket().state says whether the connection is open",
            ),
            ("history", f"WebSocket connections don't have history: {connection}"),
            ("is_success", f"WebSocket connections don't have is_success: {connection}"),
        ):
            with self.subTest(name), self.assertRaises(InvalidResponseTypeError) as caught:
                getattr(self.response, name)
            self.assertEqual(str(caught.exception), message)
            self.assertFalse(hasattr(self.response, name))

    async def test_unknown_attribute(self) -> None:
        """What neither the response nor the session has is missing, as it is anywhere."""
        with self.assertRaises(AttributeError) as caught:
            self.response.nothing  # noqa: B018 - the access is the test
        self.assertEqual(str(caught.exception), "'AsyncTestResponse' object has no attribute 'nothing'")

    async def test_methods(self) -> None:
        """Methods of HTTP are refused, with what to call instead."""
        with self.assertRaises(InvalidResponseTypeError) as caught:
            await self.response.json()
        self.assertEqual(
            str(caught.exception),
            "Cannot get JSON directly from WebSocket response: client.ws.receive_json(response) receives a message",
        )
        with self.assertRaises(InvalidResponseTypeError) as caught:
            await self.response.text()
        self.assertEqual(
            str(caught.exception),
            "Cannot get text directly from WebSocket response: client.ws.receive_text(response) receives a message",
        )
        with self.assertRaisesRegex(InvalidResponseTypeError, "^WebSocket connections don't have status codes: "):
            await self.response.expect_status(200)

    async def test_assertions(self) -> None:
        """The assertions on WebSockets take it, and fail as they do for a session."""
        assertions = WebSocketAssertions()
        await assertions.assertWebSocketReceives(self.response, "one")
        with self.assertRaises(AssertionError) as caught:
            await assertions.assertWebSocketReceives(self.response, b"three")
        self.assertRegex(str(caught.exception), r'^WebSocket /two: expected .*three.*, got .*two.*\n.*\n  "one"$')
        await assertions.assertWebSocketClosed(self.response, 1000)

    async def test_close(self) -> None:
        """It can be closed without asking for the session."""
        response = await self.client.websocket("/echo")
        await response.close()
        self.assertEqual(response.websocket().close_code, 1000)

    async def test_repr(self) -> None:
        """It shows what it holds."""
        self.assertEqual(repr(self.response), "<AsyncTestResponse of WebSocket /two>")
