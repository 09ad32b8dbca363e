"""Both ways to undo what a test does, on every database and driver."""

import asyncio

from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSessionTransaction

from fastapi_testing import IsolationError
from tests.databases.catalogue import Artist, CatalogueCase, Song, titles
from tests.databases.postgresql import postgresql_url

__all__: list[str] = []


class Behaviour(CatalogueCase):
    """What holds in both modes; the classes below say where."""

    driver = "aiosqlite"

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        if cls.driver != "aiosqlite":
            cls.database_url = postgresql_url(cls.driver)
        await super().asyncSetUpClass()

    async def test_commit(self) -> None:
        """What the app commits is there for the next request, and for the test."""
        self.assertStatus(await self.client.post("/songs/second"), 200)
        self.assertEqual(await self.titles(), ["first", "second"])
        self.assertEqual(await titles(self.session), ["first", "second"])

    async def test_commit_again(self) -> None:
        """No other test has it."""
        await self.test_commit()

    async def test_rows_of_the_test(self) -> None:
        """The app sees what the test commits, and the test what the app does then."""
        self.session.add(song := Song(title="second", artist=None))
        await self.session.commit()
        self.assertEqual(song.title, "second")  # not expired: nothing can be loaded here
        self.assertStatus(await self.client.post("/songs/second"), 409)
        self.assertStatus(await self.client.post("/songs/third"), 200)
        self.assertEqual(await titles(self.session), ["first", "second", "third"])

    async def test_conflict(self) -> None:
        """A handler that rolls back after an IntegrityError loses what it did, and nothing else."""
        await self.client.post("/songs/second")
        self.assertStatus(await self.client.post("/songs/second"), 409)
        self.assertStatus(await self.client.post("/songs/third"), 200)
        self.assertEqual(await self.titles(), ["first", "second", "third"])

    async def test_conflict_in_the_test(self) -> None:
        """The test's own session can be used on after it rolled back."""
        self.session.add(Song(title="first"))
        with self.assertRaises(IntegrityError):
            await self.session.flush()
        await self.session.rollback()
        self.assertEqual(await titles(self.session), ["first"])
        self.assertEqual(await self.titles(), ["first"])

    async def test_no_commit(self) -> None:
        """What the app forgets to commit is not there."""
        self.assertStatus(await self.client.post("/forgotten/second"), 200)
        self.assertEqual(await self.titles(), ["first"])

    async def test_savepoint(self) -> None:
        """The app's own savepoints work."""
        response = await self.client.post("/nested/second")
        self.assertJsonEqual(response, ["first", "second", "second again"])

    async def test_failing_statement(self) -> None:
        """A statement that the database refuses spoils nothing."""
        await self.client.post("/songs/second")
        self.assertStatus(await self.client.post("/failing/third"), 200)
        self.assertEqual(await self.titles(), ["first", "second", "third"])

    async def test_ten_at_once(self) -> None:
        """Ten requests at once insert ten rows."""
        await asyncio.gather(*[self.client.post(f"/songs/at once {number}") for number in range(10)])
        self.assertCountEqual(await self.titles(), ["first", *(f"at once {number}" for number in range(10))])

    async def test_quiet_websocket(self) -> None:
        """A WebSocket whose session has read keeps nobody waiting."""
        async with self.ws.connect("/listen") as listener:
            self.assertEqual(await listener.receive_json(), ["first"])
            self.assertStatus(await self.client.post("/songs/second"), 200)
        self.assertEqual(await self.titles(), ["first", "second"])

    async def test_engine(self) -> None:
        """The engine can be used as any other."""
        async with self.engine.begin() as connection:
            await connection.execute(insert(Artist), [{"name": "Ann"}, {"name": "Bob"}])
        async with self.engine.connect() as connection:
            names = await connection.stream_scalars(select(Artist.name).order_by(Artist.name))
            self.assertEqual([name async for name in names], ["Ann", "Bob"])

    async def test_stream_beside_a_failure(self) -> None:
        """Who reads row by row reads on while somebody else's statement fails and is rolled back."""
        self.session.add_all([Artist(name=name) for name in ("Ann", "Bob", "Cid")])
        await self.session.commit()
        async with self.engine.connect() as reading, self.engine.connect() as writing:
            await reading.execution_options(yield_per=1)
            await writing.execute(insert(Artist), {"name": "Dan"})
            names = await reading.stream_scalars(select(Artist.name).where(Artist.name < "D").order_by(Artist.name))
            self.assertEqual(await names.fetchmany(1), ["Ann"])
            with self.assertRaises(IntegrityError):
                await writing.execute(insert(Artist), {"name": "Ann"})
            self.assertEqual(await names.fetchmany(1), ["Bob"])
            await writing.rollback()
            self.assertEqual(await names.fetchmany(1), ["Cid"])
            await names.close()

    async def test_engine_rolled_back(self) -> None:
        """A transaction that fails is undone."""
        with self.assertRaises(ZeroDivisionError):
            async with self.engine.begin() as connection:
                await connection.execute(insert(Artist), {"name": "Ann"})
                _ = 1 / 0
        self.assertEqual((await self.session.scalars(select(Artist.name))).all(), [])

    async def test_autocommit(self) -> None:
        """With AUTOCOMMIT, each statement is kept at once."""
        async with self.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(insert(Artist), {"name": "Ann"})
            with self.assertRaises(IntegrityError):
                await connection.execute(insert(Artist), {"name": "Ann"})
            await connection.execute(insert(Artist), {"name": "Bob"})
        names = await self.session.scalars(select(Artist.name).order_by(Artist.name))
        self.assertEqual(names.all(), ["Ann", "Bob"])

    async def test_cancelled(self) -> None:
        """A transaction whose task is cancelled is undone."""
        written = asyncio.Event()

        async def write() -> None:
            async with self.engine.begin() as connection:
                await connection.execute(insert(Artist), {"name": "Ann"})
                written.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(write())
        await written.wait()
        task.cancel()
        await asyncio.wait([task])
        self.assertEqual((await self.session.scalars(select(Artist.name))).all(), [])

    async def test_two_sessions(self) -> None:
        """A request may read with two sessions."""
        response = await self.client.post("/audit-reads/second")
        self.assertStatus(response, 200)
        self.assertIn("second", await self.titles())


class RollbackBehaviour(Behaviour):
    """What holds where one transaction is rolled back."""

    async def test_flushed(self) -> None:
        """The app sees what the test has flushed; a rollback of the test then takes nothing from the app."""
        self.session.add(Song(title="second"))
        await self.session.flush()
        self.assertEqual(await self.titles(), ["first", "second"])
        self.assertStatus(await self.client.post("/songs/third"), 200)
        await self.session.rollback()
        self.assertEqual(await self.titles(), ["first", "second", "third"])

    async def test_flush_that_failed(self) -> None:
        """A request is answered also where the test has not rolled back yet."""
        self.session.add(Song(title="first"))
        with self.assertRaises(IntegrityError):
            await self.session.flush()
        self.assertStatus(await self.client.post("/songs/second"), 200)
        await self.session.rollback()
        self.assertEqual(await self.titles(), ["first", "second"])

    async def test_flushed_before_a_read(self) -> None:
        """A request that only reads leaves the test its rollback."""
        self.session.add(Song(title="second"))
        await self.session.flush()
        self.assertEqual(await self.titles(), ["first", "second"])
        await self.session.rollback()
        self.assertEqual(await self.titles(), ["first"])

    async def test_savepoint_of_the_test(self) -> None:
        """The test's savepoint is there for as long as the test wants, whatever is asked meanwhile."""
        async with self.session.begin_nested():
            self.session.add(Song(title="second"))
            await self.session.flush()
            self.assertEqual(await self.titles(), ["first", "second"])
            self.assertStatus(await self.client.post("/nested/third"), 200)
        await self.session.commit()
        self.assertEqual(await self.titles(), ["first", "second", "third", "third again"])

    async def test_savepoint_of_the_test_rolled_back(self) -> None:
        """It takes back what the test has written, also where the app has read that."""
        async with self.session.begin_nested() as savepoint:
            self.session.add(Song(title="second"))
            await self.session.flush()
            self.assertEqual(await self.titles(), ["first", "second"])
            await savepoint.rollback()
        self.assertEqual(await self.titles(), ["first"])
        await self.session.commit()
        self.assertEqual(await self.titles(), ["first"])

    async def test_savepoint_of_the_test_entangled(self) -> None:
        """It cannot take back what the app has committed in it; what the test sets then can."""
        savepoint = await self.set_savepoint("Ann")
        self.assertStatus(await self.client.post("/songs/second"), 200)
        await self.nest_in_vain("second")
        with self.assertRaises(IsolationError) as caught:
            await savepoint.rollback()
        self.assertEqual(
            str(caught.exception),
            "self.session goes back to a savepoint that it has set before POST /songs/second wrote: on one connection "
            "this would undo what the other wrote as well; set isolation = 'truncate'",
        )
        await self.session.commit()
        self.assertEqual(await self.titles(), ["first", "second"])

    async def set_savepoint(self, name: str) -> AsyncSessionTransaction:
        """Set a savepoint in the test's session, and write something; a session has no connection before."""
        savepoint = await self.session.begin_nested()
        self.session.add(Artist(name=name))
        await self.session.flush()
        return savepoint

    async def nest_in_vain(self, title: str) -> None:
        """Have the test's session add a song that there is already, in a savepoint of its own."""
        with self.assertRaises(IntegrityError):
            async with self.session.begin_nested():
                self.session.add(Song(title=title))

    async def test_savepoints_around_savepoints(self) -> None:
        """A savepoint in a savepoint can be released when the app has committed in both."""
        outer = await self.set_savepoint("Ann")
        inner = await self.set_savepoint("Bob")
        self.assertStatus(await self.client.post("/songs/second"), 200)
        await inner.commit()
        await self.nest_in_vain("second")
        await outer.commit()
        self.assertEqual(await self.titles(), ["first", "second"])

    async def test_savepoint_left_open(self) -> None:
        """A savepoint that the test leaves is no trouble at its end, whoever has written in it."""
        await self.set_savepoint("Ann")
        self.assertStatus(await self.client.post("/songs/second"), 200)
        other = await self.engine.connect()
        type(self).addAsyncClassCleanup(other.close)
        await other.execute(insert(Artist), {"name": "Bob"})

    async def test_unknown_savepoint(self) -> None:
        """Going back to a savepoint that there is not is the database's error."""
        await self.set_savepoint("Ann")
        with self.assertRaises(DBAPIError):
            await self.session.execute(text("ROLLBACK TO SAVEPOINT nonsense"))
        with self.assertRaises(DBAPIError):
            await self.session.execute(text("RELEASE SAVEPOINT nonsense"))

    async def test_savepoint_released_after_a_commit(self) -> None:
        """What the test writes after its savepoint is its own to roll back."""
        savepoint = await self.set_savepoint("Ann")
        self.assertStatus(await self.client.post("/songs/second"), 200)
        await savepoint.commit()
        self.session.add(Song(title="third"))
        await self.session.flush()
        await self.session.rollback()
        self.assertEqual(await self.titles(), ["first", "second"])

    async def test_failure_in_an_entangled_savepoint(self) -> None:
        """Where the test's statement fails after the app has committed, nothing of the app is lost."""
        savepoint = await self.set_savepoint("Ann")
        self.assertStatus(await self.client.post("/songs/second"), 200)
        with self.assertRaises(DBAPIError):
            await self.session.execute(text("SELECT nonsense FROM song"))
        with self.assertRaises(IsolationError):
            await savepoint.rollback()
        self.assertEqual(await self.titles(), ["first", "second"])
        await self.session.rollback()
        self.assertEqual(await self.titles(), ["first", "second"])

    async def test_request_after_a_failure_in_a_savepoint(self) -> None:
        """A request is answered while a statement of the test has failed in a savepoint, which can be rolled back."""
        savepoint = await self.set_savepoint("Ann")
        with self.assertRaises(DBAPIError):
            await self.session.execute(text("SELECT nonsense FROM song"))
        self.assertEqual(await self.titles(), ["first"])
        await savepoint.rollback()
        await self.session.commit()

    async def test_request_after_a_failure(self) -> None:
        """It is answered also where there is no savepoint; what the test has flushed before is gone."""
        self.session.add(Song(title="second"))
        await self.session.flush()
        with self.assertRaises(DBAPIError):
            await self.session.execute(text("SELECT nonsense FROM song"))
        self.assertIn(await self.titles(), (["first"], ["first", "second"]))  # SQLite does not mind the failure

    async def test_savepoints_of_two_sessions(self) -> None:
        """A request may release a savepoint while its other session writes, and may not go back to one."""
        async with self.engine.connect() as one, self.engine.connect() as two:
            savepoint = await one.begin_nested()
            await one.execute(insert(Artist), {"name": "Ann"})
            await two.execute(insert(Artist), {"name": "Bob"})
            await savepoint.commit()
            savepoint = await one.begin_nested()
            with self.assertRaisesRegex(IsolationError, "^two sessions of the task .* have written in turns"):
                await savepoint.rollback()
            await two.commit()
            await one.commit()
        names = await self.session.scalars(select(Artist.name).order_by(Artist.id))
        self.assertEqual(names.all(), ["Ann", "Bob"])

    async def test_two_sessions_write(self) -> None:
        """A request may write with two sessions, and commit them in either order."""
        self.assertStatus(await self.client.post("/audited/second"), 200)
        self.assertEqual(await self.titles(), ["first", "second", "audit of second", "second, part 2"])

    async def test_statements_as_text(self) -> None:
        """BEGIN, COMMIT and ROLLBACK as text do what they say, to the transaction of who sends them."""
        async with self.engine.connect() as connection:
            for statement in (
                "BEGIN",
                "INSERT INTO artist (name) VALUES ('Ann')",
                "COMMIT",
                "INSERT INTO artist (name) VALUES ('Bob')",
                "ROLLBACK",
            ):
                await connection.execute(text(statement))
        self.assertEqual((await self.session.scalars(select(Artist.name))).all(), ["Ann"])


class TruncateBehaviour(Behaviour):
    """What holds where tables are emptied."""

    isolation = "truncate"

    async def test_ids(self) -> None:
        """Sequences start anew in every test."""
        self.assertJsonEqual(await self.client.post("/songs/second"), 2)
        numbers = await self.session.scalars(select(Song.number).where(Song.number.is_not(None)))
        self.assertIn(list(numbers.all()), ([1, 2], []))  # SQLite has no sequences

    async def test_ids_again(self) -> None:
        """Also in this one."""
        await self.test_ids()


class SQLiteRollbackTests(RollbackBehaviour):
    """On SQLite."""


class SQLiteTruncateTests(TruncateBehaviour):
    """On SQLite."""


class AsyncpgRollbackTests(RollbackBehaviour):
    """On PostgreSQL by asyncpg."""

    driver = "asyncpg"


class AsyncpgTruncateTests(TruncateBehaviour):
    """On PostgreSQL by asyncpg."""

    driver = "asyncpg"


class PsycopgRollbackTests(RollbackBehaviour):
    """On PostgreSQL by psycopg."""

    driver = "psycopg"


class PsycopgTruncateTests(TruncateBehaviour):
    """On PostgreSQL by psycopg."""

    driver = "psycopg"


del Behaviour, RollbackBehaviour, TruncateBehaviour
