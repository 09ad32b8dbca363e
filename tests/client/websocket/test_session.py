"""Tests of the WebSocket session: what it sends, receives and expects, and what it says when it cannot."""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any, cast

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK
from websockets.protocol import State

from tests.client.peers import WebSocketTestCase, deaf, speaker
from tests.timing import MS


class SendTests(WebSocketTestCase):
    """Sending messages."""

    async def test_send_text(self) -> None:
        """Text is sent as a text message."""
        session = await self.ws.connect("/echo")
        await session.send_text("grüezi")
        self.assertEqual(await session.receive(), "grüezi")

    async def test_send_bytes(self) -> None:
        """Everything that is like bytes is sent as a binary message."""
        session = await self.ws.connect("/echo")
        for data in (b"ab", bytearray(b"ab"), memoryview(b"ab")):
            await session.send_bytes(data)
            self.assertEqual(await session.receive(), b"ab")

    async def test_send_json(self) -> None:
        """JSON is sent compact, as text or as bytes."""
        session = await self.ws.connect("/echo")
        await session.send_json({"name": "Zoë", "tags": [1, None]})
        self.assertEqual(await session.receive(), '{"name":"Zoë","tags":[1,null]}')
        await session.send_json("é", mode="binary")
        self.assertEqual(await session.receive(), b'"\xc3\xa9"')

    async def test_send_wrong_type(self) -> None:
        """A message of the wrong type is refused, with the method that takes it."""
        session = await self.ws.connect("/echo")
        with self.assertRaises(TypeError) as caught:
            await session.send_text(cast("Any", b"bytes"))
        message = "WebSocket /echo: send_text() takes a str, got bytes: use send_bytes() or send_json()"
        self.assertEqual(str(caught.exception), message)
        with self.assertRaises(TypeError) as caught:
            await session.send_bytes(cast("Any", {"a": 1}))
        message = "WebSocket /echo: send_bytes() takes bytes, got dict: use send_text() or send_json()"
        self.assertEqual(str(caught.exception), message)

    async def test_send_wrong_json(self) -> None:
        """What is not JSON, and a mode that there is not, are refused."""
        session = await self.ws.connect("/echo")
        with self.assertRaises(ValueError):
            await session.send_json(float("nan"))
        with self.assertRaises(TypeError):
            await session.send_json(object())
        with self.assertRaises(ValueError) as caught:
            await session.send_json(1, mode=cast("Any", "bytes"))
        self.assertEqual(str(caught.exception), "WebSocket /echo: mode must be 'text' or 'binary', got 'bytes'")

    async def test_send_to_a_server_that_does_not_read(self) -> None:
        """A send that no buffer takes ends in time, and so does the close after it."""
        session = await self.connect_to_peer(deaf)
        session.timeout = 50 * MS
        with self.assertRaises(TimeoutError) as caught:
            while True:
                await session.send_bytes(bytes(2**20))
        self.assertEqual(
            str(caught.exception),
            f"WebSocket /peer: the server did not take the message within {50 * MS:g} s: "
            f"the app receives none, and every buffer on the way is full",
        )
        await session.close()
        self.assertIs(session.state, State.CLOSED)


class ReceiveTests(WebSocketTestCase):
    """Receiving messages."""

    async def test_receive(self) -> None:
        """Messages of either kind are received as they come."""
        session = await self.ws.connect("/say?text=hello&hex=0001")
        self.assertEqual([await session.receive(), await session.receive()], ["hello", b"\x00\x01"])

    async def test_receive_text_and_bytes(self) -> None:
        """A test that knows which kind comes can say so."""
        session = await self.ws.connect("/say?text=hello&hex=0001")
        self.assertEqual(await session.receive_text(), "hello")
        self.assertEqual(await session.receive_bytes(), b"\x00\x01")

    async def test_receive_json(self) -> None:
        """JSON is received from text and from bytes."""
        session = await self.ws.connect("/say", params={"text": '{"a": 1}', "hex": b"[null]".hex()})
        self.assertEqual([await session.receive_json(), await session.receive_json()], [{"a": 1}, [None]])

    async def test_other_ways_of_websockets(self) -> None:
        """What websockets offers works as it does there, and what comes that way is remembered too."""
        session = await self.ws.connect("/bye?text=a&text=b&text=c&code=1000")
        self.assertEqual([await session.recv(), await session.recv(decode=False)], ["a", b"b"])
        async for message in session:
            self.assertEqual(message, "c")
        self.assertEqual(list(session.received), ["a", b"b", "c"])

    async def test_iteration(self) -> None:
        """Iterating ends with the connection, and waits no longer for a message than any receive."""
        session = await self.ws.connect("/say?text=a&text=b", timeout=50 * MS, open_timeout=5)
        messages = []
        with self.assertRaises(TimeoutError) as caught:
            async for message in session:
                messages.append(message)  # noqa: PERF401 - what came before the error is wanted
        self.assertEqual(messages, ["a", "b"])
        self.assertEqual(
            str(caught.exception),
            f'WebSocket /say?text=a&text=b: no message within {50 * MS:g} s; received before: "a", "b"',
        )

    async def test_received_is_bounded(self) -> None:
        """The last hundred messages are remembered."""
        session = await self.ws.connect("/say", params={"text": [str(number) for number in range(101)]})
        for _ in range(101):
            await session.receive()
        self.assertEqual((len(session.received), session.received[0], session.received[-1]), (100, "1", "100"))

    async def test_received_is_bounded_in_bytes(self) -> None:
        """Of what they are remembered for, a megabyte; of a larger message, the beginning, and how much is missing."""
        text, data = "é" * 2**20, bytes(2**21)
        session = await self.ws.connect("/echo", timeout=10_000 * MS, max_size=None)
        for message in ("first", text, data, "x" * 900_000, "y" * 900_000):
            await session.send(message)
            self.assertEqual(await session.receive(), message)
        self.assertEqual([*session.received], ["y" * 900_000])
        for message in ("first", text, data):
            await session.send(message)
            await session.receive()
        size = sum(map(sys.getsizeof, session.received))
        self.assertLess(size, 2**20)
        self.assertEqual(session.received[-2], "é" * 10_000 + "… (1038576 of 1048576 characters cut)")
        with self.assertRaises(TimeoutError) as caught:
            await session.receive(0)
        shown = f'"{"é" * 200}"… (1048576 characters), bytes {bytes(200)!r}… (2097152 bytes)'
        self.assertEqual(
            str(caught.exception),
            "WebSocket /echo: no message within 0 s; received before: (4 earlier), "
            f'"{"y" * 200}"… (900000 characters), "first", {shown}',
        )

    async def test_wrong_kind(self) -> None:
        """A message of the other kind is an error that shows it."""
        session = await self.ws.connect("/say?text=hello&hex=0001")
        with self.assertRaises(TypeError) as caught:
            await session.receive_bytes()
        message = 'WebSocket /say?text=hello&hex=0001: expected a binary message, got "hello"'
        self.assertEqual(str(caught.exception), message)
        with self.assertRaises(TypeError) as caught:
            await session.receive_text()
        message = r"WebSocket /say?text=hello&hex=0001: expected a text message, got bytes b'\x00\x01' (2 bytes)"
        self.assertEqual(str(caught.exception), message)

    async def test_not_json(self) -> None:
        """A message that is not JSON is an error that shows it."""
        session = await self.ws.connect("/say?text=hello")
        with self.assertRaises(ValueError) as caught:
            await session.receive_json()
        self.assertEqual(
            str(caught.exception),
            'WebSocket /say?text=hello: expected a JSON message, got "hello": '
            "Expecting value: line 1 column 1 (char 0)",
        )

    async def test_timeout(self) -> None:
        """A receive that no message ends says what it waited for, and that nothing had come."""
        session = await self.ws.connect("/echo", timeout=5 * MS, open_timeout=5)
        for receive, what in (
            (session.receive, "message"),
            (session.receive_text, "text message"),
            (session.receive_bytes, "binary message"),
            (session.receive_json, "JSON message"),
        ):
            with self.subTest(what=what), self.assertRaises(TimeoutError) as caught:
                await receive()
            message = f"WebSocket /echo: no {what} within {5 * MS:g} s; nothing was received before"
            self.assertEqual(str(caught.exception), message)

    async def test_timeout_after_messages(self) -> None:
        """A receive that times out shows the messages that had come before."""
        session = await self.ws.connect("/echo")
        for message in ("hello", '{"a": 1}', b"\x00"):
            await session.send(message)
            await session.receive()
        with self.assertRaises(TimeoutError) as caught:
            await session.receive_text(timeout=5 * MS)
        self.assertEqual(
            str(caught.exception),
            f"WebSocket /echo: no text message within {5 * MS:g} s; "
            r"""received before: "hello", {"a": 1}, bytes b'\x00' (1 byte)""",
        )

    async def test_timeout_after_many_and_long_messages(self) -> None:
        """Of many messages the last are shown, and of long ones the beginning."""
        session = await self.ws.connect("/echo")
        for message in ("1", "2", "3", "4", "a" * 201, f'["{"b" * 200}"]', b"c" * 201):
            await session.send(message)
            await session.receive()
        with self.assertRaises(TimeoutError) as caught:
            await session.receive(5 * MS)
        shown = [
            '"3", "4"',
            f'"{"a" * 200}"… (201 characters)',
            f'["{"b" * 198}… (204 characters)',
            f"bytes b'{'c' * 200}'… (201 bytes)",
        ]
        self.assertTrue(str(caught.exception).endswith(f"received before: (2 earlier), {', '.join(shown)}"))

    async def test_timeout_takes_no_message(self) -> None:
        """The message that a receive waited for in vain goes to the next one."""
        session = await self.ws.connect("/echo")
        with self.assertRaises(TimeoutError):
            await session.receive(0)
        await session.send_text("late")
        self.assertEqual(await session.receive(), "late")

    async def test_timeout_of_a_fragment(self) -> None:
        """The first half of a message stays for the receive that gets the second."""
        complete = asyncio.Event()

        async def in_two_parts() -> AsyncIterator[str]:
            yield "first "
            await complete.wait()
            yield "second"

        async def peer(connection: ServerConnection) -> None:
            await connection.send(in_two_parts())
            await connection.wait_closed()

        session = await self.connect_to_peer(peer)
        with self.assertRaises(TimeoutError):
            await session.receive(20 * MS)
        complete.set()
        self.assertEqual(await session.receive(), "first second")

    async def test_closed(self) -> None:
        """A connection that closes instead raises what websockets raises, with a note of what was awaited."""
        session = await self.ws.connect("/bye?text=hello&code=4000")
        await session.receive()
        with self.assertRaises(ConnectionClosedError) as caught:
            await session.receive_json()
        self.assertEqual((session.close_code, session.close_reason), (4000, "done"))
        note = 'WebSocket /bye?text=hello&code=4000: closed while a JSON message was awaited; received before: "hello"'
        self.assertEqual(caught.exception.__notes__, [note])

    async def test_closed_normally(self) -> None:
        """A close that is not an error is told apart from one that is."""
        session = await self.ws.connect("/bye?code=1000")
        with self.assertRaises(ConnectionClosedOK):
            await session.receive()


class ExpectTests(WebSocketTestCase):
    """Expecting a message."""

    async def test_expect(self) -> None:
        """The message that is expected is returned: text, bytes, or the value of JSON in either."""
        session = await self.ws.connect("/echo")
        await session.send_text("hello")
        self.assertEqual(await session.expect("hello"), "hello")
        for data in (b"ab", bytearray(b"ab"), memoryview(b"ab")):
            await session.send_bytes(data)
            self.assertEqual(await session.expect(data), b"ab")
        await session.send_json({"a": [1, None]})
        self.assertEqual(await session.expect({"a": [1, None]}), {"a": [1, None]})
        await session.send_json([3], mode="binary")
        self.assertEqual(await session.expect([3]), [3])

    async def test_expect_another(self) -> None:
        """Another message fails, and shows both."""
        session = await self.ws.connect("/echo")
        for sent, expected, message in (
            ("bye", "hello", 'expected "hello", got "bye"'),
            (b"hello", "hello", "expected \"hello\", got bytes b'hello' (5 bytes)"),
            ("hello", b"hello", "expected bytes b'hello' (5 bytes), got \"hello\""),
            ('{"a": 2}', {"a": 1}, 'expected JSON {"a": 1}, got {"a": 2}'),
            ("hello", {"a": 1}, 'expected JSON {"a": 1}, got "hello"'),
            ("null", False, 'expected JSON false, got "null"'),
            ("hello", None, 'expected JSON null, got "hello"'),
            ("[]", {"a": {1}}, 'expected JSON {"a": "{1}"}, got []'),
        ):
            with self.subTest(expected=expected), self.assertRaises(AssertionError) as caught:
                await session.send(sent)
                await session.expect(expected)
            self.assertEqual(str(caught.exception), f"WebSocket /echo: {message}")

    async def test_expect_in_vain(self) -> None:
        """A message that does not come in time raises, and says which it was."""
        session = await self.ws.connect("/echo")
        with self.assertRaises(TimeoutError) as caught:
            await session.expect({"a": 1}, timeout=5 * MS)
        message = f'WebSocket /echo: no message within {5 * MS:g} s, expected JSON {{"a": 1}}; '
        self.assertEqual(str(caught.exception), f"{message}nothing was received before")

    async def test_expect_of_a_closed_connection(self) -> None:
        """A connection that closes instead says in a note which message was expected."""
        session = await self.ws.connect("/bye?code=1000")
        with self.assertRaises(ConnectionClosedOK) as caught:
            await session.expect("hello")
        message = 'WebSocket /bye?code=1000: closed while a message was awaited, expected "hello"; '
        self.assertEqual(caught.exception.__notes__, [f"{message}nothing was received before"])


class DrainMessagesTests(WebSocketTestCase):
    """Taking the messages that are waiting."""

    async def test_drain_messages(self) -> None:
        """All that the server had sent is taken, also what had not arrived, or was more than may wait."""
        texts = [str(number) for number in range(100)]
        session = await self.connect_to_peer(speaker(*texts), max_queue=4)
        self.assertEqual(await session.drain_messages(), texts)
        self.assertEqual(await session.drain_messages(), [])

    async def test_drain_messages_of_a_closed_connection(self) -> None:
        """What came before a connection closed is taken from it."""
        session = await self.ws.connect("/bye?text=a&text=b&code=1000")
        await session.wait_closed()
        self.assertEqual(await session.drain_messages(), ["a", "b"])

    async def test_drain_messages_while_closing(self) -> None:
        """A connection that closes instead of answering the ping ends the wait for the answer."""
        connections: list[ServerConnection] = []

        async def peer(connection: ServerConnection) -> None:
            connections.append(connection)
            await deaf(connection)

        session = await self.connect_to_peer(peer)
        await session.receive()
        draining = asyncio.create_task(session.drain_messages(60))
        connections[0].transport.abort()
        self.assertEqual(await draining, [])
        self.assertIs(session.state, State.CLOSED)

    async def test_drain_messages_without_an_answer(self) -> None:
        """Where the ping is not answered, what has come by the time-out is what was waiting."""
        session = await self.connect_to_peer(deaf)
        self.assertEqual(await session.drain_messages(700 * MS), ["hello"])

    async def test_drain_messages_while_receiving(self) -> None:
        """Two cannot receive at once, as websockets has it."""
        session = await self.ws.connect("/echo")
        receiving = asyncio.create_task(session.receive())
        await asyncio.sleep(0)
        with self.assertRaisesRegex(Exception, "cannot call recv while another coroutine"):
            await session.drain_messages()
        await session.send_text("hello")
        self.assertEqual(await receiving, "hello")


class CloseTests(WebSocketTestCase):
    """Closing a connection."""

    async def test_close(self) -> None:
        """A connection closes with the code and the reason it is given, once."""
        session = await self.ws.connect("/echo")
        await session.close(4001, "enough")
        await session.close()
        self.assertEqual((session.close_code, session.close_reason), (4001, "enough"))

    async def test_close_with_messages_waiting(self) -> None:
        """More messages than may wait do not keep the server's answer to a close from being read."""
        session = await self.connect_to_peer(speaker(*["x" * 1000] * 1000), max_queue=1)
        session.close_timeout = 60
        await session.close()
        self.assertEqual((session.state, session.close_code), (State.CLOSED, 1000))
