"""Tests of fastapi_testing.client.events.stream."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from httpx_sse import SSEError

from fastapi_testing import AsyncServerTestCase
from tests.timing import MS


class Feed:
    """An app whose streams of events the test steers."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.left = asyncio.Event()
        self.more: asyncio.Queue[str] = asyncio.Queue()

    def serve(self, app: FastAPI) -> None:
        """Add the routes."""
        app.add_api_route("/endless", self.endless, methods=["GET", "POST"])
        app.add_api_route("/counted", self.counted)
        app.add_api_route("/silent", self.silent)
        app.add_api_route("/plain", self.plain)
        app.add_api_route("/mute", self.mute)
        app.add_api_route("/moved", self.moved)

    async def endless(self, request: Request) -> Response:
        """Send what the test puts in, without end."""
        self.requests.append(request)

        async def events() -> AsyncIterator[str]:
            try:
                yield ": hello\n\n"
                while True:
                    yield await self.more.get()
            finally:
                self.left.set()

        return StreamingResponse(events(), media_type="text/event-stream")

    async def counted(self, request: Request) -> Response:
        """Send two events after the last one that the client has had, and end."""
        self.requests.append(request)
        last = int(request.headers.get("Last-Event-ID", "0"))

        async def events() -> AsyncIterator[str]:
            yield f"retry: 10\nid: {last + 1}\ndata: {last + 1}\n\n"
            yield f"id: {last + 2}\nevent: number\ndata: [{last + 2}]\n\n"
            yield f"id: {last + 3}\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    async def silent(self) -> Response:
        """Never answer."""
        await self.left.wait()
        return Response()  # pragma: no cover - no one waits for it

    async def plain(self, status: int = 200, body: str | None = None) -> Response:
        """Answer with no stream of events."""
        return Response(body, status, media_type=None if body is None else "text/plain")

    async def mute(self, *, length: bool = False) -> Response:
        """Answer with another stream, that has no end."""

        async def nothing() -> AsyncIterator[str]:
            yield "x"
            await asyncio.get_running_loop().create_future()

        headers = {"Content-Length": "5"} if length else {}
        return StreamingResponse(nothing(), media_type="text/plain", headers=headers)

    async def moved(self, to: str) -> Response:
        """Lead elsewhere."""
        return RedirectResponse(to)


class EventTestCase(AsyncServerTestCase):
    """Serves the feed."""

    server_scope = "test"

    async def asyncSetUp(self) -> None:
        """Add the routes to the app."""
        self.feed = Feed()
        self.feed.serve(self.app)
        self.addCleanup(self.feed.left.set)


class NextTests(EventTestCase):
    """Receiving."""

    async def test_next(self) -> None:
        """Events come one after the other, with all they have."""
        async with self.client.sse("/counted") as events:
            first, second = await events.next(), await events.next()
        self.assertEqual((first.event, first.data, first.id, first.retry), ("message", "1", "1", 10))
        self.assertEqual((second.event, second.json(), second.id, second.retry), ("number", [2], "2", None))
        self.assertEqual((list(events.received), events.retry), ([first, second], 10))

    async def test_received_is_bounded_in_bytes(self) -> None:
        """Of a large event the beginning is remembered, and how much is missing."""
        text = f"id: 1\ndata: {'x' * 2**20}\n\ndata: small\n\n"
        self.app.add_api_route("/large", lambda: Response(text, media_type="text/event-stream"))
        async with self.client.sse("/large", timeout=10_000 * MS) as events:
            event = await events.next()
            self.assertEqual((event.data, events.last_event_id), ("x" * 2**20, "1"))
            await events.next()
            with self.assertRaises(EOFError) as caught:
                await events.next()
        kept, _ = events.received
        self.assertEqual((kept.id, kept.data), ("1", "x" * 10_000 + "… (1038576 of 1048576 characters cut)"))
        self.assertEqual(
            str(caught.exception),
            "GET /large: the stream ended while an event was awaited; received before: message "
            f'"{"x" * 200}\\u2026 (1048576 characters)", message "small"',
        )

    async def test_iteration(self) -> None:
        """Iteration ends where the stream does."""
        async with self.client.sse("/counted") as events:
            self.assertEqual([event.data async for event in events], ["1", "[2]"])

    async def test_request(self) -> None:
        """The request is the client's own, with what it is given and what the standard asks for."""
        client = self.new_client(headers={"X-User": "Ada"}, cookies={"a": "1"})
        async with client.sse("/endless", method="POST", params={"q": 1}, json={"b": 2}) as events:
            self.assertEqual((str(events), events.target), ("POST /endless?q=1", "/endless?q=1"))
        headers = self.feed.requests[0].headers
        sent = [headers.get(name) for name in ("accept", "cache-control", "x-user", "cookie", "last-event-id")]
        self.assertEqual(sent, ["text/event-stream", "no-store", "Ada", "a=1", None])

    async def test_response(self) -> None:
        """The response is there, for assertions on its head."""
        async with self.client.sse("/endless") as events:
            self.assertContentType(events.response, "text/event-stream")

    async def test_end(self) -> None:
        """A stream that ends says which events came before."""
        async with self.client.sse("/counted") as events:
            await events.next()
            await events.next()
            with self.assertRaises(EOFError) as caught:
                await events.next()
            message = (
                'GET /counted: the stream ended while an event was awaited; received before: message "1", number [2]'
            )
            self.assertEqual(str(caught.exception), message)
            with self.assertRaises(EOFError):
                await events.next()

    async def test_wait_in_vain(self) -> None:
        """A wait that times out takes nothing from the stream: the next one goes on with it."""
        async with self.client.sse("/endless") as events:
            with self.assertRaises(TimeoutError) as caught:
                await events.next(timeout=0)
            message = "GET /endless: no event within 0 s; nothing was received before"
            self.assertEqual(str(caught.exception), message)
            self.feed.more.put_nowait("data: 1\n")
            with self.assertRaises(TimeoutError):
                await events.next(timeout=20 * MS)
            self.feed.more.put_nowait("\n")
            self.assertEqual((await events.next()).data, "1")

    async def test_two_waits(self) -> None:
        """A second task that waits for the next event is refused, and the first one gets it."""
        async with self.client.sse("/endless") as events:
            first = asyncio.create_task(events.next())
            await asyncio.sleep(0)
            with self.assertRaises(RuntimeError) as caught:
                await events.next()
            self.assertEqual(str(caught.exception), "GET /endless: another task waits for the next event already")
            self.feed.more.put_nowait("data: 1\n\ndata: 2\n\n")
            self.assertEqual([(await first).data, (await events.next()).data], ["1", "2"])

    async def test_not_entered(self) -> None:
        """A stream that was not entered says how to enter it."""
        events = self.client.sse("/x")
        for use in (events.next, events.__anext__, events.reconnect, events.aclose):
            with self.subTest(use=use.__name__), self.assertRaises(RuntimeError) as caught:
                await use()
            message = "GET /x: enter it first: async with self.client.sse(...) as events"
            self.assertEqual(str(caught.exception), message)
        with self.assertRaises(RuntimeError) as caught:
            _ = events.response
        self.assertEqual(str(caught.exception), message)

    async def test_redirect(self) -> None:
        """Redirects are followed, also by a client that does not follow them otherwise."""
        async with self.client.sse("/moved", params={"to": "/counted"}) as events:
            self.assertEqual([event.data async for event in events], ["1", "[2]"])
            self.assertEqual([response.status_code for response in events.response.history], [307])

    async def test_default_timeout(self) -> None:
        """Unless given, the time-out is the client's for reading, or five seconds where it has none."""
        self.assertEqual(self.new_client(timeout=httpx.Timeout(1, read=2)).sse("/endless").timeout, 2)
        self.assertEqual(self.new_client(timeout=None).sse("/endless").timeout, 5)
        self.assertEqual(self.client.sse("/endless", timeout=0.5).timeout, 0.5)

    async def test_silence(self) -> None:
        """A stream may be silent for longer than the client waits for a read."""
        client = self.new_client(timeout=httpx.Timeout(5, read=20 * MS))
        async with client.sse("/endless", timeout=5) as events:
            with self.assertRaises(TimeoutError):
                await events.next(timeout=40 * MS)
            self.feed.more.put_nowait("data: 1\n\n")
            self.assertEqual((await events.next()).data, "1")

    async def test_broken_off(self) -> None:
        """A connection that breaks off raises what httpx raises, with what came before beside it."""

        async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 99\r\n\r\n"
            writer.write(head + b"data: 1\n\n")
            writer.close()

        server = await asyncio.start_server(cut, "127.0.0.1", 0)
        self.addCleanup(server.close)
        base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        client = await self.enterAsyncContext(type(self.client)(base_url))
        async with client.sse("/") as events:
            await events.next()
            with self.assertRaises(httpx.RemoteProtocolError) as caught:
                await events.next()
        note = 'GET /: broken off while an event was awaited; received before: message "1"'
        self.assertEqual(caught.exception.__notes__, [note])

    async def test_long_data(self) -> None:
        """An error shows the beginning of long data, and the last events only."""
        async with self.client.sse("/endless") as events:
            for number in range(6):
                self.feed.more.put_nowait(f"data: {str(number) * 300}\n\n")
                await events.next()
            with self.assertRaises(TimeoutError) as caught:
                await events.next(timeout=0)
        shown = ", ".join(f'message "{str(number) * 200}\\u2026 (300 characters)"' for number in range(1, 6))
        message = f"GET /endless: no event within 0 s; received before: {shown}"
        self.assertEqual(str(caught.exception), message)


class LeaveTests(EventTestCase):
    """Leaving."""

    async def test_leave(self) -> None:
        """Leaving an endless stream is a disconnect that the app sees."""
        async with self.client.sse("/endless") as events:
            self.feed.more.put_nowait("data: 1\n\n")
            await events.next()
            self.assertFalse(self.feed.left.is_set())
        await asyncio.wait_for(self.feed.left.wait(), 5)

    async def test_leave_iteration(self) -> None:
        """So is leaving it in the middle of an iteration, and by an exception."""
        with self.assertRaises(ZeroDivisionError):
            async with self.client.sse("/endless") as events:
                self.feed.more.put_nowait("data: 1\n\n")
                async for event in events:  # pragma: no branch - it has no end
                    self.assertEqual(1 / (int(event.data) - 1), 0)
        await asyncio.wait_for(self.feed.left.wait(), 5)

    async def test_leave_waiting(self) -> None:
        """So is leaving it after a wait that timed out."""
        async with self.client.sse("/endless") as events:
            with self.assertRaises(TimeoutError):
                await events.next(timeout=0)
        await asyncio.wait_for(self.feed.left.wait(), 5)

    async def test_leave_unread(self) -> None:
        """The end of a stream that comes while no one waits is no error."""
        async with self.client.sse("/counted") as events:
            await events.next()
            await events.next()
            with self.assertRaises(TimeoutError):
                await events.next(timeout=0)
            reading = events._reading
            assert reading is not None
            await asyncio.wait({reading})


class ReconnectTests(EventTestCase):
    """Connecting again."""

    async def test_reconnect(self) -> None:
        """The stream goes on after the event that was received last."""
        async with self.client.sse("/counted") as events:
            await events.next()
            await events.reconnect()
            self.assertEqual((await events.next()).data, "2")
        self.assertEqual(self.feed.requests[1].headers["last-event-id"], "1")

    async def test_retry(self) -> None:
        """What the server has said of connecting again holds for the next connection too."""
        async with self.client.sse("/counted") as events:
            await events.next()
            await events.reconnect()
            self.assertEqual(events.retry, 10)

    async def test_after_the_end(self) -> None:
        """After the end of a stream, an ID counts that came without an event."""
        async with self.client.sse("/counted") as events:
            async for _ in events:
                pass
            self.assertEqual(events.last_event_id, "3")
            await events.reconnect()
            self.assertEqual((await events.next()).id, "4")

    async def test_last_event_id(self) -> None:
        """A stream may begin with an ID."""
        async with self.client.sse("/counted", last_event_id="7") as events:
            self.assertEqual((await events.next()).id, "8")


class RefusalTests(EventTestCase):
    """Answers that are no stream of events."""

    async def assertRefused(self, path: str, message: str, error: type[Exception] = SSEError, **options: Any) -> None:
        """Fail unless the stream cannot be opened."""
        with self.assertRaises(error) as caught:
            await self.client.sse(path, **options).__aenter__()
        self.assertEqual(str(caught.exception), message)

    async def test_status(self) -> None:
        """Any status but 200 is refused."""
        message = "GET /plain?status=404: expected 200 OK with text/event-stream, got 404 Not Found with {}; body: {}"
        await self.assertRefused("/plain?status=404", message.format("no Content-Type", "empty"))

    async def test_media_type(self) -> None:
        """Any other media type is refused, and the body is shown."""
        message = "GET /plain?body=hi: expected 200 OK with text/event-stream, got 200 OK with text/plain; body: hi"
        await self.assertRefused("/plain?body=hi", message)

    async def test_endless_body(self) -> None:
        """A body that may have no end is not read, or no longer than was said."""
        message = "GET /mute: expected 200 OK with text/event-stream, got 200 OK with text/plain; body: not read"
        await self.assertRefused("/mute", message)
        await self.assertRefused("/mute?length=1", message.replace("/mute", "/mute?length=1"), timeout=50 * MS)

    async def test_silence(self) -> None:
        """A response that does not come is waited for no longer than was said."""
        seconds = 100 * MS
        message = f"GET /silent: no response within {seconds:g} s"
        await self.assertRefused("/silent", message, TimeoutError, timeout=seconds)
