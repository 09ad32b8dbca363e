"""What sessions of either kind, those that are awaited and those that wait, know of their messages and say of them."""

import json
import sys
from collections import deque
from typing import TYPE_CHECKING, Any, Literal

from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus
from websockets.frames import CloseCode

from fastapi_testing.client.websocket.rejection import note_broken_off, note_rejection
from fastapi_testing.client.wrappers.settling import Settling, raise_exception
from fastapi_testing.hints.foreign import ForeignNames
from fastapi_testing.hints.names import SESSION_NAMES
from fastapi_testing.server.recording.kept import Shelf, beginning_of, whole_size
from fastapi_testing.server.recording.recorder import find_exchange

if TYPE_CHECKING:
    from fastapi_testing.server.recording.exchange import Exchange

__all__ = ["Data", "Expected", "Messages", "drop_frames"]

Data = str | bytes

Mode = Literal["text", "binary"]

_KEPT = 100
"""Messages that :attr:`Messages.received` holds, as long as they are no more than 1 MB."""

_SHOWN = 5
"""Messages that an error shows."""

_CUT = 200
"""Characters or bytes of a message that an error shows."""


def drop_frames(session: "Messages") -> None:
    """
    Drop the frames in which the parser of websockets met its end, which it keeps with the exception.

    On Python 3.12 they hold those that called them as well, and so the context of the test and what it had.
    """
    if session.protocol.parser_exc is not None:
        session.protocol.parser_exc.__traceback__ = None


class Messages(ForeignNames):
    """The half of a session that waits for nothing; the other half is a connection of websockets."""

    _foreign = SESSION_NAMES
    timeout: float = 5.0
    settle: bool
    protocol: Any  # a ClientProtocol, which websockets declares once more
    received: deque[Data]
    exchange: "Exchange | None"

    @property
    def target(self) -> str:
        """The request target (RFC 9112 §3.2.1): path and query, as the handshake asked for them."""
        resource_name: str = self.protocol.uri.resource_name
        return resource_name

    def __str__(self) -> str:
        return f"WebSocket {self.target}"

    def _begin(self, settling: Settling | None) -> None:
        self._settling = settling or Settling()
        self.settle = self._settling.settle
        self._is_left_by_exception = False  # the test leaves the block by one, which has to be the one that is seen
        self._shelf: Shelf[Data] = Shelf(_KEPT, sys.getsizeof)
        self.received = self._shelf.items
        self._received_count = 0
        self.exchange = None

    def _find_exchange(self, server: Any, client: Any) -> None:
        self.exchange = find_exchange(server[:2], client[:2])

    def _note_rejection(self, rejected: InvalidStatus, server: Any, client: Any) -> None:
        self._find_exchange(server, client)
        self._raise_exception()
        note_rejection(rejected, str(self), self.exchange)

    def _note_broken_off(self, broken_off: InvalidMessage, server: Any, client: Any) -> None:
        self._find_exchange(server, client)
        self._raise_exception()
        note_broken_off(broken_off, str(self), self.exchange)

    def _raise_exception(self) -> None:
        """Raise the exception with which the app has ended the connection, where that is wanted."""
        if self._settling.raise_server_exceptions:
            raise_exception(self.exchange)

    def _unsettled(self) -> "Exchange | None":
        """Return what is to be waited for once the connection has ended."""
        exchange = self.exchange
        if exchange is None:
            return None
        exchange.is_over = True
        return exchange if self.settle and exchange.ended_at is None and not self._is_left_by_exception else None

    def _raise_unseen(self) -> None:
        """Raise the exception of the app at the end of the session, where that is wanted and nobody has seen it."""
        if self.exchange is not None and not self.exchange.expected and not self._is_left_by_exception:
            self._raise_exception()

    def _keep(self, message: Data) -> Data:
        self._shelf.keep(beginning_of(message))
        self._received_count += 1
        return message

    def _check_text(self, text: Any) -> None:
        if not isinstance(text, str):
            raise TypeError(
                f"{self}: send_text() takes a str, got {type(text).__name__}: use send_bytes() or send_json()"
            )

    def _check_bytes(self, data: Any) -> None:
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError(
                f"{self}: send_bytes() takes bytes, got {type(data).__name__}: use send_text() or send_json()"
            )

    def _encode(self, value: Any, mode: Mode) -> Data:
        if mode not in {"text", "binary"}:
            raise ValueError(f"{self}: mode must be 'text' or 'binary', got {mode!r}")
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text if mode == "text" else text.encode()

    def _as_text(self, message: Data) -> str:
        if not isinstance(message, str):
            raise TypeError(f"{self}: expected a text message, got {_describe(message)}")
        return message

    def _as_bytes(self, message: Data) -> bytes:
        if not isinstance(message, bytes):
            raise TypeError(f"{self}: expected a binary message, got {_describe(message)}")
        return message

    def _as_json(self, message: Data) -> Any:
        try:
            return json.loads(message)
        except ValueError as exc:
            raise ValueError(f"{self}: expected a JSON message, got {_describe(message)}: {exc}") from None

    def _not_taken(self) -> TimeoutError:
        return TimeoutError(
            f"{self}: the server did not take the message within {self.timeout:g} s: "
            f"the app receives none, and every buffer on the way is full"
        )

    def _none_came(self, what: str, seconds: float, expected: "Expected | None") -> TimeoutError:
        return TimeoutError(f"{self}: no {what} within {seconds:g} s{_wanted(expected)}; {self._history()}")

    def _note_what_was_awaited(self, closed: ConnectionClosed, what: str, expected: "Expected | None") -> None:
        awaited = f"{self}: closed while a {what} was awaited{_wanted(expected)}"
        closed.add_note(f"{awaited}{_describe_too_big(closed)}; {self._history()}")

    def _history(self) -> str:
        if not self.received:
            return "nothing was received before"
        shown = [_describe(message) for message in list(self.received)[-_SHOWN:]]
        omitted = self._received_count - len(shown)
        return f"received before: {f'({omitted} earlier), ' if omitted else ''}{', '.join(shown)}"


class Expected:
    """
    A message that a test expects.

    Args:
        message: A string for a text message, something bytes-like for a binary one, any other value for JSON.
    """

    def __init__(self, message: Any) -> None:
        self._message = bytes(message) if isinstance(message, bytearray | memoryview) else message
        self._as_it_is = isinstance(self._message, str | bytes)

    def check(self, session: Messages, received: Data) -> Any:
        """Return what was received, as a string, bytes, or the JSON value; raise AssertionError if it is another."""
        got = received if self._as_it_is else _parse_json(received)
        if got != self._message:
            raise AssertionError(f"{session}: expected {self}, got {_describe(received)}")
        return got

    def __str__(self) -> str:
        return _describe(self._message) if self._as_it_is else _describe_json(self._message)


def _describe_too_big(closed: ConnectionClosed) -> str:
    """Say what to do about a message that was larger than this side takes, where that is why it closed."""
    if closed.rcvd is not None or closed.sent is None or closed.sent.code != CloseCode.MESSAGE_TOO_BIG:
        return ""
    return ", as the message is too big: give connect() a larger max_size=, or None for no limit"


def _wanted(expected: Expected | None) -> str:
    return "" if expected is None else f", expected {expected}"


def _parse_json(message: Data) -> Any:
    """Return the JSON value of a message, or something that equals nothing."""
    try:
        return json.loads(message)
    except ValueError:
        return object()


def _describe(message: Data) -> str:
    r"""Render a message for an error: ``"hello"``, ``{"a": 1}`` or ``bytes b'\x00\x01' (2 bytes)``."""
    if isinstance(message, bytes):
        size = "1 byte" if len(message) == 1 else f"{whole_size(message)} bytes"
        return f"bytes {message[:_CUT]!r}{'…' if len(message) > _CUT else ''} ({size})"
    if isinstance(_parse_json(message), dict | list):
        return _cut(message)
    return json.dumps(message[:_CUT], ensure_ascii=False) + _omission(message)


def _describe_json(value: Any) -> str:
    return f"JSON {_cut(json.dumps(value, ensure_ascii=False, default=repr))}"


def _cut(text: str) -> str:
    return text[:_CUT] + _omission(text)


def _omission(text: str) -> str:
    return f"… ({whole_size(text)} characters)" if len(text) > _CUT else ""
