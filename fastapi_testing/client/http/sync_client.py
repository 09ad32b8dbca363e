"""The HTTP client of a plain test: httpx's own, which waits, for the test server only."""

from collections.abc import Sequence
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Unpack

import httpx

from fastapi_testing.client.events.sync_stream import SyncEventStream
from fastapi_testing.client.http.one_server import ClientOptions, OneServerClient
from fastapi_testing.client.http.sync_lean import LeanSyncClient
from fastapi_testing.client.wrappers.bridge import BridgeTransport, Extensions
from fastapi_testing.client.wrappers.settling import Settling
from fastapi_testing.server.threads.loop_thread import LoopThread

if TYPE_CHECKING:
    from fastapi_testing.client.websocket.sync_client import SyncWebSocketClient

__all__ = ["SyncClient"]


class SyncClient(OneServerClient[SyncEventStream], LeanSyncClient):
    """
    An :class:`httpx.Client` of one server: what :class:`~fastapi_testing.Client` is for tests that are no coroutines.

    All that httpx documents works, from any thread but the one of the server's event loop. It reads no proxies or
    other settings from the environment, and a URL of another origin is refused before anything is sent, also where a
    redirect leads there.

    ::

        with ServerThread(app) as server, SyncClient(server.url, thread=server) as client:
            client.get("/items")

    Args:
        base_url: The server's origin, such as ``http://127.0.0.1:43210``; or, with ``server_url``, what the app is
            called by in the world, such as ``https://shop.example``.
        thread: The thread on whose event loop the connections are, such as the server's own, which is the fastest;
            None for one that the client starts with its first request, and stops when it is closed.
        transport: The connections to use, which stay open when the client is closed; None for its own.
        server_url: Where the server listens, if ``base_url`` does not say it: connections lead there, and no name is
            looked up. A ``base_url`` of https is for a server without TLS what it is behind a proxy that ends it.
        hosts: Further names of the app, such as ``www.shop.example`` and ``*.shop.example``.
        settling: How requests end: by default, when the app's call has.
        **options: As for :class:`httpx.Client`; ``timeout`` is in seconds, and ``verify`` the TLS context for a
            server of ``https://``.
    """

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
        self._thread = thread or LoopThread(f"the client of {base_url}")
        self._owns_thread = thread is None
        wire = self._wire(base_url, transport, settling, options, server_url, hosts)
        super().__init__(base_url=base_url, transport=BridgeTransport(self._thread, wire), trust_env=False, **options)

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
