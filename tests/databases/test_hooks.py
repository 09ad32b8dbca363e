"""What a class with a database defines for itself, in each kind of case, and what it is told where that cannot be."""

import asyncio
import functools
import time
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from fastapi_testing import AsyncServerTestCase, ServerTestCase
from fastapi_testing.databases import SQLAlchemyMixin
from tests.databases import catalogue, sync_catalogue
from tests.databases.catalogue import Base, CatalogueCase, Song
from tests.databases.sync_catalogue import SyncCatalogueCase, titles
from tests.running import outcomes, run_classes
from tests.timing import MS

__all__: list[str] = []


class OpenSessionTests(SyncCatalogueCase):
    """A synchronous app whose session commits when the request is done."""

    @classmethod
    @contextmanager
    def open_session(cls) -> Iterator[Session]:
        with super().open_session() as session, session.begin():
            yield session

    def test_commit(self) -> None:
        """It does so in tests, too."""
        self.client.post("/forgotten/second")
        self.assertEqual(self.titles(), ["first", "second"])


class ScopedSessionTests(SyncCatalogueCase):
    """The app's own session maker, which has a session for each thread."""

    session_class = scoped_session(sessionmaker(info={"of": "the app"}))

    def test_options(self) -> None:
        """Its options hold, and the test has a session of its own."""
        self.assertEqual(self.session.info, {"of": "the app"})
        self.assertEqual(titles(self.session), ["first"])


class PlainSchemaTests(SyncCatalogueCase):
    """A schema that a plain function makes."""

    @classmethod
    def create_schema(cls, connection: Connection) -> None:
        super().create_schema(connection)
        connection.execute(text("CREATE TABLE plain (id INTEGER PRIMARY KEY)"))

    def test_there(self) -> None:
        """Its tables are there."""
        self.assertEqual(self.session.execute(text("SELECT * FROM plain")).all(), [])


def make_plain_table(connection: Connection, *, name: str = "plain") -> None:
    """Make the tables of the catalogue and one more."""
    SyncCatalogueCase.metadata.create_all(connection)
    connection.execute(text(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY)"))


class SchemaOfAFunctionTests(unittest.TestCase):
    """A schema that no method makes."""

    def test_kinds(self) -> None:
        """A function or a partial that stands in the class makes it."""

        def test(case: Any) -> None:
            case.assertEqual(case.session.execute(text("SELECT * FROM plain")).all(), [])

        for make in (staticmethod(make_plain_table), functools.partial(make_plain_table, name="plain")):
            with self.subTest(make):
                attributes = {"create_schema": make, "metadata": None, "test": test}
                self.assertEqual(outcomes(run_classes(type("Case", (SyncCatalogueCase,), attributes))), {})


class PlainSchemaOfCoroutinesTests(CatalogueCase):
    """The same for an app whose sessions are asynchronous."""

    @classmethod
    def create_schema(cls, connection: Connection) -> None:
        super().create_schema(connection)
        connection.execute(text("CREATE TABLE plain (id INTEGER PRIMARY KEY)"))

    async def test_there(self) -> None:
        """Its tables are there."""
        self.assertEqual((await self.session.execute(text("SELECT * FROM plain"))).all(), [])


class OwnServerTests(SyncCatalogueCase):
    """A server for each test."""

    server_scope = "test"

    def test_write(self) -> None:
        """The app's sessions are those of the database."""
        self.client.post("/songs/second")
        self.assertEqual(self.titles(), ["first", "second"])

    def test_write_again(self) -> None:
        """In every test."""
        self.test_write()


class PlainTests(SQLAlchemyMixin[Any, Any], unittest.TestCase):
    """Synchronous sessions without a server, in tests that are no coroutines."""

    metadata = Base.metadata
    session_class = Session

    def test_insert(self) -> None:
        """Each test finds the tables empty."""
        self.session.add(Song(title="first"))
        self.session.commit()
        self.assertEqual(titles(self.session), ["first"])

    def test_insert_again(self) -> None:
        """In whichever order they are run."""
        self.test_insert()


class MistakeTests(unittest.TestCase):
    """What cannot be is refused before anything is made."""

    def run_case(self, *bases: type, **attributes: Any) -> str:
        """Run a class with one test and return the last line of what went wrong."""
        cls = type("MistakenTests", bases, {"test": lambda _: None, **attributes})
        (line,) = outcomes(run_classes(cls)).values()
        return line

    def test_asynchronous_schema(self) -> None:
        """A synchronous engine has no AsyncConnection."""

        async def create_schema(_cls: type, _: AsyncConnection) -> None:
            """Not to be run."""

        self.assertEqual(
            self.run_case(SyncCatalogueCase, create_schema=classmethod(create_schema)),
            "TypeError: MistakenTests.create_schema is asynchronous, and the sessions of the app are synchronous: make "
            "it a plain `def`, which is given a Connection",
        )

    def test_asynchronous_rows(self) -> None:
        """A hook that nobody awaits is told by what to write."""

        async def set_up_test_data(_cls: type) -> None:
            """Not to be run."""

        hook: Any = classmethod(set_up_test_data)
        for base, told in {
            SyncCatalogueCase: "make it a plain `def`, which may call cls.run_async()",
            CatalogueCase: "name it asyncSetUpTestData",
        }.items():
            with self.subTest(base):
                self.assertEqual(
                    self.run_case(base, setUpTestData=hook),
                    f"TypeError: MistakenTests.setUpTestData is asynchronous, and nothing awaits it: {told}",
                )

    def test_rows_that_nobody_makes(self) -> None:
        """The hook of coroutines is not called in plain tests."""

        async def set_up_test_data(_cls: type) -> None:
            """Not to be run."""

        self.assertEqual(
            self.run_case(
                SQLAlchemyMixin,
                ServerTestCase,
                app=sync_catalogue.app,
                metadata=Base.metadata,
                asyncSetUpTestData=classmethod(set_up_test_data),
            ),
            "TypeError: MistakenTests.asyncSetUpTestData is never called in a ServerTestCase: name it setUpTestData "
            "and make it a plain `def`, which may call cls.run_async()",
        )

    def test_event_loop_of_a_test(self) -> None:
        """An asynchronous engine does not outlive the event loop of a test's own server."""
        self.assertEqual(
            self.run_case(
                SyncCatalogueCase,
                session_dependency=staticmethod(catalogue.get_session),
                session_class=AsyncSession,
                server_scope="test",
            ),
            "TypeError: MistakenTests has asynchronous sessions, whose engine lives on the event loop of the server, "
            "and server_scope = 'test' ends that with each test: set server_scope = 'class', or make it an "
            "AsyncServerTestCase",
        )

    def test_app_that_is_not_made(self) -> None:
        """Where no app comes, the database on the server's event loop goes again."""

        async def create_app(_cls: type) -> Any:
            raise LookupError("no app")

        case = (SQLAlchemyMixin, ServerTestCase)
        told = self.run_case(
            *case,
            app=None,
            create_app=classmethod(create_app),
            metadata=Base.metadata,
            session_class=AsyncSession,
        )
        self.assertEqual(told, "LookupError: no app")

    def test_schema_without_end(self) -> None:
        """A database that is never made ends at the limit of a hook, whatever the sessions are."""

        async def wait(_cls: type, _: AsyncConnection) -> None:
            await asyncio.Event().wait()

        def sleep(_cls: type, _: Connection) -> None:
            while True:
                time.sleep(0.01)

        makers: dict[type, tuple[Any, str]] = {
            AsyncSession: (wait, "the making of the database of MistakenTests waits at:"),
            Session: (sleep, "setUpClass of MistakenTests is at:"),
        }
        for kind, (make, told) in makers.items():
            attributes: dict[str, Any] = {"session_class": kind, "create_schema": classmethod(make)}
            attributes |= {"hook_timeout": 1000 * MS, "test": lambda _: None}
            result = run_classes(type("MistakenTests", (SQLAlchemyMixin, ServerTestCase), attributes))
            ((_, trace),) = result.errors
            self.assertIn(f"; {told}", trace)

    def test_forgotten_super(self) -> None:
        """Who overrides setUpClass without super() is told so."""
        with self.assertRaises(RuntimeError) as caught:
            _ = SyncCatalogueCase.engine.url  # type: ignore[misc]
        self.assertEqual(
            str(caught.exception),
            "the database of SyncCatalogueCase is not open: call super().setUpClass() first in yours",
        )

    def test_session_of_the_class(self) -> None:
        """The class has a session in setUpTestData only."""
        with self.assertRaises(RuntimeError) as caught:
            _ = SyncCatalogueCase.session.add  # type: ignore[misc]
        self.assertEqual(
            str(caught.exception),
            "SyncCatalogueCase.session is there in setUpTestData; each test has a self.session of its own",
        )

    def test_synchronous_app(self) -> None:
        """An app with synchronous sessions gets no asynchronous one, and its tests are right."""

        class SongTests(SQLAlchemyMixin[Any, Any], AsyncServerTestCase):
            app: Any = sync_catalogue.app
            metadata = Base.metadata
            session_dependency = sync_catalogue.get_session

            async def test_create(self) -> None:
                self.assertStatus(await self.client.post("/songs/one"), 200)
                self.assertJsonEqual(await self.client.get("/songs"), ["one"])

        self.assertEqual(outcomes(run_classes(SongTests)), {})
