"""The test case of plain tests that serves an app: on a thread beside them, with an event loop of its own."""

import asyncio
import contextlib
import contextvars
import inspect
import unittest
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, ParamSpec, TypeVar, Unpack
from weakref import WeakMethod

from fastapi_testing.assertions import SyncEventAssertions, SyncEventuallyAssertions, SyncWebSocketAssertions
from fastapi_testing.case.guards.blocking import BlockGuard
from fastapi_testing.case.guards.class_limits import describe_cleanup
from fastapi_testing.case.guards.guard import TestGuard
from fastapi_testing.case.guards.server_errors import ServerRaises
from fastapi_testing.case.loops.class_case import AsyncClassTestCase
from fastapi_testing.case.loops.run_end import end_with_run
from fastapi_testing.case.loops.running import (
    EndingOnUsersLine,
    call_cleanups,
    closing_class_on,
    keeps_text,
    note_failure,
    part_of_a_test,
    run_alone,
    runs_alone,
    warn_of_result,
)
from fastapi_testing.case.overrides.holders import ClassOrTestMethod, callable_of
from fastapi_testing.case.served.case_server import CaseServer, WaitingRaises
from fastapi_testing.case.served.class_client import adopt_client
from fastapi_testing.case.served.given_client import websocket_options
from fastapi_testing.case.served.served_case import RunningServer, ServedCase, shares_connections
from fastapi_testing.case.served.shared_thread import SharedThread
from fastapi_testing.client import ClientOptions, SyncClient
from fastapi_testing.client.wrappers.hooks import SyncSettlingHook
from fastapi_testing.client.wrappers.settling import Settling
from fastapi_testing.server import ServerThread
from fastapi_testing.server.cancelling import Interrupted, all_tasks
from fastapi_testing.server.recording.recorder import watcher

if TYPE_CHECKING:
    from fastapi_testing.case.served.running_client import RunningClient
    from fastapi_testing.client.websocket.sync_client import SyncWebSocketClient

__all__ = ["ServerTestCase"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_P = ParamSpec("_P")
_T = TypeVar("_T")


class ServerTestCase(
    ServedCase,
    SyncWebSocketAssertions,
    SyncEventAssertions,
    SyncEventuallyAssertions,
    unittest.TestCase,
):
    """
    A test case of plain tests, whose app is served by a real uvicorn server on a thread beside them.

    ::

        class ItemTests(ServerTestCase):
            app = app

            def test_create_item(self):
                response = self.client.post("/items", json={"name": "Widget"})
                self.assertStatus(response, 201)

    What :class:`~fastapi_testing.AsyncServerTestCase` says of the app, the class attributes and the end of a test holds
    here too.
    """

    loop_factory: ClassVar[Callable[[], asyncio.AbstractEventLoop] | None] = None
    """Makes the event loop of the server, such as ``uvloop.new_event_loop``; None for asyncio's default."""

    client_class: ClassVar[Callable[..., Any]] = SyncClient
    """
    Makes the clients of a test: :class:`SyncClient`, or what else is called with ``base_url``, ``thread``,
    ``transport``, ``settling`` and those of ``headers``, ``cookies``, ``timeout``, ``follow_redirects`` and
    ``http_library`` that are set, and with ``verify`` where the server speaks TLS and there is no ``transport`` to it
    yet.
    """

    server: RunningServer[ServerThread] = RunningServer()
    """The running :class:`ServerThread`."""

    _framework_is_set_up: ClassVar[bool]  # of a class itself, and not of one that it inherits from
    _framework_waits = True
    _framework_client: SyncClient | None
    _framework_context: contextvars.Context
    _framework_tasks_before: set[asyncio.Task[Any]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if issubclass(cls, AsyncClassTestCase):
            other = next(base for base in cls.__mro__[1:] if issubclass(base, AsyncClassTestCase))
            raise TypeError(
                f"class {cls.__qualname__}: ServerTestCase is for plain tests, and {other.__qualname__} is for async "
                f"ones: use AsyncServerTestCase instead of ServerTestCase"
            )

    @classmethod
    def setUpClass(cls) -> None:
        """Start the server; overriding methods call ``super().setUpClass()`` first."""
        super().setUpClass()
        cls._begin_checks()
        cls._check_attributes()
        cls._framework_is_set_up = True
        cls.addClassCleanup(delattr, cls, "_framework_is_set_up")
        cls._framework_block_guard = BlockGuard(cls, is_shared=False)
        cls._framework_block_guard.start()
        cls.addClassCleanup(cls._framework_block_guard.close)
        cls._open_before_server()
        if cls.server_scope != "test":
            with cls._unlimited():
                cls._framework_server = cls.enterClassContext(cls._choose_server())
            # One that others have begun to use has told another class of itself.
            cls._framework_block_guard.seat = cls._framework_server.seat
            cls.addClassCleanup(delattr, cls, "_framework_server")
            cls.addClassCleanup(cls._end_class_overrides)
            cls._begin_class_overrides()
        cls._open_after_server()
        cls._check_hook()

    @classmethod
    def tearDownClass(cls) -> None:
        """Take note that the tests are over; overriding methods call ``super().tearDownClass()``."""
        cls._unawaited.begin("")
        super().tearDownClass()

    @classmethod
    def addClassCleanup(cls, function: Callable[_P, Any], /, *args: _P.args, **kwargs: _P.kwargs) -> None:
        """Add a function as :mod:`unittest` does; each has the time of a hook."""
        super().addClassCleanup(cls._call_class_cleanup, function, *args, **kwargs)

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        if not vars(type(self)).get("_framework_is_set_up") and runs_alone(self, result):
            return run_alone(self, self.defaultTestResult() if result is None else result)
        if self._framework_ends_with_run:
            end_with_run(result)
        try:
            with self._stopping_on(KeyboardInterrupt):
                try:
                    return super().run(result)
                except KeyboardInterrupt as exc:
                    if "_framework_guard" in vars(self):
                        self._framework_guard.cut_short(exc)
                    call_cleanups(self)  # which unittest does not do then
                    raise
        finally:
            if keeps_text(result):
                self._let_go()

    def debug(self) -> None:
        with self._stopping_on(BaseException):  # it goes past the suite
            super().debug()

    @contextlib.contextmanager
    def subTest(self, *args: Any, **params: Any) -> Iterator[None]:
        part = part_of_a_test(super().subTest(*args, **params), lambda exc: isinstance(exc, Interrupted))
        with part, EndingOnUsersLine(self.failureException), self._checking_part():
            yield

    @ClassOrTestMethod
    def run_async(
        holder: Any,  # noqa: N805 - a test, or a class
        /,
        coroutine: Coroutine[Any, Any, _T],
        timeout: float | None = None,
    ) -> _T:
        """
        Run a coroutine on the event loop of the server, and wait for its result; on a test, or on its class.

        ::

            user = self.run_async(find_user("ada"))

        Args:
            coroutine: What a coroutine function returns when it is called. It sees the context variables of the test.
            timeout: Seconds that it may take; None for no limit but the test's.

        Raises:
            TimeoutError: If it takes longer; it is cancelled, and the error names the line at which it waits.
            ServerNotRunningError: If the server does not run.
            TypeError: If it is not given a coroutine.
        """
        server: ServerThread = holder.server
        name = f"{holder.__module__}.{holder.__qualname__}" if isinstance(holder, type) else holder.id()
        return server.run(coroutine, timeout, name)

    if TYPE_CHECKING:
        client: RunningClient[SyncClient]

        @property
        def ws(self) -> SyncWebSocketClient: ...

    @ClassOrTestMethod
    def new_client(
        holder: Any,  # noqa: N805 - a test, or a class
        /,
        *,
        server: ServerThread | None = None,
        base_url: str | None = None,
        **options: Unpack[ClientOptions],
    ) -> SyncClient:
        server = server or holder.server
        if not isinstance(server, ServerThread):
            raise TypeError(f"the clients of a ServerTestCase are those of a ServerThread, got {server!r}")
        transport = holder._framework_server.transport if shares_connections(holder, server, options) else None
        make = callable_of(holder, "client_class")
        client: SyncClient = holder._make_client(make, server, base_url, thread=server, transport=transport, **options)
        return client

    def _settling_hook(self, settling: Settling, http: Any) -> SyncSettlingHook:
        return SyncSettlingHook(settling, http, self.server)

    def _make_ws(self, settling: Settling, http: Any) -> "SyncWebSocketClient":
        from fastapi_testing.client.websocket.sync_client import SyncWebSocketClient  # noqa: PLC0415 - few tests need it

        return SyncWebSocketClient(http, thread=self.server, **websocket_options(http, self.server, settling))

    @classmethod
    def _call_class_cleanup(cls, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        who = describe_cleanup(function, args)
        if who is None:  # each wait in it has a limit of its own
            function(*args, **kwargs)
        else:
            cls._call_hook(who, partial(function, *args, **kwargs))

    @classmethod
    def _choose_server(cls) -> "contextlib.AbstractContextManager[CaseServer]":
        """Return what is entered for the server: one of the class's own, or the one that it shares with others."""
        if cls.server_scope == "class":
            return CaseServer(cls, cls.loop_factory)
        options = [cls.loop_factory, cls._server_arguments(), cls.limits]
        make = partial(_make_shared, cls)
        return SharedThread.of(cls.__module__, cls._sharing_module(), cls._shared_app(), options, make).lend()

    @classmethod
    def _what_to_do(cls) -> str:
        if cls.server_scope == "test":
            return "with server_scope = 'test' it runs from before setUp to the end of each test"
        if cls.setUpClass.__func__ is ServerTestCase.setUpClass.__func__:  # type: ignore[attr-defined]
            return "it runs from setUpClass to the class cleanups"
        return "call super().setUpClass() in yours"

    @contextlib.contextmanager
    def _stopping_on(self, interruption: type[BaseException]) -> Iterator[None]:
        """Stop the server, and clean the class up, on what makes unittest forget all cleanups."""
        with closing_class_on(type(self), interruption):
            try:
                yield
            except interruption as exc:
                for holder in (self, type(self)):
                    if (server := vars(holder).get("_framework_server")) is not None:
                        _stop_after(exc, server)
                raise

    @classmethod
    def _open_before_server(cls) -> None:
        """Make what the app needs, before its server starts; for a mixin."""

    @classmethod
    async def _before_app(cls) -> None:
        """Do the same on the server's own event loop, where that is the class's."""

    @classmethod
    async def _after_app(cls) -> None:
        """Undo that, once the app has shut down."""

    @classmethod
    def _open_after_server(cls) -> None:
        """Go on once the server runs."""

    def _prepare_test(self) -> None:
        """Do what has to be done before the test, and undone after the app has done with its requests; for a mixin."""

    def _callSetUp(self) -> None:
        self._unawaited.begin(self._testMethodName)
        self._framework_context, self._framework_is_inside = contextvars.copy_context(), False
        self._framework_client, self._framework_clients = None, []
        self._framework_guard = TestGuard(self.id(), self._new_tasks, self.settle_timeout, self.background_tasks)
        if self.server_scope == "test":
            self._framework_server = self._call(self.enterContext, CaseServer(type(self), type(self).loop_factory))
        assert self._framework_watchdog is not None  # noqa: S101 - the class is set up
        self._framework_watchdog.whereabouts = self.server.whereabouts
        self.app: Any = self.server.app
        self._framework_block_guard.begin(self)
        self._framework_tasks_before = self.server.finish(all_tasks())
        self._framework_guard.begin(self.app, self.server.recorder)
        self._prepare_test()
        self.addCleanup(self._end_test)
        self._call(watcher.set, WeakMethod(self._framework_guard.watch))
        if "client" in vars(type(self)):
            self._call(adopt_client, type(self), self.server.url)
        self._call(self._begin_test_overrides, declared=self.server_scope == "test")
        self._call(self.setUp)

    def _callTestMethod(self, method: Callable[[], Any]) -> None:
        warn_of_result(self, method, self._call(method))

    def _callTearDown(self) -> None:
        self._call(self.tearDown)

    def _callCleanup(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        self._call(function, *args, **kwargs)

    def _call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a function in the test's context and within its time; refuse one that is asynchronous."""
        with self._telling_more(), EndingOnUsersLine(self.failureException):
            try:
                result = self._call_in_time(function, *args, **kwargs)
            except BaseException as exc:
                self._check_call(function, exc)
                raise
            if self._unawaited.dropped:
                self._check_call(function)
        if inspect.iscoroutine(result) or inspect.isasyncgen(result):
            _drop(result)
            name = getattr(function, "__qualname__", repr(function))
            raise TypeError(
                f"{name} is asynchronous, and nothing awaits it in a ServerTestCase: make it a plain `def` that calls "
                f"self.run_async(), or make the class an AsyncServerTestCase"
            )
        return result

    def _call_in_time(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        call = partial(self._call_in_context, partial(function, *args, **kwargs))
        # Each wait in the end of a test has a limit of its own.
        if self._test_seconds is None or function == self._end_test:
            return call()
        return self._within(call)

    def _call_in_context(self, function: Callable[[], Any]) -> Any:
        if self._framework_is_inside:  # a test that calls doCleanups() itself
            return function()
        self._framework_is_inside = True
        try:
            return self._framework_context.run(function)
        finally:
            self._framework_is_inside = False

    def _end_test(self) -> None:
        """Close what the test opened, and look what it left; added first, this cleanup runs after all of its own."""
        self._drop_held()
        try:
            with contextlib.ExitStack() as stack:  # closes the others too if one fails
                stack.callback(self._leave_server)
                for client in self._framework_clients:
                    stack.callback(client.close)
        finally:
            self._judge()

    def _expect(self, *args: Any, **options: Any) -> ServerRaises:
        return WaitingRaises(self.server, *args, **options)

    def _leave_server(self) -> None:
        self.server.begin(self._framework_guard.leave([])).wait(patience=self.settle_timeout)

    def _new_tasks(self) -> set[asyncio.Task[Any]]:
        return asyncio.all_tasks() - self._framework_tasks_before


def _make_shared(case: type[ServerTestCase]) -> SharedThread[CaseServer]:
    return SharedThread(CaseServer(case, case.loop_factory))


def _stop_after(interruption: BaseException, server: ServerThread) -> None:
    """Stop a server on what ends the test; that is what is told, and not in its place what fails of this."""
    try:
        server.stop()
    except Exception as exc:  # noqa: BLE001 - whatever the app raises
        note_failure(interruption, "as the server was stopped", exc)


def _drop(result: Any) -> None:
    """Let go of what nobody will await, without a warning of that."""
    if inspect.iscoroutine(result):
        result.close()
