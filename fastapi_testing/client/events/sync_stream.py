"""Server-Sent Events, as a plain test receives them: every wait has an end."""

from collections import deque
from types import TracebackType
from typing import Any, Self, Unpack, cast

import httpx
from httpx_sse import ServerSentEvent

from fastapi_testing.client.events.stream import EventStream, EventStreamOptions
from fastapi_testing.client.wrappers.bridge import Extensions
from fastapi_testing.server.threads.loop_thread import LoopThread

__all__ = ["SyncEventStream"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


class SyncEventStream:
    """
    A stream of Server-Sent Events (HTML Standard §9.2), for tests that are no coroutines.

    An :class:`~fastapi_testing.EventStream` whose methods wait::

        with self.client.sse("/prices") as events:
            first = events.next()
            for event in events: ...

    Args:
        client: The client, whose ``base_url``, cookies, headers and authentication hold here too.
        thread: The thread of the event loop on which the client's connections are.
        url: A path, or a URL on the test server.
        **options: As for :class:`~fastapi_testing.EventStream`.
    """

    def __init__(
        self,
        client: httpx.Client,
        thread: LoopThread,
        url: str | httpx.URL,
        *,
        method: str = "GET",
        timeout: float | None = None,
        last_event_id: str = "",
        **options: Unpack[EventStreamOptions],
    ) -> None:
        self._client = client
        self._thread = thread
        self._events = _Events(
            cast("Any", client), url, method=method, timeout=timeout, last_event_id=last_event_id, **options
        )
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
        """The last events that were received, oldest first; 100 are kept."""
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

    def next(self, timeout: float | None = None) -> ServerSentEvent:
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
            RuntimeError: If another thread waits for the next event, or if the stream has not been entered.
        """
        patience = self.timeout if timeout is None else timeout
        return self._thread.begin(self._events.next(timeout)).wait(patience=patience)

    def reconnect(self) -> None:
        """
        Close the connection and open another one, as a browser does, with the ``Last-Event-ID`` (HTML Standard §9.2.4).

        A browser waits for ``retry`` milliseconds before it does so; this does not.

        Raises:
            httpx_sse.SSEError: If the answer is no stream of events.
            TimeoutError: If there is no answer in time.
            RuntimeError: If the stream has not been entered.
        """
        self.close()
        self._open()

    def close(self) -> None:
        """
        Close the connection; what had come and was not received is dropped.

        Raises:
            RuntimeError: If the stream has not been entered.
        """
        self._thread.finish(self._events.stop_reading())
        self.response.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> ServerSentEvent:
        try:
            return self.next()
        except EOFError:
            raise StopIteration from None

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __str__(self) -> str:
        return str(self._events)

    def _open(self) -> None:
        request = self._events.prepare()
        request.extensions[Extensions.HEAD_TIMEOUT] = self.timeout
        try:
            # As an EventSource does, whatever the client does otherwise.
            self._response = self._client.send(request, stream=True, follow_redirects=True)
        except (TimeoutError, httpx.TimeoutException):
            raise self._events.no_response() from None
        self._thread.finish(self._events.begin(_on_the_loop(self._response)))


class _Events(EventStream):
    """What reads the stream, on the event loop."""

    _entering = "with"


def _on_the_loop(response: httpx.Response) -> httpx.Response:
    """Return the response of a client that waits as one of a client that does not."""
    return httpx.Response(
        response.status_code,
        headers=response.headers,
        stream=response.extensions[Extensions.ASYNC_STREAM],
        request=response.request,
        extensions=response.extensions,
    )
