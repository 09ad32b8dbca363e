"""Events of another maker's stream, such as httpx2's, taken one by one: awaited, and not."""

import asyncio
from collections.abc import AsyncIterable, Iterable
from typing import Any

from fastapi_testing.assertions.events.verdicts import Event, ReceivedEvents

__all__ = ["source_of", "sync_source_of"]

_END = "the stream ended while an event was awaited"


def source_of(events: AsyncIterable[Event] | Iterable[Event]) -> Any:
    """Return a source of the events of a stream, or of those that were received."""
    # The stream of httpx2 can be iterated over either way, by its class, and awaited only where its client is.
    if isinstance(events, AsyncIterable):
        return _Awaited(events, aiter(events))
    return ReceivedEvents(events)


def sync_source_of(events: Iterable[Event]) -> Any:
    """Do what :func:`source_of` does, of a stream that waits, which has the response that it reads."""
    return _Waiting(events, iter(events)) if hasattr(events, "response") else ReceivedEvents(events)


class _Iterated:
    def __init__(self, events: Any, iterator: Any) -> None:
        self.received: list[Event] = []
        self._asked = getattr(getattr(events, "response", None), "request", None)
        self._iterator = iterator

    def __str__(self) -> str:
        return "events" if self._asked is None else f"{self._asked.method} {self._asked.url.raw_path.decode()}"

    def _take(self, event: Event | None) -> Event:
        if event is None:
            raise EOFError(_END)
        self.received.append(event)
        return event


class _Awaited(_Iterated):
    async def next(self, timeout: float | None) -> Event:
        async with asyncio.timeout(timeout):
            return self._take(await anext(self._iterator, None))


class _Waiting(_Iterated):
    def next(self, _timeout: float | None) -> Event:
        """Return the next event, for which its client waits as long as it does."""
        return self._take(next(self._iterator, None))
