"""How a test says which handshake the server is to reject, and what comes of it: awaited, and not."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, cast

from websockets.exceptions import InvalidStatus

from fastapi_testing.assertions.websocket.connection import SyncWebSocketConnection, WebSocketConnection

__all__ = [
    "Connecting",
    "SyncConnecting",
    "attempt_of",
    "open_connection",
    "sync_attempt_of",
    "sync_open_connection",
]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

Connecting = Awaitable[WebSocketConnection]
"""What opens a connection when it is awaited, such as ``self.ws.connect(path)`` or ``websockets.connect(uri)``."""

SyncConnecting = Callable[[], SyncWebSocketConnection]
"""What opens a connection when it is called, such as ``lambda: self.ws.connect(path, headers=...)``."""


def attempt_of(case: object, connecting: str | Connecting, timeout: float | None) -> Connecting:  # noqa: ARG001 - as below
    """Return what performs the handshake when it is awaited; a path is for the ``ws`` of a test case."""
    if inspect.isawaitable(connecting):
        return connecting
    client = _client_of(case, connecting, "what connects when it is awaited, such as websockets.connect(uri)")
    return cast("Connecting", client.connect(connecting))


def sync_attempt_of(case: object, connecting: str | SyncConnecting, timeout: float | None) -> SyncConnecting:
    """Return what performs the handshake when it is called; a path is for the ``ws`` of a test case."""
    if callable(connecting) and not hasattr(connecting, "__enter__"):  # as contexts of contextlib's are, for decoration
        return connecting
    client = _client_of(case, connecting, "a function that connects")
    return lambda: cast("SyncWebSocketConnection", client.connect(connecting, open_timeout=timeout))


async def open_connection(connecting: Connecting, seconds: float) -> WebSocketConnection | InvalidStatus | TimeoutError:
    """Return what comes of a handshake: a connection, what rejects it, or nothing for as long."""
    try:
        async with asyncio.timeout(seconds):
            return await connecting
    except (InvalidStatus, TimeoutError) as exc:
        return exc


def sync_open_connection(
    connecting: SyncConnecting, _seconds: float
) -> SyncWebSocketConnection | InvalidStatus | TimeoutError:
    """Do what :func:`open_connection` does, of a function, which knows how long it may take."""
    try:
        return connecting()
    except (InvalidStatus, TimeoutError) as exc:
        return exc


def _client_of(case: object, path: Any, otherwise: str) -> Any:
    if not isinstance(path, str):
        raise TypeError(f"connecting {path!r} is not understood: give a path, or {otherwise}")
    client = getattr(case, "ws", None)
    if client is None:
        raise TypeError(f"{type(case).__qualname__} has no `ws` to connect to {path!r} with: give {otherwise}")
    return client
