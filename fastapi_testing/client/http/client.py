"""The HTTP client of a test: httpx's own, for the test server only."""

from typing import Any

from fastapi_testing.client.http.awaited import AwaitedClient
from fastapi_testing.client.http.lean import LeanClient

__all__ = ["Client"]


class Client(AwaitedClient, LeanClient):
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
            makes it. Unless given, it is that of the transport. With ``http_library="httpx2"`` a
            :class:`fastapi_testing.httpx2.Client` is made, and ``isinstance`` knows it by that.

    Raises:
        ValueError: If ``http_library`` is neither of the two.
        ImportError: If it is ``"httpx2"``, and that is not installed.
        TypeError: If this is a class of your own, which is of httpx, or an option is not what it can be.
    """

    @staticmethod
    def _twin() -> Any:
        from fastapi_testing.client.http.second import Client as Twin  # noqa: PLC0415 - it imports httpx2

        return Twin
