"""The HTTP client of a plain test: httpx's own, which waits, for the test server only."""

from typing import Any

from fastapi_testing.client.http.sync_lean import LeanSyncClient
from fastapi_testing.client.http.waiting import WaitingClient

__all__ = ["SyncClient"]


class SyncClient(WaitingClient, LeanSyncClient):
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
            server of ``https://``. With ``http_library="httpx2"`` a :class:`fastapi_testing.httpx2.SyncClient` is made.

    Raises:
        ValueError: If ``http_library`` is neither of the two.
        ImportError: If it is ``"httpx2"``, and that is not installed.
        TypeError: If this is a class of your own, which is of httpx, or an option is not what it can be.
    """

    @staticmethod
    def _twin() -> Any:
        from fastapi_testing.client.http.second import SyncClient as Twin  # noqa: PLC0415 - it imports httpx2

        return Twin
