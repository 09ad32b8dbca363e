"""The HTTP client of a test: httpx's own, for the test server only."""

from collections.abc import Sequence
from functools import cached_property
from types import TracebackType
from typing import Any, Unpack

import httpx

from fastapi_testing.client.events.stream import EventStream
from fastapi_testing.client.http.lean import LeanClient
from fastapi_testing.client.http.one_server import ClientOptions, OneServerClient
from fastapi_testing.client.websocket.client import WebSocketClient
from fastapi_testing.client.wrappers.settling import Settling

__all__ = ["Client"]


class Client(OneServerClient[EventStream], LeanClient):
    """
    An :class:`httpx.AsyncClient` of one server: of a test's, in a test's hands.

    All that httpx documents works. It reads no proxies or other settings from the environment, and a URL of another
    origin is refused before anything is sent, also where a redirect leads there.

    Args:
        base_url: The server's origin, such as ``http://127.0.0.1:43210``; or, with ``server_url``, what the app is
            called by in the world, such as ``https://shop.example``.
        transport: The connections to use, which stay open when the client is closed; None for its own.
        server_url: Where the server listens, if ``base_url`` does not say it: connections lead there, and no name is
            looked up. A ``base_url`` of https is for a server without TLS what it is behind a proxy that ends it.
        hosts: Further names of the app, such as ``www.shop.example`` and ``*.shop.example``.
        settling: How requests end: by default, when the app's call has.
        **options: As for :class:`httpx.AsyncClient`; ``timeout`` is in seconds, and ``verify`` the TLS context for a
            server of ``https://``, as :meth:`Server.client_ssl_context() <fastapi_testing.Server.client_ssl_context>`
            makes it. Unless given, it is that of the transport.
    """

    def __init__(
        self,
        base_url: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        settling: Settling | None = None,
        server_url: str | None = None,
        hosts: Sequence[str] = (),
        **options: Unpack[ClientOptions],
    ) -> None:
        way = self._wire(base_url, transport, settling, options, server_url, hosts)
        if transport is None and self._home is not None:
            self._home.settle()
        super().__init__(base_url=base_url, transport=way, trust_env=False, **options)

    @cached_property
    def ws(self) -> WebSocketClient:
        """Opens WebSocket connections with this client's headers, cookies and time-out for reading."""
        return WebSocketClient(self, **self._handshake_options())

    def _make_stream(self, path: str | httpx.URL, **options: Any) -> EventStream:
        return EventStream(self, path, **options)

    async def aclose(self) -> None:
        await self._leave()
        await super().aclose()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self._leave()
        await super().__aexit__(exc_type, exc_value, traceback)

    async def _leave(self) -> None:
        """Close what is still open."""
        await self._settling.aclose()
        if "ws" in vars(self):
            await self.ws.aclose()
