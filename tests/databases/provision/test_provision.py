"""A database of the tests' own: made, dropped, and never the one that was given."""

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Any
from unittest import mock

from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from fastapi_testing import AsyncClassTestCase
from fastapi_testing.databases.provision import provision
from fastapi_testing.databases.provision.engines import make_engine
from tests.databases.catalogue import CatalogueCase, Song
from tests.databases.postgresql import postgresql_url
from tests.databases.provisioning import own_database_on_loop, own_templates
from tests.processes import environment
from tests.running import outcomes, run_classes

__all__: list[str] = []

LEAVE = """
import asyncio, os, sys
from sqlalchemy.engine import make_url
from tests.databases.provisioning import own_database_on_loop

async def leave():
    async with own_database_on_loop(make_url(sys.argv[1])) as url:
        print(url.database, flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(leave())
"""


class Process:
    """Another process, which has a database for as long as it lives."""

    def __init__(self, url: URL) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", LEAVE, url.render_as_string(hide_password=False)],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.database = self._process.stdout.readline().strip()

    def kill(self) -> None:
        """End it without a chance to clean up."""
        self._process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        self._process.communicate()


async def execute(url: URL, *statements: str) -> list[Any]:
    """Execute statements outside of a transaction; return the first column of the last one's rows."""
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    async with engine.connect() as connection:
        for statement in statements:
            result = await connection.execute(text(statement))
        rows = list(result.scalars().all()) if result.returns_rows else []
    await engine.dispose()
    return rows


async def enter(context: AbstractAsyncContextManager[Any]) -> None:
    """Enter a context, which is to fail."""
    await AsyncExitStack().enter_async_context(context)


async def databases() -> list[str]:
    """Return the names of the server's databases."""
    return await execute(postgresql_url(database="postgres"), "SELECT datname FROM pg_database ORDER BY datname")


class PostgreSQLTests(AsyncClassTestCase):
    """Databases on a server."""

    async def test_made_and_dropped(self) -> None:
        """It is named after the one that was given, and goes with the connections that are left to it."""
        before = await databases()
        async with own_database_on_loop(postgresql_url()) as url:
            self.assertEqual(url.database, f"test_shop_{os.getpid()}")
            engine = create_async_engine(url)
            connection = await engine.connect()
            await connection.execute(text("SELECT 1"))
        self.assertEqual(await databases(), before)
        await connection.invalidate()
        await connection.close()
        await engine.dispose()

    async def test_two(self) -> None:
        """Two that are there at the same time have names of their own; so they have in two processes."""
        process = Process(postgresql_url())
        self.addCleanup(process.kill)
        async with (
            own_database_on_loop(postgresql_url()) as one,
            own_database_on_loop(postgresql_url("psycopg")) as two,
        ):
            names = {one.database, two.database, process.database}
            self.assertEqual(len(names), 3)
            self.assertLessEqual(names, set(await databases()))
        self.assertIn(process.database, await databases())

    async def test_leftover(self) -> None:
        """What a dead process has left is dropped by the next."""
        process = Process(postgresql_url())
        process.kill()
        await self.wait_for_unlocked(process.database)
        async with own_database_on_loop(postgresql_url()):
            self.assertNotIn(process.database, await databases())

    async def test_killed_while_making(self) -> None:
        """So is one whose process died before it could write that the database is one of these."""
        admin, name = postgresql_url(database="postgres"), f"test_shop_{os.getpid()}_77"
        await execute(admin, f"CREATE DATABASE {name} CONNECTION LIMIT {provision._CONNECTIONS}")
        async with own_database_on_loop(postgresql_url()):
            self.assertNotIn(name, await databases())

    async def test_known_from_the_first(self) -> None:
        """By the limit of connections, which it has from the moment that it is made."""
        limit = "SELECT datconnlimit FROM pg_database WHERE datname = '{}'"
        async with own_database_on_loop(postgresql_url()) as url:
            found = await execute(postgresql_url(database="postgres"), limit.format(url.database))
        self.assertEqual(found, [provision._CONNECTIONS])

    async def wait_for_unlocked(self, name: str) -> None:
        """Wait until the server has seen that the process is dead."""
        key = provision._key(name)
        await execute(postgresql_url(database="postgres"), f"SELECT pg_advisory_lock({key})")

    async def test_not_ours(self) -> None:
        """A database that only looks like one of these is left alone, and its name too."""
        name = f"test_shop_{os.getpid()}"
        admin = postgresql_url(database="postgres")
        await execute(admin, f"CREATE DATABASE {name}")
        try:
            async with own_database_on_loop(postgresql_url()) as url:
                self.assertRegex(url.database or "", rf"\A{name}_\d+\Z")
            self.assertIn(name, await databases())
        finally:
            await execute(admin, f"DROP DATABASE {name}")

    async def test_long_name(self) -> None:
        """PostgreSQL would cut a long name, and two of them could become one; odd characters are kept."""
        given = 'a "50%" ' + "ü" * 60
        for driver in ("asyncpg", "psycopg"):
            async with own_database_on_loop(postgresql_url(driver, given)) as url:
                self.assertLessEqual(len((url.database or "").encode()), 63)
                self.assertIn(url.database, await databases())

    async def test_never_written(self) -> None:
        """A whole class, in both modes, does without a connection to the configured database."""
        admin, configured = postgresql_url(database="postgres"), postgresql_url(database="configured")
        await execute(admin, "DROP DATABASE IF EXISTS configured", "CREATE DATABASE configured")
        await execute(configured, "CREATE TABLE song (id int, title text)", "INSERT INTO song VALUES (1, 'kept')")
        await execute(admin, "ALTER DATABASE configured ALLOW_CONNECTIONS false")
        for isolation in ("rollback", "truncate"):
            await asyncio.to_thread(self.run_class, configured, isolation)
        await execute(admin, "ALTER DATABASE configured ALLOW_CONNECTIONS true")
        self.assertEqual(await execute(configured, "SELECT title FROM song"), ["kept"])
        await execute(admin, "DROP DATABASE configured WITH (FORCE)")

    def run_class(self, url: URL, isolation: Any) -> None:
        """Run a class beside this database that writes."""

        class WritingTests(CatalogueCase):
            async def test_write(self) -> None:
                await self.client.post("/songs/second")
                self.session.add(Song(title="third"))
                await self.session.commit()

        WritingTests.database_url, WritingTests.isolation = url, isolation
        result = run_classes(WritingTests)
        self.assertEqual((outcomes(result), result.testsRun), ({}, 1))

    async def test_other_maintenance_database(self) -> None:
        """Where there is no database ``postgres`` for this role, the configured one is connected to."""
        url = postgresql_url(database="template1")

        def refuse(url: URL, options: dict[str, Any]) -> Any:
            return make_engine(url.set(database="no such" if url.database == "postgres" else url.database), options)

        with mock.patch("fastapi_testing.databases.provision.engines.make_engine", refuse):
            # PostgreSQL copies template1, which may have no users then but the one who asks.
            async with own_database_on_loop(url) as own:
                self.assertIn(own.database, await databases())

    async def test_no_server(self) -> None:
        """Where no server is, there is one error, of one line, without the password."""
        for driver, told in {
            "asyncpg": r"ConnectionRefusedError: .*",
            "psycopg": r"OperationalError: .*",
        }.items():
            url = make_url(f"postgresql+{driver}://user:secret@127.0.0.1:1/shop?password=secret")
            with self.subTest(driver), self.assertRaises(ConnectionError) as caught:
                await enter(own_database_on_loop(url))
            self.assertRegex(
                str(caught.exception),
                rf"(?s)^cannot connect to postgresql\+{driver}://user:\*\*\*@127\.0\.0\.1:1/shop, beside which the "
                rf"tests have their database: {told}$",
            )
            self.assertNotIn("secret", str(caught.exception))
            self.assertIsNone(caught.exception.__context__)

    async def test_not_allowed(self) -> None:
        """A role that may not make databases is told what it lacks."""
        admin = postgresql_url(database="postgres")
        await execute(admin, 'DROP ROLE IF EXISTS "No body"', "CREATE ROLE \"No body\" LOGIN PASSWORD 'x'")
        for driver in ("asyncpg", "psycopg"):
            with self.subTest(driver), self.assertRaises(PermissionError) as caught:
                await enter(own_database_on_loop(postgresql_url(driver).set(username="No body", password="x")))
            self.assertEqual(
                str(caught.exception),
                f'the tests have a database of their own, test_shop_{os.getpid()}, and the role "No body" may not make '
                f'one: ALTER ROLE "No body" CREATEDB',
            )
        await execute(admin, 'DROP ROLE "No body"')

    async def test_not_made(self) -> None:
        """Where the server makes no database for another reason, it is the server that says so."""
        postgresql_url()  # skips the test where there is no server
        with mock.patch.object(provision, "quote", lambda name: f"{name} TEMPLATE nonsense"):
            for driver in ("asyncpg", "psycopg"):
                with self.subTest(driver), self.assertRaises(DBAPIError) as caught:
                    await enter(own_database_on_loop(postgresql_url(driver)))
                self.assertIn('template database "nonsense" does not exist', str(caught.exception))

    async def test_set_up_fails(self) -> None:
        """It is dropped also where the class's set-up fails after it was made."""

        class FailingTests(CatalogueCase):
            database_url = postgresql_url()

            @classmethod
            async def asyncSetUpTestData(cls) -> None:
                raise ZeroDivisionError("no rows today")

            async def test_never(self) -> None:
                """Not to be run."""

        before = await databases()
        with own_templates():
            result = await asyncio.to_thread(run_classes, FailingTests)
        self.assertEqual(outcomes(result), {"setUpClass": "ZeroDivisionError: no rows today"})
        self.assertEqual(await databases(), before)

    async def test_interrupted(self) -> None:
        """It is dropped also where the user interrupts a test."""

        class InterruptedTests(CatalogueCase):
            database_url = postgresql_url()

            async def test_interrupted(self) -> None:
                raise KeyboardInterrupt

        before = await databases()
        with own_templates(), self.assertRaises(KeyboardInterrupt):
            await asyncio.to_thread(run_classes, InterruptedTests)
        self.assertEqual(await databases(), before)


class SQLiteTests(AsyncClassTestCase):
    """Databases in files."""

    async def asyncSetUp(self) -> None:
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.enterContext(mock.patch.dict(os.environ, {"TMPDIR": str(self.root), "TMP": str(self.root)}))
        self.enterContext(mock.patch.object(tempfile, "tempdir", str(self.root)))

    async def test_made_and_dropped(self) -> None:
        """It is a file in a temporary folder, named after the one that was given."""
        for given, name in {
            "sqlite+aiosqlite://": "test_app.db",
            "sqlite+aiosqlite:///shop.db": "test_shop.db",
            "sqlite+aiosqlite:///file:mem?mode=memory&cache=shared&uri=true": "test_app.db",
        }.items():
            async with own_database_on_loop(make_url(given)) as url:
                self.assertEqual(Path(url.database or "").name, name)
                self.assertEqual(len(list(self.root.iterdir())), 1)
                self.assertEqual(dict(url.query), {})
            self.assertEqual(list(self.root.iterdir()), [])

    async def test_leftover(self) -> None:
        """What a dead process has left is removed by the next; what a living one has is not."""
        dead, living = Process(make_url("sqlite+aiosqlite://")), Process(make_url("sqlite+aiosqlite://"))
        self.addCleanup(living.kill)
        dead.kill()
        async with own_database_on_loop(make_url("sqlite+aiosqlite://")):
            self.assertFalse(Path(dead.database).parent.exists())
            self.assertTrue(Path(living.database).parent.exists())

    async def test_nobody_locks_what_goes(self) -> None:
        """A folder is locked as long as it is being removed: a process that is about to lock it makes another."""
        dead = Process(make_url("sqlite+aiosqlite://"))
        dead.kill()
        real = shutil.rmtree
        locks: dict[str, object] = {}

        def remove(folder: Path, *, ignore_errors: bool) -> None:
            locks[folder.name] = provision._lock_folder(folder)
            real(folder, ignore_errors=ignore_errors)

        with mock.patch.object(shutil, "rmtree", remove):
            async with own_database_on_loop(make_url("sqlite+aiosqlite://")) as url:
                own = Path(url.database or "").parent
        self.assertEqual(locks, {Path(dead.database).parent.name: None, own.name: None})
        self.assertEqual(list(self.root.iterdir()), [])

    async def test_removed_before_locked(self) -> None:
        """A folder that another process takes for a leftover, before it is locked, is made again."""
        real = provision._lock_folder
        tries: list[Path] = []

        def fail_first(folder: Path) -> sqlite3.Connection | None:
            tries.append(folder)
            return real(folder) if len(tries) > 1 else None

        with mock.patch.object(provision, "_lock_folder", fail_first):
            async with own_database_on_loop(make_url("sqlite+aiosqlite://")) as url:
                self.assertTrue((Path(url.database or "").parent / "lock.db").exists())

    async def test_never_there(self) -> None:
        """Where each folder is taken before it is locked, as by whoever clears the directory, that is an error."""
        real = provision._lock_folder
        locks: list[sqlite3.Connection | None] = []

        def lock_and_lose(folder: Path) -> sqlite3.Connection | None:
            locks.append(real(folder) if len(locks) % 2 else None)
            (folder / "lock.db").unlink(missing_ok=True)
            return locks[-1]

        seen = f"20 were made in {self.root}, .* TMPDIR"
        with (
            mock.patch.object(provision, "_lock_folder", lock_and_lose),
            self.assertRaisesRegex(sqlite3.OperationalError, seen),
        ):
            await own_database_on_loop(make_url("sqlite+aiosqlite://")).__aenter__()
        self.assertEqual((len(locks), list(self.root.iterdir())), (20, []))

    async def test_no_locks(self) -> None:
        """Where nothing can be locked, as on some network file systems, that is the error, and no folder is left."""
        (self.root / "fastapi_testing_left").mkdir()
        (self.root / "fastapi_testing_left" / "lock.db").touch()
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR
        connection = mock.Mock(**{"execute.side_effect": error})

        def connect(path: Path, **options: object) -> mock.Mock:
            path.touch()
            return connection

        with mock.patch.object(sqlite3, "connect", connect):
            with self.assertRaisesRegex(sqlite3.OperationalError, "disk I/O error"):
                await own_database_on_loop(make_url("sqlite+aiosqlite://")).__aenter__()
            connection.close.assert_called()
        self.assertEqual([path.name for path in self.root.iterdir()], ["fastapi_testing_left"])

    async def test_gone_meanwhile(self) -> None:
        """One that goes while it is looked at is passed over."""
        self.assertIsNone(provision._lock_folder(self.root / "fastapi_testing_gone"))

    async def test_not_ours(self) -> None:
        """A folder without a lock is left alone, and so is one whose lock cannot be opened."""
        (self.root / "fastapi_testing_mine").mkdir()
        (self.root / "fastapi_testing_odd" / "lock.db").mkdir(parents=True)
        async with own_database_on_loop(make_url("sqlite+aiosqlite://")):
            pass
        self.assertEqual(len(list(self.root.iterdir())), 2)

    async def test_never_written(self) -> None:
        """The configured file is as it was after a whole class."""
        path = self.root / "shop.db"
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE song (id int, title text)")
        connection.close()
        before = path.read_bytes(), path.stat().st_mtime_ns

        class WritingTests(CatalogueCase):
            database_url = f"sqlite+aiosqlite:///{path}"

            async def test_write(self) -> None:
                self.assertStatus(await self.client.post("/songs/second"), 200)

        with own_templates():
            result = await asyncio.to_thread(run_classes, WritingTests)
        self.assertEqual((outcomes(result), result.testsRun), ({}, 1))
        self.assertEqual((path.read_bytes(), path.stat().st_mtime_ns), before)
        self.assertEqual(list(self.root.iterdir()), [path])
