"""What is said of Server-Sent Events: all of the assertions that does not wait."""

import re
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypedDict

from fastapi_testing.assertions.comparing.patterns import (
    ANYTHING,
    TextOrPattern,
    check_text_or_pattern,
    describe_text_or_pattern,
    matches,
)
from fastapi_testing.assertions.describing.describe import describe_message
from fastapi_testing.assertions.describing.masked import MaskedFailures
from fastapi_testing.assertions.websocket.payload import (
    check_expected,
    describe_expected,
    describe_payload,
    find_accepted,
)

__all__ = ["Event", "EventVerdicts", "ExpectedEvent", "ReceivedEvents"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_EVENTS = 5
"""Events of a stream that show what came before a failure."""


class Event(Protocol):
    """An event (HTML Standard §9.2), as :class:`httpx_sse.ServerSentEvent` has it."""

    @property
    def data(self) -> str:
        """The data, its lines joined."""
        ...

    @property
    def event(self) -> str:
        """The type; ``"message"`` where the server gives none."""
        ...

    @property
    def id(self) -> str:
        """The last event ID; empty where the server has given none."""
        ...


class ExpectedEvent(TypedDict, total=False):
    """An event that is expected: what it says of ``data``, ``event`` and ``id`` as ``assertEvent`` takes them."""

    data: Any
    event: TextOrPattern
    id: TextOrPattern


class EventVerdicts(MaskedFailures):
    """Base of the assertions on Server-Sent Events (HTML Standard §9.2): all that does not wait."""

    def assertEvent(
        self,
        actual: Event,
        /,
        data: Any = ANYTHING,
        event: TextOrPattern = ANYTHING,
        id: TextOrPattern = ANYTHING,  # noqa: A002 - the standard's own name
        msg: Any = None,
    ) -> None:
        """
        Fail unless an event is the expected one.

        ::

            self.assertEvent(await events.next(), event="price", data={"symbol": "X", "price": ANY})

        Args:
            actual: The event.
            data: Its data: a str; a compiled pattern to search for; a function to call with it; an object that decides
                for itself what it equals; or a document that its JSON is equal to. Unless given, any.
            event: Its type, or a compiled pattern to search it for; unless given, any. An event that the server gives
                no type is a ``"message"``.
            id: The last event ID, its own or that of an event before it, or a compiled pattern to search it for; unless
                given, any.
            msg: What to say besides.

        Raises:
            TypeError: If ``event`` or ``id`` is neither a str nor a compiled pattern, or ``data`` a coroutine function.
        """
        wanted = _Expectation(data, event, id)
        if not wanted.accepts(actual):
            self.fail(self._formatMessage(msg, f"expected {wanted}, got {wanted.describe(actual)}"))

    def _check_events(
        self, source: Any, expected: Sequence[ExpectedEvent], seconds: float, msg: Any
    ) -> Generator[None, Event | TimeoutError | EOFError, None]:
        """Check what is sent in: the events of a source, one for each yield, or what came instead of the next."""
        wanted = [_Expectation.parse(fields) for fields in expected]
        for number, expectation in enumerate(wanted, 1):
            earlier = list(getattr(source, "received", ()))
            event = yield
            if got := _find_mismatch(expectation, event, seconds):
                standard = f"{_name(source)}event {number} of {len(wanted)}: expected {expectation}, got {got}"
                self.fail(self._formatMessage(msg, f"{standard}{_describe_received(earlier)}"))
        if isinstance(source, ReceivedEvents) and source.rest:
            standard = f"expected {len(wanted)} events, got {len(source.rest)} more:{_describe_lines(source.rest)}"
            self.fail(self._formatMessage(msg, standard))


@dataclass(frozen=True)
class _Expectation:
    """What an event is expected to be."""

    data: Any = ANYTHING
    event: TextOrPattern = ANYTHING
    id: TextOrPattern = ANYTHING

    def __post_init__(self) -> None:
        check_expected(self.data)
        check_text_or_pattern("expected event type", self.event)
        check_text_or_pattern("expected event id", self.id)

    @classmethod
    def parse(cls, fields: Any) -> Self:
        if not isinstance(fields, Mapping) or not fields.keys() <= {"data", "event", "id"}:
            raise TypeError(
                f"expected event {fields!r} is not understood: give a dict of data, event and id, or of some"
            )
        return cls(**fields)

    def accepts(self, actual: Event) -> bool:
        return matches(self.event, actual.event) and matches(self.id, actual.id) and self._accepts_data(actual.data)

    def describe(self, actual: Event) -> str:
        """Return an event that is not the expected one, and where its data differs."""
        if isinstance(self.data, re.Pattern):
            return _describe_event(actual)
        return _describe_event(actual, describe_payload(actual.data, self.data))

    def __str__(self) -> str:
        parts = []
        if self.id is not ANYTHING:
            parts.append(f"id{_describe_text(self.id)}")
        if self.data is not ANYTHING:
            parts.append(f"data{_describe_data(self.data)}")
        kind = "an event" if self.event is ANYTHING else f"event{_describe_text(self.event)}"
        return f"{kind}{' with ' if parts else ''}{' and '.join(parts)}"

    def _accepts_data(self, data: str) -> bool:
        if isinstance(self.data, re.Pattern):
            return matches(self.data, data)
        return any(True for _ in find_accepted(data, self.data))


class ReceivedEvents:
    """Events that were received, as a source of them."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.received: list[Event] = []
        self.rest: list[Event] = list(events)

    def take(self) -> Event | EOFError:
        """Return the next event, or that there is none."""
        if not self.rest:
            return EOFError()
        self.received.append(self.rest.pop(0))
        return self.received[-1]


def _find_mismatch(expectation: _Expectation, event: Event | TimeoutError | EOFError, seconds: float) -> str:
    """Return what came instead of the event that is expected; empty if that came."""
    if isinstance(event, TimeoutError):
        return f"no event within {seconds:g} s"
    if isinstance(event, EOFError):
        return "the end of the events"
    return "" if expectation.accepts(event) else expectation.describe(event)


def _name(source: object) -> str:
    return "" if isinstance(source, ReceivedEvents) else f"{source}: "


def _describe_text(expected: TextOrPattern) -> str:
    return f" {describe_message(expected)}" if isinstance(expected, str) else describe_text_or_pattern(expected)


def _describe_data(expected: Any) -> str:
    if isinstance(expected, re.Pattern):
        return describe_text_or_pattern(expected)
    return f" {describe_expected(expected).removeprefix('a message ')}"


def _describe_event(event: Event, data: str | None = None) -> str:
    with_id = f" with id {describe_message(event.id)} and data" if event.id else " with data"
    return f"event {describe_message(event.event)}{with_id} {describe_message(event.data) if data is None else data}"


def _describe_received(events: Sequence[Event]) -> str:
    if not events:
        return ""
    shown = events[-_EVENTS:]
    some = f" (the last {len(shown)} of {len(events)})" if len(shown) < len(events) else ""
    return f"\nreceived earlier{some}:{_describe_lines(shown)}"


def _describe_lines(events: Iterable[Event]) -> str:
    return "".join(f"\n  {_describe_event(event)}" for event in events)
