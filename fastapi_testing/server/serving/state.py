"""uvicorn's shared state, without the two things for which uvicorn polls."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, TypeVar

import uvicorn.server

__all__ = ["ServerState"]

_T = TypeVar("_T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = -(_EPOCH - datetime(1, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
_LAST = (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC) - _EPOCH) // timedelta(seconds=1)


class ServerState(uvicorn.server.ServerState):
    """
    The state that uvicorn's protocols share, which tells when it is idle and keeps its Date header fresh.

    uvicorn looks at the former every 0.1 s while it stops, and renews the latter from its main loop.

    Args:
        headers: The headers of every response but Date, names in lower case.
        date: Whether there is a Date.
    """

    def __init__(self, headers: list[tuple[bytes, bytes]], *, date: bool) -> None:
        self._headers = headers
        self._date = date
        self._second: int | None = None
        super().__init__()
        self._changed = asyncio.Event()
        self.connections: set[Any] = _NotifyingSet(self._changed)

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """The headers that every response begins with; Date (RFC 9110 §6.6.1) is never older than a second."""
        second = int(time.time())
        if second != self._second:
            self._second = second
            date = [(b"date", _http_date(second))] if self._date else []
            self._default_headers = [*date, *self._headers]
        return self._default_headers

    @default_headers.setter
    def default_headers(self, headers: list[tuple[bytes, bytes]]) -> None:
        """Take uvicorn's initial value, which holds nothing."""

    def is_idle(self) -> bool:
        """Tell whether every connection is closed and every task is done."""
        return not self.connections and not self.tasks

    async def wait_until_idle(self) -> None:
        """Wait until every connection is closed and every task is done."""
        while not self.is_idle():
            self._changed.clear()
            await (asyncio.wait(self.tasks) if self.tasks else self._changed.wait())


def _http_date(second: int) -> bytes:
    """
    Return the date of a second since 1970, as HTTP has it (RFC 9110 §5.6.7).

    A test may set the clock to any time; one that has no date there is the nearest that has.
    """
    moment = _EPOCH + timedelta(seconds=min(max(second, _FIRST), _LAST))
    return format_datetime(moment, usegmt=True).encode()


class _NotifyingSet(set[_T]):
    """A set that sets an event when an element goes; uvicorn takes them out by discard() and remove()."""

    def __init__(self, changed: asyncio.Event) -> None:
        super().__init__()
        self._changed = changed

    def discard(self, element: Any, /) -> None:
        super().discard(element)
        self._changed.set()

    def remove(self, element: _T, /) -> None:
        super().remove(element)
        self._changed.set()
