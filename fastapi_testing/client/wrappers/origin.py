"""The one origin (RFC 6454) that a client of a test server speaks to."""

import httpx

from fastapi_testing.errors import ForeignURLError

__all__ = ["OneOriginTransport", "origin_of"]


class OneOriginTransport(httpx.AsyncBaseTransport):
    """
    Hands requests on to a transport, those to the one origin only.

    Args:
        transport: The transport.
        origin: A URL of that origin.
        owned: Whether the transport is closed with this one.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport, origin: httpx.URL, *, owned: bool) -> None:
        self._transport = transport
        self._url = origin
        self._origin = origin_of(origin)
        self._owned = owned

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if origin_of(request.url) != self._origin:
            raise ForeignURLError(str(request.url), str(self._url))
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        if self._owned:
            await self._transport.aclose()


def origin_of(url: httpx.URL) -> tuple[str, str, int | None]:
    """Return the origin (RFC 6454 §4); httpx leaves out a port that is the scheme's own."""
    return url.scheme, url.host, url.port
