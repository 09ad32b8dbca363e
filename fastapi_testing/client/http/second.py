"""The clients of httpx2, which this is imported for."""

from typing import TYPE_CHECKING, Any

from fastapi_testing.client.http.awaited import AwaitedClient
from fastapi_testing.client.http.lean import lean_client
from fastapi_testing.client.http.sync_lean import lean_sync_client
from fastapi_testing.client.http.waiting import WaitingClient
from fastapi_testing.client.library import choose_library

if TYPE_CHECKING:
    from collections.abc import Sequence
    from functools import cached_property

    import httpx2

    from fastapi_testing.client.events.stream import EventStream
    from fastapi_testing.client.events.sync_stream import SyncEventStream
    from fastapi_testing.client.websocket.client import WebSocketClient
    from fastapi_testing.client.websocket.sync_client import SyncWebSocketClient
    from fastapi_testing.client.wrappers.settling import Settling
    from fastapi_testing.server.threads.loop_thread import LoopThread

    class _AsyncClient(httpx2.AsyncClient):
        origin: httpx2.URL

        def __init__(
            self,
            base_url: str,
            *,
            transport: httpx2.AsyncBaseTransport | None = None,
            settling: Settling | None = None,
            server_url: str | None = None,
            hosts: Sequence[str] = (),
            **options: Any,
        ) -> None: ...

        @cached_property
        def ws(self) -> WebSocketClient: ...

        def sse(self, url: httpx2.URL | str, **options: Any) -> EventStream: ...  # type: ignore[override]

    class _SyncClient(httpx2.Client):
        origin: httpx2.URL

        def __init__(
            self,
            base_url: str,
            *,
            thread: LoopThread | None = None,
            transport: httpx2.AsyncBaseTransport | None = None,
            settling: Settling | None = None,
            server_url: str | None = None,
            hosts: Sequence[str] = (),
            **options: Any,
        ) -> None: ...

        @cached_property
        def ws(self) -> SyncWebSocketClient: ...

        def sse(self, url: httpx2.URL | str, **options: Any) -> SyncEventStream: ...  # type: ignore[override]

else:
    httpx2 = choose_library("httpx2")

    class _AsyncClient(AwaitedClient, lean_client(httpx2)):
        pass

    class _SyncClient(WaitingClient, lean_sync_client(httpx2)):
        pass


__all__ = ["Client", "SyncClient"]


class Client(_AsyncClient):
    """
    An :class:`httpx2.AsyncClient` of one server: what :class:`fastapi_testing.Client` is, of the other library.

    Args:
        base_url: As for :class:`fastapi_testing.Client`, and so are those that follow.
        transport: The connections to use, which stay open when the client is closed; None for its own.
        server_url: Where the server listens, if ``base_url`` does not say it.
        hosts: Further names of the app.
        settling: How requests end: by default, when the app's call has.
        **options: As for :class:`httpx2.AsyncClient`, as far as :class:`~fastapi_testing.ClientOptions` has them.
    """


class SyncClient(_SyncClient):
    """
    An :class:`httpx2.Client` of one server: what :class:`fastapi_testing.SyncClient` is, of the other library.

    Args:
        base_url: As for :class:`fastapi_testing.SyncClient`, and so are those that follow.
        thread: The thread on whose event loop the connections are; None for one of the client's own.
        transport: The connections to use, which stay open when the client is closed; None for its own.
        server_url: Where the server listens, if ``base_url`` does not say it.
        hosts: Further names of the app.
        settling: How requests end: by default, when the app's call has.
        **options: As for :class:`httpx2.Client`, as far as :class:`~fastapi_testing.ClientOptions` has them.
    """
