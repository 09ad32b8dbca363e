"""The one server that a client speaks to, by its address and by the names of the app."""

import httpx

from fastapi_testing.client.library import library_of
from fastapi_testing.client.wrappers.names import OwnOrigins, host_of
from fastapi_testing.errors import ForeignURLError

__all__ = ["ANSWER", "OneOriginTransport", "foreign"]

ANSWER = "fastapi_testing.answer"
"""Of the extensions of a request: its response, where that is there already, and httpx is to go on with it."""

_HTTP_SCHEMES = {"ws": "http", "wss": "https"}


class OneOriginTransport(httpx.AsyncBaseTransport):
    """
    Hands requests on to a transport, those to the one server only.

    What is for a name of the app goes to the server's address, and nobody is asked where the name is. Where the URL is
    of https and the server speaks no TLS, the request is what a proxy hands on that ends the TLS.

    Args:
        transport: The transport.
        origins: The origins of the server.
        owned: Whether the transport is closed with this one.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport, origins: OwnOrigins, *, owned: bool) -> None:
        self._transport = transport
        self._origins = origins
        self._owned = owned

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if ANSWER in request.extensions:
            answer: httpx.Response = request.extensions.pop(ANSWER)
            return answer
        if not self._origins.is_server(request.url):
            request = self._to_server(request)
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        if self._owned:
            await self._transport.aclose()

    def _to_server(self, request: httpx.Request) -> httpx.Request:
        """Return what is sent to the server for another URL of the app; its ``Host`` stays that of the request."""
        url, server = request.url, self._origins.server
        if "Upgrade" in request.headers:  # httpx2 asks for its own WebSockets by such URLs
            url = url.copy_with(scheme=_HTTP_SCHEMES.get(url.scheme, url.scheme))
        if not (self._origins.is_server(url) or self._origins.is_named(url)):
            raise foreign(str(request.url), request.url, self._origins)
        headers = request.headers.copy()
        headers.update(self._origins.forwarded_headers(url, headers))
        extensions = dict(request.extensions)
        if server.scheme == "https":
            extensions.setdefault("sni_hostname", host_of(url))
        to_server = server.copy_with(raw_path=url.raw_path)
        sent: httpx.Request = library_of(request).Request(
            request.method, to_server, headers=headers, stream=request.stream, extensions=extensions
        )
        return sent


def foreign(shown: str, url: httpx.URL, origins: OwnOrigins) -> ForeignURLError:
    """
    Return the error for a URL that is not the server's.

    Args:
        shown: The URL as it was asked for.
        url: The same, of HTTP.
        origins: The origins of the server.
    """
    own = str(origins.base.copy_with(raw_path=b"/")).rstrip("/")
    error = ForeignURLError(shown, own)
    if url.scheme in ("http", "https") and url.host and origins.base.host != url.host:
        error.add_note(origins.describe_name(url))
    return error
