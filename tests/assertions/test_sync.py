"""The assertions of plain tests that wait."""

import re
import threading
import unittest
from typing import Any, cast
from unittest.mock import ANY

from fastapi import FastAPI
from httpx_sse import ServerSentEvent

from fastapi_testing import (
    ServerThread,
    SyncClient,
    SyncEventAssertions,
    SyncEventuallyAssertions,
    SyncWebSocketAssertions,
)
from tests.assertions.failures import FailureAssertions
from tests.client.events.test_stream import Feed
from tests.client.peers import app
from tests.timing import MS


class WebSocketTests(SyncWebSocketAssertions, FailureAssertions, unittest.TestCase):
    """Assertions on WebSockets."""

    server: ServerThread

    @classmethod
    def setUpClass(cls) -> None:
        """Start the server."""
        cls.server = cls.enterClassContext(ServerThread(app))

    def setUp(self) -> None:
        """Make a client."""
        self.ws = self.enterContext(SyncClient(self.server.url, thread=self.server)).ws

    def test_receives(self) -> None:
        """The next message is returned; where it is not the expected one, both are shown."""
        with self.ws.connect("/say?text=[1]&text=b") as session:
            self.assertEqual(self.assertWebSocketReceives(session, [ANY]), [1])
            with self.assertFails(
                'WebSocket /say?text=[1]&text=b: expected "a", got "b"\nreceived earlier:\n  [1] : why'
            ):
                self.assertWebSocketReceives(session, "a", msg="why")

    def test_receives_nothing_more(self) -> None:
        """A wait has an end, by the session's time-out unless given."""
        with self.ws.connect("/echo", timeout=10 * MS, open_timeout=5) as session:
            with self.assertFails(f'WebSocket /echo: expected "a", got no message within {10 * MS:g} s'):
                self.assertWebSocketReceives(session, "a")
            with self.assertFails('WebSocket /echo: expected "a", got no message within 0 s'):
                self.assertWebSocketReceives(session, "a", timeout=0)

    def test_receives_all(self) -> None:
        """Messages may come in any order; at the first that is none of them it fails."""
        with self.ws.connect("/say?text=a&text=b&text=c") as session:
            self.assertEqual(self.assertWebSocketReceivesAll(session, ["b", "a"]), ["b", "a"])
            with self.assertFails(
                'WebSocket /say?text=a&text=b&text=c: expected 1 message, got "c", which is none of those still '
                'expected\nstill expected:\n  "d"\nreceived earlier:\n  "a"\n  "b"'
            ):
                self.assertWebSocketReceivesAll(session, ["d"])

    def test_receives_nothing(self) -> None:
        """Silence is asserted for as long as is said."""
        with self.ws.connect("/say?text=a") as session:
            session.expect("a")
            self.assertWebSocketReceivesNothing(session, within=5 * MS)
        text = 'WebSocket /say?text=a: expected no message within 5 s, got "a"'
        with self.ws.connect("/say?text=a") as session, self.assertFails(text):
            self.assertWebSocketReceivesNothing(session, within=5)

    def test_closed(self) -> None:
        """The peer's close is asserted with its code and its reason."""
        with self.ws.connect("/bye?code=4001") as session:
            self.assertWebSocketClosed(session, 4001, re.compile("^do"))
            with self.assertFails('WebSocket /bye?code=4001: expected close code 4002, got 4001 "done"'):
                self.assertWebSocketClosed(session, 4002)

    def test_rejected(self) -> None:
        """A rejection is returned; a handshake that is accepted fails, and is closed."""
        rejected = self.assertWebSocketRejected("/denied", 401, body="Who are you?")
        self.assertEqual((rejected.content, rejected.request.url), (b"Who are you?", "/denied"))
        with self.assertFails("WebSocket /echo: expected the handshake to be rejected with 403, but it was accepted"):
            self.assertWebSocketRejected(lambda: self.ws.connect("/echo"), 403)

    def test_not_answered(self) -> None:
        """A handshake without an answer is said to have none."""
        release = threading.Event()
        self.addCleanup(release.set)
        assert self.server._loop is not None
        self.server._loop.call_soon_threadsafe(release.wait)
        with self.assertFails(
            f"WebSocket /echo: expected the handshake to be rejected, got no answer within {20 * MS:g} s"
        ):
            self.assertWebSocketRejected("/echo", timeout=20 * MS)

    def test_nothing_to_connect_with(self) -> None:
        """What cannot be connected is refused, and so is a path without a client."""
        with self.assertRaisesRegex(
            TypeError, "^connecting 1 is not understood: give a path, or a function that connects$"
        ):
            self.assertWebSocketRejected(cast("Any", 1))
        with self.assertRaisesRegex(TypeError, "has no `ws` to connect to '/x' with: give a function that connects$"):
            SyncWebSocketAssertions().assertWebSocketRejected("/x")


class EventTests(SyncEventAssertions, FailureAssertions, unittest.TestCase):
    """Assertions on Server-Sent Events."""

    def setUp(self) -> None:
        """Serve a feed."""
        served = FastAPI()
        Feed().serve(served)
        server = self.enterContext(ServerThread(served))
        self.client = self.enterContext(SyncClient(server.url, thread=server))

    def test_stream(self) -> None:
        """Of a stream as many are taken as are expected; one that is not, shows those before it."""
        with self.client.sse("/counted") as events:
            self.assertEvents(events, [{"data": "1", "id": "1"}])
            with self.assertFails(
                'GET /counted: event 1 of 1: expected event "price", got event "number" with id "2" and data [2]\n'
                'received earlier:\n  event "message" with id "1" and data "1"'
            ):
                self.assertEvents(events, [{"event": "price"}])
            with self.assertFails(
                "GET /counted: event 1 of 1: expected an event, got the end of the events\n"
                'received earlier:\n  event "message" with id "1" and data "1"\n'
                '  event "number" with id "2" and data [2]'
            ):
                self.assertEvents(events, [{}])

    def test_silence(self) -> None:
        """A stream that is silent is said to be."""
        text = "GET /endless: event 1 of 1: expected an event, got no event within 0 s"
        with self.client.sse("/endless") as events, self.assertFails(text):
            self.assertEvents(events, [{}], timeout=0)

    def test_list(self) -> None:
        """A list of events has to have as many."""
        events = [ServerSentEvent("price", "1"), ServerSentEvent("price", "2")]
        self.assertEvents(events, [{"data": "1"}, {"data": "2"}])
        self.assertEvent(events[0], event="price")
        with self.assertFails('expected 1 events, got 1 more:\n  event "price" with data "2"'):
            self.assertEvents(events, [{}])


class EventuallyTests(SyncEventuallyAssertions, FailureAssertions, unittest.TestCase):
    """State that changes by itself."""

    def setUp(self) -> None:
        """Count the looks."""
        self.looks = 0

    def third_time(self) -> int:
        """Hold at the third look."""
        self.looks += 1
        self.assertNotEqual(self.looks, 1)
        return self.looks if self.looks > 2 else 0

    def test_holds(self) -> None:
        """It ends when the probe returns something true, with that."""
        self.assertEqual(self.assertEventually(self.third_time), 3)

    def test_does_not_hold(self) -> None:
        """A failure says what was seen last."""

        def busy() -> None:
            raise AssertionError("busy")

        with self.assertFails(f"expected busy to hold within {5 * MS:g} s; at last it failed: busy"):
            self.assertEventually(busy, 5 * MS)
        with self.assertFails(f"expected <lambda> to hold within {1e-9:g} s; at last it returned None : why"):
            self.assertEventually(lambda: None, 1e-9, "why")

    def test_wrong_arguments(self) -> None:
        """No time at all, and a coroutine function, are refused."""

        async def probe() -> bool:
            return True  # pragma: no cover - it is refused

        with self.assertRaisesRegex(ValueError, "^timeout must be a positive number of seconds, got 0$"):
            self.assertEventually(self.third_time, 0)
        with self.assertRaisesRegex(TypeError, r" is a coroutine function: give lambda: self.run_async\(\.\.\.\)$"):
            self.assertEventually(cast("Any", probe))
