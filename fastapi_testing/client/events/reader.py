"""What reads a stream of events, on the event loop: every wait has an end, and one that times out takes nothing."""

import asyncio
import json
import sys
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any, TypedDict, Unpack, cast

import httpx
from httpx import _types as types
from httpx_sse import ServerSentEvent

from fastapi_testing.client.events.decoder import EventDecoder
from fastapi_testing.client.library import events_of, library_of
from fastapi_testing.server.recording.kept import Shelf, beginning_of, whole_size

__all__ = ["EventReader", "EventStreamOptions"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_TIMEOUT = 5.0
"""Seconds that a wait takes at most where neither the test nor the client says."""

_MEDIA_TYPE = "text/event-stream"

_KEPT = 100
"""Events that :attr:`EventStream.received` holds, as long as they are no more than 1 MB."""

_SHOWN = 5
"""Events that an error shows."""

_CUT = 200
"""Characters of a body or of data that an error shows."""


class EventStreamOptions(TypedDict, total=False):
    """What a request for events may have besides its URL, as :meth:`httpx.AsyncClient.request` takes it."""

    content: types.RequestContent | None
    data: Mapping[str, Any] | None
    json: Any
    params: types.QueryParamTypes | None
    headers: types.HeaderTypes | None
    cookies: types.CookieTypes | None


class EventReader:
    """
    What an :class:`~fastapi_testing.EventStream` knows and does, but for opening and closing it.

    Args:
        client: The client, of either kind.
        url: A path, or a URL on the test server.
        method: The method of the request.
        timeout: Seconds that the response, and then each event, may take; the read timeout of the client unless given,
            or five where it has none.
        last_event_id: The ``Last-Event-ID`` to begin with.
        entering: How the stream is entered.
        **options: As for :meth:`httpx.AsyncClient.request`.
    """

    def __init__(
        self,
        client: httpx.AsyncClient | httpx.Client,
        url: str | httpx.URL,
        *,
        method: str = "GET",
        timeout: float | None = None,
        last_event_id: str = "",
        entering: str = "async with",
        **options: Unpack[EventStreamOptions],
    ) -> None:
        self._library = library_of(client)
        self.timeout: float = next(
            seconds for seconds in (timeout, client.timeout.read, _TIMEOUT) if seconds is not None
        )
        self._shelf: Shelf[ServerSentEvent] = Shelf(_KEPT, _size_of)
        self.received: deque[ServerSentEvent] = self._shelf.items
        self.last_event_id: str = last_event_id
        self._entering = entering
        self._build_request = partial(client.build_request, method, url, **options)
        self._request = self._build_request()
        self._decoder = self._make_decoder()
        self._reading: asyncio.Task[bytes] | None = None
        self._awaited = False
        self._response: httpx.Response | None = None
        self._chunks: AsyncGenerator[bytes, None] | None = None
        self._waiting: deque[ServerSentEvent] = deque()

    @property
    def response(self) -> httpx.Response:
        """The response, whose body is the stream."""
        if self._response is None:
            raise self._not_entered()
        return self._response

    @property
    def target(self) -> str:
        """The request target (RFC 9112 §3.2.1): path and query."""
        return self._request.url.raw_path.decode()

    @property
    def retry(self) -> int | None:
        """The milliseconds after which the server wants a client to connect again; None where it has not said."""
        return self._decoder.retry

    async def read_next(self, timeout: float | None) -> ServerSentEvent:
        """Return the next event, as :meth:`EventStream.next() <fastapi_testing.EventStream.next>` says."""
        if self._awaited:
            raise RuntimeError(f"{self}: another task waits for the next event already")
        if self._chunks is None:
            raise self._not_entered()
        self._awaited = True
        seconds = self.timeout if timeout is None else timeout
        try:
            async with asyncio.timeout(seconds):
                event = await self._receive()
        except TimeoutError:
            raise TimeoutError(f"{self}: no event within {seconds:g} s; {self._history()}") from None
        except EOFError:
            raise EOFError(f"{self}: the stream ended while an event was awaited; {self._history()}") from None
        except self._library.TransportError as exc:
            exc.add_note(f"{self}: broken off while an event was awaited; {self._history()}")
            raise
        finally:
            self._awaited = False
        self._shelf.keep(_beginning_of(event))
        self.last_event_id = event.id
        return event

    def __str__(self) -> str:
        return f"{self._request.method} {self.target}"

    def prepare(self) -> httpx.Request:
        """Return the request for the stream."""
        self._request = self._build_request()
        self._request.headers.update({"Accept": _MEDIA_TYPE, "Cache-Control": "no-store"})
        if self.last_event_id:
            self._request.headers["Last-Event-ID"] = self.last_event_id
        # An endless stream may be silent for as long as it likes: each next() has its own end.
        self._request.extensions["timeout"]["read"] = None
        return self._request

    def no_response(self) -> TimeoutError:
        """Return what to raise where none comes in time."""
        return TimeoutError(f"{self}: no response within {self.timeout:g} s")

    async def begin(self, response: httpx.Response) -> None:
        """Begin to read the stream, unless the response is none."""
        self._response = response
        await self._check_response()
        retry = self._decoder.retry  # outlives the connection (HTML Standard §9.2.3)
        self._decoder = self._make_decoder(self.last_event_id)
        self._decoder.retry = retry
        self._chunks = cast("AsyncGenerator[bytes, None]", response.aiter_bytes())
        self._reading = None
        self._waiting.clear()

    async def stop_reading(self) -> None:
        """Drop what is being read; for whoever then closes the response."""
        if self._chunks is None:
            raise self._not_entered()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait({self._reading})
            if not self._reading.cancelled():
                self._reading.exception()  # nobody waits for it: asyncio is not to log it
        await self._chunks.aclose()  # or the event loop closes it, in a task that outlives the block

    async def _check_response(self) -> None:
        """Refuse what a browser refuses (HTML Standard §9.2.3)."""
        media_type = self.response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if self.response.status_code == HTTPStatus.OK and media_type == _MEDIA_TYPE:
            return
        body = await self._read_error()
        await self.response.aclose()
        got = f"{self.response.status_code} {self.response.reason_phrase} with {media_type or 'no Content-Type'}"
        text = f"{self}: expected 200 OK with {_MEDIA_TYPE}, got {got}; body: {body}"
        raise events_of(self._library).SSEError(text, request=self._request)

    def _make_decoder(self, last_event_id: str = "") -> EventDecoder:
        return EventDecoder(last_event_id, events_of(self._library).ServerSentEvent)

    async def _read_error(self) -> str:
        if "Content-Length" not in self.response.headers:
            return "not read"  # it may have no end
        try:
            async with asyncio.timeout(self.timeout):
                await self.response.aread()
        except TimeoutError:
            return "not read"
        return _cut(self.response.text) or "empty"

    async def _receive(self) -> ServerSentEvent:
        while not self._waiting:
            self._waiting.extend(self._decoder.feed(await self._read()))
        return self._waiting.popleft()

    async def _read(self) -> bytes:
        """Return the next bytes. A wait that times out leaves the read going, for the next one to take up."""
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_chunk())
        await asyncio.wait({self._reading})
        reading, self._reading = self._reading, None
        return reading.result()

    async def _read_chunk(self) -> bytes:
        chunk = await anext(cast("AsyncGenerator[bytes, None]", self._chunks), None)
        if chunk is None:
            self.last_event_id = self._decoder.last_event_id  # an ID may come without an event
            raise EOFError
        return chunk

    def _not_entered(self) -> RuntimeError:
        return RuntimeError(f"{self}: enter it first: {self._entering} self.client.sse(...) as events")

    def _history(self) -> str:
        if not self.received:
            return "nothing was received before"
        return f"received before: {', '.join(map(_describe, list(self.received)[-_SHOWN:]))}"


def _describe(event: ServerSentEvent) -> str:
    """Render an event for an error: ``price {"n": 1}``, or ``message "hello"``."""
    return f"{event.event} {_cut(event.data) if event.data[:1] in {'{', '['} else json.dumps(_cut(event.data))}"


def _cut(text: str) -> str:
    return text if len(text) <= _CUT else f"{text[:_CUT]}… ({whole_size(text)} characters)"


def _size_of(event: ServerSentEvent) -> int:
    return sys.getsizeof(event.data)


def _beginning_of(event: ServerSentEvent) -> ServerSentEvent:
    data = beginning_of(event.data)
    return event if data is event.data else type(event)(event.event, data, event.id, event.retry)
