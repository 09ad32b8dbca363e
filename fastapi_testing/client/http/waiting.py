"""What a client that waits is, whichever library it is of."""

from collections.abc import Sequence
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Unpack, cast

import httpx

from fastapi_testing.client.events.sync_stream import SyncEventStream
from fastapi_testing.client.http.one_server import ClientOptions, OneServerClient
from fastapi_testing.client.wrappers.bridge import BridgeTransport, Extensions
from fastapi_testing.client.wrappers.settling import Settling
from fastapi_testing.server.threads.loop_thread import LoopThread

if TYPE_CHECKING:
    from httpx import Client

    from fastapi_testing.client.websocket.sync_client import SyncWebSocketClient
else:
    Client = object

__all__ = ["WaitingClient"]


class WaitingClient(OneServerClient[SyncEventStream], Client):
    """
    The half of a client of one server; the other half is a client of httpx, or of httpx2.

    Its arguments are those of :class:`~fastapi_testing.SyncClient`.
    """

    _kind = "SyncClient"

    def __init__(
        self,
        base_url: str,
        *,
        thread: LoopThread | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        settling: Settling | None = None,
        server_url: str | None = None,
        hosts: Sequence[str] = (),
        **options: Unpack[ClientOptions],
    ) -> None:
        self._become(options)
        self._thread = thread or LoopThread(f"the client of {base_url}")
        self._owns_thread = thread is None
        wire = self._wire(base_url, transport, settling, options, server_url, hosts, self._library)
        way, left = BridgeTransport(self._thread, wire), cast("Any", options)  # what it takes itself is out of them
        super().__init__(base_url=base_url, transport=way, trust_env=False, **left)

    @cached_property
    def ws(self) -> "SyncWebSocketClient":
        """Opens WebSocket connections with this client's headers, cookies and time-out for reading."""
        from fastapi_testing.client.websocket.sync_client import SyncWebSocketClient  # noqa: PLC0415 - few tests need it

        return SyncWebSocketClient(self, thread=self._thread, **self._handshake_options())

    def _make_stream(self, path: str | httpx.URL, **options: Any) -> SyncEventStream:
        return SyncEventStream(self, self._thread, path, **options)

    def send(self, request: httpx.Request, *, stream: bool = False, **options: Any) -> httpx.Response:
        if self._owns_thread and not self.is_closed:
            self._thread.ensure_started()
        if stream:
            request.extensions[Extensions.STREAMED] = True
        return super().send(request, stream=stream, **options)

    def close(self) -> None:
        self._leave()
        super().close()
        self._stop_thread()

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self._leave()
        super().__exit__(exc_type, exc_value, traceback)
        self._stop_thread()

    def _leave(self) -> None:
        """Close what is still open."""
        if self._thread.is_running:
            self._thread.finish(self._settling.aclose())
        if "ws" in vars(self):
            self.ws.close()

    def _stop_thread(self) -> None:
        if self._owns_thread:
            self._thread.stop()
