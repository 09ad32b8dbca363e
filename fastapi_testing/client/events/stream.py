"""Server-Sent Events, as a test receives them: every wait has an end, and leaving is a disconnect that the app sees."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from functools import partial
from types import TracebackType
from typing import Any, Self, TypedDict, Unpack, cast

import httpx
from httpx import _types as types
from httpx_sse import ServerSentEvent, SSEError

from fastapi_testing.client.events.decoder import EventDecoder

__all__ = ["EventStream", "EventStreamOptions"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_TIMEOUT = 5.0
"""Seconds that a wait takes at most where neither the test nor the client says."""

_MEDIA_TYPE = "text/event-stream"

_KEPT = 100
"""Events that :attr:`EventStream.received` holds."""

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


class EventStream:
    """
    A stream of Server-Sent Events (HTML Standard §9.2), which opens where it is entered and closes where it is left.

    ::

        async with self.client.sse("/prices") as events:
            first = await events.next()
            async for event in events: ...

    Closing it closes the connection, which the app sees as a disconnect, at whatever point of the stream; so one that
    has no end can be tested.

    Args:
        client: The client, whose ``base_url``, cookies, headers and authentication hold here too.
        url: A path, or a URL on the test server.
        method: The method of the request.
        timeout: Seconds that the response, and then each event, may take; the read timeout of the client unless given,
            or five where it has none.
        last_event_id: The ``Last-Event-ID`` to begin with, as a browser sends it that connects again.
        **options: As for :meth:`httpx.AsyncClient.request`.

    Attributes:
        timeout: Seconds that an event may take where it is not told otherwise.
        received: The last events that were received, oldest first; 100 are kept.
        last_event_id: The ID that the stream had given when it sent the event received last; empty where it gave none.
    """

    _entering = "async with"

    def __init__(
        self,
        client: httpx.AsyncClient,
        url: str | httpx.URL,
        *,
        method: str = "GET",
        timeout: float | None = None,
        last_event_id: str = "",
        **options: Unpack[EventStreamOptions],
    ) -> None:
        self.timeout: float = next(
            seconds for seconds in (timeout, client.timeout.read, _TIMEOUT) if seconds is not None
        )
        self.received: deque[ServerSentEvent] = deque(maxlen=_KEPT)
        self.last_event_id: str = last_event_id
        self._client = client
        self._build_request = partial(client.build_request, method, url, **options)
        self._request = self._build_request()
        self._decoder = EventDecoder()
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

    async def next(self, timeout: float | None = None) -> ServerSentEvent:
        """
        Receive the next event.

        A wait that times out takes no event: the next one gets it.

        Args:
            timeout: Seconds to wait; the stream's ``timeout`` unless given.

        Returns:
            The event, with ``data``, ``event``, ``id``, ``retry`` and ``json()``.

        Raises:
            TimeoutError: If no event comes in time; it says which had come before.
            EOFError: If the stream ends instead; iteration ends there too.
            httpx.RemoteProtocolError: If the connection breaks off instead.
            RuntimeError: If another task waits for the next event, or if the stream has not been entered.
        """
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
        except httpx.TransportError as exc:
            exc.add_note(f"{self}: broken off while an event was awaited; {self._history()}")
            raise
        finally:
            self._awaited = False
        self.received.append(event)
        self.last_event_id = event.id
        return event

    async def reconnect(self) -> None:
        """
        Close the connection and open another one, as a browser does, with the ``Last-Event-ID`` (HTML Standard §9.2.4).

        A browser waits for ``retry`` milliseconds before it does so; this does not.

        Raises:
            httpx_sse.SSEError: If the answer is no stream of events.
            TimeoutError: If there is no answer in time.
            RuntimeError: If the stream has not been entered.
        """
        await self.aclose()
        await self._open()

    async def aclose(self) -> None:
        """
        Close the connection; what had come and was not received is dropped.

        Raises:
            RuntimeError: If the stream has not been entered.
        """
        await self.stop_reading()
        await self.response.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ServerSentEvent:
        try:
            return await self.next()
        except EOFError:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Self:
        await self._open()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __str__(self) -> str:
        return f"{self._request.method} {self.target}"

    async def _open(self) -> None:
        request = self.prepare()
        try:
            async with asyncio.timeout(self.timeout):
                # As an EventSource does, whatever the client does otherwise.
                response = await self._client.send(request, stream=True, follow_redirects=True)
        except TimeoutError:
            raise self.no_response() from None
        await self.begin(response)

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
        self._decoder = EventDecoder(self.last_event_id)
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
        if self.response.status_code == httpx.codes.OK and media_type == _MEDIA_TYPE:
            return
        body = await self._read_error()
        await self.response.aclose()
        got = f"{self.response.status_code} {self.response.reason_phrase} with {media_type or 'no Content-Type'}"
        raise SSEError(f"{self}: expected 200 OK with {_MEDIA_TYPE}, got {got}; body: {body}", request=self._request)

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
    return text if len(text) <= _CUT else f"{text[:_CUT]}… ({len(text)} characters)"
