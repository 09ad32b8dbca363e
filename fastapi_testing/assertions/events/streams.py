"""What a test can claim of Server-Sent Events."""

from collections.abc import AsyncIterable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Protocol

from fastapi_testing.assertions.events.iterated import source_of
from fastapi_testing.assertions.events.verdicts import Event, EventVerdicts, ExpectedEvent, ReceivedEvents
from fastapi_testing.assertions.websocket.connection import time_limit

__all__ = ["EventAssertions", "EventSource"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


class EventSource(Protocol):
    """
    What events come from: an :class:`~fastapi_testing.EventStream`.

    Where it also has ``received`` with the events that came before, the assertions show them. Its ``str()`` is what
    was asked.
    """

    async def next(self, timeout: float | None = None) -> Event:
        """Return the next event; raise TimeoutError if none comes in time, EOFError if the stream ends."""
        ...


class EventAssertions(EventVerdicts):
    """Assertions on Server-Sent Events (HTML Standard §9.2), for any test case."""

    async def assertEvents(
        self,
        events: EventSource | AsyncIterable[Event] | Iterable[Event],
        expected: Sequence[ExpectedEvent],
        timeout: float | None = None,
        msg: Any = None,
    ) -> None:
        """
        Fail unless events are the expected ones, in this order.

        ::

            await self.assertEvents(events, [{"event": "open"}, {"data": "1"}, {"data": {"n": 2}}])

        Of a stream it takes as many as are expected, and no more. A list of events has to have as many.

        Args:
            events: The stream, or events that were received.
            expected: For each event a dict of what it is expected to have, as ``assertEvent`` takes it.
            timeout: Seconds to wait for each event; the stream's ``timeout`` unless given.
            msg: What to say besides.

        Raises:
            TypeError: If one of ``expected`` is no such dict.
        """
        # A stream can be iterated over as well, which would take all of it.
        source: Any = events if hasattr(events, "next") else source_of(events)
        seconds = time_limit(events, timeout)
        checks = self._check_events(source, expected, seconds, msg)
        with suppress(StopIteration):
            next(checks)
            while True:
                checks.send(source.take() if isinstance(source, ReceivedEvents) else await _next(source, seconds))


async def _next(source: EventSource, seconds: float) -> Event | TimeoutError | EOFError:
    try:
        return await source.next(seconds)
    except (TimeoutError, EOFError) as exc:
        return exc
