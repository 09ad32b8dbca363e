"""Tests of fastapi_testing.assertions.events.streams."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import ANY

from dirty_equals import IsPositive
from httpx_sse import ServerSentEvent

from fastapi_testing.assertions import EventAssertions
from tests.assertions.failures import FailureAssertions, run_failing


def price(number: int, id: str = "") -> ServerSentEvent:  # noqa: A002 - the standard's own name
    """Return an event of a price."""
    return ServerSentEvent("price", f'{{"price": {number}}}', id)


class EventTests(EventAssertions, FailureAssertions):
    """assertEvent."""

    def test_event(self) -> None:
        """An event has what is expected of it: its data in any form, its type, its ID."""
        event = price(9, id="3")
        self.assertEvent(event)
        self.assertEvent(event, '{"price": 9}', "price", "3")
        self.assertEvent(event, data={"price": IsPositive}, event=re.compile("^p"), id=re.compile(r"\d"))
        for data in (re.compile("9"), ANY, str.isascii):
            self.assertEvent(event, data)

    def test_data(self) -> None:
        """A failure says where the data differs."""
        with self.assertFails(
            'expected event "price" with data JSON {"price": 10}, '
            'got event "price" with data {"price": 9}, which differs at $.price: expected 10, got 9 : cheap'
        ):
            self.assertEvent(price(9), event="price", data={"price": 10}, msg="cheap")

    def test_forms(self) -> None:
        """A failure says in which form data was expected."""
        table: list[tuple[Any, str]] = [
            ("bye", '"bye"'),
            (re.compile("^b"), "to match '^b'"),
            (str.isdigit, "that str.isdigit accepts"),
            (IsPositive, "IsPositive"),
        ]
        for data, described in table:
            with (
                self.subTest(data=data),
                self.assertFails(f'expected an event with data {described}, got event "message" with data "hi"'),
            ):
                self.assertEvent(ServerSentEvent(data="hi"), data)

    def test_id(self) -> None:
        """A failure shows the ID that came, if any."""
        with self.assertFails(
            'expected an event with id "4" and data "x", got event "message" with id "3" and data "x"'
        ):
            self.assertEvent(ServerSentEvent(data="x", id="3"), "x", id="4")
        with self.assertFails(
            "expected event to match '^q' with id to match '4', got event \"message\" with data \"\""
        ):
            self.assertEvent(ServerSentEvent(), event=re.compile("^q"), id=re.compile("4"))
        with self.assertFails('expected event "open", got event "message" with data ""'):
            self.assertEvent(ServerSentEvent(), event="open")

    def test_wrong_arguments(self) -> None:
        """A type or an ID that is no text, and an asynchronous predicate, are refused."""
        number: Any = 3
        table: list[tuple[dict[str, Any], str]] = [
            ({"event": number}, "expected event type 3 is not understood: give a str, or a compiled pattern"),
            ({"id": number}, "expected event id 3 is not understood: give a str, or a compiled pattern"),
            ({"data": asyncio.sleep}, "predicate sleep is async: give a function that returns a bool"),
        ]
        for fields, message in table:
            with self.subTest(fields=fields), self.assertRaisesRegex(TypeError, f"^{message}"):
                self.assertEvent(price(1), **fields)

    def test_traceback(self) -> None:
        """The traceback ends on the line of the test."""

        def test(case: EventAssertions) -> None:
            case.assertEvent(price(1), "2")

        self.assertEqual(run_failing(EventAssertions, test).count('  File "'), 1)


class Stream:
    """A stream of events as a test holds it."""

    timeout = 0.5

    def __init__(self, *events: ServerSentEvent, end: Exception) -> None:
        self.received: list[ServerSentEvent] = []
        self._events = list(events)
        self._end = end
        self.timeouts: list[float | None] = []

    async def next(self, timeout: float | None = None) -> ServerSentEvent:
        """Return the next event, or raise what ends the stream."""
        self.timeouts.append(timeout)
        if not self._events:
            raise self._end
        self.received.append(self._events.pop(0))
        return self.received[-1]

    def __str__(self) -> str:
        return "GET /prices"


class EventsTests(EventAssertions, FailureAssertions):
    """assertEvents."""

    def run_with(self, source: Any, expected: Any, **options: Any) -> None:
        """Run the assertion."""
        asyncio.run(self.assertEvents(source, expected, **options))

    def test_stream(self) -> None:
        """Of a stream as many are taken as are expected, each within the time-out."""
        stream = Stream(price(1), price(2), price(3), end=EOFError())
        self.run_with(stream, [{"event": "price", "data": {"price": 1}}, {}])
        self.run_with(stream, [{"data": {"price": 3}}], timeout=2)
        self.assertEqual(stream.timeouts, [0.5, 0.5, 2])

    def test_list(self) -> None:
        """A list of events has to have as many."""
        self.run_with([price(1, id="1"), price(2)], [{"id": "1"}, {"data": {"price": 2}}])
        with self.assertFails('expected 1 events, got 1 more:\n  event "price" with data {"price": 2} : too many'):
            self.run_with([price(1), price(2)], [{}], msg="too many")
        with self.assertFails(
            "event 2 of 2: expected an event, got the end of the events\n"
            'received earlier:\n  event "price" with data {"price": 1}'
        ):
            self.run_with([price(1)], [{}, {}])

    def test_iterated(self) -> None:
        """Of what can be iterated over by ``async for``, one is taken after the other."""

        async def prices() -> AsyncIterator[Any]:
            for number in range(3):
                yield price(number)

        self.run_with(prices(), [{"data": {"price": 0}}, {}])
        lines = "".join(f'\n  event "price" with data {{"price": {number}}}' for number in range(3))
        ended = "events: event 4 of 4: expected an event, got the end of the events"
        with self.assertFails(f"{ended}\nreceived earlier:{lines}"):
            self.run_with(prices(), [{}, {}, {}, {}])

    def test_other(self) -> None:
        """A failure says which event it was, and shows those before it."""
        stream = Stream(*(price(number, id="7") for number in range(7)), end=EOFError())
        expected = [{"data": {"price": number}} for number in (0, 1, 2, 3, 4, 5, 0)]
        lines = "".join(f'\n  event "price" with id "7" and data {{"price": {number}}}' for number in range(1, 6))
        with self.assertFails(
            'GET /prices: event 7 of 7: expected an event with data JSON {"price": 0}, '
            'got event "price" with id "7" and data {"price": 6}, which differs at $.price: expected 0, got 6\n'
            f"received earlier (the last 5 of 6):{lines}"
        ):
            self.run_with(stream, expected)

    def test_ends(self) -> None:
        """A stream that ends, and one that is silent, are said to."""
        with self.assertFails("GET /prices: event 1 of 1: expected an event, got the end of the events"):
            self.run_with(Stream(end=EOFError()), [{}])
        with self.assertFails("GET /prices: event 1 of 1: expected an event, got no event within 0.5 s"):
            self.run_with(Stream(end=TimeoutError()), [{}])

    def test_wrong_expected(self) -> None:
        """What is no dict of these three is refused, before anything is taken."""
        stream = Stream(price(1), end=EOFError())
        for fields in ("price", {"name": "price"}):
            with self.subTest(fields=fields), self.assertRaises(TypeError) as caught:
                self.run_with(stream, [{}, fields])
            message = f"expected event {fields!r} is not understood: give a dict of data, event and id, or of some"
            self.assertEqual(str(caught.exception), message)
        self.assertEqual(stream.received, [])
