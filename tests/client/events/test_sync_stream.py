"""Server-Sent Events as plain tests receive them."""

import threading
import unittest
from typing import Any

import httpx
from fastapi import FastAPI, Response
from httpx_sse import SSEError

from fastapi_testing import ServerThread, SyncClient
from tests.client.events.test_stream import Feed
from tests.resources import held_again, held_resources
from tests.timing import MS


class EventTestCase(unittest.TestCase):
    """Serves the feed, with a client of it."""

    def setUp(self) -> None:
        """Start the server."""
        app = FastAPI()
        self.feed = Feed()
        self.feed.serve(app)
        self.gate = threading.Event()

        @app.get("/blocked")
        async def blocked() -> Response:
            self.gate.wait()
            return Response()

        self.server = self.enterContext(ServerThread(app))
        self.addCleanup(self.server_call, self.feed.left.set)
        self.addCleanup(self.gate.set)
        self.client = self.new_client()

    def new_client(self, **options: Any) -> SyncClient:
        """Return another client."""
        return self.enterContext(SyncClient(self.server.url, thread=self.server, **options))

    def server_call(self, function: Any, *args: Any) -> None:
        """Call a function on the event loop."""

        async def call() -> None:
            function(*args)

        self.server.run(call())

    def send(self, text: str) -> None:
        """Have the endless stream send something."""
        self.server_call(self.feed.more.put_nowait, text)

    def wait_until_left(self) -> None:
        """Wait until the app has seen the client go."""
        self.server.run(self.feed.left.wait(), timeout=5)


class NextTests(EventTestCase):
    """Receiving."""

    def test_next(self) -> None:
        """Events come one after the other, with all they have, until the stream ends."""
        with self.client.sse("/counted") as events:
            first, second = events.next(), events.next()
            with self.assertRaisesRegex(EOFError, "^GET /counted: the stream ended while an event was awaited; "):
                events.next()
        self.assertEqual((first.event, first.data, first.id, first.retry), ("message", "1", "1", 10))
        self.assertEqual((second.event, second.json()), ("number", [2]))
        self.assertEqual(([*events.received], events.retry, events.last_event_id), ([first, second], 10, "3"))

    def test_iteration(self) -> None:
        """Iteration ends where the stream does."""
        with self.client.sse("/counted") as events:
            self.assertEqual([event.data for event in events], ["1", "[2]"])

    def test_request(self) -> None:
        """The request is the client's own, with what it is given and what the standard asks for."""
        client = self.new_client(headers={"X-User": "Ada"})
        with client.sse("/endless", method="POST", params={"q": 1}, json={"b": 2}, last_event_id="7") as events:
            self.assertEqual((str(events), events.target), ("POST /endless?q=1", "/endless?q=1"))
            self.assertEqual(events.response.headers["content-type"], "text/event-stream; charset=utf-8")
        headers = self.feed.requests[0].headers
        sent = [headers.get(name) for name in ("accept", "cache-control", "x-user", "last-event-id")]
        self.assertEqual(sent, ["text/event-stream", "no-store", "Ada", "7"])

    def test_wait_in_vain(self) -> None:
        """A wait that times out takes nothing from the stream: the next one goes on with it."""
        with self.client.sse("/endless") as events:
            events.timeout = 20 * MS
            with self.assertRaisesRegex(TimeoutError, "^GET /endless: no event within .* s; nothing was received"):
                events.next()
            self.send("data: 1\n")
            with self.assertRaises(TimeoutError):
                events.next()
            self.send("\n")
            self.assertEqual(events.next(timeout=5).data, "1")

    def test_silence(self) -> None:
        """A stream may be silent for longer than the client waits for a read."""
        client = self.new_client(timeout=httpx.Timeout(5, read=20 * MS))
        with client.sse("/endless", timeout=5) as events:
            self.assertEqual(events.timeout, 5)
            with self.assertRaises(TimeoutError):
                events.next(timeout=40 * MS)
            self.send("data: 1\n\n")
            self.assertEqual(events.next().data, "1")

    def test_redirect(self) -> None:
        """Redirects are followed, also by a client that does not follow them otherwise."""
        with self.client.sse("/moved", params={"to": "/counted"}) as events:
            self.assertEqual(events.next().data, "1")
            self.assertEqual([response.status_code for response in events.response.history], [307])

    def test_no_stream(self) -> None:
        """What is no stream of events is refused."""
        text = "^GET /plain.body=no: expected 200 OK with text/event-stream, got 200 OK with text/plain; body: no$"
        with self.assertRaisesRegex(SSEError, text), self.client.sse("/plain", params={"body": "no"}):
            self.fail("entered")  # pragma: no cover - it is refused

    def test_no_response(self) -> None:
        """A response that does not come in time is named, also where the event loop is blocked."""
        for path in ("/silent", "/blocked"):
            text = f"^GET {path}: no response within {20 * MS:g} s$"
            with self.subTest(path), self.assertRaisesRegex(TimeoutError, text):
                self.client.sse(path, timeout=20 * MS).__enter__()
        self.gate.set()

    def test_not_entered(self) -> None:
        """A stream that was not entered says how to enter it."""
        events = self.client.sse("/x")
        for use in (events.next, events.__next__, events.reconnect, events.close, lambda: events.response):
            with self.subTest(use=use), self.assertRaises(RuntimeError) as caught:
                use()
            self.assertEqual(str(caught.exception), "GET /x: enter it first: with self.client.sse(...) as events")


class LeaveTests(EventTestCase):
    """Leaving, and connecting again."""

    def test_leave(self) -> None:
        """Leaving an endless stream is a disconnect that the app sees, and leaves nothing."""
        self.client.get("/plain")
        before = held_resources()
        with self.client.sse("/endless") as events:
            self.send("data: 1\n\n")
            events.next()
        self.wait_until_left()
        self.server.settle()
        del events
        self.assertTrue(held_again(before))

    def test_leave_by_an_exception(self) -> None:
        """So is leaving it by an exception, which is the one that is seen."""
        with self.assertRaises(ZeroDivisionError), self.client.sse("/endless", timeout=20 * MS) as events:
            with self.assertRaises(TimeoutError):
                events.next()
            _ = 1 / 0
        self.wait_until_left()

    def test_reconnect(self) -> None:
        """The stream goes on after the event that was received last."""
        with self.client.sse("/counted") as events:
            events.next()
            events.reconnect()
            self.assertEqual(events.next().data, "2")
        self.assertEqual(self.feed.requests[1].headers["last-event-id"], "1")
