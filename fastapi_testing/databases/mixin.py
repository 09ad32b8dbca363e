"""The mixin that gives a test case a database: it wires the database, its isolation and the app's sessions together."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from sqlalchemy import MetaData
from sqlalchemy.engine import URL, Engine
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import sessionmaker
from starlette.requests import HTTPConnection

from fastapi_testing.case import AsyncServerTestCase
from fastapi_testing.case.guards.class_limits import AsyncClassLimits
from fastapi_testing.case.overrides.dependencies import check_dependency, override_for
from fastapi_testing.case.where import ClassLine
from fastapi_testing.databases.isolation.isolation import Rollback, Truncation, truncation
from fastapi_testing.databases.provision.address import choose_url
from fastapi_testing.databases.provision.behind import engine_behind
from fastapi_testing.databases.provision.elsewhere import watch_engines
from fastapi_testing.databases.provision.engines import foreign_keys_off, make_engine
from fastapi_testing.databases.provision.likeness import likeness_to
from fastapi_testing.databases.provision.provision import own_database
from fastapi_testing.databases.statements.owners import claim
from fastapi_testing.databases.statements.queries import CountedStatements

__all__ = ["SQLAlchemyMixin"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


class _Engine:
    """The attribute ``engine``; before there is one, it says what to do."""

    def __get__(self, case: "SQLAlchemyMixin | None", owner: type["SQLAlchemyMixin"]) -> AsyncEngine:
        return owner._running_isolation().engine  # noqa: SLF001 - of this module


class _Session:
    """The attribute ``session``: the test's own on a test; on the class, the one of asyncSetUpTestData."""

    def __get__(self, case: "SQLAlchemyMixin | None", owner: type["SQLAlchemyMixin"]) -> AsyncSession:
        if case is not None:
            return case._own_session()  # noqa: SLF001 - of this module
        session = owner._framework_class_session  # noqa: SLF001 - of this module
        if session is None:
            raise RuntimeError(
                f"{owner.__qualname__}.session is there in asyncSetUpTestData; each test has a self.session of its own"
            )
        return session


class SQLAlchemyMixin(AsyncClassLimits):
    """
    Gives a test case a database of its own, for apps that use SQLAlchemy's asyncio extension or SQLModel.

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
    a test writes is undone at its end, and so is what the app writes in it. Without ``AsyncServerTestCase`` it serves
    tests of code that needs a database and no server.
    """

    database_url: ClassVar[str | URL | None] = None
    """The database beside which the class has its own; None for TEST_DATABASE_URL, and SQLite where that is not set."""

    metadata: ClassVar[MetaData | None] = None
    """The tables to make, such as ``Base.metadata``; not needed where the class has a :meth:`create_schema`."""

    session_dependency: ClassVar[Callable[..., Any] | Sequence[Callable[..., Any]] | None] = None
    """The dependency, or several, by which the app's routes get their sessions."""

    session_class: ClassVar[Callable[..., AsyncSession]] = AsyncSession
    """The class of the sessions, or the app's own ``async_sessionmaker``, whose options they then have."""

    isolation: ClassVar[Literal["rollback", "truncate"]] = "rollback"
    """Whether a test runs in one transaction that is rolled back, or its tables are emptied afterwards."""

    engine_options: ClassVar[Mapping[str, Any]] = {}
    """Further arguments of ``create_async_engine``, such as ``echo``, ``json_serializer`` or ``connect_args``."""

    turn_timeout: ClassVar[float] = 4.0
    """Seconds that one transaction may keep another waiting where ``isolation`` is ``"rollback"``."""

    if TYPE_CHECKING:
        engine: AsyncEngine
        session: AsyncSession
    else:
        engine = _Engine()
        session = _Session()

    _isolation: ClassVar[Rollback | Truncation | None] = None
    _framework_class_session: ClassVar[AsyncSession | None] = None
    _framework_session: AsyncSession | None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        mro = cls.__mro__
        if AsyncServerTestCase in mro and mro.index(AsyncServerTestCase) < mro.index(SQLAlchemyMixin):
            raise TypeError(f"class {cls.__qualname__}: write SQLAlchemyMixin before AsyncServerTestCase")

    @classmethod
    async def create_schema(cls, connection: AsyncConnection) -> None:
        """
        Make the tables of the empty database; override it to run migrations.

        Args:
            connection: A connection in a transaction, which is committed afterwards.
        """
        await connection.run_sync((cls.metadata or MetaData()).create_all)

    @classmethod
    async def asyncSetUpTestData(cls) -> None:
        """
        Make the rows that all tests of the class start from; what is added to ``cls.session`` is committed.

        It is called once a class, with the server running.
        """

    @classmethod
    @asynccontextmanager
    async def open_session(cls) -> AsyncIterator[AsyncSession]:
        """
        Give a request of the app its session; override it where the app's own dependency does more.

        A dependency that commits when the request is done, for example::

            @classmethod
            @asynccontextmanager
            async def open_session(cls):
                async with super().open_session() as session, session.begin():
                    yield session
        """
        async with cls._make_session(cls.engine) as session:
            yield session

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        """Make the database, then what is set up after it, such as the server, then the rows of the class."""
        cls._check_database()
        url = choose_url(cls.database_url, cls.__qualname__)
        connect_args = dict(cls.engine_options.get("connect_args", {}))
        own = await cls.enterAsyncClassContext(own_database(url, connect_args))
        cls.enterClassContext(watch_engines(own, url, connect_args, cls))
        await cls._open(own)
        await super().asyncSetUpClass()
        if getattr(cls, "server_scope", "class") != "test":
            cls._override_sessions(cls)
        await cls._make_rows()

    @classmethod
    def _check_database(cls) -> None:
        """Refuse what cannot be, before anything is made."""
        if cls.isolation not in ("rollback", "truncate"):
            raise ValueError(f"isolation must be 'rollback' or 'truncate', got {cls.isolation!r}")
        has_schema = cls.create_schema.__func__ is not SQLAlchemyMixin.create_schema.__func__  # type: ignore[attr-defined]
        if cls.metadata is None and not has_schema:
            raise TypeError(f"{cls.__qualname__} needs tables: set metadata, or override create_schema")
        if not isinstance(cls.metadata, MetaData | None):
            raise TypeError(
                f"metadata of {cls.__qualname__} must be a MetaData, such as Base.metadata: {cls.metadata!r}"
            )
        if cls.metadata is not None and not cls.metadata.tables and not has_schema:
            raise ValueError(f"metadata of {cls.__qualname__} has no tables: import the modules that define them first")
        cls._check_session_class()
        dependencies = _as_tuple(_attribute(cls, "session_dependency"))
        if dependencies and not issubclass(cls, AsyncServerTestCase):
            raise TypeError(f"{cls.__qualname__} has a session_dependency and no app: add AsyncServerTestCase")
        for dependency in dependencies:
            check_dependency(dependency)

    @classmethod
    def _check_session_class(cls) -> None:
        make = _attribute(cls, "session_class")
        is_sync = isinstance(make, sessionmaker) or (isinstance(make, type) and not issubclass(make, AsyncSession))
        if is_sync or not callable(make):
            raise TypeError(
                f"session_class of {cls.__qualname__} must be an AsyncSession or an async_sessionmaker, got {make!r}"
            )

    def assertNumQueries(self, expected: int, msg: Any = None) -> AbstractAsyncContextManager[None]:
        """
        Check that the app sends so many statements to the database while the block runs.

        ::

            async with self.assertNumQueries(2):
                await self.client.get("/songs")

        What is sent by ``self.session`` does not count, nor do the savepoints that ``isolation = "rollback"`` sets.

        Args:
            expected: How many statements.
            msg: Shown when the assertion fails.
        """
        return CountedStatements(self.engine, expected, lambda standard: self.fail(self._formatMessage(msg, standard)))

    @classmethod
    async def _open(cls, url: URL) -> None:
        likeness = likeness_to(cls._app_engine(), cls)
        lends = cls.isolation == "rollback"
        options = likeness.options(url.drivername, cls.engine_options, lends=lends)
        engine = make_engine(url, options)
        cls.addAsyncClassCleanup(engine.dispose)
        likeness.warn(engine.sync_engine, lends=lends)
        likeness.take_connections(engine.sync_engine)
        async with engine.connect() as connection, foreign_keys_off(connection), connection.begin():
            await cls.create_schema(connection)
        isolation: Rollback | Truncation
        if lends:
            isolation = Rollback(engine, cls.turn_timeout)
            await isolation.open()
        else:
            test_engine = make_engine(url, options)
            likeness.take_connections(test_engine.sync_engine)
            isolation = truncation(engine, test_engine, options.get("connect_args", {}))
        for each in (isolation.engine, isolation.test_engine):
            likeness.take_statements(each.sync_engine, lends=lends)
        cls._isolation = isolation
        cls.addAsyncClassCleanup(cls._close)

    @classmethod
    def _app_engine(cls) -> Engine | None:
        return engine_behind([_attribute(cls, "session_class"), *_as_tuple(_attribute(cls, "session_dependency"))])

    @classmethod
    async def _close(cls) -> None:
        isolation, cls._isolation = cls._running_isolation(), None
        await isolation.close()

    @classmethod
    async def _make_rows(cls) -> None:
        isolation = cls._running_isolation()
        async with cls._make_session(isolation.test_engine) as session:
            cls._framework_class_session = session
            try:
                await cls.asyncSetUpTestData()
                await session.commit()
            finally:
                cls._framework_class_session = None

    @classmethod
    def _make_session(cls, engine: AsyncEngine) -> AsyncSession:
        make = _attribute(cls, "session_class")
        if isinstance(make, async_sessionmaker):
            session: AsyncSession = make(bind=engine)
        else:
            session = make(bind=engine, expire_on_commit=False)
        return session

    @classmethod
    def _running_isolation(cls) -> Rollback | Truncation:
        if cls._isolation is None:
            raise RuntimeError(
                f"the database of {cls.__qualname__} is not open: call await super().asyncSetUpClass() first in yours"
            )
        return cls._isolation

    @classmethod
    def _override_sessions(cls, holder: Any) -> None:
        """Have the app's sessions be those of the database, until the end of the test or of the class."""

        async def open_session(connection: HTTPConnection) -> AsyncIterator[AsyncSession]:
            claim(f"{connection.scope.get('method', 'WebSocket')} {connection.url.path}")
            async with cls.open_session() as session:
                yield session

        where = ClassLine(_owner_of(cls, "session_dependency"))
        for dependency in _as_tuple(_attribute(cls, "session_dependency")):
            override_for(holder, dependency, open_session, where=where)

    def _prepare_test(self) -> None:
        self._framework_session = None
        # Before what else is prepared, so that it is undone after it: when the server has done with the requests.
        self._call(self._begin_isolation)
        super()._prepare_test()
        if getattr(self, "server_scope", "class") == "test":
            self._override_sessions(self)

    def _let_go(self) -> None:
        self._framework_session = None
        super()._let_go()

    async def _begin_isolation(self) -> None:
        isolation = self._running_isolation()
        self.addAsyncCleanup(self._end_isolation)
        await isolation.begin_test()

    def _own_session(self) -> AsyncSession:
        if self._framework_session is None:
            self._framework_session = self._make_session(self._running_isolation().test_engine)
        return self._framework_session

    async def _end_isolation(self) -> None:
        await self._running_isolation().end_test(self._framework_session)


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
