"""What a test in one transaction cannot show: each row of the table in docs/howto/databases.rst, and what can."""

import sqlite3
import warnings
from contextlib import closing
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from fastapi_testing.databases import OneTransactionWarning, SQLAlchemyMixin
from tests.databases.postgresql import postgresql_url

__all__: list[str] = []


class Behaviour(SQLAlchemyMixin):
    """The same transactions in both modes: ``is_real`` says what is to be seen."""

    is_real = False

    @classmethod
    async def create_schema(cls, connection: AsyncConnection) -> None:
        await connection.execute(text("CREATE TABLE item (id INTEGER PRIMARY KEY)"))

    async def commit(self, *statements: str) -> Any:
        """Execute statements in a transaction as the app does, commit, and return what the last one gives."""
        async with self.engine.connect() as connection:
            for statement in statements:
                result = await connection.execute(text(statement))
            value = result.scalar() if result.returns_rows else None
            await connection.commit()
        return value


class PostgreSQLBehaviour(Behaviour):
    """On PostgreSQL."""

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        cls.database_url = postgresql_url()
        await super().asyncSetUpClass()

    async def test_now(self) -> None:
        """``now()`` stands still, and ``clock_timestamp()`` does not."""
        for function, moves in ("now()", self.is_real), ("clock_timestamp()", True):
            first, second = [await self.commit(f"SELECT {function}") for _ in range(2)]
            self.assertEqual(first != second, moves, function)

    async def test_notify(self) -> None:
        """A notification is for those who listen when there is a COMMIT; the app is told that there is none."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            await self.commit("NOTIFY news")
        told = [str(each.message) for each in caught if each.category is OneTransactionWarning]
        expected = (
            "'NOTIFY news' has its effect at a COMMIT, and isolation = 'rollback' has none: nobody will be notified in "
            "this test; set isolation = 'truncate'"
        )
        self.assertEqual(told, [] if self.is_real else [expected])

    async def test_another_connection(self) -> None:
        """Another connection sees nothing of what the app has committed."""
        await self.commit("INSERT INTO item VALUES (1)")
        another = create_async_engine(self.engine.url, poolclass=NullPool)
        async with another.connect() as connection:
            self.assertEqual(await connection.scalar(text("SELECT count(*) FROM item")), int(self.is_real))

    async def test_locks(self) -> None:
        """What one transaction has locked is free for the other."""
        await self.commit("INSERT INTO item VALUES (1)")
        async with self.engine.connect() as one, self.engine.connect() as two:
            self.assertEqual(await one.scalar(text("SELECT id FROM item FOR UPDATE SKIP LOCKED")), 1)
            self.assertEqual(await two.scalar(text("SELECT id FROM item FOR UPDATE SKIP LOCKED")) is None, self.is_real)
            self.assertTrue(await one.scalar(text("SELECT pg_try_advisory_xact_lock(1)")))
            self.assertEqual(await two.scalar(text("SELECT pg_try_advisory_xact_lock(1)")), not self.is_real)

    async def test_isolation_level(self) -> None:
        """Transactions have no isolation level of their own, and so no conflict."""
        async with self.engine.connect() as connection:
            await connection.execution_options(isolation_level="SERIALIZABLE")
            level = await connection.scalar(text("SHOW transaction_isolation"))
        self.assertEqual(level, "serializable" if self.is_real else "read committed")

    async def test_on_commit(self) -> None:
        """What is to go at a commit stays."""
        create = "CREATE TEMPORARY TABLE basket (id INTEGER) ON COMMIT DELETE ROWS"
        async with self.engine.connect() as connection:
            await connection.execute(text(create))
            await connection.execute(text("INSERT INTO basket VALUES (1)"))
            await connection.commit()
            number = await connection.scalar(text("SELECT count(*) FROM basket"))
            await connection.execute(text("DROP TABLE basket"))
            await connection.commit()
        self.assertEqual(number, int(not self.is_real))

    async def test_set_local(self) -> None:
        """What is set for a transaction holds for those that come after it in the test."""
        await self.commit("SET LOCAL app.tenant = 'shop'")
        tenant = await self.commit("SELECT current_setting('app.tenant', true)")
        self.assertEqual(tenant or None, None if self.is_real else "shop")

    async def test_transaction_id(self) -> None:
        """All transactions have one id, and the rows that they write one ``xmin`` each for a savepoint."""
        one, two = [await self.commit("SELECT pg_current_xact_id()::text") for _ in range(2)]
        self.assertEqual(one != two, self.is_real)

    async def test_outside_of_transactions(self) -> None:
        """What cannot be in a transaction is refused, with AUTOCOMMIT too."""
        async with self.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            try:
                await connection.execute(text("VACUUM item"))
            except DBAPIError as exc:
                self.assertIn("VACUUM cannot run inside a transaction block", str(exc))
                self.assertFalse(self.is_real)
            else:
                self.assertTrue(self.is_real)


class SequenceTests(SQLAlchemyMixin):
    """Sequences go on from test to test, as they do after a rollback in production."""

    seen: set[int]

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        cls.database_url, cls.seen = postgresql_url(), set()
        await super().asyncSetUpClass()

    @classmethod
    async def create_schema(cls, connection: AsyncConnection) -> None:
        await connection.execute(text("CREATE SEQUENCE ticket"))

    async def test_1(self) -> None:
        """The first test has the first number."""
        number = await self.session.scalar(text("SELECT nextval('ticket')"))
        self.assertNotIn(number, self.seen)
        self.seen.add(number)

    async def test_2(self) -> None:
        """No other test has it."""
        await self.test_1()


class SQLiteBehaviour(Behaviour):
    """On SQLite."""

    def count(self) -> int:
        """Return how many items another connection sees."""
        with closing(sqlite3.connect(str(self.engine.url.database), timeout=0)) as connection:
            return int(connection.execute("SELECT count(*) FROM item").fetchone()[0])

    async def test_another_connection(self) -> None:
        """Another connection sees nothing of what the app has committed, and cannot write."""
        await self.commit("INSERT INTO item VALUES (1)")
        self.assertEqual(self.count(), int(self.is_real))

    async def test_pragma(self) -> None:
        """Settings that cannot be changed in a transaction stay."""
        async with self.engine.connect() as connection:
            await connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            rows = await connection.exec_driver_sql("PRAGMA foreign_keys")
            self.assertEqual(rows.scalar(), int(not self.is_real))
            await connection.rollback()
            await connection.exec_driver_sql("PRAGMA foreign_keys = ON")

    async def test_outside_of_transactions(self) -> None:
        """What cannot be in a transaction is refused."""
        async with self.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            try:
                await connection.execute(text("VACUUM"))
            except DBAPIError as exc:
                self.assertIn("cannot VACUUM from within a transaction", str(exc))
                self.assertFalse(self.is_real)
            else:
                self.assertTrue(self.is_real)

    async def test_time(self) -> None:
        """The time goes on, as it should."""
        one, two = [await self.commit("SELECT julianday('now')") for _ in range(2)]
        self.assertLessEqual(one, two)


class PostgreSQLRollbackTests(PostgreSQLBehaviour):
    """In one transaction."""


class PostgreSQLTruncateTests(PostgreSQLBehaviour):
    """In transactions of their own."""

    isolation = "truncate"
    is_real = True


class SQLiteRollbackTests(SQLiteBehaviour):
    """In one transaction."""


class SQLiteTruncateTests(SQLiteBehaviour):
    """In transactions of their own."""

    isolation = "truncate"
    is_real = True


del Behaviour, PostgreSQLBehaviour, SQLiteBehaviour
