"""How a stream of events is opened, read and closed: awaited, or by a thread that waits for an event loop."""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Unpack

import httpx
from httpx_sse import ServerSentEvent

from fastapi_testing.client.events.reader import EventReader, EventStreamOptions
from fastapi_testing.client.library import library_of
from fastapi_testing.client.wrappers.bridge import Extensions
from fastapi_testing.hints.foreign import WrongWith
from fastapi_testing.server.threads.loop_thread import LoopThread

__all__ = ["AwaitedStream", "WaitingStream"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


class _Options(EventStreamOptions, total=False):
    method: str
    timeout: float | None
    last_event_id: str


class AwaitedStream(EventReader):
    """What an :class:`~fastapi_testing.EventStream` is made of."""

    if not TYPE_CHECKING:  # pragma: no branch - a checker would take every name for one that is there
        __enter__ = __exit__ = WrongWith("async with self.client.sse(path) as events:")

    def __init__(self, client: httpx.AsyncClient, url: str | httpx.URL, **options: Unpack[_Options]) -> None:
        super().__init__(client, url, **options)
        self._client = client

    async def _next(self, timeout: float | None) -> ServerSentEvent:
        return await self.read_next(timeout)

    async def _open(self) -> None:
        request = self.prepare()
        try:
            async with asyncio.timeout(self.timeout):
                # As an EventSource does, whatever the client does otherwise.
                response = await self._client.send(request, stream=True, follow_redirects=True)
        except TimeoutError:
            raise self.no_response() from None
        await self.begin(response)

    async def _close(self) -> None:
        await self.stop_reading()
        await self.response.aclose()


class WaitingStream:
    """What a :class:`~fastapi_testing.SyncEventStream` is made of: it has the events read on the event loop."""

    if not TYPE_CHECKING:  # pragma: no branch - a checker would take every name for one that is there
        __aenter__ = __aexit__ = WrongWith("with self.client.sse(path) as events:")

    def __init__(
        self, client: httpx.Client, thread: LoopThread, url: str | httpx.URL, **options: Unpack[_Options]
    ) -> None:
        self._client = client
        self._thread = thread
        self._events = EventReader(client, url, entering="with", **options)
        self._response: httpx.Response | None = None

    @property
    def timeout(self) -> float:
        """Seconds that an event may take where it is not told otherwise."""
        return self._events.timeout

    @timeout.setter
    def timeout(self, seconds: float) -> None:
        self._events.timeout = seconds

    @property
    def received(self) -> deque[ServerSentEvent]:
        """The last events that were received, oldest first: 100, and 1 MB of them; a larger one, cut."""
        return self._events.received

    @property
    def last_event_id(self) -> str:
        """The ID that the stream had given when it sent the event received last; empty where it gave none."""
        return self._events.last_event_id

    @property
    def response(self) -> httpx.Response:
        """The response, whose body is the stream."""
        return self._events.response if self._response is None else self._response

    @property
    def target(self) -> str:
        """The request target (RFC 9112 §3.2.1): path and query."""
        return self._events.target

    @property
    def retry(self) -> int | None:
        """The milliseconds after which the server wants a client to connect again; None where it has not said."""
        return self._events.retry

    def __str__(self) -> str:
        return str(self._events)

    def _next(self, timeout: float | None) -> ServerSentEvent:
        patience = self.timeout if timeout is None else timeout
        return self._thread.begin(self._events.read_next(timeout)).wait(patience=patience)

    def _open(self) -> None:
        request = self._events.prepare()
        request.extensions[Extensions.HEAD_TIMEOUT] = self.timeout
        try:
            # As an EventSource does, whatever the client does otherwise.
            self._response = self._client.send(request, stream=True, follow_redirects=True)
        except (TimeoutError, library_of(self._client).TimeoutException):
            raise self._events.no_response() from None
        self._thread.finish(self._events.begin(_on_the_loop(self._response)))

    def _close(self) -> None:
        self._thread.finish(self._events.stop_reading())
        self.response.close()


def _on_the_loop(response: httpx.Response) -> httpx.Response:
    """Return the response of a client that waits as one of a client that does not."""
    on_the_loop: httpx.Response = library_of(response.request).Response(
        response.status_code,
        headers=response.headers,
        stream=response.extensions[Extensions.ASYNC_STREAM],
        request=response.request,
        extensions=response.extensions,
    )
    return on_the_loop
