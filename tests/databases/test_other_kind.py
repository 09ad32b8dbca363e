"""Sessions of one kind in tests of the other: synchronous ones beside coroutines, asynchronous ones in plain tests."""

import asyncio
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Engine
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

from fastapi_testing import AsyncServerTestCase, IsolationError, ServerTestCase
from fastapi_testing.case.loops.share import close_run
from fastapi_testing.databases import SQLAlchemyMixin
from tests.databases import catalogue, sync_catalogue
from tests.databases.catalogue import Artist, Base, Song
from tests.databases.postgresql import postgresql_url
from tests.databases.sync_catalogue import Gate, gate
from tests.timing import MS

__all__: list[str] = []


def tearDownModule() -> None:
    """End the server of the run: there are tests that look for what servers leave behind."""
    assert close_run() == []


class SyncInCoroutines(SQLAlchemyMixin[Any, Any], AsyncServerTestCase):
    """An app with synchronous sessions, and tests that are coroutines."""

    app: Any = sync_catalogue.app
    metadata = Base.metadata
    session_dependency = sync_catalogue.get_session

    @classmethod
    def setUpTestData(cls) -> None:
        cls.session.add(Song(title="first"))

    @classmethod
    async def asyncSetUpTestData(cls) -> None:
        cls.session.add(Artist(name="Ann"))

    async def titles(self) -> Any:
        """Return the titles as the app tells them."""
        return (await self.client.get("/songs")).json()

    async def test_write(self) -> None:
        """What the app commits is there for the next request, and for the test."""
        self.assertIsInstance(self.session, Session)
        self.assertIsInstance(self.engine, Engine)
        await self.client.post("/songs/second")
        self.assertEqual(await self.titles(), ["first", "second"])
        self.assertEqual(await self.run_sync(sync_catalogue.titles), ["first", "second"])
        self.assertEqual(sync_catalogue.titles(self.session), ["first", "second"])

    async def test_write_again(self) -> None:
        """In each test anew."""
        await self.test_write()

    async def test_own_session(self) -> None:
        """What the test commits is there for the app, and is undone."""
        self.session.add(Song(title="second"))
        self.session.commit()
        self.assertEqual(await self.titles(), ["first", "second"])

    async def test_rows_of_both_hooks(self) -> None:
        """The plain hook is called, and the other one after it."""
        names = self.session.scalars(text("SELECT name FROM artist")).all()
        self.assertEqual(names, ["Ann"])

    async def test_count(self) -> None:
        """The app's statements are counted."""
        async with self.assertNumQueries(1):
            await self.titles()

    async def test_at_once(self) -> None:
        """Requests that come at the same time are each done."""
        answers = await asyncio.gather(*(self.client.post(f"/artists/{number}") for number in range(12)))
        self.assertEqual([each.status_code for each in answers], [200] * 12)


class SQLiteSyncTests(SyncInCoroutines):
    """One transaction on SQLite."""

    turn_timeout = 30

    async def test_turn_of_a_request(self) -> None:
        """Who would wait on the event loop is told so at once; run_sync waits on a thread, and the request goes on."""
        gate["second"] = held = Gate()
        asking = asyncio.create_task(self.client.post("/slow/second"))
        await asyncio.to_thread(held.reached.wait, 30)
        with self.assertRaises(IsolationError) as caught:
            sync_catalogue.titles(self.session)
        self.assertEqual(
            str(caught.exception),
            "self.session would wait for the transaction of POST /slow/second, open since 'INSERT INTO song (title, "
            "artist) VALUES (?, ?)', and keep the event loop from going on meanwhile: use it on a thread, by `await "
            "self.run_sync(lambda session: ...)`",
        )
        reading = asyncio.ensure_future(self.run_sync(sync_catalogue.titles))
        held.opened.set()
        self.assertEqual(await reading, ["first", "second"])
        self.assertStatus(await asking, 200)


class PostgreSQLSyncTests(SyncInCoroutines):
    """Real transactions on PostgreSQL."""

    database_url = postgresql_url("psycopg")
    isolation = "truncate"


del SyncInCoroutines


class AsyncInPlainTests(SQLAlchemyMixin, ServerTestCase):
    """An app with asynchronous sessions, and plain tests."""

    app: Any = catalogue.app
    metadata = Base.metadata
    session_dependency = (catalogue.get_session, catalogue.get_audit)
    session_class = AsyncSession
    turn_timeout = 100 * MS

    @classmethod
    def setUpTestData(cls) -> None:
        cls.session.add(Song(title="first"))
        cls.run_async(cls.session.flush())

    def test_write(self) -> None:
        """What the app commits is there for the next request, and for the test."""
        self.assertIsInstance(self.session, AsyncSession)
        self.assertIsInstance(self.engine, AsyncEngine)
        self.client.post("/songs/second")
        self.assertJsonEqual(self.client.get("/songs"), ["first", "second"])
        self.assertEqual(self.run_async(catalogue.titles(self.session)), ["first", "second"])
        self.assertEqual(self.run_sync(sync_catalogue.titles), ["first", "second"])

    def test_write_again(self) -> None:
        """In each test anew."""
        self.test_write()

    def test_own_session(self) -> None:
        """What the test commits is there for the app, and is undone."""
        self.session.add(Song(title="second"))
        self.run_async(self.session.commit())
        self.assertJsonEqual(self.client.get("/songs"), ["first", "second"])

    def test_count(self) -> None:
        """The app's statements are counted."""
        with self.assertNumQueries(1):
            self.client.get("/songs")

    def test_turn_of_a_request(self) -> None:
        """The test waits for a request that has its turn, and the event loop goes on with that one."""
        with self.ws.connect("/listen") as listener:
            listener.receive_json()
            listener.send_text("second")
            self.assertEqual(listener.receive_json(), "flushed")
            self.check_turn()

    def check_turn(self) -> None:
        """Check that it waits, for as long as it may."""
        with self.assertRaisesRegex(IsolationError, "waited 0.1 s for the transaction of WebSocket /listen"):
            self.run_async(catalogue.titles(self.session))


class AsyncSQLiteTruncateTests(AsyncInPlainTests):
    """Real transactions on SQLite."""

    isolation = "truncate"

    def check_turn(self) -> None:
        self.assertEqual(self.run_async(catalogue.titles(self.session)), ["first"])


class AsyncSQLiteOfTheRunTests(AsyncInPlainTests):
    """One transaction on SQLite, on a server that the classes of the run share."""

    server_scope = "run"


class AsyncAsyncpgTests(AsyncInPlainTests):
    """One transaction on PostgreSQL, whose connection is the event loop's."""

    database_url = postgresql_url("asyncpg")


class AsyncPsycopgTruncateTests(AsyncSQLiteTruncateTests):
    """Real ones by psycopg, on a server that the classes of a module share."""

    database_url = postgresql_url("psycopg")
    server_scope = "module"
