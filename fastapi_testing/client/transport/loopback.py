"""The connections to the test server, which the clients of a class share."""

import asyncio
import errno
import ssl
from functools import partial

import httpx

from fastapi_testing.client.library import Limits, library_of, stream_class
from fastapi_testing.client.transport.body import ResponseBody, make_response
from fastapi_testing.client.transport.connection import Connection, Origin
from fastapi_testing.client.transport.home import HomeLoop
from fastapi_testing.client.transport.pool import ConnectionPool
from fastapi_testing.client.transport.request import head_of

__all__ = ["LIMITS", "LoopbackTransport"]

LIMITS = httpx.Limits(max_connections=100)
"""How many connections there are at the most, as many as httpx allows: each takes two descriptors of the process."""

_PORTS = {"http": 80, "https": 443}


class LoopbackTransport(httpx.AsyncBaseTransport):
    """
    HTTP/1.1 (RFC 9112) over real sockets, at the speed of a call in the process.

    A transport for :class:`httpx.AsyncClient`, and for httpx2's, and a drop-in for their own, with the exceptions and
    time-outs of whichever asks, made for a server on this machine: it reads no environment variables, knows no proxies
    and no HTTP/2, and keeps idle connections for as long as it is open. It opens a connection for a request that finds
    none idle, 100 at the most as httpx does; more requests wait for one, as long as their ``pool`` time-out says. It
    sends nothing twice.

    Of what httpx documents as request extensions, ``timeout``, ``target`` and ``sni_hostname`` are known, and
    ``trace`` is not. A response has ``http_version``, ``reason_phrase`` and ``network_stream``.

    Args:
        ssl_context: What ``https`` connections are made with; without one, they are refused.
        limits: As for :class:`httpx.AsyncHTTPTransport`; of it, ``max_connections`` counts.

    Attributes:
        ssl_context: The same.
        home: The event loop of the connections, the first one on which they are used unless it is told before.

    Raises:
        TypeError: If ``ssl_context`` is something else, such as what httpx takes besides for ``verify``.
    """

    def __init__(self, *, ssl_context: ssl.SSLContext | None = None, limits: Limits = LIMITS) -> None:
        if not isinstance(ssl_context, ssl.SSLContext | None):
            raise TypeError(
                f"verify of a Client, ssl_context of a LoopbackTransport, must be an ssl.SSLContext, such as "
                f"server.client_ssl_context() makes it; got {ssl_context!r}"
            )
        self.ssl_context = ssl_context
        self.home: HomeLoop = HomeLoop()
        self._max_connections = limits.max_connections
        self._pool = ConnectionPool(self._max_connections)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """
        Send a request, and return its response once the head is there.

        Raises:
            httpx.UnsupportedProtocol: If the URL is not of HTTP, or of HTTPS and there is no ``ssl_context``.
            httpx.LocalProtocolError: If the request cannot be sent as HTTP/1.1.
            httpx.PoolTimeout: If all connections are in use for too long.
            httpx.ConnectError: If the server does not listen, or TLS fails.
            httpx.ReadError: If the connection is lost, be it because the server refuses the client's certificate: with
                TLS 1.3 it does so when the client's part of the handshake is over.
            httpx.WriteError: If it is lost before all of the request was sent, and there is no answer.
            httpx.RemoteProtocolError: If the server closes the connection too early, or what it sends is not HTTP/1.1.
            httpx.TimeoutException: If one of the request's time-outs is over.
            RuntimeError: If it is called on another event loop than before, while that one is open.
        """
        if asyncio.get_running_loop() is not self.home.loop:
            self._enter_loop()
        head = head_of(request)
        origin = self._origin(request)
        connection = self._pool.take(origin) or await self._get(origin, request)
        try:
            reader = await connection.exchange(request, head)
        except BaseException:
            # There is no response by which to know what became of the request, only the address that asked.
            request.extensions["network_stream"] = connection.network_stream
            raise
        timeout = request.extensions.get("timeout", {}).get("read")
        body = stream_class(reader.library, ResponseBody)(connection, reader, self._pool, timeout)
        return make_response(reader, body, connection.network_stream)

    async def aclose(self) -> None:
        """Close all connections."""
        self._enter_loop()
        await self._pool.aclose()

    def _enter_loop(self) -> None:
        if self.home.has_moved():
            # What was open on a loop that is closed cannot be used, nor waited for.
            self._pool = ConnectionPool(self._max_connections)

    def _origin(self, request: httpx.Request) -> Origin:
        url = request.url
        scheme = url.scheme
        if scheme not in _PORTS:
            raise library_of(request).UnsupportedProtocol(f"{url}: the protocol is {scheme!r}, not 'http' or 'https'")
        if scheme == "https" and self.ssl_context is None:
            raise library_of(request).UnsupportedProtocol(
                f"{url}: this LoopbackTransport has no ssl_context; a Client takes one as verify"
            )
        origin = scheme, url.host, url.port or _PORTS[scheme]
        # A connection is for the name that the certificate was checked for.
        if scheme == "https" and "sni_hostname" in request.extensions:
            return *origin, request.extensions["sni_hostname"]
        return origin

    async def _get(self, origin: Origin, request: httpx.Request) -> Connection:
        """Wait for an idle connection, or open one where there may be another."""
        timeout = request.extensions.get("timeout", {}).get("pool")
        connection = await self._pool.reserve(origin, timeout, library_of(request))
        if connection is not None:
            return connection
        try:
            return await self._connect(origin, request)
        finally:
            self._pool.opened()

    async def _connect(self, origin: Origin, request: httpx.Request) -> Connection:
        timeout = request.extensions.get("timeout", {}).get("connect")
        try:
            async with asyncio.timeout(timeout):
                return await self._open(origin)
        except OSError as exc:
            library = library_of(request)
            error = library.ConnectTimeout if isinstance(exc, TimeoutError) else library.ConnectError
            reason = str(exc) or f"not done within {timeout:g} s"
            if exc.errno == errno.EMFILE:
                reason += "; each connection takes two file descriptors: allow for more (ulimit -n), or fewer at once"
            raise error(f"cannot connect to {_url(origin)}: {reason}") from exc

    async def _open(self, origin: Origin) -> Connection:
        scheme, host, port, *names = origin
        encrypted = scheme == "https"
        _, connection = await asyncio.get_running_loop().create_connection(
            partial(Connection, self._pool, origin),
            host,
            port,
            ssl=self.ssl_context if encrypted else None,
            server_hostname=[*names, host][0] if encrypted else None,
        )
        return connection


def _url(origin: Origin) -> str:
    scheme, host, port = origin[:3]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
