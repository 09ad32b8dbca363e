# Generated from stream.py by `python -m tests.sync_files --write`: change that file, not this one.
"""Server-Sent Events, for plain tests: every wait has an end, and leaving is a disconnect that the app sees."""

from typing import Self

from httpx_sse import ServerSentEvent

from fastapi_testing.client.events.opening import WaitingStream

__all__ = ["SyncEventStream"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


class SyncEventStream(WaitingStream):
    """
    A stream of Server-Sent Events (HTML Standard §9.2), for tests that are no coroutines.

    ::

        with self.client.sse("/prices") as events:
            first = events.next()
            for event in events: ...

    Closing it closes the connection, which the app sees as a disconnect, at whatever point of the stream; so one that
    has no end can be tested.

    Args:
        client: The client, whose ``base_url``, cookies, headers and authentication hold here too.
        thread: The thread of the event loop on which the client's connections are.
        url: A path, or a URL on the test server.
        method: The method of the request.
        timeout: Seconds that the response, and then each event, may take; the read timeout of the client unless given,
            or five where it has none.
        last_event_id: The ``Last-Event-ID`` to begin with, as a browser sends it that connects again.
        **options: As for :meth:`httpx.Client.request`.

    Attributes:
        timeout: Seconds that an event may take where it is not told otherwise.
        received: The last events that were received, oldest first: 100, and 1 MB of them; a larger one, cut.
        last_event_id: The ID that the stream had given when it sent the event received last; empty where it gave none.
    """

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
        return self._next(timeout)

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
        self._close()

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

    def __exit__(self, *exc_info: object) -> None:
        self.close()
