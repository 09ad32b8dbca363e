"""The server of the standalone front end."""

import copy
import inspect
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, Self, TypedDict, Unpack

from fastapi import FastAPI

from fastapi_testing.client.library import HTTPLibrary, choose_library
from fastapi_testing.errors import ServerError, ServerNotRunningError, ServerStartupError
from fastapi_testing.server import Server, ServerOptions, TLSOptions, check_options, refuse_options
from fastapi_testing.server.application import AppFactory, ASGIApp, describe_app, load_app
from fastapi_testing.server.serving.sockets import bind_socket
from fastapi_testing.server.tls.endpoint import TLSEndpoint
from fastapi_testing.server.tls.options import choose_tls
from fastapi_testing.standalone.client import AsyncTestClient
from fastapi_testing.standalone.config import Config, global_config

__all__ = ["AsyncTestServer", "AsyncTestServerOptions", "Lifespan", "create_test_server"]

Lifespan = Callable[[Any], AbstractAsyncContextManager[Any] | AsyncIterator[Any]]
"""A function that takes the app: one of ``asynccontextmanager``, or a bare asynchronous generator function."""


_OWN = {
    "host": "it listens on 127.0.0.1; Server(app, host=...) takes it",
    "port": "say it by Config(port_range_start=..., port_range_end=...), or leave it out for a free one",
}
"""Options that it has no use of, and what to do."""


class AsyncTestServerOptions(TypedDict, total=False):
    """The keyword arguments of :class:`~fastapi_testing.AsyncTestServer`."""

    lifespan: Lifespan | None
    startup_timeout: float
    shutdown_timeout: float
    config: Config | None
    tls: TLSOptions | bool | None
    server_options: ServerOptions | None
    http_library: HTTPLibrary


class AsyncTestServer(TLSEndpoint):
    """
    A server that runs on the event loop of the code around it, with a client of its own.

    ::

        async with AsyncTestServer(app) as server:
            response = await server.client.get("/items")

    It may be started again after it was stopped.

    Args:
        app: The application, or its import string; None for an empty FastAPI.
        lifespan: The lifespan of the empty FastAPI.
        startup_timeout: Seconds that the app's lifespan may take to start.
        shutdown_timeout: Seconds that requests in flight may take to end when the server stops, and then the app's
            lifespan.
        config: Ports, limits and retries; None for the global ones, as they are now.
        tls: Whether, or how, the server speaks TLS: https and wss.
        server_options: How else the app is served, such as ``{"root_path": "/api"}``; all but ``host`` and ``port``,
            as a range of ports is the settings'.
        http_library: Whether its client is one of httpx or of ``"httpx2"``.

    Attributes:
        app: The application. Routes, routers and dependency overrides may be added to it at any time.
        host: The IP address that the server listens on.
        port: The port that it listens on; None as long as it does not run.
        tls: How it speaks TLS; None if it does not.
        http_library: The same as the argument.

    Raises:
        ConfigurationError: If the port range is reversed.
        TypeError: If ``app`` is not callable as ASGI 3, if there are both an app and a lifespan, or if ``tls`` is none
            of the above, or there is no such option.
        ValueError: If an option, or ``http_library``, cannot be what it is.
        ImportError: If ``http_library`` is ``"httpx2"``, and that is not installed.
    """

    def __init__(
        self,
        app: ASGIApp | AppFactory | str | None = None,
        *,
        lifespan: Lifespan | None = None,
        startup_timeout: float = 30.0,
        shutdown_timeout: float = 10.0,
        config: Config | None = None,
        tls: TLSOptions | bool | None = None,
        server_options: ServerOptions | None = None,
        http_library: HTTPLibrary = "httpx",
    ) -> None:
        choose_library(http_library)  # it raises where there is none
        options = ServerOptions() if server_options is None else server_options
        check_options(options)
        refuse_options(options, _OWN)
        if app is not None and lifespan is not None:
            raise TypeError("got both an app and a lifespan, which is for servers without an app: give it to the app")
        self.app: Any = load_app(
            FastAPI(lifespan=_as_context_manager(lifespan)) if app is None else app,
            factory=options.get("factory", False),
        )
        self._options = ServerOptions(**options)
        self._options.pop("factory", None)  # it is the app by now
        self.tls: TLSOptions | None = choose_tls(tls)
        self.host = "127.0.0.1"
        self.port: int | None = None
        self.startup_timeout = startup_timeout
        self.shutdown_timeout = shutdown_timeout
        self.http_library: HTTPLibrary = http_library
        self._name = describe_app(self.app)
        self._config = copy.copy(global_config if config is None else config)
        self._ports = self._config.make_port_generator()
        self._client: AsyncTestClient | None = None
        self._is_started = False
        self._running = AsyncExitStack()

    @property
    def base_url(self) -> str:
        """
        The server's origin, such as ``http://127.0.0.1:43210``.

        Raises:
            ServerNotRunningError: If the server is not running.
        """
        if self.port is None:
            raise ServerNotRunningError("Server is not running")
        return self._origin("http", self.host, self.port)

    @property
    def client(self) -> AsyncTestClient:
        """
        The client of this server; a new one where the last one was closed.

        Raises:
            ServerNotRunningError: If the server is not running.
        """
        if self._client is None:
            raise ServerNotRunningError("Server is not running")
        if self._client.http.is_closed:
            self._client = self._make_client()
        return self._client

    async def start(self) -> None:
        """
        Start the app, and accept connections.

        Raises:
            ServerError: If the server is running, or no port of the range is free.
            ServerStartupError: If the app's startup fails or takes longer than ``startup_timeout``.
        """
        if self._is_started:
            raise ServerError("Server is already running")
        self._is_started = True
        async with AsyncExitStack() as stack:
            stack.callback(self._forget)
            sock = self._bind(stack)
            port: int = sock.getsockname()[1]
            server = await self._serve(sock, port)
            stack.push_async_callback(server.stop)
            self.port = port
            self._client = self._make_client()
            stack.push_async_callback(self._disconnect)
            self._running = stack.pop_all()

    async def stop(self) -> None:
        """
        Close the client's connections, let requests in flight end, and run the app's lifespan to its end.

        A server that is stopped stays so.

        Raises:
            ServerShutdownError: If a request did not end within ``shutdown_timeout``, or the app's shutdown failed or
                took longer than that. The server is stopped nevertheless.
        """
        await self._running.pop_all().aclose()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.stop()

    def _bind(self, stack: AsyncExitStack) -> socket.socket:
        """Return a socket that is bound to a port, of the range if there is one; it is closed with the stack."""
        if self._ports is None:
            return stack.enter_context(bind_socket(self.host, 0))
        port = self._ports.get_port()
        stack.callback(self._ports.release_port, port)
        return self._ports.get_socket(port)

    async def _serve(self, sock: socket.socket, port: int) -> Server:
        server = Server(
            self.app,
            sock=sock,
            startup_timeout=self.startup_timeout,
            shutdown_timeout=self.shutdown_timeout,
            tls=self.tls,
            **self._options,
        )
        try:
            await server.start()
        except ServerStartupError as exc:
            if "did not complete its startup within" not in str(exc):
                raise
            message = f"Server startup timed out on host {self.host} and port {port}: {exc}"
            raise ServerStartupError(message) from None
        return server

    def _make_client(self) -> AsyncTestClient:
        verify = self.client_ssl_context() if self.tls else None
        library = self.http_library
        return AsyncTestClient(self.base_url, config=self._config, verify=verify, http_library=library)

    async def _disconnect(self) -> None:
        await self.client.disconnect()

    def _forget(self) -> None:
        self.port = None
        self._client = None
        self._is_started = False


def create_test_server(
    app: ASGIApp | AppFactory | str | None = None, **options: Unpack[AsyncTestServerOptions]
) -> AsyncTestServer:
    """
    Return a server to enter with ``async with``, which starts it and stops it.

    ::

        async with create_test_server() as server:

            @server.app.get("/hello")
            async def hello() -> str:
                return "world"

            response = await server.client.get("/hello")
            await response.expect_status(200)

    Args:
        app: The application, or its import string; None for an empty FastAPI.
        **options: As for :class:`~fastapi_testing.AsyncTestServer`.
    """
    return AsyncTestServer(app, **options)


def _as_context_manager(lifespan: Lifespan | None) -> Any:
    # Starlette deprecates bare generator functions; suites have them.
    return asynccontextmanager(lifespan) if inspect.isasyncgenfunction(lifespan) else lifespan
