"""Tests of fastapi_testing.assertions.websocket.sessions and what it stands on."""

import asyncio
import re
import unittest
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any
from unittest.mock import ANY

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from fastapi_testing.assertions import HTTPAssertions, JsonAssertions, RejectedHandshake, WebSocketAssertions
from tests.assertions.failures import FailureAssertions
from tests.timing import MS


class KeepingConnection(ClientConnection):
    """A connection that keeps what it received, as the sessions of the package do."""

    timeout = 100 * MS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.received: list[Any] = []

    @property
    def target(self) -> str:
        """The path and query that were asked for."""
        return self.protocol.uri.resource_name

    async def recv(self, decode: bool | None = None) -> Any:  # noqa: FBT001 - websockets' own signature
        message = await super().recv(decode)
        self.received.append(message)
        return message


class ServerTestCase(WebSocketAssertions, FailureAssertions, unittest.IsolatedAsyncioTestCase):
    """Serves WebSockets whose server side each test gives as a function."""

    async def connect(
        self, handler: Callable[[ServerConnection], Awaitable[None]], connection: type[ClientConnection] | None = None
    ) -> ClientConnection:
        """Connect to /chat of a server with this handler."""
        uri = await self.serve(handler)
        client = connect(f"{uri}/chat", create_connection=connection, proxy=None)
        return await self.enterAsyncContext(client)

    async def connect_to(self, *messages: str | bytes, connection: type[ClientConnection] | None = None) -> Any:
        """Connect to a server that sends these messages, and waits for the client to close."""

        async def handler(peer: ServerConnection) -> None:
            for message in messages:
                await peer.send(message)
            await peer.wait_closed()

        return await self.connect(handler, connection)

    async def serve(self, handler: Callable[[ServerConnection], Awaitable[None]], **options: Any) -> str:
        """Serve, and return the URI."""
        server = await self.enterAsyncContext(serve(handler, "127.0.0.1", 0, **options))
        return f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


class ReceivesTests(ServerTestCase):
    """assertWebSocketReceives."""

    async def test_text(self) -> None:
        """A text message equals a str, and is returned."""
        session = await self.connect_to("hello")
        self.assertEqual(await self.assertWebSocketReceives(session, "hello"), "hello")

    async def test_other_text(self) -> None:
        """Another text fails, and shows both."""
        session = await self.connect_to("bye")
        with self.assertFails('WebSocket /chat: expected "hello", got "bye"'):
            await self.assertWebSocketReceives(session, "hello")

    async def test_bytes(self) -> None:
        """A binary message equals bytes, and no str."""
        session = await self.connect_to(b"hello", b"hello")
        self.assertEqual(await self.assertWebSocketReceives(session, b"hello"), b"hello")
        with self.assertFails("WebSocket /chat: expected \"hello\", got b'hello' (5 bytes)"):
            await self.assertWebSocketReceives(session, "hello")

    async def test_json(self) -> None:
        """A message of either kind is compared as JSON with a document, and returned parsed."""
        session = await self.connect_to('{"id": 7, "n": 1.0}', b"[1, 2]", "null")
        received = await self.assertWebSocketReceives(session, {"id": ANY, "n": 1})
        self.assertEqual(received, {"id": 7, "n": 1})
        self.assertEqual(await self.assertWebSocketReceives(session, (1, 2)), [1, 2])
        self.assertIsNone(await self.assertWebSocketReceives(session, None))

    async def test_other_json(self) -> None:
        """Another document fails, and shows where it differs."""
        session = await self.connect_to('{"room": "kitchen"}', "5")
        with self.assertFails(
            'WebSocket /chat: expected JSON {"room": "lobby"}, got {"room": "kitchen"}, '
            'which differs at $.room: expected "lobby", got "kitchen"'
        ):
            await self.assertWebSocketReceives(session, {"room": "lobby"})
        with self.assertFails("WebSocket /chat: expected JSON 6, got 5"):
            await self.assertWebSocketReceives(session, 6)

    async def test_not_json(self) -> None:
        """A message that is not JSON is no document."""
        session = await self.connect_to("hello")
        with self.assertFails('WebSocket /chat: expected JSON {}, got "hello", which is not JSON'):
            await self.assertWebSocketReceives(session, {})

    async def test_matcher(self) -> None:
        """An object that decides for itself what it equals is compared with the message, then with its JSON."""

        class Empty:
            def __eq__(self, other: object) -> bool:
                return other == []

            __hash__ = object.__hash__

            def __repr__(self) -> str:
                return "Empty()"

        session = await self.connect_to("hello", "[]", "[1]")
        self.assertEqual(await self.assertWebSocketReceives(session, ANY), "hello")
        self.assertEqual(await self.assertWebSocketReceives(session, Empty()), [])
        with self.assertFails("WebSocket /chat: expected Empty(), got [1]"):
            await self.assertWebSocketReceives(session, Empty())

    async def test_predicate(self) -> None:
        """A predicate is called with the message."""
        session = await self.connect_to("hello", "bye")
        await self.assertWebSocketReceives(session, re.compile("^he").search)
        with self.assertFails('WebSocket /chat: expected a message that str.isdigit accepts, got "bye"'):
            await self.assertWebSocketReceives(session, str.isdigit)

    async def test_async_predicate(self) -> None:
        """A predicate that is a coroutine function is refused."""
        with self.assertRaises(TypeError) as caught:
            await self.assertWebSocketReceives(SimpleNamespace(), asyncio.sleep)
        message = "predicate sleep is async: give a function that returns a bool"
        self.assertEqual(str(caught.exception), message)

    async def test_received(self) -> None:
        """A failure shows what the session received before."""
        session = await self.connect_to("hello", '{"a": 1}', "bye", connection=KeepingConnection)
        await self.assertWebSocketReceives(session, "hello")
        await self.assertWebSocketReceives(session, {"a": 1})
        with self.assertFails(
            'WebSocket /chat: expected "hi", got "bye"\nreceived earlier:\n  "hello"\n  {"a": 1} : no greeting'
        ):
            await self.assertWebSocketReceives(session, "hi", msg="no greeting")

    async def test_timeout(self) -> None:
        """A message that does not come is waited for no longer than was said."""
        session = await self.connect_to()
        with self.assertFails('WebSocket /chat: expected "hi", got no message within 0 s'):
            await self.assertWebSocketReceives(session, "hi", timeout=0)

    async def test_session_timeout(self) -> None:
        """Unless told otherwise, the wait is as long as the session has it."""
        session = await self.connect_to(connection=KeepingConnection)
        session.timeout = 0
        with self.assertFails('WebSocket /chat: expected "hi", got no message within 0 s'):
            await self.assertWebSocketReceives(session, "hi")

    async def test_closed(self) -> None:
        """A peer that closes instead is shown with its code and reason."""

        async def handler(peer: ServerConnection) -> None:
            await peer.close(1008, "no token")

        session = await self.connect(handler)
        with self.assertFails('WebSocket /chat: expected "hi", got close code 1008 (policy violation) "no token"'):
            await self.assertWebSocketReceives(session, "hi")

    async def test_closed_here(self) -> None:
        """On a session that the test closed, no message comes."""
        session = await self.connect_to()
        await session.close()
        with self.assertFails('WebSocket /chat: expected "hi", got no message: this side closed first, with 1000 (OK)'):
            await self.assertWebSocketReceives(session, "hi")


class ReceivesAllTests(ServerTestCase):
    """assertWebSocketReceivesAll."""

    async def test_any_order(self) -> None:
        """Messages pass in any order, and are returned in the order expected."""
        session = await self.connect_to('{"n": 2}', "hello", b"raw", "later")
        received = await self.assertWebSocketReceivesAll(session, ["hello", b"raw", {"n": ANY}])
        self.assertEqual(received, ["hello", b"raw", {"n": 2}])
        await self.assertWebSocketReceives(session, "later")

    async def test_pairing(self) -> None:
        """A message gives way to another that fits nowhere else, and a predicate is asked once about each."""
        asked: list[str] = []
        session = await self.connect_to("a", "b")

        def is_any(message: str) -> bool:
            asked.append(message)
            return True

        self.assertEqual(await self.assertWebSocketReceivesAll(session, [is_any, "a"]), ["b", "a"])
        self.assertEqual(sorted(asked), ["a", "b"])

    async def test_nothing(self) -> None:
        """Of no messages all have come."""
        self.assertEqual(await self.assertWebSocketReceivesAll(await self.connect_to(), []), [])

    async def test_stray(self) -> None:
        """A message that is none of the expected fails, and shows which are still expected and which came."""
        session = await self.connect_to("hi", "one", "bye", connection=KeepingConnection)
        await session.recv()
        with self.assertFails(
            'WebSocket /chat: expected 3 messages in any order, got "bye", which is none of those still expected\n'
            'still expected:\n  "two"\n  JSON {"n": 3}\n'
            'received earlier:\n  "hi"\n  "one" : order?'
        ):
            await self.assertWebSocketReceivesAll(session, ["two", "one", {"n": 3}], msg="order?")

    async def test_twice(self) -> None:
        """A message that came twice is not two of the expected ones."""
        session = await self.connect_to("one", "one")
        with self.assertFails(
            'WebSocket /chat: expected 2 messages in any order, got "one", which is none of those still expected\n'
            'still expected:\n  "two"\nreceived earlier:\n  "one"'
        ):
            await self.assertWebSocketReceivesAll(session, ["one", "two"])

    async def test_timeout(self) -> None:
        """Messages that do not come are named."""
        session = await self.connect_to()
        with self.assertFails(
            'WebSocket /chat: expected 1 message, got no message within 0 s\nstill expected:\n  "one"'
        ):
            await self.assertWebSocketReceivesAll(session, ["one"], timeout=0)

    async def test_async_predicate(self) -> None:
        """A predicate that is a coroutine function is refused."""
        with self.assertRaisesRegex(TypeError, "^predicate sleep is async: give a function that returns a bool$"):
            await self.assertWebSocketReceivesAll(SimpleNamespace(), [asyncio.sleep])


class ReceivesNothingTests(ServerTestCase):
    """assertWebSocketReceivesNothing."""

    async def test_nothing(self) -> None:
        """A connection that stays silent passes."""
        await self.assertWebSocketReceivesNothing(await self.connect_to(), within=0)

    async def test_message(self) -> None:
        """A message fails, and shows what was received before."""
        session = await self.connect_to("hi", "bye", connection=KeepingConnection)
        await session.recv()
        with self.assertFails(
            'WebSocket /chat: expected no message within 5 s, got "bye"\nreceived earlier:\n  "hi" : quiet!'
        ):
            await self.assertWebSocketReceivesNothing(session, 5, "quiet!")

    async def test_closed(self) -> None:
        """A connection that ends was not silent: nothing could have come."""

        async def handler(peer: ServerConnection) -> None:
            await peer.close(1011, "oops")

        session = await self.connect(handler)
        with self.assertFails(
            'WebSocket /chat: expected no message within 5 s, got close code 1011 (internal error) "oops"'
        ):
            await self.assertWebSocketReceivesNothing(session, 5)

    async def test_closed_here(self) -> None:
        """A connection that the test has closed is no silent one either."""
        session = await self.connect_to()
        await session.close()
        with self.assertFails(
            "WebSocket /chat: expected no message within 5 s, "
            "got no open connection: this side closed first, with 1000 (OK)"
        ):
            await self.assertWebSocketReceivesNothing(session, 5)


class ClosedTests(ServerTestCase):
    """assertWebSocketClosed."""

    async def connect_closing(self, code: int = 1000, reason: str = "") -> ClientConnection:
        """Connect to a server that closes so."""

        async def handler(peer: ServerConnection) -> None:
            await peer.close(code, reason)

        return await self.connect(handler)

    async def test_closed(self) -> None:
        """A close passes that has the code and the reason, or whose reason matches the pattern."""
        session = await self.connect_closing(1008, "no token")
        await session.wait_closed()
        await self.assertWebSocketClosed(session)
        await self.assertWebSocketClosed(session, 1008, "no token")
        await self.assertWebSocketClosed(session, reason=re.compile("token$"))

    async def test_other_code(self) -> None:
        """A failure names both codes, and the reason that came."""
        session = await self.connect_closing(1008, "no token")
        with self.assertFails(
            'WebSocket /chat: expected close code 1000 (OK), got 1008 (policy violation) "no token" : not OK'
        ):
            await self.assertWebSocketClosed(session, 1000, msg="not OK")

    async def test_other_reason(self) -> None:
        """A failure names both reasons."""
        session = await self.connect_closing(4000, "bye")
        with self.assertFails('WebSocket /chat: expected close code 4000 and close reason "ciao", got 4000 "bye"'):
            await self.assertWebSocketClosed(session, 4000, "ciao")
        with self.assertFails("WebSocket /chat: expected a close reason to match '^c', got 4000 \"bye\""):
            await self.assertWebSocketClosed(session, reason=re.compile("^c"))

    async def test_message(self) -> None:
        """A message that comes instead fails."""
        session = await self.connect_to("hi")
        with self.assertFails('WebSocket /chat: expected the peer to close, got message "hi"'):
            await self.assertWebSocketClosed(session)

    async def test_open(self) -> None:
        """A connection that stays open fails, and shows what was received."""
        session = await self.connect_to("hi", connection=KeepingConnection)
        await session.recv()
        with self.assertFails(
            'WebSocket /chat: expected the peer to close, got no close within 0 s\nreceived earlier:\n  "hi"'
        ):
            await self.assertWebSocketClosed(session, timeout=0)

    async def test_closed_here(self) -> None:
        """A connection that the test closed was not closed by the peer."""
        session = await self.connect_to()
        await session.close(1001)
        with self.assertFails(
            "WebSocket /chat: expected close code 1000 (OK), "
            "got no close: this side closed first, with 1001 (going away)"
        ):
            await self.assertWebSocketClosed(session, 1000)

    async def test_lost(self) -> None:
        """A connection that is lost counts as closed with 1006."""

        async def handler(peer: ServerConnection) -> None:
            peer.transport.abort()

        session = await self.connect(handler)
        await self.assertWebSocketClosed(session, 1006)

    async def test_wrong_reason(self) -> None:
        """A reason that is no text is refused."""
        reason: Any = 1000
        with self.assertRaisesRegex(TypeError, "expected close reason 1000 is not understood: give a str"):
            await self.assertWebSocketClosed(await self.connect_to(), reason=reason)


class RejectedTests(ServerTestCase, HTTPAssertions, JsonAssertions):
    """assertWebSocketRejected."""

    async def asyncSetUp(self) -> None:
        """Serve, and reject what is private."""

        async def handler(peer: ServerConnection) -> None:
            await peer.wait_closed()

        def process_request(peer: ServerConnection, request: Request) -> Response | None:
            if not request.path.startswith("/private"):
                return None
            response = peer.respond(HTTPStatus.FORBIDDEN, '{"detail": "no token"}')
            response.headers["Set-Cookie"] = "a=1"
            response.headers["Set-Cookie"] = "b=2"
            return response

        def select_subprotocol(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
            return next(iter(offered), None)

        self.uri = await self.serve(handler, process_request=process_request, select_subprotocol=select_subprotocol)
        self.ws: Any = SimpleNamespace(connect=self.open)

    def open(self, path: str) -> connect:
        """Connect to a path."""
        return connect(self.uri + path, proxy=None)

    async def test_rejected(self) -> None:
        """A handshake that is rejected passes, however it is given."""
        await self.assertWebSocketRejected("/private")
        await self.assertWebSocketRejected(self.open("/private"), HTTPStatus.FORBIDDEN)
        await self.assertWebSocketRejected(self.open("/private"), {"4xx", 500})

    async def test_response(self) -> None:
        """The response is returned, and every assertion takes it."""
        response = await self.assertWebSocketRejected("/private?x=1", 403)
        self.assertIsInstance(response, RejectedHandshake)
        self.assertHeader(response, "set-cookie", "b=2")
        self.assertJsonEqual(response, {"detail": "no token"})
        with self.assertFails('GET /private?x=1: expected status 401, got 403 Forbidden; body: {"detail": "no token"}'):
            self.assertStatus(response, 401)

    async def test_body(self) -> None:
        """The body is equal to a str or bytes, or its JSON to a document."""
        for body in ('{"detail": "no token"}', b'{"detail": "no token"}', {"detail": ANY}):
            with self.subTest(body=body):
                await self.assertWebSocketRejected("/private", body=body)

    async def test_other_body(self) -> None:
        """A failure shows the body that was expected and the one that came."""
        with self.assertFails(
            'WebSocket /private: expected the handshake to be rejected with 403 and body JSON {"detail": "x"}, '
            'got 403 Forbidden; body: {"detail": "no token"}'
        ):
            await self.assertWebSocketRejected("/private", 403, {"detail": "x"})

    async def test_other_status(self) -> None:
        """A failure shows the status that was expected and the answer that came."""
        with self.assertFails(
            "WebSocket /private?x=1: expected the handshake to be rejected with 401, "
            'got 403 Forbidden; body: {"detail": "no token"} : who?'
        ):
            await self.assertWebSocketRejected(self.open("/private?x=1"), 401, msg="who?")

    async def test_close_code(self) -> None:
        """The code of a server that is not of this process is not known, and a failure says so."""
        with self.assertFails(
            "WebSocket /private: expected the handshake to be rejected with close code 1008 (policy violation), "
            'got 403 Forbidden; body: {"detail": "no token"}, and how the app closed is not known: its server is not '
            "one of this process"
        ):
            await self.assertWebSocketRejected("/private", code=1008)

    async def test_accepted(self) -> None:
        """A handshake that is accepted fails, and its connection is closed."""
        session = await self.open("/public")

        async def connecting() -> ClientConnection:
            return session

        with self.assertFails("WebSocket /public: expected the handshake to be rejected, but it was accepted"):
            await self.assertWebSocketRejected(connecting())
        self.assertEqual(session.close_code, 1000)

    async def test_subprotocol(self) -> None:
        """A failure names the subprotocol that was chosen."""
        connecting = connect(f"{self.uri}/public", subprotocols=[Subprotocol("chat")], proxy=None)
        with self.assertFails(
            "WebSocket /public: expected the handshake to be rejected with 403, but it was accepted (subprotocol chat)"
        ):
            await self.assertWebSocketRejected(connecting, 403)

    async def test_unanswered(self) -> None:
        """A handshake that is not answered is waited for no longer than was said."""

        async def never() -> ClientConnection:
            unanswered: asyncio.Future[ClientConnection] = asyncio.get_running_loop().create_future()
            return await unanswered

        with self.assertFails("WebSocket: expected the handshake to be rejected, got no answer within 0 s"):
            await self.assertWebSocketRejected(never(), timeout=0)

    async def test_refused(self) -> None:
        """A connection that is refused is no rejection."""
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        with self.assertRaises(OSError):
            await self.assertWebSocketRejected(connect(f"ws://127.0.0.1:{port}", proxy=None))

    async def test_no_client(self) -> None:
        """A path needs a test case that has a client."""
        self.ws = None
        with self.assertRaises(TypeError) as caught:
            await self.assertWebSocketRejected("/private")
        message = (
            "RejectedTests has no `ws` to connect to '/private' with: "
            "give what connects when it is awaited, such as websockets.connect(uri)"
        )
        self.assertEqual(str(caught.exception), message)

    async def test_wrong_connecting(self) -> None:
        """What neither is a path nor connects is refused."""
        connecting: Any = 403
        with self.assertRaises(TypeError) as caught:
            await self.assertWebSocketRejected(connecting)
        message = (
            "connecting 403 is not understood: give a path, or what connects when it is awaited, "
            "such as websockets.connect(uri)"
        )
        self.assertEqual(str(caught.exception), message)
