"""The connections that are open, and those of them that wait for a request."""

import asyncio

from fastapi_testing.client.transport.connection import Connection, Origin

__all__ = ["ConnectionPool"]


class ConnectionPool:
    """
    Keeps connections to be used again (RFC 9112 §9.3), as many as there were requests at once.

    There is no limit to wait for, so no request meets an :exc:`httpx.PoolTimeout`.
    """

    def __init__(self) -> None:
        self._open: set[Connection] = set()
        self._idle: dict[Origin, list[Connection]] = {}
        self._is_closed = False

    def take(self, origin: Origin) -> Connection | None:
        """Return an idle connection that the server has not closed, the one used last; None where there is none."""
        idle = self._idle.get(origin, [])
        while idle:
            connection = idle.pop()
            if connection.is_usable:
                return connection
            connection.cut()
        return None

    def put_back(self, connection: Connection) -> None:
        """Take a connection back after its exchange; one that cannot serve another is closed."""
        if connection.release():
            if self._is_closed:
                connection.cut()
            else:
                self._idle.setdefault(connection.origin, []).append(connection)

    async def aclose(self) -> None:
        """Close every connection, and those that are still in use when they come back."""
        self._is_closed = True
        connections = list(self._open)
        for connection in connections:
            connection.cut()
        if connections:
            await asyncio.wait([connection.closed for connection in connections])

    def connection_opened(self, connection: Connection) -> None:
        """Know a new connection (called by it)."""
        self._open.add(connection)

    def connection_lost(self, connection: Connection) -> None:
        """Forget a connection that is gone (called by it)."""
        self._open.discard(connection)
        for idle in self._idle.values():
            if connection in idle:
                idle.remove(connection)
