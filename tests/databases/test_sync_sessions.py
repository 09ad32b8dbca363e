"""Synchronous sessions in plain tests: the same as asynchronous ones in coroutines."""

import threading
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

from sqlalchemy import insert, text
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from fastapi_testing import IsolationError
from fastapi_testing.databases.isolation.waits import ThreadWaits
from tests.databases.catalogue import Artist, Song
from tests.databases.postgresql import postgresql_url
from tests.databases.sync_catalogue import Gate, SyncCatalogueCase, gate, titles
from tests.timing import MS

__all__: list[str] = []


class Behaviour(SyncCatalogueCase):
    """What holds in each isolation, on each database."""

    def test_write(self) -> None:
        """What the app commits is there for the next request, and for the test."""
        self.assertStatus(self.client.post("/songs/second"), 200)
        self.assertEqual(self.titles(), ["first", "second"])
        self.assertEqual(titles(self.session), ["first", "second"])

    def test_write_again(self) -> None:
        """In each test anew."""
        self.test_write()

    def test_own_session(self) -> None:
        """What the test commits is there for the app, and is undone."""
        self.assertIsInstance(self.session, Session)
        self.assertIsInstance(self.engine, Engine)
        self.session.add(Song(title="second"))
        self.session.commit()
        self.assertEqual(self.titles(), ["first", "second"])

    def test_conflict(self) -> None:
        """A handler that rolls back after an IntegrityError goes on."""
        self.assertStatus(self.client.post("/songs/first"), 409)
        self.assertStatus(self.client.post("/songs/second"), 200)
        self.assertEqual(self.titles(), ["first", "second"])

    def test_forgotten_commit(self) -> None:
        """What is not committed is not there."""
        self.assertStatus(self.client.post("/forgotten/second"), 200)
        self.assertEqual(self.titles(), ["first"])

    def test_nested(self) -> None:
        """Savepoints of the app's own work."""
        response = self.client.post("/nested/second")
        self.assertJsonEqual(response, ["first", "second", "second again"])

    def test_failing_statement(self) -> None:
        """So does going on after a statement that fails."""
        self.assertStatus(self.client.post("/failing/second"), 200)
        self.assertEqual(self.titles(), ["first", "second"])

    def test_background_task(self) -> None:
        """A background task, on a thread too, is undone as well."""
        self.client.post("/later/second")
        self.assertEqual(self.titles(), ["first", "second"])

    def test_block(self) -> None:
        """A block of begin() commits."""
        self.client.post("/artists/Ann")
        self.assertEqual(self.session.scalar(text("SELECT count(*) FROM artist")), 1)

    def test_at_once(self) -> None:
        """Requests that come at the same time are each done."""
        with ThreadPoolExecutor(4) as pool:
            made = list(pool.map(lambda number: self.client.post(f"/artists/{number}").status_code, range(12)))
        self.assertEqual(made, [200] * 12)
        self.assertEqual(self.session.scalar(text("SELECT count(*) FROM artist")), 12)

    def test_count(self) -> None:
        """The app's statements are counted, and the test's are not."""
        with self.assertNumQueries(3):
            self.client.post("/songs/second")
            titles(self.session)

    def test_wrong_count(self) -> None:
        """A failure lists the statements."""
        told = self.assertRaisesRegex(AssertionError, r"\Aexpected 5 statements, the app sent 1\n1. SELECT song.title")
        with told, self.assertNumQueries(5):
            self.client.get("/songs")

    def test_autocommit(self) -> None:
        """A connection whose statements are transactions of their own needs no commit, and is undone."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(insert(Song), {"title": "second"})
            self.assertEqual(self.titles(), ["first", "second"])

    def test_driver(self) -> None:
        """The driver's own cursor gives its rows in each of its ways."""
        connection = self.engine.raw_connection()
        self.addCleanup(connection.close)
        cursor = connection.cursor()
        cursor.execute("SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 ORDER BY 1")
        self.assertEqual(cursor.fetchone(), (1,))
        self.assertEqual([*map(tuple, cursor.fetchmany())], [(2,)])
        self.assertEqual(next(iter(cursor)), (3,))
        self.assertEqual([*map(tuple, cursor.fetchall())], [(4,)])
        self.assertIsNone(cursor.fetchone())

    def test_run_sync(self) -> None:
        """It returns what the function does with the session."""
        self.assertEqual(self.run_sync(titles), ["first"])


class SQLiteRollbackTests(Behaviour):
    """One transaction on SQLite."""


class SQLiteTruncateTests(Behaviour):
    """Real ones on SQLite."""

    isolation = "truncate"


class PsycopgRollbackTests(Behaviour):
    """One transaction on PostgreSQL."""

    database_url = postgresql_url("psycopg")


class PsycopgTruncateTests(Behaviour):
    """Real ones on PostgreSQL."""

    database_url = postgresql_url("psycopg")
    isolation = "truncate"


class Psycopg2RollbackTests(Behaviour):
    """The same by the older driver."""

    database_url = postgresql_url("psycopg2")


class Psycopg2TruncateTests(Behaviour):
    """And truncated."""

    database_url = postgresql_url("psycopg2")
    isolation = "truncate"


del Behaviour


class SlowCase(SyncCatalogueCase):
    """Has requests that hold their turn."""

    def slow(self, title: str) -> Gate:
        """Have a request hold the turn, on a thread of the app's, until its gate opens."""
        gate[title] = own = Gate()
        asking = self.pool.submit(self.client.post, f"/slow/{title}")
        self.addCleanup(lambda: self.assertStatus(asking.result(), 200))
        self.addCleanup(own.opened.set)
        self.assertTrue(own.reached.wait(30))
        return own

    def setUp(self) -> None:
        self.pool = self.enterContext(ThreadPoolExecutor(2))


class TurnTests(SlowCase):
    """Who has written something and is not done keeps others waiting, on threads too."""

    turn_timeout = 100 * MS

    def test_waiting_in_vain(self) -> None:
        """The error names who waits, for whom, and what they have sent."""
        self.slow("second")
        with self.assertRaises(IsolationError) as caught:
            titles(self.session)
        self.assertEqual(
            str(caught.exception),
            "self.session has waited 0.1 s for the transaction of POST /slow/second, open since 'INSERT INTO song "
            "(title, artist) VALUES (?, ?)': with isolation = 'rollback' they share a connection; commit earlier, or "
            "set isolation = 'truncate'",
        )

    def test_on_the_event_loop(self) -> None:
        """A coroutine with a synchronous session waits on the event loop, which the error says."""
        self.slow("second")
        with self.assertLogs("uvicorn.error", "ERROR") as logs:
            self.assertStatus(self.client.get("/songs-on-loop"), 500)
        self.assertIn(
            "GET /songs-on-loop has waited 0.1 s for the transaction of POST /slow/second, open since 'INSERT INTO "
            "song (title, artist) VALUES (?, ?)', on the event loop, which that may need: make the handler a plain "
            "`def`: with isolation = 'rollback' they share a connection",
            logs.output[0],
        )

    def test_thread(self) -> None:
        """Who is no request is named by the thread."""
        with self.engine.connect() as connection:
            connection.execute(insert(Artist), {"name": "Ann"})
            with self.assertRaisesRegex(IsolationError, "for the transaction of the thread MainThread, open since"):
                titles(self.session)


class GoingOnTests(SlowCase):
    """With time enough, a turn comes."""

    turn_timeout = 30

    def test_going_on(self) -> None:
        """Who waits goes on as soon as the other is done, and sees what that one did."""
        held, wait = self.slow("second"), ThreadWaits.wait

        def let_go(waits: ThreadWaits, ended: threading.Event, seconds: float) -> bool:
            held.opened.set()
            return wait(waits, ended, seconds)

        with mock.patch.object(ThreadWaits, "wait", let_go):
            self.assertEqual(titles(self.session), ["first", "second"])
