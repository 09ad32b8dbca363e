"""The client of the standalone front end."""

import asyncio
import copy
import errno
import ssl
from collections.abc import Mapping
from typing import Any, Self

import httpx

from fastapi_testing.client import Client, LoopbackTransport
from fastapi_testing.client.library import library_of
from fastapi_testing.standalone.config import Config, global_config
from fastapi_testing.standalone.limits import LimitedTransport
from fastapi_testing.standalone.response import AsyncTestResponse
from fastapi_testing.standalone.websocket import WebSocketConfig, WebSocketHelper

__all__ = ["AsyncTestClient"]


class AsyncTestClient:
    """
    A client of one server, for HTTP and WebSockets: a :class:`~fastapi_testing.Client` whose responses are awaited.

    ::

        async with AsyncTestClient(server.base_url) as client:
            response = await client.get("/items")
            assert await response.json() == []

    Args:
        base_url: The server's origin, such as ``http://127.0.0.1:43210``.
        timeout: Seconds that each step of a request may take, and the handshake and each receive of a WebSocket; an
            :class:`httpx.Timeout` says nothing of WebSockets.
        follow_redirects: Whether redirects are followed.
        transport: The connections to use, without limits, which stay open when the client is closed; None for its own.
        config: Limits and retries; None for the global ones, as they are now.
        **options: Further keyword arguments of :class:`~fastapi_testing.Client`, such as ``headers``, ``cookies`` and
            ``http_library``.

    Attributes:
        http: The client that it wraps, for what it does not have itself: cookies, streams, ``ws.connect``.
        ws: Sends and receives on WebSockets.
    """

    def __init__(
        self,
        base_url: str,
        timeout: float | httpx.Timeout | None = 30.0,
        follow_redirects: bool = True,  # noqa: FBT001, FBT002 - the API that suites were written for
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        config: Config | None = None,
        **options: Any,
    ) -> None:
        self.ws: WebSocketHelper = WebSocketHelper()
        self._timeout = timeout if isinstance(timeout, int | float) else None
        self._config = copy.copy(global_config if config is None else config)
        verify = options.get("verify")
        self._own_transport = _make_transport(self._config, verify) if transport is None else None
        self.http: Client = Client(
            base_url,
            transport=transport or self._own_transport,
            timeout=timeout,
            follow_redirects=follow_redirects,
            **options,
        )
        self._library: Any = library_of(self.http)

    async def request(self, method: str, url: str, **options: Any) -> AsyncTestResponse:
        """
        Send a request.

        Args:
            method: The request method.
            url: A path on the server.
            **options: As for :meth:`httpx.AsyncClient.request`.

        Raises:
            ForeignURLError: If the URL, or one it redirects to, is not on the server.
            httpx.ConnectError: If the server has gone.
            httpx.HTTPError: If something else prevents a response.
        """
        try:
            return AsyncTestResponse(await self.http.request(method, url, **options))
        except self._library.ConnectError as exc:
            message = f"{exc.request.method} {exc.request.url}: {exc}"
            raise self._library.ConnectError(message, request=exc.request) from exc

    async def get(self, url: str, **options: Any) -> AsyncTestResponse:
        """Send a GET request, as :meth:`request` does."""
        return await self.request("GET", url, **options)

    async def post(self, url: str, **options: Any) -> AsyncTestResponse:
        """Send a POST request, as :meth:`request` does."""
        return await self.request("POST", url, **options)

    async def put(self, url: str, **options: Any) -> AsyncTestResponse:
        """Send a PUT request, as :meth:`request` does."""
        return await self.request("PUT", url, **options)

    async def delete(self, url: str, **options: Any) -> AsyncTestResponse:
        """Send a DELETE request, as :meth:`request` does."""
        return await self.request("DELETE", url, **options)

    async def patch(self, url: str, **options: Any) -> AsyncTestResponse:
        """Send a PATCH request, as :meth:`request` does."""
        return await self.request("PATCH", url, **options)

    async def head(self, url: str, **options: Any) -> AsyncTestResponse:
        """Send a HEAD request, as :meth:`request` does."""
        return await self.request("HEAD", url, **options)

    async def options(self, url: str, **options: Any) -> AsyncTestResponse:
        """Send an OPTIONS request, as :meth:`request` does."""
        return await self.request("OPTIONS", url, **options)

    async def websocket(
        self, path: str, config: WebSocketConfig | None = None, options: Mapping[str, Any] | None = None
    ) -> AsyncTestResponse:
        """
        Open a WebSocket, with the headers and cookies of this client; it is closed with it.

        Where the connection is refused, it is tried again, as often as the :class:`~fastapi_testing.Config` says.

        Args:
            path: The path.
            config: How it is opened.
            options: Further keyword arguments of :meth:`WebSocketClient.connect
                <fastapi_testing.WebSocketClient.connect>`, which go before those of ``config``;
                ``additional_headers``, as websockets calls them, are headers too.

        Returns:
            The WebSocket, for :attr:`ws`; its ``websocket()`` is the connection itself.

        Raises:
            ForeignURLError: If the URL, or one it redirects to, is not on the server.
            TimeoutError: If the handshake is not answered in time.
            OSError: If the server cannot be reached.
            websockets.exceptions.InvalidStatus: If the server rejects the handshake.
        """
        arguments = self._connect_arguments(config or WebSocketConfig(), dict(options or {}))
        attempts, delay = self._config.WS_RETRY_ATTEMPTS, self._config.WS_RETRY_DELAY
        for _ in range(attempts - 1):
            try:
                return await self._open(path, arguments)
            except OSError as exc:
                if not _is_refusal(exc):
                    raise
            await asyncio.sleep(delay)
        return await self._open(path, arguments)

    async def disconnect(self) -> None:
        """Close what connections this client has of its own; the next request opens a new one."""
        await self.http.ws.aclose()
        if self._own_transport is not None:
            await self._own_transport.aclose()

    async def close(self) -> None:
        """Close the client and its connections, WebSockets too."""
        await self.http.aclose()
        if self._own_transport is not None:
            await self._own_transport.aclose()

    aclose = close

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def _open(self, path: str, arguments: dict[str, Any]) -> AsyncTestResponse:
        return AsyncTestResponse(await self.http.ws.connect(path, **arguments))

    def _connect_arguments(self, config: WebSocketConfig, options: dict[str, Any]) -> dict[str, Any]:
        headers = self._library.Headers(config.extra_headers)
        headers.update(options.pop("additional_headers", None))
        headers.update(options.pop("headers", None))
        return {
            "headers": headers,
            "subprotocols": config.subprotocols,
            "compression": config.compression,
            "ping_interval": config.ping_interval,
            "ping_timeout": config.ping_timeout,
            "max_size": _default(config.max_size, self._config.WS_MAX_MESSAGE_SIZE),
            "max_queue": _default(config.max_queue, self._config.WS_MAX_QUEUE_SIZE),
            "timeout": _default(config.timeout, self._timeout),
            **options,
        }


def _make_transport(config: Config, ssl_context: ssl.SSLContext | None) -> httpx.AsyncBaseTransport:
    transport = LoopbackTransport(ssl_context=ssl_context, limits=httpx.Limits(max_connections=None))  # it has its own
    return LimitedTransport(transport, config.HTTP_MAX_CONNECTIONS, config.HTTP_MAX_KEEPALIVE)


def _default(value: float | None, default: float | None) -> float | None:
    return default if value is None else value


def _is_refusal(error: OSError) -> bool:
    # For a name that has several addresses, asyncio makes one OSError of all of them, without a type or an errno.
    return f"[Errno {errno.ECONNREFUSED}]" in str(error)
