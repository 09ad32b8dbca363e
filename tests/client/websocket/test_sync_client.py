"""WebSockets of plain tests: the handshake, the session, and what they say when they cannot."""

import contextlib
import inspect
import ssl
import threading
import time
import unittest
from collections.abc import Awaitable, Callable
from typing import Any, cast

import httpx
import trustme
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidStatus
from websockets.protocol import State
from websockets.sync.client import ClientConnection

from fastapi_testing import (
    ForeignURLError,
    ServerThread,
    SyncClient,
    SyncWebSocketClient,
    SyncWebSocketSession,
    WebSocketClient,
)
from fastapi_testing.client.websocket.handshake import ConnectOptions
from fastapi_testing.server.threads.loop_thread import LoopThread
from tests.client.peers import app, deaf, serve_peer, speaker, url_of
from tests.resources import held_again, held_resources
from tests.timing import MS


class WebSocketTestCase(unittest.TestCase):
    """Serves the app of the peers, with a client of it."""

    server: ServerThread

    @classmethod
    def setUpClass(cls) -> None:
        """Start the server."""
        cls.server = cls.enterClassContext(ServerThread(app))

    def setUp(self) -> None:
        """Make a client."""
        self.client = self.enterContext(SyncClient(self.server.url, thread=self.server))
        self.ws = self.client.ws

    def connect_to_peer(
        self, handler: Callable[[ServerConnection], Awaitable[None]], **options: Any
    ) -> SyncWebSocketSession:
        """Serve one connection with a handler of websockets, and connect to it."""
        serving = serve_peer(handler)
        url = self.server.run(_enter(serving))
        self.addCleanup(lambda: self.server.run(_leave(serving)))
        client = self.enterContext(SyncClient(url.replace("ws", "http"), thread=self.server))
        return client.ws.connect("/peer", **options)


class SendTests(WebSocketTestCase):
    """Sending."""

    def test_kinds(self) -> None:
        """Text, bytes and JSON are sent as what they are."""
        with self.ws.connect("/echo") as session:
            session.send_text("grüezi")
            session.send_bytes(bytearray(b"ab"))
            session.send_json({"name": "Zoë"})
            session.send_json("é", mode="binary")
            received = [session.receive() for _ in range(4)]
        self.assertEqual(received, ["grüezi", b"ab", '{"name":"Zoë"}', b'"\xc3\xa9"'])

    def test_wrong_type(self) -> None:
        """A message of the wrong type is refused, with the method that takes it."""
        with self.ws.connect("/echo") as session:
            with self.assertRaisesRegex(TypeError, r"^WebSocket /echo: send_text\(\) takes a str, got bytes: use "):
                session.send_text(cast("Any", b"bytes"))
            with self.assertRaisesRegex(TypeError, r"^WebSocket /echo: send_bytes\(\) takes bytes, got dict: use "):
                session.send_bytes(cast("Any", {}))
            with self.assertRaisesRegex(ValueError, "mode must be 'text' or 'binary', got 'bytes'$"):
                session.send_json(1, mode=cast("Any", "bytes"))

    def test_server_that_does_not_read(self) -> None:
        """A send that no buffer takes ends in time, with the connection."""
        session = self.connect_to_peer(deaf)
        session.timeout = 50 * MS
        with self.assertRaises(TimeoutError) as caught:
            while True:
                session.send_bytes(bytes(2**20))
        self.assertEqual(
            str(caught.exception),
            f"WebSocket /peer: the server did not take the message within {50 * MS:g} s: "
            f"the app receives none, and every buffer on the way is full",
        )
        self.assertIs(session.state, State.CLOSED)

    def test_closed(self) -> None:
        """On a closed connection, websockets' own exception comes."""
        with self.ws.connect("/bye?code=1000") as session:
            self.assertEqual([*session], [])
            with self.assertRaises(ConnectionClosedOK):
                session.send_text("late")


class ReceiveTests(WebSocketTestCase):
    """Receiving."""

    def test_kinds(self) -> None:
        """A test that knows which kind comes can say so."""
        with self.ws.connect("/say", params={"text": ["hello", '{"a": 1}'], "hex": "0001"}) as session:
            self.assertEqual(session.receive_text(), "hello")
            self.assertEqual(session.receive_json(), {"a": 1})
            self.assertEqual(session.receive_bytes(), b"\x00\x01")
        self.assertEqual([*session.received], ["hello", '{"a": 1}', b"\x00\x01"])

    def test_wrong_kind(self) -> None:
        """A message of another kind is an error that shows it."""
        with self.ws.connect("/say?text=hello&text=no&hex=0001") as session:
            with self.assertRaisesRegex(TypeError, 'expected a binary message, got "hello"$'):
                session.receive_bytes()
            with self.assertRaisesRegex(ValueError, 'expected a JSON message, got "no": '):
                session.receive_json()
            with self.assertRaisesRegex(TypeError, r"expected a text message, got bytes b'\\x00\\x01' \(2 bytes\)$"):
                session.receive_text()

    def test_expect(self) -> None:
        """The message that is expected is returned; another one fails."""
        with self.ws.connect("/say?text=a&text=b") as session:
            self.assertEqual(session.expect("a"), "a")
            with self.assertRaisesRegex(AssertionError, '^WebSocket /say.text=a&text=b: expected JSON 1, got "b"$'):
                session.expect(1)

    def test_wait_in_vain(self) -> None:
        """A receive ends in time, says what came before, and takes nothing."""
        with self.ws.connect("/echo") as session:
            session.timeout = 10 * MS
            with self.assertRaisesRegex(TimeoutError, "^WebSocket /echo: no message within .* s; nothing was received"):
                session.receive()
            session.send_text("a")
            session.expect("a", timeout=5)
            with self.assertRaisesRegex(TimeoutError, 'no message within 0 s, expected "b"; received before: "a"$'):
                session.expect("b", timeout=0)

    def test_closed(self) -> None:
        """The end of a connection says what was awaited."""
        with self.ws.connect("/bye?text=a&code=4000") as session:
            session.receive()
            with self.assertRaises(ConnectionClosedError) as caught:
                session.receive_text()
        self.assertEqual(
            caught.exception.__notes__,
            ['WebSocket /bye?text=a&code=4000: closed while a text message was awaited; received before: "a"'],
        )

    def test_iteration(self) -> None:
        """Iteration ends where the connection does, and each wait of it has an end."""
        with self.ws.connect("/bye?text=a&text=b&code=1000") as session:
            self.assertEqual([*session], ["a", "b"])
        with self.ws.connect("/echo", timeout=10 * MS, open_timeout=5) as session, self.assertRaises(TimeoutError):
            next(iter(session))

    def test_drain(self) -> None:
        """What has been sent by now is received at once, however much it is, and nothing is waited for."""
        texts = [str(number) for number in range(50)]
        with self.ws.connect("/say", params={"text": texts}) as session:
            self.assertEqual(session.receive(), "0")
            self.assertEqual(session.drain_messages(), texts[1:])
            self.assertEqual(session.drain_messages(), [])

    def test_drain_after_the_end(self) -> None:
        """On a closed connection it is all that came before the end."""
        with self.ws.connect("/bye?text=a&text=b&code=1000") as session:
            session.recv_events_thread.join()
            self.assertEqual(session.drain_messages(), ["a", "b"])

    def test_drain_of_a_server_that_does_not_read(self) -> None:
        """Where the server does not answer, it ends in time with what has come."""
        session = self.connect_to_peer(deaf)
        self.assertEqual(session.drain_messages(timeout=700 * MS), ["hello"])
        session.cut()


class CloseTests(WebSocketTestCase):
    """Closing."""

    def test_cut_with_messages_that_nobody_received(self) -> None:
        """A connection that is cut has its reading thread end, also where that waits for room in the queue."""
        session = self.connect_to_peer(speaker(*map(str, range(100))), close_timeout=100)
        while not session.recv_messages.paused:  # pragma: no branch - it may be so at once
            time.sleep(MS)  # pragma: no cover - as above
        session.cut()
        self.assertFalse(session.recv_events_thread.is_alive())
        messages = session.drain_messages()  # those that were on their way are lost, as with any connection
        self.assertIn("1", messages)
        self.assertEqual(messages, [str(number) for number in range(len(messages))])

    def test_with_messages_that_nobody_received(self) -> None:
        """Closing takes no time where the server has sent more than the queue holds."""
        session = self.connect_to_peer(speaker(*map(str, range(100))), close_timeout=100)
        self.assertEqual(session.receive(), "0")
        session.close()
        self.assertEqual(session.close_code, 1000)

    def test_server_that_does_not_answer(self) -> None:
        """A close that the server does not answer ends with close_timeout."""
        session = self.connect_to_peer(deaf, close_timeout=20 * MS)
        session.close()
        self.assertIs(session.state, State.CLOSED)

    def test_client_closes_its_sessions(self) -> None:
        """Sessions that are still open close with the client, and leave nothing."""
        with self.ws.connect("/echo"):
            pass
        before = held_resources()
        client = SyncClient(self.server.url, thread=self.server)
        sessions = [client.ws.connect("/echo") for _ in range(2)]
        client.close()
        self.assertEqual([session.close_code for session in sessions], [1001, 1001])
        exchanges = [session.exchange for session in sessions]
        self.assertEqual([str(exchange) for exchange in exchanges], ["WebSocket /echo"] * 2)
        del client, sessions, exchanges
        self.assertTrue(held_again(before))


class HandshakeTests(WebSocketTestCase):
    """Opening."""

    def test_request(self) -> None:
        """The handshake carries what the client has and what it is given."""
        client = self.enterContext(
            SyncClient(self.server.url, thread=self.server, headers={"X-User": "Ada"}, cookies={"a": "1"})
        )
        connecting = client.ws.connect(
            "/request/x", params={"q": "1"}, headers={"X-Own": "2"}, origin="http://shop.test", subprotocols=["chat"]
        )
        with connecting as session:
            asked = session.receive_json()
        self.assertEqual((asked["path"], asked["query"], asked["cookies"]), ("/request/x", "q=1", {"a": "1"}))
        sent = [asked["headers"].get(name) for name in ("x-user", "x-own", "origin", "sec-websocket-protocol")]
        self.assertEqual(sent, ["Ada", "2", "http://shop.test", "chat"])
        self.assertEqual(client.cookies["seen"], "yes")
        self.assertIsInstance(session, ClientConnection)
        self.assertEqual(session.target, "/request/x?q=1")

    def test_compression(self) -> None:
        """Compression is offered where it is asked for."""
        with self.ws.connect("/request/x", compression="deflate") as session:
            self.assertIn("permessage-deflate", session.receive_json()["headers"]["sec-websocket-extensions"])

    def test_rejected(self) -> None:
        """A rejection has the server's answer, and nothing is left of the connection."""
        before = held_resources()
        with self.assertRaises(InvalidStatus) as caught:
            self.ws.connect("/denied")
        self.assertEqual(
            (caught.exception.response.status_code, caught.exception.response.body), (401, b"Who are you?")
        )
        note = "WebSocket /denied: the handshake was rejected with 401 Unauthorized"
        self.assertEqual(caught.exception.__notes__, [note])
        self.assertEqual(self.client.cookies["asked"], "yes")
        del caught
        self.server.settle()
        self.assertTrue(held_again(before))

    def test_redirects(self) -> None:
        """Redirects are followed where the client follows them."""
        with self.assertRaises(InvalidStatus):
            self.ws.connect("/redirect?to=/request/x")
        client = self.enterContext(SyncClient(self.server.url, thread=self.server, follow_redirects=True))
        with client.ws.connect("/redirect?to=/request/x") as session:
            self.assertEqual(session.receive_json()["cookies"], {"redirected": "yes"})
        client.max_redirects = 1
        with self.assertRaises(httpx.TooManyRedirects):
            client.ws.connect("/redirect?to=/redirect%3Fto=/redirect%3Fto=/echo")

    def test_other_origin(self) -> None:
        """Another server is not connected to."""
        with self.assertRaises(ForeignURLError) as caught:
            self.ws.connect("ws://127.0.0.1:9/")
        self.assertEqual(caught.exception.url, "ws://127.0.0.1:9/")

    def test_refused(self) -> None:
        """Where nothing listens, the operating system's error comes."""
        with SyncClient("http://127.0.0.1:9") as client, self.assertRaises(ConnectionRefusedError):
            client.ws.connect("/")

    def test_no_answer(self) -> None:
        """A handshake that is not answered ends in time."""
        release = threading.Event()
        self.addCleanup(release.set)
        assert self.server._loop is not None
        self.server._loop.call_soon_threadsafe(release.wait)
        with self.assertRaisesRegex(TimeoutError, "^WebSocket /echo: the handshake was not answered within .* s$"):
            self.ws.connect("/echo", open_timeout=20 * MS)

    def test_unknown_option(self) -> None:
        """An option that there is not is refused."""
        with self.assertRaisesRegex(TypeError, r"^connect\(\) got an unexpected keyword argument 'time_out'$"):
            self.ws.connect("/echo", time_out=1)  # type: ignore[call-arg]

    def test_options_are_those_of_the_other_client(self) -> None:
        """It takes every option that the client of coroutines takes, and no other."""
        options = inspect.signature(WebSocketClient.connect).parameters.keys() - {"self", "path"}
        self.assertEqual(options, ConnectOptions.__annotations__.keys())

    def test_timeout_of_the_client(self) -> None:
        """The client's time-out for reading holds for sessions too; where it has none, five seconds do."""
        for given, expected in ((2.0, 2.0), (None, 5.0)):
            client = self.enterContext(SyncClient(self.server.url, thread=self.server, timeout=given))
            with client.ws.connect("/echo") as session:
                self.assertEqual(session.timeout, expected)


class TLSTests(unittest.TestCase):
    """Encrypted connections."""

    def test_wss(self) -> None:
        """A server of https is reached with the context that is given, and with none that distrusts it."""
        authority = trustme.CA()
        context, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
        authority.issue_cert("127.0.0.1").configure_cert(context)
        authority.configure_trust(trusting)
        thread = self.enterContext(LoopThread("the peer"))
        peer = thread.run(_serve_encrypted(context))
        self.addCleanup(lambda: thread.run(_stop(peer)))
        url = url_of(next(iter(peer.sockets))).replace("http", "https")
        ws = SyncWebSocketClient(self.enterContext(httpx.Client(base_url=url, trust_env=False, verify=trusting)))
        with ws.connect("/", ssl=trusting) as session:
            session.expect("hello")
        with self.assertRaises(ssl.SSLCertVerificationError):
            ws.connect("/")


async def _enter(serving: contextlib.AbstractAsyncContextManager[str]) -> str:
    return await serving.__aenter__()


async def _leave(serving: contextlib.AbstractAsyncContextManager[str]) -> None:
    await serving.__aexit__(None, None, None)


async def _serve_encrypted(context: ssl.SSLContext) -> Server:
    return await serve(speaker("hello"), "127.0.0.1", 0, ssl=context, close_timeout=1)


async def _stop(peer: Server) -> None:
    peer.close()
    await peer.wait_closed()
