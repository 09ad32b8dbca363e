"""The test case that serves an app: it wires the server, the client and the assertions together."""

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar, Literal, Unpack

import httpx
from fastapi import FastAPI

from fastapi_testing.assertions import HTTPAssertions, JsonAssertions, WebSocketAssertions
from fastapi_testing.case.class_loop import AsyncClassTestCase
from fastapi_testing.client import Client, ClientOptions, LoopbackTransport, WebSocketClient
from fastapi_testing.errors import ServerNotRunningError
from fastapi_testing.server import Server, ServerOptions

__all__ = ["AsyncServerTestCase"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_END_TIMEOUT = 1.0
"""Seconds that the handlers of requests have to come to their end after the test, before they are cancelled."""


class _RunningServer:
    """The attribute ``server``, on the class and on its tests; without a server it says what to do."""

    def __get__(self, case: "AsyncServerTestCase | None", owner: type["AsyncServerTestCase"]) -> Server:
        for holder in (case, owner):
            server: Server | None = vars(holder).get("_server") if holder is not None else None
            if server is not None:
                return server
        raise ServerNotRunningError(f"the server of {owner.__qualname__} is not running: {_what_to_do(owner)}")


def _what_to_do(owner: type["AsyncServerTestCase"]) -> str:
    if owner.server_scope == "test":
        return "with server_scope = 'test' it runs from before asyncSetUp to the end of each test"
    if owner.asyncSetUpClass.__func__ is AsyncServerTestCase.asyncSetUpClass.__func__:  # type: ignore[attr-defined]
        return "it runs from asyncSetUpClass to the class cleanups"
    return "call await super().asyncSetUpClass() in yours"


class AsyncServerTestCase(HTTPAssertions, JsonAssertions, WebSocketAssertions, AsyncClassTestCase):
    """
    A test case whose app is served by a real uvicorn server on a real socket, started once for the class.

    ::

        class ItemTests(AsyncServerTestCase):
            app = app

            async def test_create_item(self):
                response = await self.client.post("/items", json={"name": "Widget"})
                self.assertStatus(response, 201)

    The app is what ``app`` names or :meth:`create_app` returns; where a class has neither, it is an empty
    ``FastAPI(lifespan=cls.lifespan)`` whose routes the tests may add. Server and tests share one event loop.
    """

    app: Any = None
    """The ASGI application, or an import string such as ``"shop.main:app"``. In a test: the application itself."""

    lifespan: ClassVar[Callable[[FastAPI], Any] | None] = None
    """The lifespan of the empty FastAPI that is served where the class names no app."""

    server_scope: ClassVar[Literal["class", "test"]] = "class"
    """Whether one server serves the whole class, or each test has a new one (and, by create_app, a new app)."""

    server_options: ClassVar[ServerOptions] = {}
    """Further keyword arguments of :class:`Server`: ``host``, ``port``, ``lifespan``, ``http``."""

    startup_timeout: ClassVar[float] = 30.0
    """Seconds that the app's lifespan may take to start."""

    shutdown_timeout: ClassVar[float] = 10.0
    """Seconds that requests in flight may take to end when the server stops, and then the app's lifespan."""

    headers: ClassVar[dict[str, str] | None] = None
    """Headers that every request of the client carries."""

    timeout: ClassVar[float | httpx.Timeout | None] = 5.0
    """Seconds that each step of a request may take, or an :class:`httpx.Timeout`."""

    follow_redirects: ClassVar[bool] = False
    """Whether the client follows redirects."""

    server: _RunningServer = _RunningServer()
    """The running :class:`Server`."""

    _server: Server  # of the class or, where server_scope is "test", of the test
    _transport: LoopbackTransport  # the connections to it
    _client: Client | None
    _clients: list[Client]

    @classmethod
    async def create_app(cls) -> Any:
        """
        Return the application to serve, or its import string; for classes that make one instead of naming it.

        Where a class and its bases have both ``app`` and ``create_app``, the one nearest to the class counts.
        """
        return FastAPI(lifespan=cls.lifespan)

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        """Start the server; overriding methods call ``await super().asyncSetUpClass()`` first."""
        await super().asyncSetUpClass()
        if cls.server_scope not in ("class", "test"):
            raise ValueError(f"server_scope must be 'class' or 'test', got {cls.server_scope!r}")
        if cls.server_scope == "class":
            cls._server = await cls.enterAsyncClassContext(await cls._make_server())
            cls.addClassCleanup(delattr, cls, "_server")
            cls._transport = LoopbackTransport()
            cls.addAsyncClassCleanup(cls._transport.aclose)

    @property
    def client(self) -> Client:
        """The test's own :class:`Client`, made on first use: its cookies are no other test's."""
        if self._client is None:
            self._client = self.new_client()
        return self._client

    @property
    def ws(self) -> WebSocketClient:
        """Opens WebSocket connections with the headers and cookies of :attr:`client`."""
        return self.client.ws

    def new_client(self, *, server: Server | None = None, **options: Unpack[ClientOptions]) -> Client:
        """
        Make one more client, closed at the end of the test: another user, or a user of another server.

        Args:
            server: The server to talk to; None for the test's own.
            **options: As for :class:`Client`; what is not given is as the class attributes say.
        """
        defaults: ClientOptions = {
            "headers": self.headers,
            "timeout": self.timeout,
            "follow_redirects": self.follow_redirects,
        }
        server = server or self.server
        transport = self._transport if server is self.server else None
        client = Client(server.url, transport=transport, **(defaults | options))
        self._clients.append(client)
        return client

    @classmethod
    async def _make_server(cls) -> Server:
        return Server(
            await cls._choose_app(),
            startup_timeout=cls.startup_timeout,
            shutdown_timeout=cls.shutdown_timeout,
            **cls.server_options,
        )

    @classmethod
    async def _choose_app(cls) -> Any:
        named = next(
            owner for owner in cls.__mro__ if "create_app" in vars(owner) or vars(owner).get("app") is not None
        )
        if named is not AsyncServerTestCase and cls.lifespan is not None:
            raise TypeError(
                f"{cls.__qualname__} has both an app and a lifespan: `lifespan` is for classes without an app; "
                f"give it to the app instead"
            )
        return await cls.create_app() if "create_app" in vars(named) else cls.app

    def _prepare_test(self) -> None:
        super()._prepare_test()
        self._client = None
        self._clients = []
        if self.server_scope == "test":
            self._call(self._start_own_server)
        self.app = self.server.app
        self.addCleanup(self._end_test)

    async def _start_own_server(self) -> None:
        self._server = await self.enterAsyncContext(await self._make_server())
        self._transport = LoopbackTransport()
        self.addAsyncCleanup(self._transport.aclose)

    def _end_test(self) -> None:
        """Close what the test opened; this cleanup was added first and so runs after all of the test's own."""
        if self._clients or self._handlers():
            # In the class's context: the test's cannot be entered twice, and this cleanup is called in it.
            class_loop = self._running_class_loop(self.id())
            class_loop.run(self._leave_server(), class_loop.context)

    async def _leave_server(self) -> None:
        for client in self._clients:
            await client.aclose()
        if handlers := self._handlers():
            await asyncio.wait(handlers, timeout=_END_TIMEOUT)

    def _handlers(self) -> set[asyncio.Task[None]]:
        """Return the tasks in which the server handles requests that were made since the test began."""
        return self.server.server_state.tasks - self._tasks_before
