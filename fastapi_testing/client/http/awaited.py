"""What a client that is awaited is, whichever library it is of."""

from collections.abc import Sequence
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Unpack

import httpx

from fastapi_testing.client.events.stream import EventStream
from fastapi_testing.client.http.one_server import ClientOptions, OneServerClient
from fastapi_testing.client.websocket.client import WebSocketClient
from fastapi_testing.client.wrappers.settling import Settling

if TYPE_CHECKING:
    from httpx import AsyncClient
else:
    AsyncClient = object

__all__ = ["AwaitedClient"]


class AwaitedClient(OneServerClient[EventStream], AsyncClient):
    """
    The half of a client of one server; the other half is a client of httpx, or of httpx2.

    Its arguments are those of :class:`~fastapi_testing.Client`.
    """

    _kind = "Client"

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
        self._become(options)
        way = self._wire(base_url, transport, settling, options, server_url, hosts, self._library)
        if transport is None and self._home is not None:
            self._home.settle()
        left: Any = options  # what it takes itself is out of them
        super().__init__(base_url=base_url, transport=way, trust_env=False, **left)

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
