"""Server-Sent Events, as a test receives them: every wait has an end, and leaving is a disconnect that the app sees."""

from typing import Self

from httpx_sse import ServerSentEvent

from fastapi_testing.client.events.opening import AwaitedStream

__all__ = ["EventStream"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


class EventStream(AwaitedStream):
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
        received: The last events that were received, oldest first: 100, and 1 MB of them; a larger one, cut.
        last_event_id: The ID that the stream had given when it sent the event received last; empty where it gave none.
    """

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
        return await self._next(timeout)

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
        await self._close()

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

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()
