"""Tables that a test drops, where real transactions are undone."""

import unittest
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from fastapi_testing.databases import SQLAlchemyMixin
from tests.databases.postgresql import postgresql_url
from tests.running import outcomes, run_classes

__all__: list[str] = []


class DroppedTests(unittest.TestCase):
    """Tables that a test drops."""

    def test_dropped(self) -> None:
        """PostgreSQL's are not made again: that test is told so, once, and those after it are skipped."""
        told = (
            "a test has dropped public.empty, public.filled and altered public.other, public.seen: isolation = "
            "'truncate' brings back rows, and no tables; set isolation = 'rollback'; the tests of the class that come "
            "after are skipped"
        )
        expected = {
            "test_1_drop": f"fastapi_testing.errors.IsolationError: {told}",
            "test_2_read": f"the class has no clean database any more: {told}",
        }
        for driver in ("asyncpg", "psycopg"):
            with self.subTest(driver):
                self.assertEqual(self.run_dropping(postgresql_url(driver), "truncate"), expected)
                self.assertEqual(self.run_dropping(postgresql_url(driver), "rollback"), {})

    def test_sqlite(self) -> None:
        """SQLite's are there again."""
        for isolation in ("truncate", "rollback"):
            self.assertEqual(self.run_dropping(None, isolation), {})

    def test_not_to_be_had(self) -> None:
        """Rows that PostgreSQL would not take any more, as of before a constraint, are told of in the same way."""

        class RefusedTests(SQLAlchemyMixin):
            database_url = postgresql_url("psycopg")
            isolation = "truncate"

            @classmethod
            async def create_schema(cls, connection: AsyncConnection) -> None:
                await connection.execute(text("CREATE TABLE filled (id INTEGER)"))
                await connection.execute(text("INSERT INTO filled VALUES (0)"))
                await connection.execute(text("ALTER TABLE filled ADD CONSTRAINT new CHECK (id > 0) NOT VALID"))

            async def test_1_update(self) -> None:
                await self.session.execute(text("UPDATE filled SET id = 1"))
                await self.session.commit()

            async def test_2_skipped(self) -> None:
                """Do nothing: it is not run."""

        result = run_classes(RefusedTests)
        ((_, trace),) = result.errors
        ((_, reason),) = result.skipped
        self.assertIn(
            "IsolationError: rows of public.filled cannot be brought back after the test (new row for relation "
            '"filled" violates check constraint "new"',
            trace,
        )
        self.assertIn("set isolation = 'rollback'; the tests of the class that come after are skipped", trace)
        self.assertIn("the class has no clean database any more: rows of public.filled cannot be brought back", reason)

    def run_dropping(self, url: Any, kind: Any) -> dict[str, str]:
        """Run a class whose first test drops tables, and return what its tests end with."""

        class DroppingTests(SQLAlchemyMixin):
            database_url = url
            isolation = kind

            @classmethod
            async def create_schema(cls, connection: AsyncConnection) -> None:
                await connection.execute(text("CREATE TABLE filled (id INTEGER)"))
                await connection.execute(text("CREATE TABLE empty (id INTEGER)"))
                await connection.execute(text("CREATE TABLE other (id INTEGER)"))
                await connection.execute(text("CREATE VIEW seen AS SELECT id FROM other"))

            @classmethod
            async def asyncSetUpTestData(cls) -> None:
                await cls.session.execute(text("INSERT INTO filled VALUES (1)"))

            async def test_1_drop(self) -> None:
                await self.session.execute(text("DROP TABLE filled"))
                await self.session.execute(text("DROP TABLE empty"))
                await self.session.execute(text("ALTER TABLE other RENAME COLUMN id TO number"))
                await self.session.execute(text("CREATE TABLE made (id INTEGER)"))
                await self.session.commit()

            async def test_2_read(self) -> None:
                self.assertEqual(await self.session.scalar(text("SELECT id FROM filled")), 1)
                self.assertIsNone(await self.session.scalar(text("SELECT id FROM empty")))

        return outcomes(run_classes(DroppingTests))
