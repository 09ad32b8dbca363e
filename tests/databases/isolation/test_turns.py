"""One connection for everybody: who waits for whom, and what cannot be done so."""

import asyncio

from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from fastapi_testing import IsolationError
from fastapi_testing.databases.statements.owners import Owner, claim
from tests.databases.catalogue import Artist, CatalogueCase, Song, titles
from tests.databases.postgresql import postgresql_url
from tests.timing import MS

__all__: list[str] = []

INSERT = insert(Artist)


class TurnTests(CatalogueCase):
    """Who has written something and is not done keeps others waiting, for so long."""

    turn_timeout = 100 * MS

    async def test_waiting_in_vain(self) -> None:
        """The error names who waits, for whom, and what they have sent."""
        async with self.ws.connect("/listen") as listener:
            await listener.receive_json()
            await listener.send_text("second")
            self.assertEqual(await listener.receive_json(), "flushed")
            with self.assertRaises(IsolationError) as caught:
                await titles(self.session)
        self.assertEqual(
            str(caught.exception),
            "self.session has waited 0.1 s for the transaction of WebSocket /listen, open since 'INSERT INTO song "
            "(title, artist) VALUES (?, ?)': with isolation = 'rollback' they share a connection; commit earlier, or "
            "set isolation = 'truncate'",
        )

    async def test_task(self) -> None:
        """Who is no request is named by the task."""

        async def hold() -> None:
            async with self.engine.begin() as connection:
                await connection.execute(INSERT, {"name": "Ann"})
                written.set()
                await done.wait()

        written, done = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(hold(), name="holder")
        await written.wait()
        with self.assertRaisesRegex(IsolationError, "waited 0.1 s for the transaction of the task holder, open since"):
            await titles(self.session)
        done.set()
        await task

    async def test_session_under_another(self) -> None:
        """Who has committed one of two sessions keeps others waiting for the other one, and for no longer than that."""

        async def hold() -> None:
            async with self.engine.connect() as under, self.engine.connect() as above:
                await under.execute(INSERT, {"name": "Ann"})
                await above.execute(INSERT, {"name": "Bob"})
                await under.commit()
                written.set()
                await done.wait()
                await above.commit()

        written, done = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(hold(), name="holder")
        await written.wait()
        with self.assertRaisesRegex(IsolationError, "waited 0.1 s for the transaction of the task holder, open since"):
            await titles(self.session)
        done.set()
        await task
        self.assertEqual(await titles(self.session), ["first"])

    async def test_waiting(self) -> None:
        """Who waits goes on as soon as the other is done, and sees what that one did."""

        async def hold() -> None:
            async with self.engine.begin() as connection:
                await connection.execute(insert(Song), {"title": "second"})
                written.set()
                await done.wait()

        written, done = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(hold())
        await written.wait()
        waiting = asyncio.create_task(titles(self.session))
        asyncio.get_running_loop().call_soon(done.set)
        self.assertEqual(await waiting, ["first", "second"])
        await task

    async def test_rolled_back_apart(self) -> None:
        """One of two sessions that have written in turns cannot be rolled back alone."""
        message = (
            "two sessions of POST /audited/second have written in turns, and one of them is rolled back: on one "
            "connection this would undo what the other wrote as well; set isolation = 'truncate'"
        )
        with self.assertLogs("uvicorn.error", "ERROR") as logs:
            self.assertStatus(await self.client.post("/audited/second?keep=false"), 500)
        self.assertIn(message, logs.output[0])

    async def test_first_rolled_back(self) -> None:
        """Nor can the first one be, once the second has committed."""
        with self.assertLogs("uvicorn.error", "ERROR") as logs:
            self.assertStatus(await self.client.post("/audited-first/second"), 500)
        self.assertIn("two sessions of POST /audited-first/second have written in turns", logs.output[0])

    async def test_left_open(self) -> None:
        """A transaction that the app leaves open is undone with the test, and its end changes nothing."""
        connection = await self.engine.connect()
        await connection.execute(INSERT, {"name": "Ann"})
        type(self).addAsyncClassCleanup(connection.close)

    async def test_claimed_once(self) -> None:
        """What is done for a request is the request's, whatever it calls."""
        claim("POST /outer")
        claim("POST /inner")
        async with self.engine.begin() as one:
            await one.execute(INSERT, {"name": "Ann"})
            async with self.engine.begin() as two:
                await two.execute(INSERT, {"name": "Bob"})
        self.assertEqual(Owner("POST /outer").name, "POST /outer")


class PostgreSQLTurnTests(CatalogueCase):
    """What only PostgreSQL does."""

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        cls.database_url = postgresql_url()
        await super().asyncSetUpClass()

    async def test_commit_of_a_failed_transaction(self) -> None:
        """Committing after a failure is a rollback, as in PostgreSQL itself."""
        async with self.engine.connect() as connection:
            await connection.execute(INSERT, {"name": "Ann"})
            with self.assertRaises(DBAPIError):
                await connection.execute(text("SELECT 1 / 0"))
            await connection.commit()
        self.assertEqual((await self.session.execute(text("SELECT name FROM artist"))).all(), [])

    async def test_isolation_level(self) -> None:
        """Another isolation level is taken, and is that of the transaction around it."""
        async with self.engine.connect() as connection:
            options = {"isolation_level": "SERIALIZABLE", "postgresql_readonly": True, "postgresql_deferrable": True}
            await connection.execution_options(**options)
            self.assertEqual(await connection.scalar(text("SHOW transaction_isolation")), "read committed")

    async def test_cancelled_statement(self) -> None:
        """A statement that is cancelled while the database works on it undoes its transaction."""

        async def work() -> None:
            async with self.engine.begin() as connection:
                await connection.execute(insert(Artist), {"name": "Ann"})
                await connection.execute(text("SELECT pg_sleep(60)"))

        async def sleeps() -> None:
            sleeping = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
            async with looking_on.connect() as connection:
                self.assertEqual(await connection.scalar(sleeping), 1)

        looking_on = create_async_engine(self.engine.url, poolclass=NullPool)
        task = asyncio.create_task(work())
        await self.assertEventually(sleeps)  # a cancellation that comes before is lost
        task.cancel()
        await asyncio.wait([task])
        self.assertTrue(task.cancelled())
        self.assertEqual((await self.session.execute(text("SELECT name FROM artist"))).all(), [])

    async def test_lost_connection(self) -> None:
        """Where the server ends the connection, the next test has a new one."""
        pid = await self.session.scalar(text("SELECT pg_backend_pid()"))
        async with AsyncEngine(type(self)._running_database().isolation._base).connect() as other:  # type: ignore[union-attr]
            await other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        with self.assertRaises(DBAPIError):
            await self.session.execute(text("SELECT 1"))
        await self.session.close()

    async def test_lost_connection_again(self) -> None:
        """It does, in whichever order the tests are run."""
        await self.test_lost_connection()


class PsycopgTurnTests(PostgreSQLTurnTests):
    """The same with psycopg."""

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        cls.database_url = postgresql_url("psycopg")
        await super(PostgreSQLTurnTests, cls).asyncSetUpClass()


class SQLiteIsolationLevelTests(CatalogueCase):
    """What only SQLite does."""

    async def test_isolation_level(self) -> None:
        """Its isolation levels are taken as well."""
        async with self.engine.connect() as connection:
            await connection.execution_options(isolation_level="SERIALIZABLE")
            self.assertEqual(await connection.scalar(text("SELECT 1")), 1)
            raw = await connection.get_raw_connection()
            self.assertEqual(raw.dbapi_connection.isolation_level, "")  # type: ignore[union-attr]
