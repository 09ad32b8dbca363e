"""What the WebSocket assertions use of a connection, and what can come of one."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, Self

from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus
from websockets.frames import Close, CloseCode

from fastapi_testing.assertions.describing.describe import request_target
from fastapi_testing.assertions.describing.exchange import exchange_behind

__all__ = [
    "HandshakeRequest",
    "ReceivingConnection",
    "RejectedHandshake",
    "SyncReceivingConnection",
    "SyncWebSocketConnection",
    "WebSocketConnection",
    "handshake_limit",
    "peer_close",
    "receive_next",
    "received_messages",
    "sync_receive_next",
    "target_of",
    "time_limit",
]

_TIMEOUT = 5.0
"""Seconds that a wait takes at most where neither the assertion nor the connection says otherwise."""


class WebSocketConnection(Protocol):
    """
    A WebSocket: a session of this package, or any asyncio connection of websockets.

    Where it also has ``timeout`` in seconds, ``received`` with the messages that came before, and ``target`` or
    ``request``, the assertions use them.
    """

    async def recv(self) -> str | bytes:
        """Receive the next message."""
        ...

    async def close(self) -> None:
        """Close the connection."""
        ...


class SyncWebSocketConnection(Protocol):
    """
    A WebSocket whose methods wait: a session of this package, or any connection of :mod:`websockets.sync`.

    What it may have besides is as with :class:`WebSocketConnection`.
    """

    def recv(self, timeout: float | None = None) -> str | bytes:
        """Receive the next message; raise TimeoutError if none comes in time."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class ReceivingConnection(Protocol):
    """A WebSocket that receives events of wsproto, as the asynchronous sessions of httpx2 do."""

    async def receive(self, timeout: float | None = None) -> Any:
        """Receive the next event, which has the message as its ``data``."""
        ...

    async def close(self) -> None:
        """Close the connection."""
        ...


class SyncReceivingConnection(Protocol):
    """A WebSocket that does so and waits, as the other sessions of httpx2 do."""

    def receive(self, timeout: float | None = None) -> Any:
        """Receive the next event, which has the message as its ``data``; raise TimeoutError if none comes in time."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class HandshakeRequest(NamedTuple):
    """The request of a handshake: a GET (RFC 6455 §4.1)."""

    method: str
    url: str


@dataclass(frozen=True)
class RejectedHandshake:
    """
    The HTTP response by which a server rejected a WebSocket handshake; every assertion on responses takes it.

    Attributes:
        status_code: The status code.
        reason_phrase: The reason phrase.
        headers: The headers.
        content: The body.
        request: The ``method`` and, as far as it is known, the ``url`` of the handshake.
        exchange: What the server recorded of it, if it is one of this process.
    """

    status_code: int
    reason_phrase: str
    headers: Mapping[str, str]
    content: bytes
    request: HandshakeRequest
    exchange: Any = field(default=None, repr=False, compare=False)

    @property
    def close_code(self) -> int | None:
        """The close code that the app gave to refuse it, which no client gets to know; None where it gave none."""
        code: int | None = getattr(self.exchange, "close_code", None)
        return code

    @property
    def close_reason(self) -> str:
        """The close reason that it gave."""
        reason: str = getattr(self.exchange, "close_reason", "")
        return reason

    @classmethod
    def from_exception(cls, exc: InvalidStatus, target: str) -> Self:
        """Take over the response that websockets got for a request target."""
        response = exc.response
        return cls(
            response.status_code,
            response.reason_phrase,
            response.headers,
            bytes(response.body or b""),  # websockets 15 has None for an empty one
            HandshakeRequest("GET", target),
            exchange_behind(exc),
        )


def time_limit(session: object, timeout: float | None) -> float:
    """Return how many seconds to wait: as the assertion was told, else as the connection has it, else five."""
    return getattr(session, "timeout", _TIMEOUT) if timeout is None else timeout


def handshake_limit(connecting: object, timeout: float | None) -> float:
    """Return how many seconds to wait for a handshake: as the assertion was told, else as it was begun, else five."""
    begun_with: float | None = getattr(connecting, "open_timeout", None)
    return (begun_with or _TIMEOUT) if timeout is None else timeout


async def receive_next(
    session: WebSocketConnection | ReceivingConnection, seconds: float
) -> str | bytes | ConnectionClosed | TimeoutError:
    """Return what happens next: a message, the end of the connection, or nothing for as long."""
    try:
        async with asyncio.timeout(seconds):
            return await session.recv() if hasattr(session, "recv") else _data_of(await session.receive())
    except (ConnectionClosed, TimeoutError) as exc:
        return exc
    except _ends_of_httpx2() as exc:
        return _closed_by(exc)


def sync_receive_next(
    session: SyncWebSocketConnection | SyncReceivingConnection, seconds: float
) -> str | bytes | ConnectionClosed | TimeoutError:
    """Do what :func:`receive_next` does, of a session whose methods wait."""
    try:
        return session.recv(timeout=seconds) if hasattr(session, "recv") else _data_of(session.receive(seconds))
    except (ConnectionClosed, TimeoutError) as exc:
        return exc
    except _ends_of_httpx2() as exc:
        return _closed_by(exc)


def peer_close(closed: ConnectionClosed) -> Close | None:
    """
    Return the code and the reason with which the peer closed; None if this side closed first.

    A connection that ended without a close frame counts as closed by the peer with 1006 (RFC 6455 §7.1.5).
    """
    if closed.sent is not None and not closed.rcvd_then_sent:
        return None
    return closed.rcvd or Close(CloseCode.ABNORMAL_CLOSURE, "")


def received_messages(session: object) -> Sequence[str | bytes]:
    """Return the messages that came so far, if the connection keeps them."""
    return list(getattr(session, "received", ()))


def target_of(connection: object) -> str:
    """Return the request target of a connection, open or not yet; empty where it does not tell."""
    if uri := getattr(connection, "uri", None):
        return request_target(uri)
    request = getattr(connection, "request", None)
    target: str = getattr(connection, "target", "") or getattr(request, "path", "")
    return target or _target_in_httpx2(connection)


def _data_of(event: Any) -> str | bytes:
    """Return the message in what a session of httpx2 receives, which is an event of wsproto."""
    data: str | bytes = event.data
    return data if isinstance(data, str) else bytes(data)


def _ends_of_httpx2() -> tuple[type[Exception], ...]:
    """Return by what its sessions say that they have ended; it is nobody's where it is not imported."""
    library: Any = sys.modules.get("httpx2.websockets")
    return () if library is None else (library.WebSocketDisconnect, library.WebSocketNetworkError)


def _closed_by(end: Exception) -> ConnectionClosed:
    """Return the end of a session of httpx2 as websockets has it; one without a close frame has no code."""
    code: int | None = getattr(end, "code", None)
    return ConnectionClosedError(None if code is None else Close(code, getattr(end, "reason", "")), None)


def _target_in_httpx2(connection: object) -> str:
    """Return the request target of a session of httpx2, which has the response to its handshake."""
    request = getattr(getattr(connection, "response", None), "request", None)
    return "" if request is None else request_target(str(request.url))
