"""Limits of how many connections a client has, around the transport, which has none."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx

from fastapi_testing.client.library import library_of, stream_class

__all__ = ["LimitedTransport"]


class LimitedTransport(httpx.AsyncBaseTransport):
    """
    Hands requests on to a transport that keeps connections, and takes an idle one before it opens another.

    Args:
        transport: The transport.
        max_connections: Requests, and so connections, at once; a request beyond it waits for its turn.
        max_keepalive: Connections to keep when they are idle. A request that would leave one more asks the server to
            close its connection (RFC 9112 §9.6).
    """

    def __init__(self, transport: httpx.AsyncBaseTransport, max_connections: int, max_keepalive: int) -> None:
        self._transport = transport
        self._turns = asyncio.Semaphore(max_connections)
        self._keepable = max_keepalive

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self._wait_for_turn(request)
        release = self._begin(request)
        try:
            response = await self._transport.handle_async_request(request)
        except BaseException:
            release()
            raise
        library, stream = library_of(request), response.stream
        assert isinstance(stream, library.AsyncByteStream)  # noqa: S101 - of an asynchronous transport
        response.stream = stream_class(library, _ReleasingStream)(stream, release)
        return response

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def _wait_for_turn(self, request: httpx.Request) -> None:
        seconds = request.extensions.get("timeout", {}).get("pool")
        try:
            async with asyncio.timeout(seconds):
                await self._turns.acquire()
        except TimeoutError:
            message = f"{request.method} {request.url}: every connection was in use for {seconds:g} s"
            raise library_of(request).PoolTimeout(message, request=request) from None

    def _begin(self, request: httpx.Request) -> Callable[[], None]:
        """Count a request in, and return what counts it out."""
        kept = min(self._keepable, 1)
        self._keepable -= kept
        if not kept:
            request.headers["Connection"] = "close"

        def release() -> None:
            self._keepable += kept
            self._turns.release()

        return release


class _ReleasingStream(httpx.AsyncByteStream):
    """The body of a response, with whose end the next request has its turn."""

    def __init__(self, stream: httpx.AsyncByteStream, release: Callable[[], None]) -> None:
        self._stream = stream
        self._release: Callable[[], None] | None = release

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._stream.__aiter__()

    async def aclose(self) -> None:
        release, self._release = self._release, None
        try:
            await self._stream.aclose()
        finally:
            if release is not None:
                release()
