"""What test cases with a server have in common: what is served, and how."""

import contextlib
import importlib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar, Unpack, cast

import httpx
from fastapi import FastAPI

from fastapi_testing.assertions import HTTPAssertions, JsonAssertions, ModelAssertions, OpenAPIAssertions
from fastapi_testing.case.guards.blocking import BlockGuard, Blocking, check_blocking
from fastapi_testing.case.guards.class_limits import ClassLimits
from fastapi_testing.case.guards.guard import Leaks, TestGuard
from fastapi_testing.case.guards.leftovers import check_background_tasks
from fastapi_testing.case.guards.server_errors import Expected, ServerRaises, TellingMore
from fastapi_testing.case.loops.share import find_at
from fastapi_testing.case.named import addresses, check_names, tls_of
from fastapi_testing.case.overrides.dependencies import DependencyOverrides
from fastapi_testing.case.overrides.holders import ClassOrTestMethod
from fastapi_testing.case.served.class_client import close_with_class
from fastapi_testing.case.served.given_client import GivenClient, http_of
from fastapi_testing.case.served.late_options import note_late_options
from fastapi_testing.case.served.running_client import RunningClient
from fastapi_testing.case.served.unnamed import describe_unnamed
from fastapi_testing.client import ClientOptions
from fastapi_testing.client.library import HTTPLibrary, Limits, Timeout, choose_library, library_of
from fastapi_testing.client.wrappers.settling import Settling
from fastapi_testing.errors import ServerNotRunningError, ServerStartupError
from fastapi_testing.hints.foreign import ForeignNames
from fastapi_testing.hints.names import CASE_NAMES
from fastapi_testing.hints.not_yet import NotYet
from fastapi_testing.server import Server, ServerOptions, TLSOptions, check_options
from fastapi_testing.server.application import describe_app
from fastapi_testing.server.recording.recorder import Recorder
from fastapi_testing.server.routing.unnamed import note_unnamed
from fastapi_testing.server.tls.endpoint import TLSEndpoint

if TYPE_CHECKING:
    from fastapi_testing.server.serving.thread import ServerThread

__all__ = ["RunningServer", "ServedCase", "shares_connections"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_S = TypeVar("_S")


class RunningServer(Generic[_S]):
    """The attribute ``server``, on the class and on its tests; without a server it says what to do."""

    def __get__(self, case: "ServedCase | None", owner: type["ServedCase"]) -> _S:
        for holder in (case, owner):
            server: _S | None = vars(holder).get("_framework_server") if holder is not None else None
            if server is not None:
                return server
        what_to_do = owner._what_to_do()  # noqa: SLF001 - of this module
        error = ServerNotRunningError(f"the server of {owner.__qualname__} is not running: {what_to_do}")
        if case is not None:
            raise error
        return cast("_S", NotYet(error))


class ServedCase(
    DependencyOverrides,
    HTTPAssertions,
    JsonAssertions,
    ModelAssertions,
    OpenAPIAssertions,
    ClassLimits,
    ForeignNames,
):
    """
    A test case whose app is served: the class attributes by which it says so, and what follows from them.

    The app is what ``app`` names or ``create_app`` returns; where a class has neither, it is an empty
    ``FastAPI(lifespan=cls.lifespan)`` whose routes the tests may add.
    """

    app: Any = None
    """The ASGI application, or an import string such as ``"shop.main:app"``. In a test: the application itself."""

    lifespan: ClassVar[Callable[[FastAPI], Any] | None] = None
    """The lifespan of the empty FastAPI that is served where the class names no app."""

    server_scope: ClassVar[Literal["run", "module", "class", "test"]] = "class"
    """
    Whether one server serves the whole class, or each test has a new one (and, by create_app, a new app), or the
    classes of a module share one, or those of the whole run, where they name the same app.
    """

    server_options: ClassVar[ServerOptions] = {}
    """
    How the app is served: ``host``, ``port`` and ``lifespan``, and what else :class:`ServerOptions` has, such as
    ``root_path``, ``proxy_headers`` or ``http``.
    """

    tls: ClassVar[TLSOptions | bool | None] = None
    """Whether, or how, the server speaks TLS: https and wss. Needs the extra ``tls``."""

    startup_timeout: ClassVar[float] = 30.0
    """Seconds that the app's lifespan may take to start."""

    shutdown_timeout: ClassVar[float] = 10.0
    """Seconds that requests in flight may take to end when the server stops, and then the app's lifespan."""

    headers: ClassVar[dict[str, str] | None] = None
    """Headers that every request of the client carries; a hook may set them on the test, before it uses the client."""

    cookies: ClassVar[dict[str, str] | None] = None
    """Cookies that the client of each test begins with; a hook may set them on the test, too."""

    base_url: ClassVar[str | None] = None
    """
    What the app is called by in the world, such as ``https://shop.example``: the clients ask for it, and are led to the
    server. A hook may set it on the test, before it uses the client.
    """

    hosts: ClassVar[Sequence[str]] = ()
    """Further names of the app, such as ``["www.shop.example", "*.shop.example"]``, that the clients may ask for."""

    http_library: ClassVar[HTTPLibrary] = "httpx"
    """
    Whether the clients are of httpx or of ``"httpx2"``: then their responses, exceptions and all else are those of that
    library. Needs the extra ``httpx2``.
    """

    timeout: ClassVar[float | Timeout | None] = 5.0
    """Seconds that each step of a request may take, or an :class:`httpx.Timeout`."""

    limits: ClassVar[Limits] = httpx.Limits(max_connections=100)
    """Connections that the clients of a test have at the most, all together; more requests at once wait for one."""

    follow_redirects: ClassVar[bool] = False
    """Whether the client follows redirects."""

    settle: ClassVar[bool] = True
    """
    Whether a request returns, and a WebSocket is closed, only when the app's call has ended, background tasks and
    ``yield`` dependencies too.
    """

    settle_timeout: ClassVar[float] = 5.0
    """Seconds that the app's call may take once it has answered, and all of them once the test is done."""

    raise_server_exceptions: ClassVar[bool] = False
    """
    Whether an exception of the app is raised by the client's request, or where a WebSocket connects, sends, receives
    or is left, as Starlette's TestClient does.
    """

    leaks: ClassVar[Leaks] = "warn"
    """What to do about tasks that a test leaves, once they are cancelled: ``"warn"``, ``"fail"`` or ``"ignore"``."""

    background_tasks: ClassVar[Sequence[str]] = ()
    """
    The modules and functions whose tasks may outlive a test, such as ``("aiokafka", "shop.workers:poll")``: they are
    neither reported nor cancelled before the class ends. Those of some libraries are known.
    """

    blocked_after: ClassVar[float] = 2.0
    """Seconds after which code that blocks the event loop is reported on stderr, while it does; 0 for never."""

    blocking: ClassVar[Blocking] = "ignore"
    """
    What to do about handlers and dependencies that hold the event loop for longer than ``blocking_threshold``:
    ``"warn"``, ``"fail"`` or ``"ignore"``.
    """

    blocking_threshold: ClassVar[float] = 0.1
    """Seconds for which a handler may hold the event loop."""

    server: RunningServer[Any] = RunningServer()
    """The running server."""

    client: RunningClient[Any] = RunningClient()

    client_class: ClassVar[Callable[..., Any]]
    _foreign = CASE_NAMES
    _framework_class_client: ClassVar[Any]  # of a class itself, and not of one that it inherits from
    _framework_client: Any
    _framework_clients: list[Any]  # what is closed at the end of the test
    _framework_given: GivenClient | None = None  # the last one
    _framework_waits: ClassVar[bool]
    _framework_server: Any  # of the class or, where server_scope is "test", of the test
    _framework_guard: TestGuard
    _framework_block_guard: ClassVar[BlockGuard]

    @classmethod
    async def create_app(cls) -> Any:
        """
        Return the application to serve, or its import string; for classes that make one instead of naming it.

        Where a class and its bases have both ``app`` and ``create_app``, the one nearest to the class counts.
        """
        app = FastAPI(lifespan=cls.lifespan)
        if cls._names_app() is ServedCase:
            note_unnamed(app, partial(describe_unnamed, cls, ServedCase))
        return app

    def assertServerRaises(self, expected: Expected, regex: str | re.Pattern[str] | None = None) -> ServerRaises:
        """
        Fail unless the app raises in the context: for a request, for a WebSocket, or in a task that it started.

        ::

            with self.assertServerRaises(LookupError, "no stock") as raised:
                await self.client.post("/orders")
            self.assertEqual(raised.exception.args, ("no stock",))

        What is expected so does not fail the test at its end. In a ``ServerTestCase``, ``with`` waits for what the app
        still answers. In an ``AsyncServerTestCase`` a plain ``with`` cannot wait: one that is left while the app still
        answers something, or goes on with it, is decided at the end of the test; ``async with`` waits for it. Of the
        tasks that the app starts with :func:`asyncio.create_task`, those count that it does not look after.

        An exception counts that the app raised, each that this was raised from (``raise ... from ...``), and one that
        the framework made another of: an HTTPException, for instance, comes out as a RuntimeError where the answer has
        begun, or the WebSocket was accepted. The context's ``exception`` is the one that was expected, and
        ``exchange.exception`` the one that came out.

        Args:
            expected: The type of the exception, or a tuple of types; in an exception group, of one in it.
            regex: A pattern to search the exception's text for.

        Raises:
            TypeError: If ``expected`` is something else.
        """
        return self._expect(
            self._framework_guard.recorders,
            expected,
            regex,
            timeout=self.settle_timeout,
            fail=self.fail,
            defer=self._framework_guard.deferred.append,
        )

    @contextlib.contextmanager
    def subTest(self, *args: Any, **params: Any) -> Iterator[None]:
        with super().subTest(*args, **params), self._telling_more():
            yield

    @property
    def ws(self) -> Any:
        """Opens WebSocket connections with the headers and cookies of :attr:`client`."""
        client, given = self.client, self._framework_given
        return given.ws if given is not None and given.client is client else http_of(client).ws

    @ClassOrTestMethod
    def new_client(
        holder: Any,  # noqa: N805 - a test, or a class
        /,
        *,
        server: Any = None,
        base_url: str | None = None,
        **options: Unpack[ClientOptions],
    ) -> Any:
        """
        Make one more client: another user, or a user of another server; on a test, or in the hooks of its class.

        It is closed at the end of the test, or of the class.

        Args:
            server: The server to talk to; None for the test's own.
            base_url: What this client calls the app by, such as ``https://acme.shop.example``; a name of the server is
                what any client calls it by.
            **options: As for the client itself; what is not given is as the class attributes say.

        Raises:
            ServerNotRunningError: If the server does not run.
            TypeError: If it is no server that the kind of test case can talk to.
            ValueError: If ``base_url`` is no URL of HTTP, or the certificate of the server has not its name.
        """
        raise NotImplementedError  # pragma: no cover - each case makes its own kind

    @classmethod
    def _what_to_do(cls) -> str:
        """Return what makes the server run, for the error where it does not."""
        raise NotImplementedError  # pragma: no cover - each case says it

    @classmethod
    def _begin_checks(cls) -> None:
        cls._framework_ends_with_run = cls.server_scope == "run"
        super()._begin_checks()

    @classmethod
    def _check_attributes(cls) -> None:
        """Refuse what the class says and cannot be meant, before anything is started."""
        if cls.server_scope not in ("run", "module", "class", "test"):
            raise ValueError(f"server_scope must be 'run', 'module', 'class' or 'test', got {cls.server_scope!r}")
        if cls.leaks not in ("warn", "fail", "ignore"):
            raise ValueError(f"leaks must be 'warn', 'fail' or 'ignore', got {cls.leaks!r}")
        for name, what in (("headers", "every request of the client carries"), ("cookies", "the client begins with")):
            if not isinstance(value := getattr(cls, name), Mapping | None):
                raise TypeError(
                    f"{name} must be a mapping, which {what}, got {value!r}: give what else is called so another name"
                )
        library = choose_library(cls.http_library)
        if library is not httpx:  # now, as a test may put a mock in the place of a client's class
            importlib.import_module("fastapi_testing.client.http.second")
        if not isinstance(cls.timeout, int | float | httpx.Timeout | library.Timeout | None):
            what = f"{cls.timeout!r}{_of_second(cls.timeout)}"
            raise TypeError(f"timeout must be seconds or an {cls.http_library}.Timeout, got {what}")
        if not isinstance(cls.limits, httpx.Limits | library.Limits) or cls.limits.max_connections == 0:
            raise ValueError(
                f"limits must be {cls.http_library}.Limits that allow for a connection, got {cls.limits!r}"
                f"{_of_second(cls.limits)}"
            )
        if not callable(make := cls.client_class):
            raise TypeError(f"client_class must be what makes clients, a class or a function; got {make!r}")
        if inspect.isfunction(make) and next(iter(inspect.signature(make).parameters), "") == "self":
            raise TypeError(
                f"client_class of {cls.__qualname__} is a method, and a class makes clients with it, too: write "
                f"@staticmethod above it, and leave self out"
            )
        check_names(cls)
        check_background_tasks(cls.background_tasks)
        check_blocking(cls)
        cls._server_arguments()

    def _seen_recorders(self) -> Sequence[Recorder]:
        return self._framework_guard.recorders

    def _expect(self, *args: Any, **options: Any) -> ServerRaises:
        return ServerRaises(*args, **options)

    @ClassOrTestMethod
    def _make_client(
        holder: Any,  # noqa: N805 - a test, or a class
        /,
        make: Callable[..., Any],
        server: "Server | ServerThread",
        base_url: str | None,
        **options: Any,
    ) -> Any:
        """Make a client of a server as the class attributes say, for a test or its class; ``options`` come first."""
        if isinstance(server, NotYet):
            server()
        if not isinstance(server, TLSEndpoint):
            raise TypeError(
                f"server must be a server that the test or its class has started, got {describe_app(server)}: "
                f"start one for it, such as `await self.enterAsyncContext(Server(app))`"
            )
        where = addresses(holder, server, base_url)  # first, as it tells of a server that does not run
        case = None if isinstance(holder, type) else holder
        if case is not None:
            case._framework_guard.watch(server.recorder)  # noqa: SLF001 - its own
        raises = options.pop("raise_server_exceptions", holder.raise_server_exceptions)
        if server.tls and options.get("transport") is None:
            options.setdefault("verify", server.client_ssl_context())
        client = make(**where, settling=holder._settling(raises=raises), **(holder._chosen_options() | options))
        if holder.check_openapi:
            http = http_of(client)
            checks = (case or holder())._openapi_hook  # noqa: SLF001 - its own, or that of a test for the assertion
            hook = checks(server.app, waits=isinstance(http, library_of(http).Client))
            http.event_hooks["response"].append(hook)
        if case is None:
            close_with_class(holder, client)
        else:
            case._framework_clients.append(client)  # noqa: SLF001 - its own
        return client

    @ClassOrTestMethod
    def _settling(holder: Any, *, raises: bool) -> Settling:  # noqa: N805 - a test, or a class
        return Settling(holder.settle, holder.settle_timeout, raises)

    def _settling_hook(self, settling: Settling, http: Any) -> Callable[..., Any]:
        raise NotImplementedError  # pragma: no cover - each case makes its own kind

    def _make_ws(self, settling: Settling, http: Any) -> Any:
        raise NotImplementedError  # pragma: no cover - each case makes its own kind

    def _telling_more(self) -> contextlib.AbstractContextManager[None]:
        guard = self._framework_guard
        return TellingMore(guard.recorders, self._note_late_options, guard.note_failure, show_secrets=self.show_secrets)

    def _note_late_options(self, failure: BaseException) -> None:
        client = vars(self).get("_framework_client")  # none where the test could not be prepared
        if client is not None:
            exchanges = [each for recorder in self._framework_guard.recorders for each in list(recorder.exchanges)]
            note_late_options(failure, vars(self), client, exchanges)

    def _let_go(self) -> None:
        if "_framework_guard" in vars(self):
            self._framework_guard.let_go()
        super()._let_go()

    def _judge(self) -> None:
        """Fail for what the app did and nobody has seen, for what the test left, and for what held the loop up."""
        method = getattr(self, self._testMethodName)
        if troubles := self._framework_block_guard.judge(method, self._framework_guard.judge(self.leaks, method)):
            raise self.failureException(troubles)

    @ClassOrTestMethod
    def _chosen_options(holder: Any) -> ClientOptions:  # noqa: N805 - a test, or a class
        """Return what the class, or a hook of the test, says of its clients; else the client's own defaults hold."""
        names = ("headers", "cookies", "timeout", "follow_redirects", "http_library")
        chosen = {name: getattr(holder, name) for name in names if getattr(holder, name) != getattr(ServedCase, name)}
        return cast("ClientOptions", chosen)

    @classmethod
    async def _make_server(cls) -> Server:
        server = Server(await cls._choose_app(), **cls._server_arguments())
        port = cls.server_options.get("port", 0)
        if port and (other := find_at(server.host, port)) is not None:
            raise ServerStartupError(
                f"port {port} is that of {other.title}, which other classes share until the run or their module ends: "
                f"give {cls.__qualname__} another port, or those classes server_scope = 'class'"
            )
        return server

    @classmethod
    def _server_arguments(cls) -> dict[str, Any]:
        """Return the keyword arguments of the server."""
        try:
            check_options(cls.server_options)
        except (TypeError, ValueError) as exc:
            raise type(exc)(f"{cls.__qualname__}.server_options: {exc}") from None
        times = {"startup_timeout": cls.startup_timeout, "shutdown_timeout": cls.shutdown_timeout}
        return {"tls": tls_of(cls), **times, **cls.server_options}

    @classmethod
    async def _choose_app(cls) -> Any:
        named = cls._names_app()
        if named is not ServedCase and cls.lifespan is not None:
            raise TypeError(
                f"{cls.__qualname__} has both an app and a lifespan: `lifespan` is for classes without an app; "
                f"give it to the app instead"
            )
        if "create_app" not in vars(named):
            return cls.app
        if inspect.isfunction(inspect.getattr_static(cls, "create_app")):
            raise TypeError(f"{cls.__qualname__}.create_app must be a class method: write @classmethod above it")
        try:
            made = cls.create_app()
            return await made if inspect.isawaitable(made) else made
        except SystemExit as exc:  # it would end the run, without a word of what has failed before
            text = f"create_app of {cls.__qualname__} has called sys.exit({exc.code!r})"
            raise ServerStartupError(text) from exc

    @classmethod
    def _shared_app(cls) -> Any:
        """Return what classes that share a server have in common: the app, its import string, or ``create_app``."""
        named = cls._names_app()
        if named is ServedCase:
            scope = cls.server_scope
            raise TypeError(f"{cls.__qualname__} has server_scope = {scope!r} and names no app that others could share")
        return vars(named).get("create_app", cls.app)

    @classmethod
    def _sharing_module(cls) -> str | None:
        """Return the module whose classes share the server; None where those of the run do."""
        return None if cls.server_scope == "run" else cls.__module__

    @classmethod
    def _names_app(cls) -> type:
        """Return the nearest of the classes that has ``app`` or ``create_app``."""
        return next(owner for owner in cls.__mro__ if "create_app" in vars(owner) or vars(owner).get("app") is not None)


def shares_connections(holder: Any, server: object, options: ClientOptions) -> bool:
    """Tell whether a client of a test, or of its class, goes by the connections that those of its server share."""
    return server is getattr(holder, "_framework_server", None) and not options.keys() & {"limits", "verify"}


def _of_second(option: Any) -> str:
    """Say of an option of httpx2's what it takes."""
    return "" if library_of(option) is httpx else " of httpx2: say http_library = 'httpx2'"
