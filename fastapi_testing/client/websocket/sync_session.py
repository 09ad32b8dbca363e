"""One open WebSocket, as a plain test holds it: every wait has an end, and every failure says what came before it."""

import logging
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, overload

from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK, InvalidMessage, InvalidStatus
from websockets.frames import CloseCode
from websockets.sync.client import ClientConnection

from fastapi_testing.client.websocket.messages import Data
from fastapi_testing.client.websocket.sync_conversation import WaitingMessages
from fastapi_testing.client.wrappers.settling import Settling
from fastapi_testing.hints.foreign import WrongWith
from fastapi_testing.server.recording.exchange import Exchange
from fastapi_testing.server.recording.settle import wait_ended

if TYPE_CHECKING:
    from fastapi_testing.server.threads.loop_thread import LoopThread

__all__ = ["SyncWebSocketSession"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


_SILENT = logging.getLogger(f"{__name__}.cut")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False

_LAST_MESSAGE = 0.5
"""Seconds that a message has to be taken which has arrived when the connection is cut."""


class SyncWebSocketSession(WaitingMessages, ClientConnection):
    """
    A WebSocket connection to the test server, for tests that are no coroutines.

    It is a :class:`websockets.sync.client.ClientConnection`, whose methods stay as they are, with the receives and the
    attributes of a :class:`~fastapi_testing.WebSocketSession`::

        with self.ws.connect("/chat/lobby") as chat:
            chat.send_json({"say": "hi"})
            chat.expect({"room": "lobby", "said": "hi"})
    """

    def __init__(
        self,
        sock: socket.socket,
        protocol: ClientProtocol,
        *,
        settling: Settling | None = None,
        thread: "LoopThread | None" = None,
        **options: Any,
    ) -> None:
        self._begin(settling)
        self._thread = thread
        self._send_timeout: float | None = None
        super().__init__(sock, protocol, **options)
        self.pending_legacy_warning = False  # of websockets 17.1, for those who call its connect()

    def handshake(self, *args: Any, **kwargs: Any) -> None:
        addresses = self.remote_address, self.local_address  # the server may close the connection at once
        try:
            super().handshake(*args, **kwargs)
        except InvalidMessage as exc:
            self._note_broken_off(exc, *addresses)
            raise
        except InvalidStatus as exc:
            self._note_rejection(exc, *addresses)
            raise
        self._find_exchange(*addresses)

    if not TYPE_CHECKING:  # pragma: no branch - a checker would take every name for one that is there
        __aenter__ = __aexit__ = WrongWith("with self.ws.connect(path) as session:")

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

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_left_by_exception = exc_type is not None
        super().__exit__(exc_type, exc, traceback)

    def disconnect(self, code: CloseCode | int = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        """
        Close the connection (RFC 6455 §7), and do not wait for the app; on a closed one it does nothing.

        It ends within ``close_timeout`` seconds.

        Args:
            code: The close code (RFC 6455 §7.4).
            reason: The close reason.
        """
        self._read_on()  # or the server's close frame would not be read behind messages that nobody receives
        ClientConnection.close(self, code, reason)
        self.recv_events_thread.join(self.close_timeout)

    def _settle(self, exchange: Exchange) -> None:
        seconds = self._settling.timeout
        if self._thread is not None and self._thread.is_running:
            self._thread.begin(wait_ended(exchange, seconds)).wait(patience=seconds)

    def _raise_unseen(self) -> None:
        self._thread = None  # it leads to the app, and who holds the session need not
        super()._raise_unseen()

    def cut(self) -> None:
        """Close the connection without a closing handshake."""
        # What the reading thread has got just now is taken before the end: after it, websockets would log an error.
        self._read_on()
        vars(self)["logger"] = _SILENT  # not declared anew; where that comes too late, it is nobody's error
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.recv_events_thread.join(_LAST_MESSAGE)
        self.close_socket()
        self.recv_events_thread.join(self.close_timeout)

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

    def _recv_within(self, seconds: float) -> Data:
        return self.recv(seconds)

    def _drain(self, seconds: float) -> list[Data]:
        self._read_on()  # or the answer would wait behind more messages than the queue holds
        with suppress(ConnectionClosed):
            self.ping().wait(seconds)
        messages: list[Data] = []
        with suppress(ConnectionClosed, TimeoutError):
            while True:
                messages.append(self.recv(0))
        return messages


def _pack_time(milliseconds: int) -> bytes:
    if sys.platform == "win32":  # pragma: no cover - coverage is measured on POSIX
        return struct.pack("=L", milliseconds)
    return struct.pack("@ll", milliseconds // 1000, milliseconds % 1000 * 1000)
