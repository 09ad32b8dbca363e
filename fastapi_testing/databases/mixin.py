"""The mixin that gives a test case a database: it wires the database, its isolation and the app's sessions together."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

from fastapi.concurrency import contextmanager_in_threadpool
from sqlalchemy import MetaData
from sqlalchemy.engine import URL, Engine
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_scoped_session, async_sessionmaker
from sqlalchemy.orm import Session, scoped_session, sessionmaker
from sqlalchemy.util import greenlet_spawn
from starlette.requests import HTTPConnection

from fastapi_testing.case import AsyncServerTestCase, ServerTestCase
from fastapi_testing.case.guards.class_limits import AsyncClassLimits, ClassLimits
from fastapi_testing.case.overrides.dependencies import check_dependency, override_for
from fastapi_testing.case.served.served_case import ServedCase
from fastapi_testing.case.where import ClassLine
from fastapi_testing.databases.database import Database
from fastapi_testing.databases.provision.address import choose_url
from fastapi_testing.databases.provision.behind import engine_behind
from fastapi_testing.databases.provision.engines import sync_engine_of
from fastapi_testing.databases.provision.kind import session_kind
from fastapi_testing.databases.statements.owners import claim
from fastapi_testing.databases.statements.queries import CountedStatements
from fastapi_testing.databases.templates.sameness import makes_schema
from fastapi_testing.hints.not_yet import NotYet

__all__ = ["SQLAlchemyMixin"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


_T = TypeVar("_T")


class _Engine:
    """The attribute ``engine``; before there is one, it says what to do."""

    def __get__(self, case: "SQLAlchemyMixin | None", owner: type["SQLAlchemyMixin"]) -> Any:
        try:
            return owner._running_database().engine  # noqa: SLF001 - of this module
        except RuntimeError as exc:
            if case is not None:
                raise
            return NotYet(exc.with_traceback(None))


class _Session:
    """The attribute ``session``: the test's own on a test; on the class, the one of the set-up of its rows."""

    def __get__(self, case: "SQLAlchemyMixin | None", owner: type["SQLAlchemyMixin"]) -> Any:
        if case is not None:
            return case._own_session()  # noqa: SLF001 - of this module
        session = owner._framework_class_session  # noqa: SLF001 - of this module
        if session is None:
            hook = "setUpTestData" if issubclass(owner, ServerTestCase) else "asyncSetUpTestData"
            text = f"{owner.__qualname__}.session is there in {hook}; each test has a self.session of its own"
            return NotYet(RuntimeError(text))
        return session


class _MixinType(type):
    """Gives a class that has a database and no test case among its bases the one of asynchronous tests."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kwargs: Any) -> "_MixinType":
        is_case = any(issubclass(base, AsyncClassLimits | ServerTestCase) for base in bases)
        if namespace.get("__module__") != __name__ and not is_case:
            behind = next((i for i, base in enumerate(bases) if issubclass(AsyncClassLimits, base)), len(bases))
            bases = (*bases[:behind], AsyncClassLimits, *bases[behind:])
        return super().__new__(mcs, name, bases, namespace, **kwargs)


if TYPE_CHECKING:
    from typing_extensions import TypeVar as TypeVarWithDefault

    _S = TypeVarWithDefault("_S", default=AsyncSession)
    _E = TypeVarWithDefault("_E", default=AsyncEngine)

    class _Kinds(AsyncClassLimits, Generic[_S, _E]):
        """What type checkers see: the session and the engine are of the app's kind."""

        engine: _E
        session: _S

else:
    _S = _E = Any

    class _Kinds(ClassLimits, metaclass=_MixinType):
        """What there is: the kind of test case is the class's own to say."""

        engine = _Engine()
        session = _Session()

        def __class_getitem__(cls, kinds: Any) -> type:
            return cls


class SQLAlchemyMixin(_Kinds[_S, _E]):
    """
    Gives a test case a database of its own, for apps that use SQLAlchemy or SQLModel, synchronous or asynchronous.

    ::

        class SongTests(SQLAlchemyMixin, AsyncServerTestCase):
            app = app
            metadata = Base.metadata
            session_dependency = get_session

            async def test_read(self):
                self.session.add(Song(id=1, title="Copper Rain"))
                await self.session.commit()
                self.assertStatus(await self.client.get("/songs/1"), 200)

    The database is made beside the configured one, which is never written to, and dropped when the class is done. What
    a test writes is undone at its end, and so is what the app writes in it. It goes with ``ServerTestCase`` in the same
    way. Without either it serves tests of code that needs a database and no server; they may be coroutines.

    ``self.session`` is of the app's kind. Type checkers take it for an ``AsyncSession``; for a synchronous app, write
    ``SQLAlchemyMixin[Session, Engine]``.
    """

    database_url: ClassVar[str | URL | None] = None
    """The database beside which the class has its own; None for TEST_DATABASE_URL, and SQLite where that is not set."""

    metadata: ClassVar[MetaData | None] = None
    """The tables to make, such as ``Base.metadata``; not needed where the class has a :meth:`create_schema`."""

    session_dependency: ClassVar[Callable[..., Any] | Sequence[Callable[..., Any]] | None] = None
    """The dependency, or several, by which the app's routes get their sessions."""

    session_class: ClassVar[Callable[..., AsyncSession | Session] | None] = None
    """
    The class of the sessions, or the app's own session maker, whose options they then have; None for what the
    dependency is annotated with, or SQLAlchemy's.
    """

    schema_scope: ClassVar[Literal["run", "class"] | None] = None
    """
    Whether classes that have the same schema have copies of one that is made once a run, or each makes its own; None
    for copies of what ``metadata`` makes, and a schema of its own where there is a :meth:`create_schema`.

    ``"run"`` is for a :meth:`create_schema` that does nothing but to write to the database, and reads nothing that
    differs from class to class but what its own code names.
    """

    schema_files: ClassVar[Sequence[str | PathLike[str]] | str | PathLike[str] | None] = None
    """
    The files and folders that a :meth:`create_schema` reads, such as the migrations, and the modules that it calls;
    with FASTAPI_TESTING_KEEP_DATABASE, what it makes is kept as long as they are the same. None for not to keep it.
    """

    isolation: ClassVar[Literal["rollback", "truncate"]] = "rollback"
    """Whether a test runs in one transaction that is rolled back, or its tables are emptied afterwards."""

    engine_options: ClassVar[Mapping[str, Any]] = {}
    """Further arguments of ``create_engine``, such as ``echo``, ``json_serializer`` or ``connect_args``."""

    turn_timeout: ClassVar[float] = 4.0
    """Seconds that one transaction may keep another waiting where ``isolation`` is ``"rollback"``."""

    _framework_database: ClassVar[Database | None] = None
    _framework_planned: ClassVar[Database]  # the same, also before it is open
    _framework_closing: ClassVar[ExitStack]  # where plain tests have a database on the server's event loop
    _framework_session_class: ClassVar[Any]
    _framework_class_session: ClassVar[Any] = None
    _framework_session: Any

    def __init_subclass__(cls, **kwargs: Any) -> None:
        mro = cls.__mro__
        if issubclass(cls, ServerTestCase) and issubclass(cls, AsyncClassLimits):
            other = next(base for base in mro[1:] if issubclass(base, SQLAlchemyMixin))
            raise TypeError(
                f"class {cls.__qualname__}: {other.__qualname__} has no ServerTestCase among its bases, and is for "
                f"async tests: write class {other.__qualname__}(SQLAlchemyMixin, ServerTestCase)"
            )
        super().__init_subclass__(**kwargs)
        for case in (AsyncServerTestCase, ServerTestCase):
            if case in mro and mro.index(case) < mro.index(SQLAlchemyMixin):
                raise TypeError(f"class {cls.__qualname__}: write SQLAlchemyMixin before {case.__name__}")

    @classmethod
    def create_schema(cls, connection: Any) -> Any:
        """
        Make the tables of the empty database; override it to run migrations.

        As a plain ``def`` it is given a :class:`~sqlalchemy.engine.Connection`, whatever the app's sessions are; as
        ``async def``, which goes with asynchronous ones, an :class:`~sqlalchemy.ext.asyncio.AsyncConnection`.

        Args:
            connection: A connection in a transaction, which is committed afterwards.
        """
        create_all = (cls.metadata or MetaData()).create_all
        return connection.run_sync(create_all) if isinstance(connection, AsyncConnection) else create_all(connection)

    @classmethod
    def setUpTestData(cls) -> None:
        """
        Make the rows that all tests of the class start from; what is added to ``cls.session`` is committed.

        It is called once a class, with the server running: in a ``ServerTestCase``, where ``cls.run_async`` awaits what
        an asynchronous session does, and in an ``AsyncServerTestCase`` before :meth:`asyncSetUpTestData`.
        """

    @classmethod
    async def asyncSetUpTestData(cls) -> None:
        """Make them in a coroutine; it is called in an ``AsyncServerTestCase``."""

    @classmethod
    def open_session(cls) -> Any:
        """
        Give a request of the app its session; override it where the app's own dependency does more.

        It is a context manager, of the kind of the app's sessions. A dependency that commits when the request is done,
        for example::

            @classmethod
            @asynccontextmanager
            async def open_session(cls):
                async with super().open_session() as session, session.begin():
                    yield session

        One that is not asynchronous is entered and left on a thread, as FastAPI does it.
        """
        return cls._make_session(cls._running_database().engine)

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        """Make the database, then what is set up after it, such as the server, then the rows of the class."""
        database = cls._framework_planned = cls._new_database()
        await cls._run_database(partial(database.open, cls._add_database_cleanup))
        cls._framework_database = database
        cls.addClassCleanup(cls._forget_database)
        # It is called by a class that is a test case with an event loop; the mixin by itself has none.
        await super().asyncSetUpClass()  # type: ignore[safe-super,unused-ignore]
        cls._override_for_class()
        await cls._make_rows()

    @classmethod
    def _open_before_server(cls) -> None:
        """Make the database of plain tests; one whose engine lives on the server's event loop comes with that."""
        super()._open_before_server()  # type: ignore[misc]
        database = cls._framework_planned = cls._new_database()
        if database.is_async:
            cls._framework_closing = ExitStack()
        else:
            database.open(cls._add_plain_cleanup)
            cls._framework_database = database
            cls.addClassCleanup(cls._forget_database)

    @classmethod
    async def _before_app(cls) -> None:
        """Make it on the server's event loop, before the app is made."""
        await super()._before_app()  # type: ignore[misc]
        database = cls._framework_planned
        if database.is_async:
            opening = greenlet_spawn(database.open, cls._framework_closing.callback)
            await cls._await_hook("the making of the database", opening)
            cls._framework_database = database

    @classmethod
    async def _after_app(cls) -> None:
        """Close it there, after the app has shut down."""
        if cls._framework_planned.is_async:
            cls._framework_database = None
            await cls._await_hook("the end", greenlet_spawn(cls._framework_closing.close))
        await super()._after_app()  # type: ignore[misc]

    @classmethod
    def _open_after_server(cls) -> None:
        super()._open_after_server()  # type: ignore[misc]
        if cls._framework_database is None:  # the server was there before the class
            cls.addClassCleanup(lambda: cls.server.run(cls._after_app()))  # type: ignore[attr-defined]
            cls.server.run(cls._before_app())  # type: ignore[attr-defined]
        cls._override_for_class()
        database = cls._running_database()
        session = cls._framework_class_session = cls._make_session(database.test_engine)
        try:
            cls.setUpTestData()
            cls._run_on_server(_inner(session).commit)
        finally:
            cls._framework_class_session = None
            cls._run_on_server(_inner(session).close)

    @classmethod
    def _new_database(cls) -> Database:
        """Refuse what cannot be, before anything is made."""
        if cls.isolation not in ("rollback", "truncate"):
            raise ValueError(f"isolation must be 'rollback' or 'truncate', got {cls.isolation!r}")
        if cls.schema_scope not in ("run", "class", None):
            raise ValueError(f"schema_scope must be 'run', 'class' or None, got {cls.schema_scope!r}")
        has_schema = makes_schema(cls)
        if cls.metadata is None and not has_schema:
            raise TypeError(f"{cls.__qualname__} needs tables: set metadata, or override create_schema")
        if not isinstance(cls.metadata, MetaData | None):
            raise TypeError(
                f"metadata of {cls.__qualname__} must be a MetaData, such as Base.metadata: {cls.metadata!r}"
            )
        if cls.metadata is not None and not cls.metadata.tables and not has_schema:
            raise ValueError(f"metadata of {cls.__qualname__} has no tables: import the modules that define them first")
        make = _attribute(cls, "session_class")
        if make is not None and not callable(make):
            raise TypeError(
                f"session_class of {cls.__qualname__} must be a Session, an AsyncSession or a session maker, got "
                f"{make!r}"
            )
        dependencies = _as_tuple(_attribute(cls, "session_dependency"))
        if dependencies and not issubclass(cls, ServedCase):
            raise TypeError(f"{cls.__qualname__} has a session_dependency and no app: add AsyncServerTestCase")
        for dependency in dependencies:
            check_dependency(dependency)
        return cls._choose_database(make, dependencies)

    @classmethod
    def _choose_database(cls, make: Any, dependencies: tuple[Callable[..., Any], ...]) -> Database:
        """Return the database, not open yet, with a driver for sessions of the app's kind."""
        app_engine, is_plain = cls._app_engine(), issubclass(cls, ServerTestCase)
        kind = session_kind(make, dependencies, app_engine, cls.__qualname__)
        url = choose_url(cls.database_url, cls.__qualname__, kind=kind, is_async=not is_plain)
        database = Database(cls, url, app_engine)
        seen = kind.session_class if kind is not None else None
        cls._framework_session_class = make or seen or (AsyncSession if database.is_async else Session)
        cls._check_hooks(database, is_plain=is_plain)
        return database

    @classmethod
    def _check_hooks(cls, database: Database, *, is_plain: bool) -> None:
        name = cls.__qualname__
        if not database.is_async and inspect.iscoroutinefunction(inspect.unwrap(cls.create_schema)):
            raise TypeError(
                f"{name}.create_schema is asynchronous, and the sessions of the app are synchronous: make it a plain "
                f"`def`, which is given a Connection"
            )
        if inspect.iscoroutinefunction(cls.setUpTestData):
            what = "make it a plain `def`, which may call cls.run_async()" if is_plain else "name it asyncSetUpTestData"
            raise TypeError(f"{name}.setUpTestData is asynchronous, and nothing awaits it: {what}")
        if is_plain and _is_overridden(cls, "asyncSetUpTestData") and not _is_overridden(cls, "setUpTestData"):
            raise TypeError(
                f"{name}.asyncSetUpTestData is never called in a ServerTestCase: name it setUpTestData and make it a "
                f"plain `def`, which may call cls.run_async()"
            )
        if is_plain and database.is_async and getattr(cls, "server_scope", "") == "test":
            raise TypeError(
                f"{name} has asynchronous sessions, whose engine lives on the event loop of the server, and "
                f"server_scope = 'test' ends that with each test: set server_scope = 'class', or make it an "
                f"AsyncServerTestCase"
            )

    def run_sync(self, function: Callable[[Session], Any]) -> Any:
        """
        Call a function with the test's session where it keeps nobody waiting, and return its result.

        ::

            titles = await self.run_sync(lambda session: session.scalars(select(Song.title)).all())

        In an ``AsyncServerTestCase`` it is awaited. A synchronous session is used on a thread: where a request has its
        turn, or a lock that the session waits for, the event loop goes on with that request meanwhile. Of an
        asynchronous session it is :meth:`sqlalchemy.ext.asyncio.AsyncSession.run_sync`. In a ``ServerTestCase`` it
        returns the result itself.

        Args:
            function: Called with the session; with the synchronous one that is within an asynchronous one.
        """
        call = partial(function, _inner(self._own_session()))
        return self._run_on_server(call) if isinstance(self, ServerTestCase) else self._run_database(call)

    def assertNumQueries(self, expected: int, msg: Any = None) -> CountedStatements:
        """
        Check that the app sends so many statements to the database while the block runs.

        ::

            async with self.assertNumQueries(2):
                await self.client.get("/songs")

        In a plain test, it is ``with``. What is sent by ``self.session`` does not count, nor do the savepoints that
        ``isolation = "rollback"`` sets.

        Args:
            expected: How many statements.
            msg: Shown when the assertion fails.
        """
        engine = sync_engine_of(self._running_database().engine)
        return CountedStatements(engine, expected, lambda standard: self.fail(self._formatMessage(msg, standard)))

    @classmethod
    async def _run_database(cls, call: Callable[[], _T]) -> _T:
        """Do on the event loop of asynchronous tests what waits for the database, so that the loop goes on."""
        if cls._framework_planned.is_async:
            return await greenlet_spawn(call)
        return await asyncio.to_thread(call)

    @classmethod
    def _add_database_cleanup(cls, call: Callable[[], Any]) -> None:
        cls.addAsyncClassCleanup(cls._run_database, call)

    @classmethod
    def _add_plain_cleanup(cls, call: Callable[[], Any]) -> None:
        cls.addClassCleanup(cls._close_in_time, call)

    @classmethod
    def _close_in_time(cls, call: Callable[[], Any]) -> None:
        cls._call_hook("the end", call)

    @classmethod
    def _run_on_server(cls, call: Callable[[], _T]) -> _T:
        """Do the same for plain tests: where an asynchronous engine lives, or here."""
        if cls._running_database().is_async:
            result: _T = cls.server.run(greenlet_spawn(call))  # type: ignore[attr-defined]
            return result
        return call()

    @classmethod
    def _app_engine(cls) -> Engine | None:
        return engine_behind([_attribute(cls, "session_class"), *_as_tuple(_attribute(cls, "session_dependency"))])

    @classmethod
    def _forget_database(cls) -> None:
        cls._framework_database = None

    @classmethod
    async def _make_rows(cls) -> None:
        session = cls._framework_class_session = cls._make_session(cls._running_database().test_engine)
        try:
            cls.setUpTestData()
            await cls.asyncSetUpTestData()
            await cls._run_database(_inner(session).commit)
        finally:
            cls._framework_class_session = None
            await cls._run_database(_inner(session).close)

    @classmethod
    def _make_session(cls, engine: Any) -> Any:
        make = cls._framework_session_class
        if isinstance(make, scoped_session | async_scoped_session):
            make = make.session_factory
        if isinstance(make, sessionmaker | async_sessionmaker):
            return make(bind=engine)
        # What an asynchronous session has to load anew after a commit, it cannot.
        return make(bind=engine, expire_on_commit=False) if isinstance(engine, AsyncEngine) else make(bind=engine)

    @classmethod
    def _running_database(cls) -> Database:
        if cls._framework_database is None:
            call = "super().setUpClass()" if issubclass(cls, ServerTestCase) else "await super().asyncSetUpClass()"
            raise RuntimeError(f"the database of {cls.__qualname__} is not open: call {call} first in yours")
        return cls._framework_database

    @classmethod
    def _override_for_class(cls) -> None:
        if getattr(cls, "server_scope", "class") != "test":
            cls._override_sessions(cls)

    @classmethod
    def _override_sessions(cls, holder: Any) -> None:
        """Have the app's sessions be those of the database, until the end of the test or of the class."""

        async def open_session(connection: HTTPConnection) -> AsyncIterator[Any]:
            # Asynchronous, for what is said of the context here is to hold in the handler, whatever thread that is on.
            claim(f"{connection.scope.get('method', 'WebSocket')} {connection.url.path}")
            context = cls.open_session()
            if not hasattr(context, "__aenter__"):
                context = contextmanager_in_threadpool(context)
            async with context as session:
                yield session

        where = ClassLine(_owner_of(cls, "session_dependency"))
        for dependency in _as_tuple(_attribute(cls, "session_dependency")):
            override_for(holder, dependency, open_session, where=where)

    def _prepare_test(self) -> None:
        self._framework_session = None
        # Before what else is prepared, so that it is undone after it: when the server has done with the requests.
        self._call(self._begin_isolation if isinstance(self, ServerTestCase) else self._begin_isolation_on_loop)
        super()._prepare_test()  # type: ignore[misc,unused-ignore]
        if getattr(self, "server_scope", "class") == "test":
            self._override_sessions(self)

    def _let_go(self) -> None:
        self._framework_session = None
        super()._let_go()

    def _own_session(self) -> Any:
        if self._framework_session is None:
            self._framework_session = self._make_session(self._running_database().test_engine)
        return self._framework_session

    def _begin_isolation(self) -> None:
        database = self._running_database()
        self.addCleanup(self._end_isolation)
        self._run_on_server(database.begin_test)

    def _end_isolation(self) -> None:
        self._run_on_server(partial(self._running_database().end_test, _inner(self._framework_session)))

    async def _begin_isolation_on_loop(self) -> None:
        database = self._running_database()
        self.addAsyncCleanup(self._end_isolation_on_loop)
        await self._run_database(database.begin_test)

    async def _end_isolation_on_loop(self) -> None:
        await self._run_database(partial(self._running_database().end_test, _inner(self._framework_session)))


def _inner(session: Any) -> Any:
    """Return the synchronous session that is within an asynchronous one, or is one; None for none."""
    return getattr(session, "sync_session", session)


def _is_overridden(cls: type, name: str) -> bool:
    # What is no method, such as a partial or a static one, has no __func__.
    return getattr(getattr(cls, name), "__func__", None) is not getattr(SQLAlchemyMixin, name).__func__


def _attribute(cls: type, name: str) -> Any:
    """Return a class attribute as it was written, and no method made of it."""
    return vars(_owner_of(cls, name))[name]


def _owner_of(cls: type, name: str) -> type:
    return next(base for base in cls.__mro__ if name in vars(base))


def _as_tuple(dependency: Any) -> tuple[Callable[..., Any], ...]:
    if dependency is None:
        return ()
    each = tuple(dependency) if isinstance(dependency, (tuple, list, set, frozenset)) else (dependency,)
    return tuple(one.__func__ if isinstance(one, staticmethod) else one for one in each)
