"""
The connections that are open, and those of them that wait for a request.

A connection is being opened, in use or idle; together they are never more than the limit. A request takes an idle one
of its origin; else it reserves the place of a new one; else it stands in line. Who stands first is told when a
connection comes back, is lost or could not be opened, and looks again then: nobody that comes later is served before.
"""

import asyncio
from collections import deque
from typing import Any

import httpx

from fastapi_testing.client.transport.connection import Connection, Origin

__all__ = ["ConnectionPool"]

_CLOSE_TIMEOUT = 5.0
"""Seconds that connections which were cut have to come to their end, as they do in the event loop's next turn."""


class ConnectionPool:
    """
    Keeps connections to be used again (RFC 9112 §9.3).

    Args:
        limit: Connections that there may be at once; None for as many as there are requests.
    """

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._open: set[Connection] = set()
        self._opening = 0
        self._idle: dict[Origin, list[Connection]] = {}
        self._line: deque[asyncio.Future[None]] = deque()
        self._is_closed = False

    def take(self, origin: Origin, *, in_turn: bool = False) -> Connection | None:
        """
        Return an idle connection that the server has not closed, the one used last; None where there is none.

        Args:
            origin: Where it leads to.
            in_turn: Whether who asks has stood in the line, ahead of which nobody else gets one.
        """
        if self._line and not in_turn:
            return None
        idle = self._idle.get(origin, [])
        while idle:
            connection = idle.pop()
            if connection.is_usable:
                return connection
            connection.cut()
        return None

    async def reserve(self, origin: Origin, timeout: float | None, library: Any = httpx) -> Connection | None:
        """
        Wait for an idle connection, or for a place for another one.

        Args:
            origin: Where it is to lead.
            timeout: Seconds that this may take; None for no limit.
            library: Whose errors are raised.

        Returns:
            The connection; None where there is a place, which is kept until :meth:`opened`.

        Raises:
            httpx.PoolTimeout: If all are in use for so long.
            httpx.ConnectError: If the pool is closed meanwhile.
        """
        if self._line or not self._has_place():
            try:
                async with asyncio.timeout(timeout):
                    connection = await self._stand_in_line(origin, library)
            except TimeoutError:
                raise library.PoolTimeout(
                    f"no connection was free for {timeout:g} s: {self._limit} are in use, which is the limit; "
                    f"see to it that requests and streams end, or allow for more by `limits`"
                ) from None
            if connection is not None:
                return connection
        self._opening += 1
        return None

    def opened(self) -> None:
        """Give the reserved place to the connection that was opened, or to somebody else where none was."""
        self._opening -= 1
        self._call_next()

    def put_back(self, connection: Connection) -> None:
        """Take a connection back after its exchange; one that cannot serve another is closed."""
        if connection.release():
            if self._is_closed:
                connection.cut()
            else:
                self._idle.setdefault(connection.origin, []).append(connection)
                if self._line:
                    self._call_next()

    async def aclose(self) -> None:
        """Close every connection, and those that are still in use when they come back."""
        self._is_closed = True
        connections = list(self._open)
        for connection in connections:
            connection.cut()
        for waiter in self._line:
            waiter.cancel()
        if connections:
            await asyncio.wait([connection.closed for connection in connections], timeout=_CLOSE_TIMEOUT)

    def connection_opened(self, connection: Connection) -> None:
        """Know a new connection (called by it)."""
        self._open.add(connection)

    def connection_lost(self, connection: Connection) -> None:
        """Forget a connection that is gone (called by it)."""
        self._open.discard(connection)
        for idle in self._idle.values():
            if connection in idle:
                idle.remove(connection)
        self._call_next()

    def _has_place(self) -> bool:
        """Tell whether another one may be opened; where not, an idle one of another origin is closed to make place."""
        if self._limit is None or len(self._open) + self._opening < self._limit:
            return True
        idle = next(filter(None, self._idle.values()), None)
        if idle is not None:
            idle.pop().cut()  # its end calls who waits
        return False

    async def _stand_in_line(self, origin: Origin, library: Any) -> Connection | None:
        """Return an idle connection, or None for a place, once it is this one's turn."""
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._line.append(turn)
        try:
            while True:
                await self._wait_for(turn, library)
                connection = self.take(origin, in_turn=True)
                if connection is not None or self._has_place():
                    return connection
                again = loop.create_future()
                self._line[self._line.index(turn)] = turn = again
        except BaseException:
            if not turn.cancelled():
                self._call_next()  # the turn that it does not take
            raise
        finally:
            self._line.remove(turn)

    async def _wait_for(self, turn: "asyncio.Future[None]", library: Any) -> None:
        try:
            await turn
        except asyncio.CancelledError:
            if self._is_closed:
                raise library.ConnectError("the connections were closed while a request waited for one") from None
            raise

    def _call_next(self) -> None:
        """Tell the first who has not been told; it stays in the line until it has looked."""
        turn = next((turn for turn in self._line if not turn.done()), None)
        if turn is not None:
            turn.set_result(None)
