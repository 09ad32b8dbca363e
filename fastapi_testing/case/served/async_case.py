"""The test case that serves an app: it wires the server, the client and the assertions together."""

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Unpack
from weakref import WeakMethod

from fastapi_testing.assertions import EventAssertions, EventuallyAssertions, WebSocketAssertions
from fastapi_testing.case.guards.blocking import BlockGuard
from fastapi_testing.case.guards.class_limits import AsyncClassLimits
from fastapi_testing.case.guards.guard import TestGuard
from fastapi_testing.case.loops.class_case import LoopScope
from fastapi_testing.case.loops.class_loop import ClassLoop
from fastapi_testing.case.overrides.holders import ClassOrTestMethod, callable_of
from fastapi_testing.case.served.class_client import adopt_client
from fastapi_testing.case.served.given_client import websocket_options
from fastapi_testing.case.served.served_case import RunningServer, ServedCase, shares_connections
from fastapi_testing.case.served.shared_server import SharedServer
from fastapi_testing.client import Client, ClientOptions, LoopbackTransport, WebSocketClient
from fastapi_testing.client.library import Limits
from fastapi_testing.client.wrappers.hooks import SettlingHook
from fastapi_testing.client.wrappers.settling import Settling
from fastapi_testing.server import Server
from fastapi_testing.server.recording.recorder import watcher

if TYPE_CHECKING:
    from fastapi_testing.case.served.running_client import RunningClient

__all__ = ["AsyncServerTestCase"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


class AsyncServerTestCase(
    ServedCase,
    WebSocketAssertions,
    EventAssertions,
    EventuallyAssertions,
    AsyncClassLimits,
):
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

    client_class: ClassVar[Callable[..., Any]] = Client
    """
    Makes the clients of a test: :class:`Client`, :class:`AsyncTestClient`, or what else is called with ``base_url``,
    ``transport``, ``settling`` and those of ``headers``, ``cookies``, ``timeout``, ``follow_redirects`` and
    ``http_library`` that are set; and with ``verify`` where the server speaks TLS and there is no ``transport`` to it
    yet.
    """

    server: RunningServer[Server] = RunningServer()
    """The running :class:`Server`."""

    _notes_origins = False  # it would make each request a tenth slower
    _framework_transport: LoopbackTransport  # the connections to the server
    _framework_shared_server: ClassVar[SharedServer | None] = None
    _framework_waits = False
    _framework_client: Client | None
    _framework_clients: list[Any]

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        """Start the server; overriding methods call ``await super().asyncSetUpClass()`` first."""
        await super().asyncSetUpClass()
        cls._check_attributes()
        if cls.server_scope != "test":
            cls._framework_server = await cls._start_server()
            cls.addClassCleanup(delattr, cls, "_framework_server")
            cls._framework_transport = _connections(cls._framework_server, cls.limits)
            cls.addAsyncClassCleanup(cls._framework_transport.aclose)
            cls._begin_class_overrides()

    if TYPE_CHECKING:
        client: RunningClient[Client]

        @property
        def ws(self) -> WebSocketClient: ...

    @ClassOrTestMethod
    def new_client(
        holder: Any,  # noqa: N805 - a test, or a class
        /,
        *,
        server: Server | None = None,
        base_url: str | None = None,
        **options: Unpack[ClientOptions],
    ) -> Client:
        server = server or holder.server
        transport = holder._framework_transport if shares_connections(holder, server, options) else None
        make = callable_of(holder, "client_class")
        client: Client = holder._make_client(make, server, base_url, transport=transport, **options)
        return client

    def _settling_hook(self, settling: Settling, http: Any) -> SettlingHook:
        return SettlingHook(settling, http)

    def _make_ws(self, settling: Settling, http: Any) -> WebSocketClient:
        return WebSocketClient(http, **websocket_options(http, self.server, settling))

    @classmethod
    def _open_class_loop(cls) -> ClassLoop:
        cls._framework_block_guard = BlockGuard(cls, is_shared=True)
        class_loop = super()._open_class_loop()
        seat = class_loop.runner.get_loop(), threading.get_ident()
        cls._framework_block_guard.seat = lambda: seat
        cls._take_over_blocks(cls.blocked_after)
        cls._framework_block_guard.start()
        return class_loop

    @classmethod
    def _choose_class_loop(cls) -> ClassLoop:
        cls._framework_shared_server = None
        if cls.server_scope in ("run", "module"):
            app, arguments = cls._shared_app(), cls._server_arguments()  # first: they may be refused
            loop = cls._shared_loop(cls._choose_loop_scope())
            make, options = partial(SharedServer, loop, cls._hook_seconds), [loop, arguments]
            cls._framework_shared_server = SharedServer.of(cls.__module__, cls._sharing_module(), app, options, make)
        return super()._choose_class_loop()

    @classmethod
    def _choose_loop_scope(cls) -> LoopScope:
        scope = super()._choose_loop_scope()
        if cls.server_scope == "run" and scope == "module":
            raise ValueError(
                f"{cls.__qualname__} has server_scope = 'run' and loop_scope = 'module', and a server ends with its "
                f"event loop: set loop_scope = 'run', or server_scope = 'module'"
            )
        if cls.server_scope in ("run", "module") and scope == "class":
            return cls.server_scope  # it is the server's, too
        return scope

    @classmethod
    def _close_class_loop(cls) -> None:
        try:
            super()._close_class_loop()
        finally:
            cls._framework_block_guard.close()

    @classmethod
    async def _start_server(cls) -> Server:
        if cls._framework_shared_server is not None:
            return await cls._framework_shared_server.start(cls._make_server, cls._begin_server)
        server = await cls._make_server()
        await cls._begin_server(server)
        cls.addAsyncClassCleanup(cls._stop_server, server)
        return server

    @classmethod
    async def _begin_server(cls, server: Server) -> None:
        with cls._unlimited():
            await server.start()

    @classmethod
    async def _stop_server(cls, server: Server) -> None:
        with cls._unlimited():
            await server.stop()

    @classmethod
    def _what_to_do(cls) -> str:
        if cls.server_scope == "test":
            return "with server_scope = 'test' it runs from before asyncSetUp to the end of each test"
        if cls.asyncSetUpClass.__func__ is AsyncServerTestCase.asyncSetUpClass.__func__:  # type: ignore[attr-defined]
            return "it runs from asyncSetUpClass to the class cleanups"
        return "call await super().asyncSetUpClass() in yours"

    def _setupAsyncioRunner(self) -> None:
        super()._setupAsyncioRunner()
        self._framework_guard = TestGuard(
            self.id(), super()._leftover_tasks, self.settle_timeout, self.background_tasks
        )

    def _prepare_test(self) -> None:
        super()._prepare_test()
        self._framework_block_guard.begin(self)
        self._framework_client = None
        self._framework_clients = []
        if self.server_scope == "test":
            with self._telling_more():
                server = self._call_as_hook("create_app", self._make_server)
            self._call(self._start_own_server, server)
        self.app: Any = self.server.app
        guests = self._running_class_loop(self.id()).guests
        self._framework_guard.begin(self.app, self.server.recorder, guests)
        self.addCleanup(self._end_test)
        self._framework_context.run(watcher.set, WeakMethod(self._framework_guard.watch))
        if "client" in vars(type(self)):
            self._call(adopt_client, type(self), self.server.url)
        declares = self.server_scope == "test"
        begin = self._call if declares else self._framework_context.run  # what a class declares may be wrong
        begin(self._begin_test_overrides, declared=declares)

    def _cut_short(self, interruption: KeyboardInterrupt) -> None:
        self._framework_guard.cut_short(interruption)
        super()._cut_short(interruption)

    async def _start_own_server(self, server: Server) -> None:
        self._framework_server = await self.enterAsyncContext(server)
        self._framework_transport = _connections(self._framework_server, self.limits)
        self.addAsyncCleanup(self._framework_transport.aclose)

    def _call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        with self._telling_more():
            return super()._call(function, *args, **kwargs)

    def _end_test(self) -> None:
        """Close what the test opened, and look what it left; added first, this cleanup runs after all of its own."""
        try:
            if self._framework_clients or self._framework_guard.found():
                # In the class's context: the test's cannot be entered twice, and this cleanup is called in it.
                class_loop = self._running_class_loop(self.id())
                class_loop.run(self._framework_guard.leave(self._framework_clients), class_loop.context)
        finally:
            self._judge()

    def _leftover_tasks(self) -> set[asyncio.Task[Any]]:
        return self._framework_guard.leftovers()


def _connections(server: Server, limits: Limits) -> LoopbackTransport:
    context = server.client_ssl_context() if server.tls else None
    transport = LoopbackTransport(ssl_context=context, limits=limits)
    transport.home.settle()
    return transport
