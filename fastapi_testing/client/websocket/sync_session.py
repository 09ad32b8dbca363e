"""One open WebSocket, as a plain test holds it: every wait has an end, and every failure says what came before it."""

import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Literal, Self, overload

from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK, InvalidStatus
from websockets.frames import CloseCode
from websockets.sync.client import ClientConnection

from fastapi_testing.client.websocket.messages import Data, Expected, Messages, Mode

__all__ = ["SyncWebSocketSession"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


class SyncWebSocketSession(Messages, ClientConnection):
    """
    A WebSocket connection to the test server, for tests that are no coroutines.

    It is a :class:`websockets.sync.client.ClientConnection`, whose methods stay as they are, with the receives of a
    :class:`~fastapi_testing.WebSocketSession`::

        with self.ws.connect("/chat/lobby") as chat:
            chat.send_json({"say": "hi"})
            chat.expect({"room": "lobby", "said": "hi"})

    Attributes:
        timeout: Seconds that a receive or a send may take where it is not told otherwise.
        received: The last messages that were received, oldest first; 100 are kept. What ``recv_streaming`` yields
            is not among them.
        exchange: What the server recorded of it; None where the server is not one of this process.
    """

    def __init__(
        self, sock: socket.socket, protocol: ClientProtocol, *, raise_server_exceptions: bool = False, **options: Any
    ) -> None:
        self._begin(raise_server_exceptions=raise_server_exceptions)
        self._send_timeout: float | None = None
        super().__init__(sock, protocol, **options)
        self.pending_legacy_warning = False  # of websockets 17.1, for those who call its connect()

    def handshake(self, *args: Any, **kwargs: Any) -> None:
        addresses = self.remote_address, self.local_address  # the server may close the connection at once
        try:
            super().handshake(*args, **kwargs)
        except InvalidStatus as exc:
            self._note_rejection(exc, *addresses)
            raise
        self._find_exchange(*addresses)

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

    def send_json(self, value: Any, *, mode: Mode = "text") -> None:
        """
        Send a value as JSON (RFC 8259), as compact as httpx sends it.

        Args:
            value: What :func:`json.dumps` takes.
            mode: The kind of message that carries it: ``"text"`` or ``"binary"``.

        Raises:
            TypeError: If the value has no JSON form.
            ValueError: If it holds a NaN or an infinity, or if there is no such mode.
            TimeoutError: If the server does not take it within ``timeout`` seconds; the connection is cut then.
            ConnectionClosed: If the connection is closed.
        """
        self._send(self._encode(value, mode))

    def receive(self, timeout: float | None = None) -> Data:
        """
        Receive the next message, of either kind: a string for a text message, bytes for a binary one.

        A receive that times out takes no message: the next one gets it.

        Args:
            timeout: Seconds to wait; the session's ``timeout`` unless given.

        Raises:
            TimeoutError: If no message comes in time; it says which had come before.
            ConnectionClosed: If the connection is closed; a note says what was awaited.
        """
        return self._receive("message", timeout)

    def receive_text(self, timeout: float | None = None) -> str:
        """Receive the next message as :meth:`receive` does; it must be text, or it is a :exc:`TypeError`."""
        return self._as_text(self._receive("text message", timeout))

    def receive_bytes(self, timeout: float | None = None) -> bytes:
        """Receive the next message as :meth:`receive` does; it must be binary, or it is a :exc:`TypeError`."""
        return self._as_bytes(self._receive("binary message", timeout))

    def receive_json(self, timeout: float | None = None) -> Any:
        """Receive the next message as :meth:`receive` does, and return its JSON, or raise a :exc:`ValueError`."""
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
        self._read_on()  # or the answer would wait behind more messages than the queue holds
        with suppress(ConnectionClosed):
            self.ping().wait(self.timeout if timeout is None else timeout)
        messages: list[Data] = []
        with suppress(ConnectionClosed, TimeoutError):
            while True:
                messages.append(self.recv(0))
        return messages

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    def __iter__(self) -> Iterator[Data]:
        with suppress(ConnectionClosedOK):
            while True:
                yield self.receive()

    @overload
    def recv(self, timeout: float | None, decode: Literal[True]) -> str: ...

    @overload
    def recv(self, timeout: float | None, decode: Literal[False]) -> bytes: ...

    @overload
    def recv(self, timeout: float | None = None, *, decode: Literal[True]) -> str: ...

    @overload
    def recv(self, timeout: float | None = None, *, decode: Literal[False]) -> bytes: ...

    @overload
    def recv(self, timeout: float | None = None, decode: bool | None = None) -> Data: ...  # noqa: FBT001 - websockets' own signature

    def recv(self, timeout: float | None = None, decode: bool | None = None) -> Data:  # noqa: FBT001 - websockets' own signature
        try:
            return self._keep(super().recv(timeout, decode))
        except ConnectionClosed:
            self._raise_exception()
            raise

    def close(self, code: CloseCode | int = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        """
        Close the connection (RFC 6455 §7), within ``close_timeout`` seconds; on a closed one it does nothing.

        Args:
            code: The close code (RFC 6455 §7.4).
            reason: The close reason.
        """
        self._read_on()  # or the server's close frame would not be read behind messages that nobody receives
        super().close(code, reason)
        self.recv_events_thread.join()

    def cut(self) -> None:
        """Close the connection without a closing handshake."""
        self.close_socket()
        self.recv_events_thread.join()

    def _read_on(self) -> None:
        """Let any number of messages wait to be received."""
        assembler = self.recv_messages
        with assembler.mutex:
            assembler.high = assembler.low = None
            if assembler.paused:
                assembler.paused = False
                assembler.resume()

    def _send(self, data: str | bytes | bytearray | memoryview) -> None:
        self._limit_sends()
        try:
            self.send(data)
        except ConnectionClosed as exc:
            if isinstance(exc.__cause__, BlockingIOError):
                raise self._not_taken() from None
            self._raise_exception()
            raise

    def _limit_sends(self) -> None:
        """Let the operating system end a send that takes too long; a time-out of Python's would hold for reads too."""
        if self._send_timeout != self.timeout:
            self._send_timeout = self.timeout
            milliseconds = max(1, round(1000 * self.timeout))
            with suppress(OSError):  # of a socket that is closed: the send will say so
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _pack_time(milliseconds))

    def _receive(self, what: str, timeout: float | None, expected: Expected | None = None) -> Data:
        seconds = self.timeout if timeout is None else timeout
        try:
            return self.recv(seconds)
        except TimeoutError:
            raise self._none_came(what, seconds, expected) from None
        except ConnectionClosed as exc:
            self._note_what_was_awaited(exc, what, expected)
            raise


def _pack_time(milliseconds: int) -> bytes:
    if sys.platform == "win32":  # pragma: no cover - coverage is measured on POSIX
        return struct.pack("=L", milliseconds)
    return struct.pack("@ll", milliseconds // 1000, milliseconds % 1000 * 1000)
