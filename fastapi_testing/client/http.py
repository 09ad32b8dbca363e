"""The HTTP client of a test: httpx's own, for the test server only."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from types import TracebackType
from typing import Any, TypedDict, Unpack

import httpx

from fastapi_testing.client.transport import LoopbackTransport
from fastapi_testing.client.websocket import WebSocketClient
from fastapi_testing.errors import ForeignURLError

__all__ = ["Client", "ClientOptions"]

_Primitive = str | int | float | bool | None


class ClientOptions(TypedDict, total=False):
    """The keyword arguments of :class:`httpx.AsyncClient` that make sense for a client of the test server."""

    auth: httpx.Auth | tuple[str, str] | Callable[[httpx.Request], httpx.Request] | None
    cookies: httpx.Cookies | dict[str, str] | list[tuple[str, str]] | None
    default_encoding: str | Callable[[bytes], str]
    event_hooks: Mapping[str, list[Callable[..., Any]]] | None
    follow_redirects: bool
    headers: httpx.Headers | Mapping[str, str] | Sequence[tuple[str, str]] | None
    max_redirects: int
    params: httpx.QueryParams | Mapping[str, _Primitive | Sequence[_Primitive]] | str | None
    timeout: float | httpx.Timeout | None


class Client(httpx.AsyncClient):
    """
    An :class:`httpx.AsyncClient` of one server: of a test's, in a test's hands.

    All that httpx documents works. It reads no proxies or other settings from the environment, and a URL of another
    origin is refused before anything is sent, also where a redirect leads there.

    Args:
        base_url: The server's origin, such as ``http://127.0.0.1:43210``.
        transport: The connections to use, which stay open when the client is closed; None for its own.
        **options: As for :class:`httpx.AsyncClient`; ``timeout`` is in seconds.
    """

    def __init__(
        self, base_url: str, *, transport: httpx.AsyncBaseTransport | None = None, **options: Unpack[ClientOptions]
    ) -> None:
        own_transport = transport is None
        super().__init__(
            base_url=base_url,
            transport=_OneOriginTransport(transport or LoopbackTransport(), httpx.URL(base_url), owned=own_transport),
            trust_env=False,
            **options,
        )

    @cached_property
    def ws(self) -> WebSocketClient:
        """Opens WebSocket connections with this client's headers and cookies."""
        return WebSocketClient(self)

    async def aclose(self) -> None:
        await self._close_websockets()
        await super().aclose()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self._close_websockets()
        await super().__aexit__(exc_type, exc_value, traceback)

    async def _close_websockets(self) -> None:
        if "ws" in vars(self):
            await self.ws.aclose()


class _OneOriginTransport(httpx.AsyncBaseTransport):
    """Hands requests on to a transport, those to the one origin (RFC 6454) only."""

    def __init__(self, transport: httpx.AsyncBaseTransport, origin: httpx.URL, *, owned: bool) -> None:
        self._transport = transport
        self._origin = origin
        self._owned = owned

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        if (url.scheme, url.host, url.port) != (self._origin.scheme, self._origin.host, self._origin.port):
            raise ForeignURLError(str(url), str(self._origin))
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        if self._owned:
            await self._transport.aclose()
