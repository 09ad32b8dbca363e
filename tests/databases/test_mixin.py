"""What a class says of its database, and what it is told where that cannot be."""

import asyncio
import importlib
import inspect
import os
import subprocess
import sys
import unittest
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar
from unittest import mock

import sqlmodel
from fastapi import Depends, FastAPI
from sqlalchemy import Column, Integer, MetaData, Table, insert, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_sessionmaker
from sqlmodel.ext.asyncio.session import AsyncSession as SQLModelSession

import fastapi_testing.databases
from fastapi_testing import AsyncServerTestCase, ServerTestCase, UnusedOverrideWarning
from fastapi_testing.databases import SQLAlchemyMixin
from fastapi_testing.databases.provision.address import choose_url, cut
from fastapi_testing.databases.provision.engines import make_engine, make_sync_engine
from tests.databases.catalogue import Artist, Base, CatalogueCase, SessionDep, Song, app, get_session, titles
from tests.databases.postgresql import postgresql_url
from tests.running import outcomes, run_classes

__all__: list[str] = []


class URLTests(unittest.TestCase):
    """Which database is chosen."""

    def test_choice(self) -> None:
        """The class's own, or the environment's, or SQLite."""
        with mock.patch.dict(os.environ, {"TEST_DATABASE_URL": "postgresql+asyncpg://host/shop"}):
            self.assertEqual(choose_url("sqlite+aiosqlite:///x.db", "T"), make_url("sqlite+aiosqlite:///x.db"))
            self.assertEqual(choose_url(None, "T"), make_url("postgresql+asyncpg://host/shop"))
        with mock.patch.dict(os.environ, {"TEST_DATABASE_URL": ""}):
            self.assertEqual(choose_url(None, "T"), make_url("sqlite+aiosqlite://"))

    def test_not_served(self) -> None:
        """A database or a driver that is not served is refused, without its password."""
        with self.assertRaises(ValueError) as caught:
            choose_url("mysql+aiomysql://user:secret@host/shop?password=secret", "ItemTests")
        self.assertEqual(
            str(caught.exception),
            "database_url of ItemTests is mysql+aiomysql://user:***@host/shop; SQLAlchemyMixin serves "
            "postgresql+asyncpg, postgresql+psycopg, postgresql+psycopg2, sqlite and sqlite+aiosqlite",
        )

    def test_not_a_url(self) -> None:
        """What is no URL is refused, and not shown: it may have a password in it."""
        for value in ("user:secret@host", "nosuch://user:secret@host/shop", 5):
            environment = mock.patch.dict(os.environ, {"TEST_DATABASE_URL": str(value)})
            with self.subTest(value), environment, self.assertRaises(ValueError) as caught:
                choose_url(None, "ItemTests")
            self.assertEqual(
                str(caught.exception),
                "TEST_DATABASE_URL of ItemTests is no URL of a database; SQLAlchemyMixin serves postgresql+asyncpg, "
                "postgresql+psycopg, postgresql+psycopg2, sqlite and sqlite+aiosqlite",
            )

    def test_cut(self) -> None:
        """A name is not cut within a character."""
        self.assertEqual(cut("aü", 2), "a")

    def test_missing_driver(self) -> None:
        """A driver that is not installed is named with the command that installs it."""
        for driver, module, package in (
            ("postgresql+asyncpg", "asyncpg", "asyncpg"),
            ("postgresql+psycopg_async", "psycopg", "psycopg"),
        ):
            missing = mock.patch.dict(sys.modules, {module: None})
            with self.subTest(driver), missing, self.assertRaises(ImportError) as caught:
                make_engine(make_url(f"{driver}://host/shop"), {})
            self.assertEqual(
                str(caught.exception),
                f"{driver} needs its driver (import of {module} halted; None in sys.modules): pip install {package}",
            )

    def test_missing_driver_of_the_default(self) -> None:
        """That of SQLite comes with a word about other databases."""
        with mock.patch.dict(sys.modules, {"aiosqlite": None}), self.assertRaises(ImportError) as caught:
            make_engine(make_url("sqlite+aiosqlite://"), {})
        self.assertEqual(
            str(caught.exception),
            "sqlite+aiosqlite needs its driver (import of aiosqlite halted; None in sys.modules): pip install aiosqlite"
            "; SQLite is only the default: database_url or TEST_DATABASE_URL may name a PostgreSQL",
        )

    def test_missing_synchronous_driver(self) -> None:
        """So is one of synchronous sessions, by the name that pip has for it."""
        with mock.patch.dict(sys.modules, {"psycopg2": None}), self.assertRaises(ImportError) as caught:
            make_sync_engine(make_url("postgresql+psycopg2://host/shop"), {})
        self.assertEqual(
            str(caught.exception),
            "postgresql+psycopg2 needs its driver (import of psycopg2 halted; None in sys.modules): pip install "
            "psycopg2-binary",
        )


class ImportTests(unittest.TestCase):
    """The extra."""

    def test_missing(self) -> None:
        """Without SQLAlchemy, the error names the extra, and the driver of the URL that is configured, if one is."""
        default = "a driver, such as aiosqlite (SQLite is only the default: TEST_DATABASE_URL may name a PostgreSQL)"
        for url, driver in {
            "": default,
            "postgresql+asyncpg://user:secret@host/shop": "the driver of TEST_DATABASE_URL, postgresql+asyncpg",
        }.items():
            missing = mock.patch.dict(sys.modules, {"sqlalchemy.ext.asyncio": None})
            environment = mock.patch.dict(os.environ, {"TEST_DATABASE_URL": url})
            with self.subTest(url), missing, environment, self.assertRaises(ImportError) as caught:
                importlib.reload(fastapi_testing.databases)
            self.assertEqual(
                str(caught.exception),
                f"fastapi_testing.databases needs SQLAlchemy with asyncio (import of sqlalchemy.ext.asyncio halted; "
                f"None in sys.modules): pip install 'fastapi-unittest[sqlalchemy]', and {driver}",
            )

    def test_not_imported(self) -> None:
        """``import fastapi_testing`` imports no SQLAlchemy."""
        code = "import sys, fastapi_testing; sys.exit('sqlalchemy' in sys.modules)"
        self.assertEqual(subprocess.run([sys.executable, "-c", code], check=False).returncode, 0)


class NumQueriesTests(CatalogueCase):
    """Counting statements."""

    async def test_right(self) -> None:
        """What the test itself sends does not count."""
        async with self.assertNumQueries(2):
            await self.client.post("/songs/second")
            await titles(self.session)

    async def test_wrong(self) -> None:
        """The statements are listed with their parameters."""
        with self.assertRaises(AssertionError) as caught:
            async with self.assertNumQueries(1):
                await self.client.post("/songs/second")
        self.assertEqual(
            str(caught.exception),
            "expected 1 statement, the app sent 2\n"
            "1. SELECT song.title FROM song ORDER BY song.id\n"
            "2. INSERT INTO song (title, artist) VALUES (?, ?)\n"
            "   with ('second', None)",
        )

    async def test_traceback(self) -> None:
        """It ends on the test's line."""

        class WrongTests(CatalogueCase):
            async def test_wrong(self) -> None:
                async with self.assertNumQueries(1):
                    """Send nothing."""

        ((_, trace),) = (await asyncio.to_thread(run_classes, WrongTests)).failures
        self.assertEqual(trace.count("  File "), 1, trace)
        self.assertIn("\n    async with self.assertNumQueries(1):\n", trace)

    async def test_message(self) -> None:
        """``msg`` comes with it, or instead of it."""
        for long_message, expected in {True: "expected 2 statements, the app sent 0 : why", False: "why"}.items():
            self.longMessage = long_message
            with self.assertRaises(AssertionError) as caught:
                async with self.assertNumQueries(2, "why"):
                    pass
            self.assertEqual(str(caught.exception), expected)

    async def test_exception(self) -> None:
        """An exception in the block is what the test fails by."""
        with self.assertRaises(ZeroDivisionError):
            async with self.assertNumQueries(1):
                _ = 1 / 0


class SessionClassTests(CatalogueCase):
    """SQLModel's session."""

    session_class = SQLModelSession
    session: SQLModelSession

    async def test_session(self) -> None:
        """The test has one, too."""
        self.assertEqual((await self.session.exec(sqlmodel.select(Song.title))).all(), ["first"])
        self.assertIs(self.session, self.session)


class SessionMakerTests(CatalogueCase):
    """The app's own session maker."""

    session_class = async_sessionmaker(expire_on_commit=True, info={"of": "the app"})

    async def test_options(self) -> None:
        """Its options hold."""
        self.assertEqual(self.session.info, {"of": "the app"})
        self.assertTrue(self.session.sync_session.expire_on_commit)


class OpenSessionTests(CatalogueCase):
    """An app whose session commits when the request is done."""

    @classmethod
    @asynccontextmanager
    async def open_session(cls) -> AsyncIterator[AsyncSession]:
        async with super().open_session() as session, session.begin():
            yield session

    async def test_commit(self) -> None:
        """It does so in tests, too."""
        await self.client.post("/forgotten/second")
        self.assertEqual(await self.titles(), ["first", "second"])


class PerTestServerTests(CatalogueCase):
    """A server for each test."""

    server_scope = "test"

    async def test_write(self) -> None:
        """The app's sessions are those of the database."""
        await self.client.post("/songs/second")
        self.assertEqual(await self.titles(), ["first", "second"])

    async def test_write_again(self) -> None:
        """In every test."""
        await self.test_write()


class NoServerTests(SQLAlchemyMixin):
    """Code that needs a database and no server."""

    @classmethod
    async def create_schema(cls, connection: AsyncConnection) -> None:
        await connection.execute(text("CREATE TABLE plain (id INTEGER PRIMARY KEY)"))

    async def test_insert(self) -> None:
        """Each test finds the table empty."""
        await self.session.execute(text("INSERT INTO plain (id) VALUES (1)"))
        await self.session.commit()

    async def test_insert_again(self) -> None:
        """In whichever order they are run."""
        await self.test_insert()


class NoServerTruncateTests(NoServerTests):
    """The tables of the database are found out."""

    isolation = "truncate"

    async def test_unknown_statement(self) -> None:
        """A statement that names no table may have written any."""
        await self.test_insert()
        await self.session.rollback()
        await self.session.execute(text("REINDEX"))


class CircleTests(SQLAlchemyMixin):
    """Tables with keys that count themselves."""

    isolation = "truncate"
    metadata = MetaData()
    plain = Table("plain", metadata, Column("id", Integer, primary_key=True), sqlite_autoincrement=True)

    async def test_id(self) -> None:
        """They begin with 1 in every test."""
        result = await self.session.execute(insert(self.plain).returning(self.plain.c.id))
        await self.session.commit()
        self.assertEqual(result.scalar_one(), 1)

    async def test_id_again(self) -> None:
        """Also in this one."""
        await self.test_id()

    async def test_nothing_written(self) -> None:
        """A test that only reads leaves nothing to do."""
        self.assertEqual((await self.session.execute(select(self.plain))).all(), [])


class RowsOfTheClassTests(CatalogueCase):
    """Rows that are made in asyncSetUpClass by the app itself."""

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        await super().asyncSetUpClass()
        async with cls.open_session() as session:
            session.add(Artist(name="Ann"))
            await session.commit()
        connection = await cls.engine.connect()
        cls.addAsyncClassCleanup(connection.close)
        await connection.execute(insert(Artist), {"name": "never committed"})

    async def test_there(self) -> None:
        """They are there in every test."""
        self.assertEqual((await self.session.scalars(select(Artist.name))).all(), ["Ann"])

    async def test_there_again(self) -> None:
        """In this one, too."""
        await self.test_there()


class MistakeTests(unittest.TestCase):
    """What cannot be, and what is said of it."""

    def run_case(self, *bases: type, **attributes: Any) -> str:
        """Run a class with one test and return the last line of what went wrong."""

        async def test(self: Any) -> None:
            """Not to be run."""

        cls = type("MistakenTests", bases or (CatalogueCase,), {"test": test, **attributes})
        (line,) = outcomes(run_classes(cls)).values()
        return line

    def test_order_of_bases(self) -> None:
        """The mixin comes first, so that its database is there before the server starts."""
        with self.assertRaises(TypeError) as caught:
            type("MistakenTests", (AsyncServerTestCase, SQLAlchemyMixin), {})
        self.assertEqual(str(caught.exception), "class MistakenTests: write SQLAlchemyMixin before AsyncServerTestCase")

    def test_order_of_bases_of_plain_tests(self) -> None:
        """So it does before the case of plain tests."""
        with self.assertRaises(TypeError) as caught:
            type("MistakenTests", (ServerTestCase, SQLAlchemyMixin), {})
        self.assertEqual(str(caught.exception), "class MistakenTests: write SQLAlchemyMixin before ServerTestCase")

    def test_base_without_a_case(self) -> None:
        """A class of one's own in between that has no case is for async tests; the error says what to write."""
        with self.assertRaises(TypeError) as caught:
            type("MistakenTests", (type("DatabaseCase", (SQLAlchemyMixin,), {}), ServerTestCase), {})
        self.assertEqual(
            str(caught.exception),
            "class MistakenTests: DatabaseCase has no ServerTestCase among its bases, and is for async tests: write "
            "class DatabaseCase(SQLAlchemyMixin, ServerTestCase)",
        )

    def test_isolation(self) -> None:
        """There are two ways."""
        self.assertEqual(
            self.run_case(isolation="delete"),
            "ValueError: isolation must be 'rollback' or 'truncate', got 'delete'",
        )

    def test_no_tables(self) -> None:
        """Tables come from somewhere."""
        self.assertEqual(
            self.run_case(metadata=None),
            "TypeError: MistakenTests needs tables: set metadata, or override create_schema",
        )

    def test_empty_metadata(self) -> None:
        """Tables are there once the modules that define them are imported."""
        self.assertEqual(
            self.run_case(metadata=MetaData()),
            "ValueError: metadata of MistakenTests has no tables: import the modules that define them first",
        )

    def test_session_class(self) -> None:
        """It makes sessions, of either kind."""
        self.assertEqual(
            self.run_case(session_class="AsyncSession"),
            "TypeError: session_class of MistakenTests must be a Session, an AsyncSession or a session maker, got "
            "'AsyncSession'",
        )

    def test_no_app(self) -> None:
        """A dependency is of an app."""
        self.assertEqual(
            self.run_case(SQLAlchemyMixin, metadata=Base.metadata, session_dependency=staticmethod(get_session)),
            "TypeError: MistakenTests has a session_dependency and no app: add AsyncServerTestCase",
        )

    def test_nothing_made(self) -> None:
        """What is wrong is told before there is a database."""
        with mock.patch("fastapi_testing.databases.database.own_database") as own_database:
            self.assertEqual(
                self.run_case(session_dependency="get_session"),
                "TypeError: a dependency is a callable, got 'get_session'",
            )
            self.assertEqual(
                self.run_case(session_dependency=SessionDep),
                f"TypeError: override the dependency itself, {get_session.__module__}.get_session, not what wraps it: "
                f"{SessionDep!r}",
            )
            self.assertEqual(
                self.run_case(metadata=Base),
                f"TypeError: metadata of MistakenTests must be a MetaData, such as Base.metadata: {Base!r}",
            )
            self.test_isolation()
            self.test_no_tables()
            self.test_empty_metadata()
            self.test_session_class()
            self.test_no_app()
        own_database.assert_not_called()

    def test_unused_dependency(self) -> None:
        """A dependency that no route depends on is told of at the class that names it."""

        def no_session() -> Any:
            """Be what no route depends on."""

        class UnusedTests(CatalogueCase):
            session_dependency: ClassVar[Any] = no_session

            async def test_nothing(self) -> None:
                """Do nothing."""

        with self.assertWarnsRegex(UnusedOverrideWarning, "no_session: the override changes nothing") as caught:
            run_classes(UnusedTests)
        self.assertEqual(caught.filename, __file__)
        self.assertEqual(caught.lineno, inspect.getsourcelines(UnusedTests)[1])

    def test_forgotten_super(self) -> None:
        """Who overrides asyncSetUpClass without super() is told so."""

        async def set_up_class(_: Any) -> None:
            """Forget super()."""

        self.assertEqual(
            self.run_case(SQLAlchemyMixin, asyncSetUpClass=classmethod(set_up_class)),
            "RuntimeError: the database of MistakenTests is not open: call await super().asyncSetUpClass() first "
            "in yours",
        )

    def test_session_of_the_class(self) -> None:
        """The class has a session in asyncSetUpTestData only."""
        with self.assertRaises(RuntimeError) as caught:
            _ = CatalogueCase.session.info  # type: ignore[misc]
        self.assertEqual(
            str(caught.exception),
            "CatalogueCase.session is there in asyncSetUpTestData; each test has a self.session of its own",
        )

    def test_open_session(self) -> None:
        """A session that a test leaves open, and that holds a table, is told of where tables are emptied."""

        class LeavingTests(CatalogueCase):
            database_url = postgresql_url()
            isolation = "truncate"

            async def test_leave(self) -> None:
                connection = await self.engine.connect()
                type(self).addAsyncClassCleanup(connection.close)
                await connection.execute(insert(Artist), {"name": "Ann"})

        with mock.patch("fastapi_testing.databases.baselines.baseline.LOCK_TIMEOUT", 0.1):
            result = run_classes(LeavingTests)
        self.assertEqual(
            outcomes(result),
            {
                "test_leave": "while rows of public.artist were removed after the test: has it left a session or a "
                "connection open?"
            },
        )


class StaticTests(unittest.TestCase):
    """How dependencies are written."""

    def test_one_dependency(self) -> None:
        """A function in a class is no method, also where it is no generator."""
        other = FastAPI()

        @other.get("/")
        async def count(session: AsyncSession = Depends(get_session)) -> int:  # noqa: B008
            return len(await titles(session))

        class OneTests(CatalogueCase):
            app = other
            session_dependency: ClassVar[Any] = get_session

            async def test_count(self) -> None:
                self.assertJsonEqual(await self.client.get("/"), 1)

        self.assertEqual(outcomes(run_classes(OneTests)), {})
        self.assertIsNot(other, app)
