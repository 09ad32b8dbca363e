# Generated from conversation.py by `python -m tests.sync_files --write`: change that file, not this one.
"""What a plain test says and hears on a WebSocket; how long it takes to send and to receive is left to the session."""

from typing import TYPE_CHECKING, Any, Literal

from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode

from fastapi_testing.client.websocket.messages import Data, Expected, Messages

if TYPE_CHECKING:
    from fastapi_testing.server.recording.exchange import Exchange

__all__ = ["WaitingMessages"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


class WaitingMessages(Messages):
    """The half of a session that sends, receives and closes, with the methods that the other half has for it."""

    if TYPE_CHECKING:

        def _send(self, data: Data | bytearray | memoryview) -> None: ...

        def _recv_within(self, seconds: float) -> Data: ...

        def _drain(self, seconds: float) -> list[Data]: ...

        def _settle(self, exchange: Exchange) -> None: ...

        def disconnect(self, code: CloseCode | int = ..., reason: str = ...) -> None: ...

    def send_text(self, text: str) -> None:
        """
        Send a text message.

        Args:
            text: The message.

        Raises:
            TypeError: If it is not a string.
            TimeoutError: If the server does not take it within ``timeout`` seconds; the connection is cut then.
            ConnectionClosed: If the connection is closed.
        """
        self._check_text(text)
        self._send(text)

    def send_bytes(self, data: bytes | bytearray | memoryview) -> None:
        """
        Send a binary message.

        Args:
            data: The message.

        Raises:
            TypeError: If it is not bytes-like.
            TimeoutError: If the server does not take it within ``timeout`` seconds; the connection is cut then.
            ConnectionClosed: If the connection is closed.
        """
        self._check_bytes(data)
        self._send(data)

    def send_json(self, value: Any, *, mode: Literal["text", "binary"] = "text") -> None:
        """
        Send a value as JSON (RFC 8259), as compact as httpx sends it.

        Args:
            value: What :func:`json.dumps` takes.
            mode: The kind of message that carries it: ``"text"`` or ``"binary"``, as with Starlette's
                ``WebSocket.receive_json``.

        Raises:
            TypeError: If the value has no JSON form.
            ValueError: If it holds a NaN or an infinity, or if there is no such mode.
            TimeoutError: If the server does not take it within ``timeout`` seconds; the connection is cut then.
            ConnectionClosed: If the connection is closed.
        """
        self._send(self._encode(value, mode))

    def receive(self, timeout: float | None = None) -> Data:
        """
        Receive the next message, of either kind.

        A receive that times out takes no message: the next one gets it.

        Args:
            timeout: Seconds to wait; the session's ``timeout`` unless given.

        Returns:
            A string for a text message, bytes for a binary one.

        Raises:
            TimeoutError: If no message comes in time; it says which had come before.
            ConnectionClosed: If the connection is closed; a note says what was awaited.
        """
        return self._receive("message", timeout)

    def receive_text(self, timeout: float | None = None) -> str:
        """
        Receive the next message, which must be text.

        Args:
            timeout: Seconds to wait; the session's ``timeout`` unless given.

        Raises:
            TypeError: If a binary message comes.
            TimeoutError: If no message comes in time; it says which had come before.
            ConnectionClosed: If the connection is closed; a note says what was awaited.
        """
        return self._as_text(self._receive("text message", timeout))

    def receive_bytes(self, timeout: float | None = None) -> bytes:
        """
        Receive the next message, which must be binary.

        Args:
            timeout: Seconds to wait; the session's ``timeout`` unless given.

        Raises:
            TypeError: If a text message comes.
            TimeoutError: If no message comes in time; it says which had come before.
            ConnectionClosed: If the connection is closed; a note says what was awaited.
        """
        return self._as_bytes(self._receive("binary message", timeout))

    def receive_json(self, timeout: float | None = None) -> Any:
        """
        Receive the next message, which must be JSON (RFC 8259), in text or in binary.

        Args:
            timeout: Seconds to wait; the session's ``timeout`` unless given.

        Returns:
            The value that the message holds.

        Raises:
            ValueError: If the message is not JSON.
            TimeoutError: If no message comes in time; it says which had come before.
            ConnectionClosed: If the connection is closed; a note says what was awaited.
        """
        return self._as_json(self._receive("JSON message", timeout))

    def expect(self, message: Any, timeout: float | None = None) -> Any:
        """
        Receive the next message, which must be this one.

        Args:
            message: A string for a text message, something bytes-like for a binary one, any other value for a
                message of either kind that holds it as JSON.
            timeout: Seconds to wait; the session's ``timeout`` unless given.

        Returns:
            What was received, as a string, bytes, or the JSON value.

        Raises:
            AssertionError: If another message comes.
            TimeoutError: If no message comes in time; it says which had come before.
            ConnectionClosed: If the connection is closed; a note says what was awaited.
        """
        expected = Expected(message)
        return expected.check(self, self._receive("message", timeout, expected))

    def drain_messages(self, timeout: float | None = None) -> list[Data]:
        """
        Receive the messages that are waiting, without waiting for more.

        To know which they are, it sends a ping: what the server had sent by the time it answered has come. On a
        closed connection they are all that came before it closed.

        Args:
            timeout: Seconds to wait for that answer, which an app that does not receive holds back; the session's
                ``timeout`` unless given. After it, the messages that have come are the ones that were waiting.

        Returns:
            The messages, oldest first.
        """
        return self._drain(self.timeout if timeout is None else timeout)

    def close(self, code: CloseCode | int = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        """
        Close the connection (RFC 6455 §7), and wait until the app's call has ended; leaving ``with`` does so.

        It does not wait where ``settle`` is False, or where the block is left by an exception.

        Args:
            code: The close code (RFC 6455 §7.4).
            reason: The close reason.

        Raises:
            TimeoutError: If the call does not end within ``settle_timeout``; it names the line at which it waits.
            Exception: With ``raise_server_exceptions``, what the app has raised and no receive or send has.
        """
        self.disconnect(code, reason)
        exchange = self._unsettled()
        if exchange is not None:
            self._settle(exchange)
        self._raise_unseen()

    def _receive(self, what: str, timeout: float | None, expected: Expected | None = None) -> Data:
        seconds = self.timeout if timeout is None else timeout
        try:
            return self._recv_within(seconds)
        except TimeoutError:
            raise self._none_came(what, seconds, expected) from None
        except ConnectionClosed as exc:
            self._note_what_was_awaited(exc, what, expected)
            raise
