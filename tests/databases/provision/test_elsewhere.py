"""What goes past a class's database is refused, or told of."""

import asyncio
import inspect
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

from fastapi import FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from fastapi_testing.databases import OtherDatabaseWarning
from fastapi_testing.databases.provision.elsewhere import Address
from tests.databases.catalogue import CatalogueCase
from tests.databases.postgresql import postgresql_url
from tests.databases.provision.test_provision import execute
from tests.running import outcomes, run_classes

__all__: list[str] = []

WHAT_TO_DO = (
    "name the dependency that gives the app its sessions in session_dependency, and where it opens sessions by itself "
    "give it cls.engine"
)


class WritingCase(CatalogueCase):
    """An app that writes with an engine of its own."""

    session_dependency: ClassVar[Any] = None
    raise_server_exceptions = True
    own_engine: ClassVar[Any]

    @classmethod
    async def asyncSetUpTestData(cls) -> None:
        """Have no rows."""

    @classmethod
    async def create_app(cls) -> FastAPI:
        app = FastAPI()

        @app.post("/")
        async def write() -> None:
            async with cls.find_engine().begin() as connection:
                await connection.execute(text("CREATE TABLE mark (id INTEGER)"))

        return app

    @classmethod
    def find_engine(cls) -> AsyncEngine:
        """Return the engine that the app writes with."""
        engine: AsyncEngine = cls.own_engine
        return engine


def run_writing(given: URL | str | None, app_url: URL | str, **attributes: Any) -> str:
    """Run a class beside a database whose app writes to a database, and return what its test ends with."""

    async def test_write(self: Any) -> None:
        await self.client.post("/")

    attributes = {"database_url": given, "own_engine": create_async_engine(app_url, poolclass=NullPool)} | attributes
    cls = type("WritingTests", (WritingCase,), {"test_write": test_write, **attributes})
    return "".join(outcomes(run_classes(cls)).values())


class SQLiteTests(unittest.TestCase):
    """Databases in files."""

    def setUp(self) -> None:
        self.path = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve() / "shop.db"
        self.url = f"sqlite+aiosqlite:///{self.path}"
        self.refused = (
            f"fastapi_testing.errors.IsolationError: an engine of the app's own connects to sqlite:///{self.path}, the "
            f"configured database, which WritingTests never writes to: {WHAT_TO_DO}"
        )

    def test_configured(self) -> None:
        """The configured database is refused to an engine of the app's own before there is a file."""
        for isolation in ("rollback", "truncate"):
            self.assertEqual(run_writing(self.url, self.url, isolation=isolation), self.refused)
        self.assertFalse(self.path.exists())

    def test_uri(self) -> None:
        """Also where it is spelled in another way."""
        self.assertEqual(run_writing(self.url, f"sqlite+aiosqlite:///file:{self.path}?uri=true"), self.refused)
        self.assertFalse(self.path.exists())

    def test_lifespan(self) -> None:
        """Also in the app's lifespan: the server does not start."""
        engine = create_async_engine(self.url)

        def lifespan(_: FastAPI) -> Any:
            return engine.begin()

        async def create_app(_: Any) -> FastAPI:
            return FastAPI(lifespan=lifespan)

        self.assertEqual(
            run_writing(self.url, self.url, create_app=classmethod(create_app)),
            "fastapi_testing.errors.ServerStartupError: the lifespan of FastAPI 'FastAPI' failed in its startup: "
            + self.refused.removeprefix("fastapi_testing.errors."),
        )

    def test_schema(self) -> None:
        """Also in migrations, which may have settings of their own."""

        async def create_schema(cls: Any, _: Any) -> None:
            await cls.own_engine.connect()

        self.assertEqual(run_writing(self.url, self.url, create_schema=classmethod(create_schema)), self.refused)

    def test_pooled(self) -> None:
        """Also by a connection that is older than the class."""
        self.path.touch()
        engine = create_engine(f"sqlite:///{self.path}")
        self.addCleanup(engine.dispose)
        with engine.connect():
            """Leave it in the pool."""

        own_engine = SimpleNamespace(begin=engine.connect)
        self.assertEqual(run_writing(self.url, self.url, own_engine=own_engine), self.refused)
        self.assertEqual(engine.pool.checkedout(), 0)  # type: ignore[attr-defined]

    def test_other(self) -> None:
        """Another database is warned of, at the class: it is the app's, where no database is configured."""

        class OtherTests(WritingCase):
            own_engine = create_async_engine(self.url, poolclass=NullPool)

            async def test_write(self) -> None:
                await self.client.post("/")

        with self.assertWarns(OtherDatabaseWarning) as caught:
            self.assertEqual(outcomes(run_classes(OtherTests)), {})
        self.assertEqual(
            str(caught.warning),
            f"an engine of the app's own connects to sqlite:///{self.path}, which is not the database of "
            f"{OtherTests.__qualname__}: what is written there is not undone; {WHAT_TO_DO}",
        )
        self.assertEqual(caught.filename, __file__)
        self.assertEqual(caught.lineno, inspect.getsourcelines(OtherTests)[1])

    def test_in_memory(self) -> None:
        """A database in memory is left alone."""
        self.assertEqual(run_writing(self.url, "sqlite+aiosqlite://"), "")

    def test_own(self) -> None:
        """So is an engine of the app's own that is given the URL of the class's database."""

        def find_engine(cls: Any) -> AsyncEngine:
            return create_async_engine(cls.engine.url, poolclass=NullPool)

        self.assertEqual(run_writing(self.url, self.url, find_engine=classmethod(find_engine)), "")

    def test_afterwards(self) -> None:
        """When the class is done, everybody may connect to wherever they want."""
        run_writing(self.url, self.url)
        self.assertEqual(asyncio.run(execute(make_url(self.url), "SELECT 1")), [1])


class PostgreSQLTests(unittest.TestCase):
    """Databases on a server."""

    def setUp(self) -> None:
        self.admin = postgresql_url(database="postgres")
        asyncio.run(execute(self.admin, "DROP DATABASE IF EXISTS elsewhere", "CREATE DATABASE elsewhere"))

    def tearDown(self) -> None:
        asyncio.run(execute(self.admin, "DROP DATABASE elsewhere WITH (FORCE)"))

    def test_configured(self) -> None:
        """The configured database is refused, whichever drivers the class and the app have."""
        given = postgresql_url("asyncpg", "elsewhere")
        refused = (
            f"fastapi_testing.errors.IsolationError: an engine of the app's own connects to "
            f"{Address.of_url(given, {})}, the configured database, which WritingTests never writes to: {WHAT_TO_DO}"
        )
        for one, other in (("asyncpg", "psycopg"), ("psycopg", "asyncpg"), ("asyncpg", "asyncpg")):
            with self.subTest(f"{one}, {other}"):
                told = run_writing(postgresql_url(one, "elsewhere"), postgresql_url(other, "elsewhere"))
                self.assertEqual(told, refused)
        count = "SELECT count(*) FROM pg_tables WHERE tablename = 'mark'"
        self.assertEqual(asyncio.run(execute(given, count)), [0])

    def test_class_in_a_class(self) -> None:
        """A class that runs in a test of another has a database that nobody is warned of."""

        class InnerTests(CatalogueCase):
            database_url = postgresql_url("psycopg")

            async def test_titles(self) -> None:
                self.assertEqual(await self.titles(), ["first"])

        class OuterTests(CatalogueCase):
            database_url = postgresql_url()

            async def test_inner(self) -> None:
                self.assertEqual(outcomes(await asyncio.to_thread(run_classes, InnerTests)), {})

        self.assertEqual(outcomes(run_classes(OuterTests)), {})


class AddressTests(unittest.TestCase):
    """What is the same database."""

    def test_same(self) -> None:
        """Neither the driver nor the role makes a difference, nor how this machine is called."""
        for url, expected in {
            "postgresql+asyncpg://user:secret@127.0.0.1/shop": "postgresql://localhost:5432/shop",
            "postgresql+psycopg://localhost:5432/shop?application_name=x": "postgresql://localhost:5432/shop",
            "postgresql+psycopg:///shop": "postgresql://localhost:5432/shop",
            "postgresql+asyncpg://db.example:5433/shop": "postgresql://db.example:5433/shop",
            "postgresql+asyncpg:///shop?host=/run/db": "postgresql:///run/db:5432/shop",
            "sqlite+aiosqlite:////data/../shop.db": f"sqlite:///{Path('/shop.db').resolve()}",
        }.items():
            with self.subTest(url):
                self.assertEqual(str(Address.of_url(make_url(url), {})), expected)

    def test_connect_args(self) -> None:
        """What a driver is told beside the URL counts."""
        address = Address.of_url(make_url("postgresql+asyncpg:///shop"), {"host": "db.example", "port": 1})
        self.assertEqual(str(address), "postgresql://db.example:1/shop")

    def test_in_memory(self) -> None:
        """SQLite has several names for what is no file."""
        for url in (
            "sqlite://",
            "sqlite:///:memory:",
            "sqlite:///file:shop?mode=memory&uri=true",
            "sqlite:///file:?uri=1",
        ):
            with self.subTest(url):
                self.assertTrue(Address.of_url(make_url(url), {}).is_in_memory)
