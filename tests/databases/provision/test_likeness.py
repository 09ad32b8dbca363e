"""The tests' engines have what the app's has; what they cannot have is told."""

import json
import unittest
import warnings
from typing import Any, ClassVar

from sqlalchemy import JSON, event, literal, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, async_sessionmaker, create_async_engine

from fastapi_testing.databases import EngineDifferenceWarning, SQLAlchemyMixin
from tests.databases.catalogue import Base
from tests.databases.postgresql import postgresql_url
from tests.running import run_classes

__all__: list[str] = []

SCHEMA = (
    "CREATE TABLE parent (id INTEGER PRIMARY KEY)",
    "CREATE TABLE child (parent INTEGER REFERENCES parent)",
)


def listening(engine: AsyncEngine, name: str, listener: Any, **options: Any) -> AsyncEngine:
    """Return an engine that has a listener."""
    event.listen(engine.sync_engine, name, listener, **options)
    return engine


def set_pragma(connection: Any, _record: Any) -> None:
    """Want no foreign keys."""
    connection.cursor().execute("PRAGMA foreign_keys = OFF")


def set_time_zone(connection: Any, _record: Any) -> None:
    """Live in Kathmandu."""
    cursor = connection.cursor()
    cursor.execute("SET TIME ZONE 'Asia/Kathmandu'")
    cursor.close()


def note(*_: Any, **__: Any) -> None:
    """Do nothing that is seen."""


def mark(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> tuple[str, Any]:
    """Change each statement."""
    return statement.replace("'statement'", "'another'"), parameters


def encode(value: Any) -> str:
    """Encode JSON in a way of the app's own."""
    return json.dumps({"app": value})


class ForeignKeyBehaviour(SQLAlchemyMixin):
    """Foreign keys on SQLite."""

    @classmethod
    async def create_schema(cls, connection: AsyncConnection) -> None:
        for statement in SCHEMA:
            await connection.execute(text(statement))
        # As a migration might, which leaves it to others to be right.
        await connection.execute(text("INSERT INTO child VALUES (7)"))

    async def test_orphan(self) -> None:
        """An orphan is refused, to the app and to the test."""
        async with self.engine.connect() as connection:
            with self.assertRaises(IntegrityError):
                await connection.execute(text("INSERT INTO child VALUES (1)"))
        with self.assertRaises(IntegrityError):
            await self.session.execute(text("INSERT INTO child VALUES (1)"))


class RollbackTests(ForeignKeyBehaviour):
    """An app whose engine cannot be seen."""


class TruncateTests(ForeignKeyBehaviour):
    """The same, with transactions of its own."""

    isolation = "truncate"


class SilentTests(ForeignKeyBehaviour):
    """An app whose engine says nothing of them."""

    session_class = async_sessionmaker(create_async_engine("sqlite+aiosqlite:///never.db"))


class UnwantedTests(ForeignKeyBehaviour):
    """An app that has them off."""

    session_class = async_sessionmaker(
        listening(create_async_engine("sqlite+aiosqlite:///never.db"), "connect", set_pragma)
    )

    async def test_orphan(self) -> None:
        """It has them off in its tests, too."""
        for engine in self.engine, type(self)._running_database().test_engine:
            async with engine.connect() as connection:
                await connection.execute(text("INSERT INTO child VALUES (1)"))


class UnwantedTruncateTests(UnwantedTests):
    """The same, with transactions of its own."""

    isolation = "truncate"


class LikeBehaviour(SQLAlchemyMixin):
    """What an engine of PostgreSQL has."""

    driver = "asyncpg"
    metadata = Base.metadata
    arguments: ClassVar[dict[str, Any]] = {"server_settings": {"application_name": "shop"}}

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        cls.database_url = postgresql_url(cls.driver)
        app_engine = create_async_engine(
            cls.database_url,
            json_serializer=encode,
            isolation_level="SERIALIZABLE",
            execution_options={"logging_token": "shop"},
            connect_args=cls.arguments,
        )
        listening(app_engine, "connect", set_time_zone, once=False)
        listening(app_engine, "before_cursor_execute", mark, retval=True)
        listening(app_engine, "after_cursor_execute", note)
        listening(app_engine, "begin", note, once=True)
        listening(app_engine, "handle_error", note)
        cls.session_class = async_sessionmaker(app_engine)
        await super().asyncSetUpClass()

    async def test_engine(self) -> None:
        """The app's engine and the test's have its listeners and options."""
        for engine in self.engine, type(self)._running_database().test_engine:
            async with engine.connect() as connection:
                self.assertEqual(await connection.scalar(text("SHOW TIME ZONE")), "Asia/Kathmandu")
                self.assertEqual(await connection.scalar(text("SHOW application_name")), "shop")
                self.assertEqual(await connection.scalar(text("SHOW transaction_isolation")), "serializable")
                self.assertEqual(await connection.scalar(text("SELECT 'statement'")), "another")
                self.assertEqual(await connection.scalar(select(literal(1, JSON))), {"app": 1})
                self.assertEqual(engine.sync_engine.get_execution_options()["logging_token"], "shop")


class AsyncpgRollbackTests(LikeBehaviour):
    """By asyncpg."""


class AsyncpgTruncateTests(LikeBehaviour):
    """By asyncpg, with transactions of its own."""

    isolation = "truncate"


class PsycopgTests(LikeBehaviour):
    """By psycopg."""

    driver = "psycopg"
    arguments: ClassVar[dict[str, Any]] = {"options": "-c application_name=shop"}


class AutocommitTests(SQLAlchemyMixin):
    """An app that has every statement be a transaction."""

    metadata = Base.metadata
    session_class = async_sessionmaker(
        create_async_engine("sqlite+aiosqlite:///never.db", isolation_level="AUTOCOMMIT")
    )

    async def test_autocommit(self) -> None:
        """What it writes is kept at once, and undone with the test."""
        async with self.engine.connect() as connection:
            await connection.execute(text("INSERT INTO artist (name) VALUES ('Ann')"))
            await connection.rollback()
            self.assertEqual(await connection.scalar(text("SELECT count(*) FROM artist")), 1)

    async def test_autocommit_again(self) -> None:
        """No other test has it."""
        await self.test_autocommit()


class WarningTests(unittest.TestCase):
    """What cannot be had."""

    def test_other_driver(self) -> None:
        """A listener to connections of another database is told of, and what is no difference is not."""
        engine = create_async_engine("postgresql+asyncpg://host/shop")
        listening(listening(engine, "connect", set_time_zone), "after_cursor_execute", note)
        self.assertEqual(
            self.warnings_of(engine, "rollback"),
            "the app's engine (postgresql+asyncpg) has listeners that the engine of T, which has another driver, "
            "does not have: tests.databases.provision.test_likeness.set_time_zone (for 'connect')",
        )

    def test_loans(self) -> None:
        """So is one to what a pool does, where there is none."""
        engine = listening(create_async_engine("sqlite+aiosqlite:///never.db"), "checkout", note)
        self.assertEqual(
            self.warnings_of(engine, "rollback"),
            "the app's engine (sqlite+aiosqlite) has listeners that the engine of T, which has one connection for "
            "all with isolation = 'rollback', does not have: tests.databases.provision.test_likeness.note (for "
            "'checkout')",
        )
        self.assertEqual(self.warnings_of(engine, "truncate"), "")

    def test_connecting(self) -> None:
        """One that connects by itself would connect to the app's database."""
        engine = listening(create_async_engine("sqlite+aiosqlite:///never.db"), "do_connect", note)
        self.assertEqual(
            self.warnings_of(engine, "truncate"),
            "the app's engine (sqlite+aiosqlite) has listeners that the engine of T, which connects to its own "
            "database, does not have: tests.databases.provision.test_likeness.note (for 'do_connect')",
        )

    def warnings_of(self, engine: AsyncEngine, kind: Any) -> str:
        """Return what a class is told whose app has this engine."""

        class LikeTests(SQLAlchemyMixin):
            metadata = Base.metadata
            isolation = kind
            database_url = "sqlite+aiosqlite://"
            session_class = async_sessionmaker(engine)

            async def test_nothing(self) -> None:
                self.assertIsNone(await self.session.scalar(text("SELECT id FROM artist")))

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", EngineDifferenceWarning)
            self.assertTrue(run_classes(LikeTests).wasSuccessful())
        name = LikeTests.__qualname__
        told = [str(each.message) for each in caught if each.category is EngineDifferenceWarning]
        return "\n".join(told).replace(name, "T")


del ForeignKeyBehaviour, LikeBehaviour
