"""Who is told what where SQLite lets only one write."""

import asyncio
import unittest
from typing import Any
from unittest import mock

from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError, OperationalError

from fastapi_testing.databases.provision import engines
from tests.databases.catalogue import Artist, CatalogueCase, Song, titles
from tests.running import outcomes, run_classes
from tests.timing import MS

__all__: list[str] = []

ONE = (
    "SQLite takes one transaction that writes at a time; commit earlier, or set database_url to a PostgreSQL, which "
    "takes many"
)


class WriterTests(CatalogueCase):
    """Two transactions that write at once, on SQLite with real commits."""

    isolation = "truncate"

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        cls.enterClassContext(mock.patch.object(engines, "BUSY_TIMEOUT", 100 * MS))
        await super().asyncSetUpClass()

    async def test_test_holds(self) -> None:
        """A request that waits for the test in vain says so."""
        self.session.add(Song(title="second"))
        await self.session.flush()
        with self.assertServerRaises(OperationalError, "database is locked") as raised:
            await self.client.post("/songs/third")
        self.assertEqual(
            getattr(raised.exception, "__notes__", None),
            [
                (
                    "POST /songs/third has waited in vain for self.session, in a transaction since 'INSERT INTO song "
                    f"(title, artist) VALUES (?, ?)'. {ONE}"
                )
            ],
        )

    async def test_app_holds(self) -> None:
        """The test is told which request it has waited for."""
        async with self.ws.connect("/listen") as listener:
            await listener.receive_json()
            await listener.send_text("second")
            self.assertEqual(await listener.receive_json(), "flushed")
            self.assertEqual(
                await self.notes("INSERT INTO artist (name) VALUES ('Ann')"),
                [
                    (
                        "self.session has waited in vain for WebSocket /listen, in a transaction since 'INSERT INTO "
                        f"song (title, artist) VALUES (?, ?)'. {ONE}"
                    )
                ],
            )

    async def notes(self, statement: str) -> list[str]:
        """Have the test's session execute what SQLite refuses, and return what is told."""
        with self.assertRaises(OperationalError) as caught:
            await self.session.execute(text(statement))
        notes: list[str] = caught.exception.__notes__
        return notes

    async def test_driver_holds(self) -> None:
        """Who goes past SQLAlchemy is not known."""
        async with self.engine.connect() as connection:
            raw: Any = await connection.get_raw_connection()
            await raw.driver_connection.execute("INSERT INTO artist (name) VALUES ('Ann')")
            self.assertEqual(
                await self.notes("INSERT INTO artist (name) VALUES ('Bob')"),
                [f"self.session has waited in vain for somebody that SQLAlchemy does not know of. {ONE}"],
            )
            await raw.driver_connection.rollback()

    async def test_old_snapshot(self) -> None:
        """Who has read before somebody else wrote is told why it cannot wait."""
        await self.session.execute(text("BEGIN"))
        await titles(self.session)
        self.assertStatus(await self.client.post("/songs/second"), 200)
        self.assertEqual(
            await self.notes("INSERT INTO artist (name) VALUES ('Bob')"),
            [
                (
                    "self.session has read in this transaction before it wrote, and POST /songs/second has written in "
                    f"between; only a new transaction can write now. {ONE}"
                )
            ],
        )

    async def test_gone(self) -> None:
        """Who is gone holds nothing, and neither does who has committed by itself or rolled back."""
        await titles(self.session)
        await self.session.commit()
        async with self.engine.connect() as connection:
            await connection.execute(insert(Artist), {"name": "Ann"})
            raw: Any = await connection.get_raw_connection()
            await raw.driver_connection.close()
            self.assertIn("somebody that SQLAlchemy does not know of", await self.hold_and_read())
            await connection.invalidate()
            await connection.rollback()
        async with self.engine.connect() as connection:
            await connection.execute(insert(Artist), {"name": "Bob"})
            await connection.rollback()
        async with self.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(insert(Artist), {"name": "Cid"})
            self.assertIn("somebody that SQLAlchemy does not know of", await self.hold_and_read())

    async def hold_and_read(self) -> str:
        """Have somebody unknown write, and return what the test's session is told."""
        async with self.engine.connect() as connection:
            raw: Any = await connection.get_raw_connection()
            await raw.driver_connection.execute("BEGIN IMMEDIATE")
            (note,) = await self.notes("INSERT INTO artist (name) VALUES ('Eve')")
            await raw.driver_connection.rollback()
        return note

    async def test_other_errors(self) -> None:
        """Errors of another kind are left as they are."""
        with self.assertRaises(IntegrityError) as caught:
            await self.session.execute(insert(Song), {"title": "first"})
        self.assertFalse(hasattr(caught.exception, "__notes__"))

    async def test_one_after_the_other(self) -> None:
        """Requests that write at once wait for one another without trouble, where each commits soon."""
        responses = await asyncio.gather(*[self.client.post(f"/songs/{number}") for number in range(3)])
        for response in responses:
            self.assertStatus(response, 200)


class AttachedTests(unittest.TestCase):
    """What cannot be brought back."""

    def test_attached(self) -> None:
        """A database that the app attaches is not the class's own; it is said so before the first test."""

        class AttachingTests(CatalogueCase):
            isolation = "truncate"

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                await super().asyncSetUpClass()
                async with cls.engine.connect() as connection:
                    await connection.execute(text("ATTACH DATABASE ':memory:' AS music"))

            async def test_never(self) -> None:
                """Not to be run."""

        self.assertEqual(
            outcomes(run_classes(AttachingTests)),
            {
                "test_never": "fastapi_testing.errors.IsolationError: isolation = 'truncate' cannot empty what is "
                "attached to the database (music): set isolation = 'rollback'"
            },
        )
