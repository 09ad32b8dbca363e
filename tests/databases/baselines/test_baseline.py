"""What a class has set up is there again after each test, by whatever means the test has changed it."""

import asyncio
import re
from typing import Any
from unittest import mock

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.util import greenlet_spawn

from fastapi_testing import IsolationError
from fastapi_testing.databases import SQLAlchemyMixin
from fastapi_testing.databases.baselines import baseline
from tests.databases.postgresql import postgresql_url
from tests.timing import MS

__all__: list[str] = []


class Kept(SQLAlchemyMixin):
    """Rows of each hook of the class, and tests that change them; the classes below say where."""

    isolation = "truncate"
    driver = "aiosqlite"
    schema: tuple[str, ...] = (
        "CREATE TABLE song (id INTEGER PRIMARY KEY, title TEXT UNIQUE)",
        "CREATE TABLE verse (id INTEGER PRIMARY KEY, song INTEGER REFERENCES song (id), text TEXT)",
        "CREATE TABLE log (what TEXT)",
        "INSERT INTO song (id, title) VALUES (1, 'of a migration')",
        "INSERT INTO verse (id, song, text) VALUES (1, 1, 'la la')",
    )
    tables: tuple[str, ...] = ("song", "verse", "log")

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        if cls.driver != "aiosqlite":
            cls.database_url = postgresql_url(cls.driver)
        cls.enterClassContext(mock.patch.object(baseline, "LOCK_TIMEOUT", 200 * MS))
        await super().asyncSetUpClass()
        async with cls.engine.begin() as connection:
            await connection.execute(text("INSERT INTO song (id, title) VALUES (3, 'of the set-up')"))

    @classmethod
    async def create_schema(cls, connection: AsyncConnection) -> None:
        for statement in cls.schema:
            await connection.execute(text(statement))

    @classmethod
    async def asyncSetUpTestData(cls) -> None:
        await cls.session.execute(text("INSERT INTO song (id, title) VALUES (2, 'of the test data')"))

    async def asyncSetUp(self) -> None:
        self.before = await self.contents()
        self.assertEqual(
            self.before["song"][:3], [(1, "of a migration"), (2, "of the test data"), (3, "of the set-up")]
        )

    async def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return all rows of all tables."""
        async with self.engine.connect() as connection:
            return {
                table: [tuple(row) for row in await connection.execute(text(f"SELECT * FROM {table} ORDER BY 1"))]
                for table in self.tables
            }

    async def execute(self, *statements: str) -> None:
        """Execute statements as the app would, and commit."""
        async with self.engine.begin() as connection:
            for statement in statements:
                await connection.execute(text(statement))

    async def restore(self) -> None:
        """Do what the end of a test does, and check that everything is as before."""
        await greenlet_spawn(type(self)._running_database().isolation._baseline.restore)  # type: ignore[union-attr]
        self.assertEqual(await self.contents(), self.before)

    async def test_nothing(self) -> None:
        """A test that changes nothing changes nothing."""
        await self.restore()

    async def test_inserted(self) -> None:
        """What is inserted goes."""
        await self.execute("INSERT INTO song VALUES (4, 'new')", "INSERT INTO verse VALUES (2, 4, 'oh')")
        await self.restore()

    async def test_updated(self) -> None:
        """What is updated is as it was, also the second time."""
        for _ in range(2):
            await self.execute("UPDATE song SET title = 'other' WHERE id = 2")
            await self.restore()

    async def test_refers_to_a_new_row(self) -> None:
        """A row of the class that refers to a new one is as it was."""
        await self.execute("INSERT INTO song VALUES (4, 'new')", "UPDATE verse SET song = 4")
        await self.restore()

    async def test_deleted(self) -> None:
        """What is deleted is there again, with what refers to it."""
        await self.execute("DELETE FROM verse", "DELETE FROM song")
        await self.restore()

    async def test_many(self) -> None:
        """So it is where there is much to remove."""
        values = ", ".join(f"({number}, 'song {number}')" for number in range(10, 1100))
        await self.execute(f"INSERT INTO song VALUES {values}")
        await self.restore()

    async def test_only_the_log(self) -> None:
        """A table that nothing refers to, and that was empty, is emptied alone."""
        await self.execute("INSERT INTO log VALUES ('new')")
        await self.restore()

    async def test_raw_connection(self) -> None:
        """What goes past SQLAlchemy is noticed as well."""
        async with self.engine.connect() as connection:
            raw = await connection.get_raw_connection()
            await raw.driver_connection.execute("INSERT INTO log VALUES ('raw')")  # type: ignore[union-attr]
            if self.driver != "asyncpg":  # which is not in a transaction
                await raw.driver_connection.commit()  # type: ignore[union-attr]
        self.assertEqual((await self.contents())["log"], [*self.before["log"], ("raw",)])
        await self.restore()


class KeptPostgreSQL(Kept):
    """What else there is on PostgreSQL."""

    schema = (
        *Kept.schema,
        "CREATE SCHEMA music",
        "CREATE TABLE music.song (id INTEGER PRIMARY KEY, title TEXT)",
        "INSERT INTO music.song VALUES (7, 'of another schema')",
        (
            'CREATE TABLE music."odd ""\'name%" (id INTEGER GENERATED ALWAYS AS IDENTITY, two INTEGER GENERATED ALWAYS '
            "AS (1 + 1) STORED, nothing TEXT)"
        ),
        'INSERT INTO music."odd ""\'name%" (nothing) VALUES (NULL)',
        "CREATE TABLE chicken (id INTEGER PRIMARY KEY, egg INTEGER)",
        "CREATE TABLE egg (id INTEGER PRIMARY KEY, chicken INTEGER REFERENCES chicken DEFERRABLE INITIALLY DEFERRED)",
        "ALTER TABLE chicken ADD FOREIGN KEY (egg) REFERENCES egg",
        "CREATE TABLE play (day INTEGER, song INTEGER) PARTITION BY RANGE (day)",
        "CREATE TABLE play_1 PARTITION OF play FOR VALUES FROM (1) TO (10)",
        "CREATE TABLE play_2 PARTITION OF play FOR VALUES FROM (10) TO (20)",
        "INSERT INTO play VALUES (1, 1), (11, 1)",
        (
            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN INSERT INTO log VALUES (TG_OP); RETURN NULL; END $$"
        ),
        "CREATE TRIGGER note AFTER INSERT OR DELETE ON chicken FOR EACH ROW EXECUTE FUNCTION note()",
        "CREATE TRIGGER always AFTER INSERT OR DELETE ON egg FOR EACH ROW EXECUTE FUNCTION note()",
        "ALTER TABLE egg ENABLE ALWAYS TRIGGER always",
        "CREATE TRIGGER truncated AFTER TRUNCATE ON play_1 FOR EACH STATEMENT EXECUTE FUNCTION note()",
        (
            "CREATE FUNCTION sing() RETURNS INTEGER LANGUAGE sql AS "
            "$$ INSERT INTO music.song VALUES (8, 'sung') RETURNING id $$"
        ),
        "CREATE SEQUENCE ticket",
        "SELECT nextval('ticket')",
        "CREATE SEQUENCE batch START 5 CACHE 10",
        "INSERT INTO chicken VALUES (1, NULL)",
        "INSERT INTO egg VALUES (1, 1)",
        "UPDATE chicken SET egg = 1",
    )
    tables = (
        *Kept.tables,
        "music.song",
        'music."odd ""\'name%"',
        "chicken",
        "egg",
        "play",
        "pg_sequences",
    )

    async def test_other_schema(self) -> None:
        """Of two tables of one name, the one that was written is emptied."""
        await self.execute("UPDATE song SET title = 'other' WHERE id = 2")
        xmin = await self.session.scalar(text("SELECT xmin::text FROM music.song"))
        await self.session.rollback()
        await self.restore()
        self.assertEqual(await self.session.scalar(text("SELECT xmin::text FROM music.song")), xmin)

    async def test_trigger(self) -> None:
        """What a trigger writes goes, and bringing rows back sets none off."""
        await self.execute("DELETE FROM play", "INSERT INTO chicken VALUES (2, NULL)")
        self.assertNotEqual((await self.contents())["log"], self.before["log"])
        await self.restore()
        await self.execute("INSERT INTO egg VALUES (2, NULL)")  # the triggers are on again
        self.assertEqual((await self.contents())["log"], [*self.before["log"], ("INSERT",)])

    async def test_function(self) -> None:
        """What a function writes that a query calls goes."""
        await self.execute("SELECT sing()")
        self.assertEqual(len((await self.contents())["music.song"]), 2)
        await self.restore()

    async def test_circle(self) -> None:
        """Tables that refer to one another are filled together."""
        await self.execute("UPDATE chicken SET egg = NULL", "DELETE FROM egg", "DELETE FROM chicken")
        await self.restore()

    async def test_identity(self) -> None:
        """Columns that the database fills have the same values as before."""
        await self.execute('DELETE FROM music."odd ""\'name%"')
        await self.restore()

    async def test_sequences(self) -> None:
        """Sequences go on from where they were before the first test, on every connection."""
        async with self.engine.connect() as one, self.engine.connect() as two:
            for _ in range(2):
                for connection, batch in (one, 5), (two, 15):
                    self.assertEqual(await connection.scalar(text("SELECT nextval('batch')")), batch)
                    await connection.commit()
                self.assertEqual(await one.scalar(text("SELECT nextval('ticket')")), 2)
                await one.commit()
                await self.restore()

    async def test_new_objects(self) -> None:
        """Tables and sequences that a test makes stay, and what is in them goes."""
        await self.execute("CREATE TABLE made (id SERIAL)", "INSERT INTO made DEFAULT VALUES")
        await self.restore_all_but_sequences()
        self.assertIsNone(await self.session.scalar(text("SELECT id FROM made")))
        await self.session.close()
        await self.execute("DROP TABLE made")
        await self.restore()

    async def restore_all_but_sequences(self) -> None:
        """Restore where there is a sequence more than before."""
        await greenlet_spawn(type(self)._running_database().isolation._baseline.restore)  # type: ignore[union-attr]
        self.assertEqual((await self.contents())["song"], self.before["song"])

    async def test_open_transaction(self) -> None:
        """A transaction that is left open is waited for, and then told of; the next test begins as it should."""
        isolation = type(self)._running_database().isolation
        async with self.engine.connect() as connection:
            await connection.execute(text("INSERT INTO song VALUES (4, 'new')"))
            with self.assertRaises(DBAPIError) as caught:
                await greenlet_spawn(isolation.end_test, None)
            self.assertEqual(
                caught.exception.__notes__,
                [
                    (
                        "while rows of public.song were removed after the test: has it left a session or a "
                        "connection open?"
                    )
                ],
            )
            await connection.commit()
        await greenlet_spawn(isolation.begin_test)
        self.assertEqual(await self.contents(), self.before)

    async def test_locked_table(self) -> None:
        """So it is with a table that is left locked."""
        isolation = type(self)._running_database().isolation
        async with self.engine.connect() as connection:
            await connection.execute(text("LOCK TABLE song IN ACCESS EXCLUSIVE MODE"))
            with self.assertRaises(DBAPIError) as caught:
                await greenlet_spawn(isolation.end_test, None)
            self.assertEqual(
                caught.exception.__notes__,
                ["while the tables were looked at after the test: has it left a session or a connection open?"],
            )
            await connection.rollback()
        await greenlet_spawn(isolation.begin_test)

    async def test_referred_to(self) -> None:
        """A row that others refer to is as it was, and so are they, whatever they do when it is deleted."""
        for statement in (
            "UPDATE song SET title = 'other' WHERE id = 1",
            "UPDATE verse SET text = 'oh' WHERE id = 1",
            "DELETE FROM verse",
        ):
            await self.execute(statement)
            await self.restore()

    async def test_new_tables(self) -> None:
        """Tables that a test makes may refer to others, and to one another."""
        await self.execute(
            "CREATE TABLE made (id INTEGER PRIMARY KEY, song INTEGER REFERENCES song)",
            "CREATE TABLE made_too (made INTEGER REFERENCES made)",
            "INSERT INTO made VALUES (1, 1)",
            "UPDATE song SET title = 'other' WHERE id = 1",
        )
        await self.restore()
        await self.execute("DROP TABLE made_too", "DROP TABLE made")
        await self.restore()


class SQLiteTests(Kept):
    """On SQLite."""

    schema = (
        *Kept.schema,
        "CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT)",
        "INSERT INTO counted DEFAULT VALUES",
        "CREATE TRIGGER note AFTER DELETE ON song BEGIN INSERT INTO log VALUES ('DELETE'); END",
    )

    async def test_trigger(self) -> None:
        """What a trigger writes goes, and bringing rows back sets none off."""
        await self.execute("DELETE FROM song WHERE id = 2")
        self.assertEqual((await self.contents())["log"], [("DELETE",)])
        await self.restore()

    async def test_schema(self) -> None:
        """Even the tables are as they were, and ids that count themselves."""
        await self.execute("DROP TABLE verse", "INSERT INTO counted DEFAULT VALUES")
        await self.restore()
        await self.execute("INSERT INTO counted DEFAULT VALUES")
        self.assertEqual(await self.session.scalar(text("SELECT max(id) FROM counted")), 2)

    async def test_open_transaction(self) -> None:
        """A transaction that is left open is waited for, and then told of; the next test begins as it should."""
        isolation = type(self)._running_database().isolation
        async with self.engine.connect() as connection:
            await connection.execute(text("INSERT INTO song VALUES (4, 'new')"))
            with self.assertRaises(IsolationError) as caught:
                await greenlet_spawn(isolation.end_test, None)
            self.assertRegex(
                str(caught.exception),
                "^the database cannot be emptied after the test, which has left a session or a connection open: it "
                rf"is held by the task {re.escape(self.id())}, "
                r"in a transaction since \"INSERT INTO song VALUES \(4, 'new'\)\"$",
            )
            await connection.commit()
        await greenlet_spawn(isolation.begin_test)
        self.assertEqual(await self.contents(), self.before)

    async def test_transaction_that_ends(self) -> None:
        """One that is about to end is waited for, and undone."""
        async with self.engine.connect() as connection:
            await connection.execute(text("INSERT INTO song VALUES (4, 'new')"))
            restoring = asyncio.create_task(self.restore())
            await asyncio.sleep(0)  # it has found the database locked by now
            await connection.commit()
            await restoring

    async def test_writer_in_between(self) -> None:
        """Who begins to write in the very moment is told of as well."""
        kept: Any = type(self)._running_database().isolation._baseline  # type: ignore[union-attr]
        async with self.engine.connect() as connection:
            await connection.execute(text("INSERT INTO song VALUES (4, 'new')"))
            with self.assertRaisesRegex(IsolationError, f"it is held by the task {re.escape(self.id())}"):
                await asyncio.to_thread(kept._copy_back)


class EmptyBehaviour(SQLAlchemyMixin):
    """Tables that are all empty, as most are."""

    isolation = "truncate"
    driver = "asyncpg"

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        cls.database_url = postgresql_url(cls.driver)
        await super().asyncSetUpClass()

    @classmethod
    async def create_schema(cls, connection: AsyncConnection) -> None:
        await connection.execute(text("CREATE TABLE song (id INTEGER PRIMARY KEY)"))
        await connection.execute(text("CREATE TABLE verse (song INTEGER REFERENCES song)"))

    async def test_one_table(self) -> None:
        """A table that others refer to is emptied, and they are left alone."""
        await self.session.execute(text("INSERT INTO song VALUES (1)"))
        await self.session.commit()

    async def test_many(self) -> None:
        """So it is where there is much to remove."""
        await self.session.execute(text("INSERT INTO song SELECT generate_series(1, 1100)"))
        await self.session.commit()
        await greenlet_spawn(type(self)._running_database().isolation._baseline.restore)  # type: ignore[union-attr]
        self.assertIsNone(await self.session.scalar(text("SELECT min(id) FROM song")))

    async def test_both_tables(self) -> None:
        """Both are emptied where both were written."""
        await self.test_one_table()
        await self.session.execute(text("INSERT INTO verse VALUES (1)"))
        await self.session.commit()


class EmptyAsyncpgTests(EmptyBehaviour):
    """By asyncpg."""


class EmptyPsycopgTests(EmptyBehaviour):
    """By psycopg."""

    driver = "psycopg"


class AsyncpgTests(KeptPostgreSQL):
    """By asyncpg."""

    driver = "asyncpg"


class PsycopgTests(KeptPostgreSQL):
    """By psycopg."""

    driver = "psycopg"


del EmptyBehaviour, Kept, KeptPostgreSQL
