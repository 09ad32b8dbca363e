"""What to say of what came of a WebSocket, however it was waited for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Close

from fastapi_testing.assertions.comparing.patterns import TextOrPattern, check_text_or_pattern, matches
from fastapi_testing.assertions.comparing.status import ExpectedStatus, StatusChoice
from fastapi_testing.assertions.describing.describe import (
    describe_answer,
    describe_close,
    describe_close_code,
    describe_message,
    describe_received,
)
from fastapi_testing.assertions.describing.exchange import describe_behind
from fastapi_testing.assertions.describing.masked import MaskedFailures
from fastapi_testing.assertions.describing.response import text_of
from fastapi_testing.assertions.websocket.connection import (
    RejectedHandshake,
    peer_close,
    received_messages,
    target_of,
    time_limit,
)
from fastapi_testing.assertions.websocket.payload import describe_expected, describe_payload, find_accepted
from fastapi_testing.assertions.websocket.unordered import Unordered

__all__ = ["Awaited", "Rejection", "WebSocketEvent", "WebSocketVerdicts", "check_reason", "name_of"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

WebSocketEvent = str | bytes | ConnectionClosed | TimeoutError
"""What can happen next on a WebSocket: a message, the end of the connection, or nothing in time."""


@dataclass(frozen=True)
class Awaited:
    """
    What a test waits for on a WebSocket.

    Attributes:
        name: How failures name the WebSocket.
        seconds: How long it waits.
        earlier: The messages that came before.
        session: The WebSocket.
    """

    name: str
    seconds: float
    earlier: Sequence[str | bytes]
    session: object

    @classmethod
    def of(cls, session: object, timeout: float | None) -> Self:
        """Return what is known before the wait; without a ``timeout``, the session says how long it is."""
        return cls(name_of(target_of(session)), time_limit(session, timeout), received_messages(session), session)

    @property
    def behind(self) -> str:
        """What lies behind a failure: what the app raised and logged."""
        return describe_behind(self.session)


@dataclass(frozen=True)
class Rejection:
    """The answer by which a handshake is expected to be rejected, and the code and reason of the app behind it."""

    status: StatusChoice | None
    body: Any
    code: int | None = None
    reason: TextOrPattern | None = None

    @classmethod
    def parse(
        cls, status: ExpectedStatus | None, body: Any, code: int | None = None, reason: TextOrPattern | None = None
    ) -> Self:
        """Return what is expected; None stands for any."""
        check_reason(reason)
        return cls(None if status is None else StatusChoice.parse(status), body, code, reason)

    def accepts(self, rejected: RejectedHandshake) -> bool:
        """Tell whether it is that answer."""
        if self.status is not None and rejected.status_code not in self.status:
            return False
        if self.asks_for_close and not _fits(_close_of(rejected), self.code, self.reason):
            return False
        if self.body is None:
            return True
        payload = text_of(rejected, rejected.content) if isinstance(self.body, str) else rejected.content
        return any(True for _ in find_accepted(payload, self.body))

    @property
    def asks_for_close(self) -> bool:
        """Whether it matters how the app closed."""
        return self.code is not None or self.reason is not None

    def describe_close(self, rejected: RejectedHandshake) -> str:
        """Return how the app closed, where that matters."""
        if not self.asks_for_close:
            return ""
        if rejected.exchange is None:
            return ", and how the app closed is not known: its server is not one of this process"
        close = _close_of(rejected)
        return f", and the app {f'closed it with {_describe(close)}' if close else 'did not close it'}"

    def __str__(self) -> str:
        parts = [] if self.status is None else [str(self.status)]
        parts += _name_close(self.code, self.reason)
        if self.body is not None:
            parts.append(f"body {describe_expected(self.body)}")
        return f" with {' and '.join(parts)}" if parts else ""


class WebSocketVerdicts(MaskedFailures):
    """Base of the assertions on WebSockets: it fails where what came is not what was expected."""

    def _check_received(self, awaited: Awaited, event: WebSocketEvent, expected: Any, msg: Any) -> Any:
        if isinstance(event, str | bytes):
            for value in find_accepted(event, expected):
                return value
            got = describe_payload(event, expected)
        else:
            got = _describe_end(event, "message", awaited.seconds)
        standard = f"{awaited.name}: expected {describe_expected(expected)}, got {got}"
        return self.fail(self._formatMessage(msg, f"{standard}{describe_received(awaited.earlier)}{awaited.behind}"))

    def _check_taken(self, awaited: Awaited, event: WebSocketEvent, taken: Unordered, msg: Any) -> None:
        if isinstance(event, str | bytes) and taken.take(event):
            return
        got = _describe_stray(event, awaited.seconds)
        standard = f"{awaited.name}: expected {taken}, got {got}{taken.describe_missing()}"
        self.fail(
            self._formatMessage(
                msg, f"{standard}{describe_received([*awaited.earlier, *taken.received])}{awaited.behind}"
            )
        )

    def _check_silence(self, awaited: Awaited, event: WebSocketEvent, msg: Any) -> None:
        if not isinstance(event, TimeoutError):
            wanted = f"{awaited.name}: expected no message within {awaited.seconds:g} s"
            standard = f"{wanted}, got {_describe_unwanted(event)}{describe_received(awaited.earlier)}{awaited.behind}"
            self.fail(self._formatMessage(msg, standard))

    def _check_closed(
        self, awaited: Awaited, event: WebSocketEvent, code: int | None, reason: TextOrPattern | None, msg: Any
    ) -> None:
        if not _is_close(event, code, reason):
            got = _describe_close_event(event, awaited.seconds)
            standard = f"{awaited.name}: expected {_describe_expected_close(code, reason)}, got {got}"
            self.fail(self._formatMessage(msg, f"{standard}{describe_received(awaited.earlier)}{awaited.behind}"))

    def _check_rejected(
        self, target: str, outcome: object, expected: Rejection, seconds: float, msg: Any
    ) -> RejectedHandshake:
        if isinstance(outcome, InvalidStatus):
            rejected = RejectedHandshake.from_exception(outcome, target)
            if expected.accepts(rejected):
                return rejected
            got = f"got {describe_answer(rejected)}{expected.describe_close(rejected)}{describe_behind(rejected)}"
        else:
            got = _describe_no_rejection(outcome, seconds)
        standard = f"{name_of(target)}: expected the handshake to be rejected{expected}, {got}"
        return self.fail(self._formatMessage(msg, standard))


def name_of(target: str) -> str:
    """Return how failures name the WebSocket of a request target."""
    return f"WebSocket {target}".rstrip()


def check_reason(reason: Any) -> None:
    """Check that a close reason can be expected so."""
    if reason is not None:
        check_text_or_pattern("expected close reason", reason)


def _describe_end(event: ConnectionClosed | TimeoutError, awaited: str, seconds: float) -> str:
    if isinstance(event, TimeoutError):
        return f"no {awaited} within {seconds:g} s"
    close = peer_close(event)
    if close is None:
        return f"no {awaited}: this side closed first, with {_describe(event.sent)}"
    return f"close code {_describe(close)}"


def _describe_stray(event: str | bytes | ConnectionClosed | TimeoutError, seconds: float) -> str:
    if isinstance(event, str | bytes):
        return f"{describe_message(event)}, which is none of those still expected"
    return _describe_end(event, "message", seconds)


def _describe_unwanted(event: str | bytes | ConnectionClosed) -> str:
    if isinstance(event, str | bytes):
        return describe_message(event)
    return _describe_end(event, "open connection", 0)


def _describe(close: Close | None) -> str:
    return describe_close(close.code, close.reason) if close else "no close frame"


def _is_close(event: object, code: int | None, reason: TextOrPattern | None) -> bool:
    return isinstance(event, ConnectionClosed) and _fits(peer_close(event), code, reason)


def _fits(close: Close | None, code: int | None, reason: TextOrPattern | None) -> bool:
    if close is None:
        return False
    return code in (None, close.code) and (reason is None or matches(reason, close.reason))


def _describe_close_event(event: str | bytes | ConnectionClosed | TimeoutError, seconds: float) -> str:
    if isinstance(event, str | bytes):
        return f"message {describe_message(event)}"
    return _describe_end(event, "close", seconds).removeprefix("close code ")


def _describe_expected_close(code: int | None, reason: TextOrPattern | None) -> str:
    return " and ".join(_name_close(code, reason)) or "the peer to close"


def _close_of(rejected: RejectedHandshake) -> Close | None:
    return None if rejected.close_code is None else Close(rejected.close_code, rejected.close_reason)


def _name_close(code: int | None, reason: TextOrPattern | None) -> list[str]:
    parts = []
    if code is not None:
        parts.append(f"close code {describe_close_code(code)}")
    if isinstance(reason, str):
        parts.append(f"close reason {describe_message(reason)}")
    elif reason is not None:
        parts.append(f"a close reason to match {reason.pattern!r}")
    return parts


def _describe_no_rejection(outcome: object, seconds: float) -> str:
    if isinstance(outcome, TimeoutError):
        return f"got no answer within {seconds:g} s"
    subprotocol = getattr(outcome, "subprotocol", None)
    return f"but it was accepted{f' (subprotocol {subprotocol})' if subprotocol else ''}"
