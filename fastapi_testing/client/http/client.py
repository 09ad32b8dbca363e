"""The HTTP client of a test: httpx's own, for the test server only."""

import ssl
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import httpx

from fastapi_testing.client.events.stream import EventStream, EventStreamOptions
from fastapi_testing.client.http.lean import LeanClient
from fastapi_testing.client.transport.loopback import LoopbackTransport
from fastapi_testing.client.websocket.client import WebSocketClient
from fastapi_testing.client.wrappers.origin import OneOriginTransport
from fastapi_testing.client.wrappers.settling import Settling, SettlingTransport

if TYPE_CHECKING:
    from fastapi_testing.client.transport.home import HomeLoop

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
    verify: ssl.SSLContext


class Client(LeanClient):
    """
    An :class:`httpx.AsyncClient` of one server: of a test's, in a test's hands.

    All that httpx documents works. It reads no proxies or other settings from the environment, and a URL of another
    origin is refused before anything is sent, also where a redirect leads there.

    Args:
        base_url: The server's origin, such as ``http://127.0.0.1:43210``.
        transport: The connections to use, which stay open when the client is closed; None for its own.
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
        **options: Unpack[ClientOptions],
    ) -> None:
        verify = options.pop("verify", None)
        self._ssl_context = getattr(transport, "ssl_context", None) if verify is None else verify
        chosen = transport or _own_transport(verify)
        self._home: HomeLoop | None = getattr(chosen, "home", None)
        one_origin = OneOriginTransport(chosen, httpx.URL(base_url), owned=transport is None)
        self._settling = settling or Settling()
        super().__init__(
            base_url=base_url,
            transport=SettlingTransport(one_origin, self._settling),
            trust_env=False,
            **options,
        )

    @cached_property
    def ws(self) -> WebSocketClient:
        """Opens WebSocket connections with this client's headers, cookies and time-out for reading."""
        return WebSocketClient(
            self,
            timeout=5.0 if self.timeout.read is None else self.timeout.read,
            ssl=self._ssl_context if self.base_url.scheme == "https" else None,
            raise_server_exceptions=self._settling.raise_server_exceptions,
            home=self._home,
        )

    def sse(
        self,
        path: str | httpx.URL,
        *,
        method: str = "GET",
        timeout: float | None = None,
        last_event_id: str = "",
        **options: Unpack[EventStreamOptions],
    ) -> EventStream:
        """
        Open a stream of Server-Sent Events (HTML Standard §9.2).

        ::

            async with self.client.sse("/prices") as events: ...

        Args:
            path: The path, or a URL on the test server.
            method: The method of the request.
            timeout: Seconds that the response, and then each event, may take; the client's own unless given.
            last_event_id: The ``Last-Event-ID`` to begin with, as a browser sends it that connects again.
            **options: As for :meth:`httpx.AsyncClient.request`.

        Returns:
            What is entered for the open stream. Doing so raises what follows.

        Raises:
            httpx_sse.SSEError: If the answer is no stream of events.
            TimeoutError: If there is no answer in time.
        """
        return EventStream(self, path, method=method, timeout=timeout, last_event_id=last_event_id, **options)

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


def _own_transport(ssl_context: ssl.SSLContext | None) -> LoopbackTransport:
    transport = LoopbackTransport(ssl_context=ssl_context)
    transport.home.settle()
    return transport
