"""The test case that serves an app: it wires the server, the client and the assertions together."""

import asyncio
import contextlib
import inspect
import re
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, Literal, Unpack, cast

import httpx
from fastapi import FastAPI

from fastapi_testing.assertions import (
    EventAssertions,
    EventuallyAssertions,
    HTTPAssertions,
    JsonAssertions,
    ModelAssertions,
    OpenAPIAssertions,
    WebSocketAssertions,
)
from fastapi_testing.case.class_loop import AsyncClassTestCase
from fastapi_testing.case.guards import Leaks, OverridesGuard, belongs_to_lifespan, describe_leaks, report_leaks
from fastapi_testing.case.hangs import choose_test_timeout
from fastapi_testing.case.overrides import DependencyOverrides
from fastapi_testing.case.server_errors import Expected, ServerRaises, describe_unseen, note_errors
from fastapi_testing.case.watchdog import TestTimeout, Watchdog
from fastapi_testing.client import Client, ClientOptions, LoopbackTransport, WebSocketClient
from fastapi_testing.client.settling import Settling
from fastapi_testing.errors import ServerNotRunningError
from fastapi_testing.server import Server, ServerOptions
from fastapi_testing.server.recorder import Recorder

__all__ = ["AsyncServerTestCase"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


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


class AsyncServerTestCase(
    DependencyOverrides,
    HTTPAssertions,
    JsonAssertions,
    ModelAssertions,
    OpenAPIAssertions,
    WebSocketAssertions,
    EventAssertions,
    EventuallyAssertions,
    AsyncClassTestCase,
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

    settle: ClassVar[bool] = True
    """Whether a request returns only when the app's call has ended, background tasks and ``yield`` dependencies too."""

    settle_timeout: ClassVar[float] = 5.0
    """Seconds that the app's call may take once it has answered, and all of them once the test is done."""

    raise_server_exceptions: ClassVar[bool] = False
    """Whether an exception of the app is raised by the client's request, as Starlette's TestClient does."""

    leaks: ClassVar[Leaks] = "warn"
    """What to do about tasks that a test leaves, once they are cancelled: ``"warn"``, ``"fail"`` or ``"ignore"``."""

    test_timeout: ClassVar[float | None] = None
    """Seconds that a test may take, and each of its hooks; None for FASTAPI_TESTING_TEST_TIMEOUT, or no limit."""

    client_class: ClassVar[Callable[..., Any]] = Client
    """
    Makes the clients of a test: :class:`Client`, :class:`AsyncTestClient`, or what else is called with ``base_url``,
    ``transport``, ``settling`` and those of ``headers``, ``timeout`` and ``follow_redirects`` that the class sets.
    """

    server: _RunningServer = _RunningServer()
    """The running :class:`Server`."""

    _server: Server  # of the class or, where server_scope is "test", of the test
    _transport: LoopbackTransport  # the connections to it
    _watchdog: ClassVar[Watchdog | None] = None
    _client: Client | None
    _clients: list[Client]
    _recorders: list[Recorder]  # of the servers that the test speaks to
    _deferred: list[ServerRaises]  # what the app had not raised yet when the test went on
    _overrides: OverridesGuard

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
        if cls.leaks not in ("warn", "fail", "ignore"):
            raise ValueError(f"leaks must be 'warn', 'fail' or 'ignore', got {cls.leaks!r}")
        seconds = choose_test_timeout(cls)
        if seconds is not None:
            cls._watchdog = Watchdog(asyncio.get_running_loop(), seconds)
            cls.addClassCleanup(cls._watchdog.close)
            cls.addClassCleanup(setattr, cls, "_watchdog", None)
        if cls.server_scope == "class":
            cls._server = await cls.enterAsyncClassContext(await cls._make_server())
            cls.addClassCleanup(delattr, cls, "_server")
            cls._transport = LoopbackTransport()
            cls.addAsyncClassCleanup(cls._transport.aclose)
            cls._begin_class_overrides()

    def assertServerRaises(self, expected: Expected, regex: str | re.Pattern[str] | None = None) -> ServerRaises:
        """
        Fail unless the app raises in the context: for a request, for a WebSocket, or in a background task.

        ::

            with self.assertServerRaises(LookupError, "no stock") as raised:
                await self.client.post("/orders")
            self.assertEqual(raised.exception.args, ("no stock",))

        What is expected so does not fail the test at its end. As a plain ``with`` cannot wait, one that is left while
        the app still answers something is decided at the end of the test; ``async with`` waits for it.

        Args:
            expected: The type of the exception, or a tuple of types; in an exception group, of one in it.
            regex: A pattern to search the exception's text for.

        Raises:
            TypeError: If ``expected`` is something else.
        """
        return ServerRaises(
            self._recorders,
            expected,
            regex,
            timeout=self.settle_timeout,
            fail=self.fail,
            defer=self._deferred.append,
        )

    @property
    def client(self) -> Client:
        """The test's own :class:`Client`, made on first use: its cookies are no other test's."""
        if self._client is None:
            self._client = self.new_client()
        return self._client

    @property
    def ws(self) -> WebSocketClient:
        """Opens WebSocket connections with the headers and cookies of :attr:`client`."""
        ws: WebSocketClient = _http_client(self.client).ws
        return ws

    def new_client(self, *, server: Server | None = None, **options: Unpack[ClientOptions]) -> Client:
        """
        Make one more client, closed at the end of the test: another user, or a user of another server.

        Args:
            server: The server to talk to; None for the test's own.
            **options: As for :class:`Client`; what is not given is as the class attributes say.
        """
        server = server or self.server
        self._watch(server.recorder)
        transport = self._transport if server is self.server else None
        settling = Settling(self.settle, self.settle_timeout, self.raise_server_exceptions)
        client: Client = self.client_class(
            base_url=server.url, transport=transport, settling=settling, **(self._chosen_options() | options)
        )
        if self.check_openapi:
            _http_client(client).event_hooks["response"].append(self._openapi_hook(server.app))
        self._clients.append(client)
        return client

    @classmethod
    def _chosen_options(cls) -> ClientOptions:
        """Return what the class says of its clients; where it says nothing, the client's own defaults hold."""
        names = ("headers", "timeout", "follow_redirects")
        chosen = {
            name: getattr(cls, name) for name in names if getattr(cls, name) != getattr(AsyncServerTestCase, name)
        }
        return cast("ClientOptions", chosen)

    @classmethod
    async def _make_server(cls) -> Server:
        if unknown := cls.server_options.keys() - ServerOptions.__annotations__.keys():
            raise TypeError(
                f"{cls.__qualname__}.server_options has {', '.join(sorted(unknown))}; "
                f"it takes {', '.join(sorted(ServerOptions.__annotations__))}"
            )
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
        if "create_app" not in vars(named):
            return cls.app
        if inspect.isfunction(inspect.getattr_static(cls, "create_app")):
            raise TypeError(f"{cls.__qualname__}.create_app must be a class method: write @classmethod above it")
        made = cls.create_app()
        return await made if inspect.isawaitable(made) else made

    def _setupAsyncioRunner(self) -> None:
        super()._setupAsyncioRunner()
        self._recorders = []

    def _prepare_test(self) -> None:
        super()._prepare_test()
        self._client = None
        self._clients = []
        self._deferred = []
        if self.server_scope == "test":
            self._call(self._start_own_server)
        self.app = self.server.app
        self._watch(self.server.recorder)
        self._overrides = OverridesGuard(self.app)
        self.addCleanup(self._end_test)
        self._call(self._begin_test_overrides, declared=self.server_scope == "test")

    async def _start_own_server(self) -> None:
        self._server = await self.enterAsyncContext(await self._make_server())
        self._transport = LoopbackTransport()
        self.addAsyncCleanup(self._transport.aclose)

    def _watch(self, recorder: Recorder) -> None:
        """See to what an app does for this test."""
        if recorder not in self._recorders:
            self._recorders.append(recorder)
            recorder.start_over()
            recorder.reports = True

    def _call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return self._call_in_time(function, *args, **kwargs)
        except Exception as exc:
            note_errors(exc, self._recorders)
            raise

    def _call_in_time(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        watchdog = self._watchdog
        # Each wait in the end of a test has a limit of its own.
        if watchdog is None or function == self._end_test:
            return super()._call(function, *args, **kwargs)
        call = partial(function, *args, **kwargs)
        if inspect.iscoroutinefunction(function):
            call = partial(_run, watchdog, call)
        try:
            return watchdog.call(partial(super()._call, call), self._recorders)
        except TestTimeout as exc:
            report, cause = str(exc), exc.__cause__
        raise self.failureException(report) from cause

    def _end_test(self) -> None:
        """Close what the test opened, and look what it left; added first, this cleanup runs after all of its own."""
        leaks = ""
        try:
            if self._clients or self._leftover_tasks():
                leaks = self._leave_server()
        finally:
            self._overrides.restore()
            self._judge(leaks)

    def _leave_server(self) -> str:
        class_loop = self._running_class_loop(self.id())
        try:
            # In the class's context: the test's cannot be entered twice, and this cleanup is called in it.
            class_loop.run(self._close_clients(), class_loop.context)
        finally:
            leaks = self._cancel_leftovers()
        return leaks

    async def _close_clients(self) -> None:
        async with contextlib.AsyncExitStack() as stack:  # closes the others too if one fails
            for client in self._clients:
                stack.push_async_callback(client.aclose)
        handlers = {task for recorder in self._recorders for task in recorder.tasks("http", "websocket")}
        if handlers := handlers - self._tasks_before:
            await asyncio.wait(handlers, timeout=self.settle_timeout)
        await asyncio.sleep(0)  # what the test has cancelled itself ends in the loop's next turn

    def _leftover_tasks(self) -> set[asyncio.Task[Any]]:
        return {task for task in super()._leftover_tasks() if not belongs_to_lifespan(task)}

    def _cancel_leftovers(self) -> str:
        leftovers = self._leftover_tasks()
        if not leftovers:
            return ""
        described = describe_leaks(leftovers, self._recorders, self.id())
        for recorder in self._recorders:
            recorder.abandon(leftovers)
        self._running_class_loop(self.id()).cancel(leftovers)
        return described

    def _judge(self, leaks: str) -> None:
        """Fail for what the app did and nobody has seen, and for what the test left."""
        for recorder in self._recorders:
            recorder.reports = False
        troubles = [deferred.describe() for deferred in self._deferred if not deferred.is_fulfilled()]
        troubles += describe_unseen(self._recorders)
        try:
            troubles += report_leaks(leaks, self.leaks, getattr(self, self._testMethodName))
        except Warning as warning:  # with warnings as errors, it must not hide the rest
            if not troubles:
                raise
            troubles.append(str(warning))
        if troubles:
            raise self.failureException("\n".join(troubles))


def _http_client(client: Any) -> Any:
    """Return the client of HTTP that an :class:`AsyncTestClient` wraps; any other client is one itself."""
    return getattr(client, "http", client)


async def _run(watchdog: Watchdog, function: Callable[[], Any]) -> Any:
    return await watchdog.run(function())
