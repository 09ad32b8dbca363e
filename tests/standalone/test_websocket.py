"""WebSockets: how they are opened, and what is sent and received on them."""

import asyncio

from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import CloseCode

from fastapi_testing.assertions import WebSocketAssertions
from fastapi_testing.standalone import AsyncTestClient, AsyncTestResponse, Config, WebSocketConfig, WebSocketHelper
from tests.client.peers import deaf, serve_peer
from tests.standalone.case import StandaloneTestCase
from tests.timing import MS


class HelperTests(StandaloneTestCase):
    """What client.ws does."""

    async def asyncSetUp(self) -> None:
        await super().asyncSetUp()
        self.ws = self.client.ws
        self.echo = await self.client.websocket("/echo")
        self.two = await self.client.websocket("/two")

    async def test_text(self) -> None:
        """A text message is sent and received."""
        await self.ws.send_text(self.echo, "hello")
        self.assertEqual(await self.ws.receive_text(self.echo), "hello")

    async def test_json(self) -> None:
        """A value is sent and received as JSON."""
        await self.ws.send_json(self.echo, {"say": ["hi", None]})
        self.assertEqual(await self.ws.receive_json(self.echo), {"say": ["hi", None]})

    async def test_binary(self) -> None:
        """A binary message is sent and received."""
        await self.ws.send_binary(self.echo, b"\x00\x01")
        self.assertEqual(await self.ws.receive_binary(self.echo), b"\x00\x01")

    async def test_without_a_client(self) -> None:
        """The helper keeps nothing: it works without a client, and without an instance."""
        await WebSocketHelper.send_text(self.echo, "hello")
        self.assertEqual(await WebSocketHelper().receive_text(self.echo), "hello")

    async def test_wrong_kind(self) -> None:
        """A message of the other kind is a TypeError, whose cause says which message it was."""
        for receive, data, message in (
            (self.ws.receive_text, b"x", "Expected str, got <class 'bytes'>"),
            (self.ws.receive_json, b"x", "Expected text data to decode JSON, got <class 'bytes'>"),
            (self.ws.receive_binary, "x", "Expected bytes, got <class 'str'>"),
        ):
            await self.echo.websocket().send(data)
            with self.subTest(message), self.assertRaises(TypeError) as caught:
                await receive(self.echo)
            self.assertEqual(str(caught.exception), message)
            self.assertRegex(str(caught.exception.__cause__), "^WebSocket /echo: expected a .* message, got .*x")

    async def test_not_json(self) -> None:
        """Text that is not JSON is a ValueError that shows it."""
        await self.ws.send_text(self.echo, "hello")
        with self.assertRaises(ValueError) as caught:
            await self.ws.receive_json(self.echo)
        self.assertEqual(
            str(caught.exception),
            "WebSocket /echo: expected a JSON message, got 'hello': Expecting value: line 1 column 1 (char 0)",
        )

    async def test_expect(self) -> None:
        """Text, bytes and documents are compared with the next message, each as what it is."""
        for message, expected in (
            ("hello", "hello"),
            (b"\x00", b"\x00"),
            ('{"a": 1, "b": [true]}', {"b": [True], "a": 1}),
            (b"[1]", [1]),
        ):
            await self.echo.websocket().send(message)
            await self.ws.expect_message(self.echo, expected)

    async def test_expect_in_vain(self) -> None:
        """Another message is an AssertionError that shows both."""
        for expected, message in (
            ("hello", 'Expected message "hello", got "one"'),
            ({"a": 1}, 'Expected message JSON {"a": 1}, got "one", which is not JSON'),
        ):
            with self.subTest(expected), self.assertRaises(AssertionError) as caught:
                await self.ws.expect_message(await self.client.websocket("/two"), expected)
            self.assertEqual(str(caught.exception), message)

    async def test_expect_too_long(self) -> None:
        """No message within the time-out is a TimeoutError that says what was awaited."""
        with self.assertRaises(TimeoutError) as caught:
            await self.ws.expect_message(self.echo, {"a": 1}, timeout=20 * MS)
        self.assertEqual(
            str(caught.exception),
            'Timeout waiting for expected message JSON {"a": 1}: '
            f"WebSocket /echo: no message within {20 * MS:g} s; nothing was received before",
        )

    async def test_drain(self) -> None:
        """Draining a connection that is closed gives all that came before, and then nothing."""
        self.assertEqual(await self.ws.drain_messages(self.two, timeout=10), ["one", b"two"])
        self.assertEqual(await self.ws.drain_messages(self.two, timeout=10), [])

    async def test_drain_until_nothing_comes(self) -> None:
        """Draining one that is open ends when no message comes for as long as the time-out."""
        await self.ws.send_text(self.echo, "one")
        await self.ws.send_text(self.echo, "two")
        self.assertEqual(await self.ws.drain_messages(self.echo, timeout=700 * MS), ["one", "two"])


class ConfigTests(StandaloneTestCase):
    """What the configuration of a WebSocket does to it."""

    async def test_defaults(self) -> None:
        """Without one, the time-out is the client's, and nothing is negotiated."""
        session = (await self.client.websocket("/echo")).websocket()
        self.assertEqual((session.timeout, session.ping_interval, session.subprotocol), (30.0, None, None))
        self.assertEqual((session.recv_messages.high, session.protocol.extensions), (32, []))

    async def test_limits_of_the_configuration(self) -> None:
        """Limits are those of the configuration of the client, where a WebSocket has none of its own."""
        config = Config(ws_max_message_size=4, ws_max_queue_size=2)
        async with AsyncTestClient(self.server.base_url, config=config) as client:
            response = await client.websocket("/echo")
            self.assertEqual(response.websocket().recv_messages.high, 2)
            await self.assert_too_big(response, "12345")

    async def test_subprotocols(self) -> None:
        """Subprotocols are offered, and the server chooses one."""
        config = WebSocketConfig(subprotocols=["chat.v1", "chat.v2"])
        response = await self.client.websocket("/echo?subprotocol=chat.v2", config)
        self.assertEqual(response.websocket().subprotocol, "chat.v2")

    async def test_compression(self) -> None:
        """Compression is negotiated."""
        response = await self.client.websocket("/echo", WebSocketConfig(compression="deflate"))
        self.assertEqual(
            [type(extension) for extension in response.websocket().protocol.extensions], [PerMessageDeflate]
        )

    async def test_headers(self) -> None:
        """Headers are sent, those among the options too."""
        options = {"additional_headers": {"X-Two": "2"}, "headers": {"X-Three": "3"}}
        response = await self.client.websocket("/headers", WebSocketConfig(extra_headers={"X-One": "1"}), options)
        headers = await self.client.ws.receive_json(response)
        self.assertEqual([headers[name] for name in ("x-one", "x-two", "x-three")], ["1", "2", "3"])

    async def test_pings(self) -> None:
        """A server that does not answer a keep-alive ping in time loses the connection."""
        async with serve_peer(deaf) as url, AsyncTestClient(url) as client:
            config = WebSocketConfig(ping_interval=10 * MS, ping_timeout=10 * MS)
            response = await client.websocket("/", config)
            await response.websocket().wait_closed()
            closed = response.websocket().protocol.close_sent
            assert closed is not None
            self.assertEqual((closed.code, closed.reason), (CloseCode.INTERNAL_ERROR, "keepalive ping timeout"))

    async def test_max_size(self) -> None:
        """A message that is too big ends the connection."""
        response = await self.client.websocket("/echo", WebSocketConfig(max_size=4))
        await self.assert_too_big(response, "12345")

    async def test_max_queue(self) -> None:
        """So many messages may wait to be received."""
        response = await self.client.websocket("/echo", WebSocketConfig(max_queue=3))
        self.assertEqual(response.websocket().recv_messages.high, 3)

    async def test_timeout_of_the_handshake(self) -> None:
        """A handshake that is not answered in time is a TimeoutError."""
        with self.assertRaises(TimeoutError) as caught:
            await self.client.websocket("/never", WebSocketConfig(timeout=20 * MS))
        self.assertEqual(
            str(caught.exception), f"WebSocket /never: the handshake was not answered within {20 * MS:g} s"
        )

    async def test_timeout_of_a_receive(self) -> None:
        """The time-out holds for each receive."""
        response = await self.client.websocket("/echo", WebSocketConfig(timeout=800 * MS))  # for the handshake, too
        with self.assertRaisesRegex(TimeoutError, f"^WebSocket /echo: no text message within {800 * MS:g} s; "):
            await self.client.ws.receive_text(response)

    async def test_options(self) -> None:
        """Options are what connect() takes, and go before the configuration."""
        options = {"max_size": None, "params": {"a": "1"}}
        response = await self.client.websocket("/echo", WebSocketConfig(max_size=4), options)
        await self.client.ws.send_text(response, "12345")
        self.assertEqual(await self.client.ws.receive_text(response), "12345")
        self.assertEqual(response.websocket().target, "/echo?a=1")

    async def assert_too_big(self, response: AsyncTestResponse, text: str) -> None:
        """Assert that a message which comes back is too big."""
        await self.client.ws.send_text(response, text)
        with self.assertRaises(ConnectionClosedError) as caught:
            await self.client.ws.receive_text(response)
        assert caught.exception.sent is not None
        self.assertEqual(caught.exception.sent.code, CloseCode.MESSAGE_TOO_BIG)
        (note,) = caught.exception.__notes__
        advice = "as the message is too big: give connect() a larger max_size=, or None for no limit"
        self.assertEqual(
            note, f"WebSocket /echo: closed while a text message was awaited, {advice}; nothing was received before"
        )


class ConnectTests(StandaloneTestCase):
    """What becomes of an attempt to connect."""

    async def test_rejected(self) -> None:
        """A rejected handshake is reported at once, and not tried again."""
        with self.assertRaises(InvalidStatus) as caught:
            await self.client.websocket("/forbidden")
        self.assertEqual((caught.exception.response.status_code, self.server.app.state.rejected), (403, 1))

    async def test_assert_rejected(self) -> None:
        """The assertion on rejections takes what websocket() returns before it is awaited."""
        await WebSocketAssertions().assertWebSocketRejected(self.client.websocket("/forbidden"), 403)

    async def test_refused(self) -> None:
        """A refused connection is tried as often as the configuration says, and then it is refused."""
        url = self.server.base_url
        await self.server.stop()
        config = Config(ws_retry_attempts=3, ws_retry_delay=20 * MS)
        started = asyncio.get_running_loop().time()
        async with AsyncTestClient(url, config=config) as client:
            with self.assertRaises(ConnectionRefusedError):
                await client.websocket("/echo")
        self.assertGreaterEqual(asyncio.get_running_loop().time() - started, 2 * 20 * MS)

    async def test_refused_by_every_address(self) -> None:
        """A name whose addresses all refuse the connection is refused."""
        port = self.server.port
        await self.server.stop()
        async with AsyncTestClient(
            f"http://localhost:{port}", config=Config(ws_retry_attempts=2, ws_retry_delay=0)
        ) as client:
            with self.assertRaisesRegex(OSError, "Connect call failed"):
                await client.websocket("/echo")

    async def test_late_server(self) -> None:
        """A server that starts between two attempts is reached."""
        port = self.server.port
        assert port is not None
        url, app = self.server.base_url, self.server.app
        await self.server.stop()
        config = Config(ws_retry_attempts=1000, ws_retry_delay=10 * MS)
        async with AsyncTestClient(url, config=config) as client:
            connecting = asyncio.create_task(client.websocket("/echo"))
            await asyncio.sleep(0)
            late = type(self.server)(app, config=Config(port_range_start=port, port_range_end=port))
            async with late:
                self.assertEqual((await connecting).websocket().target, "/echo")
                await client.close()
