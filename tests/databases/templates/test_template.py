"""A schema is made once a run: the classes after the first one have copies of what that has made."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import sessionmaker

from fastapi_testing.databases.provision import provision
from fastapi_testing.databases.templates import template
from fastapi_testing.databases.templates.template import Template, Templates
from tests.databases.catalogue import Base
from tests.databases.postgresql import postgresql_url
from tests.databases.provisioning import own_templates
from tests.databases.templates import schemas
from tests.databases.templates.schemas import (
    HELD,
    MADE,
    SETTINGS,
    databases,
    execute,
    migrated_case,
)
from tests.processes import environment, run_python
from tests.running import outcomes, run_classes

__all__: list[str] = []

DRIVERS = ("asyncpg", "psycopg_async", "psycopg", "psycopg2")


def set_time_zone(connection: Any, _record: Any) -> None:
    """Live in Tokyo."""
    connection.cursor().execute("SET TIME ZONE 'Asia/Tokyo'")


RUN = """
import sys
from sqlalchemy.engine import make_url
from tests.databases.templates.schemas import MADE, migrated_case
from tests.running import run_classes

classes = [migrated_case(make_url(sys.argv[1])) for _ in range(2)]
assert run_classes(*classes).wasSuccessful()
print(MADE.take(), flush=True)
sys.stdin.readline()
raise KeyboardInterrupt
"""

FORK = """
from sqlalchemy.engine import make_url
from fastapi_testing.databases.database import templates
from fastapi_testing.databases.provision.engines import make_sync_engine
from fastapi_testing.databases.provision.provision import own_database
from tests.databases.templates.schemas import MADE, execute, migrated_case
from tests.processes import in_fork
from tests.running import outcomes, run_classes

url = make_url("sqlite+pysqlite://")


def run() -> None:
    result = run_classes(migrated_case(url))
    print(outcomes(result) or "made", MADE.take(), flush=True, end="")


def copy() -> bool:
    with own_database(url, {}, make_sync_engine, copied=kept.url) as own:
        rows = execute(own, "SELECT title FROM song")
    kept.close()
    return rows == [("of the schema",)]


run()
(kept,) = templates._made.values()
print("", in_fork(copy), flush=True, end=" ")
run()
print()
"""


class Interrupted:
    """A process that has run two classes, and is interrupted or killed."""

    def __init__(self, url: URL, **variables: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", RUN, url.render_as_string(hide_password=False)],
            env=environment(**variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def made(self) -> str:
        """Wait until it has run them, and return how often the schema was made."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def databases(self) -> list[str]:
        """Return the names of those that it has on the server, and no other process."""
        return [name for name in databases() if name.split("_")[:3] == ["test", "shop", str(self._process.pid)]]

    def interrupt(self) -> str:
        """Have it end as by Ctrl-C, and return the last line that it has written."""
        return self._process.communicate("\n")[1].strip().rpartition("\n")[2]

    def kill(self) -> None:
        """End it without a chance to clean up."""
        self._process.kill()
        self._process.communicate()


class TemplateCase(unittest.TestCase):
    """No template is there."""

    def setUp(self) -> None:
        self.templates = self.enterContext(own_templates())
        MADE.take()

    def run_pair(self, *classes: type[unittest.TestCase]) -> int:
        """Run classes, which pass, and return how often the schema was made."""
        result = run_classes(*classes)
        self.assertEqual(outcomes(result), {})
        return MADE.take()


class PostgreSQLTests(TemplateCase):
    """Databases on a server."""

    def test_made_once(self) -> None:
        """Two classes, of each driver, one in each isolation, have one schema, its row and its sequence."""
        before = databases()
        for driver in DRIVERS:
            isolations = ("rollback", "truncate")
            classes = [migrated_case(postgresql_url(driver), isolation=each) for each in isolations]
            with self.subTest(driver):
                self.assertEqual(self.run_pair(*classes), 1)
        self.assertEqual(len(databases()), len(before) + len(DRIVERS))
        self.templates.close()
        self.assertEqual(databases(), before)

    def test_settings(self) -> None:
        """What ALTER DATABASE and GRANT have done to the first one is done to the others, to the letter."""
        SETTINGS.clear()
        classes = [migrated_case(postgresql_url("psycopg"), schemas.SearchPathCase) for _ in range(3)]
        self.assertEqual(self.run_pair(*classes), 1)
        first, *others = SETTINGS
        self.assertEqual(others, [first, first])
        self.assertEqual(len(first), 9)
        self.assertIn(("-", 'search_path="$user", public, "odd "" name, of one"'), first)

    def test_listener(self) -> None:
        """What a listener to connections sets holds in each class, and is not taken back with the first test."""
        for driver in ("asyncpg", "psycopg"):
            url = postgresql_url(driver)
            engine: Any = create_async_engine(url) if driver == "asyncpg" else create_engine(url)
            event.listen(getattr(engine, "sync_engine", engine), "connect", set_time_zone)
            make: Any = async_sessionmaker(engine) if driver == "asyncpg" else sessionmaker(engine)
            classes = [migrated_case(url, schemas.ListenerCase, session_class=make) for _ in range(3)]
            with self.subTest(driver):
                self.assertEqual(self.run_pair(*classes), 1)

    def test_held(self) -> None:
        """Where somebody stays connected to the first one, each class makes its own as if there were no templates."""
        with HELD, mock.patch.object(provision, "_LEAVING", 2):
            classes = [migrated_case(postgresql_url("psycopg"), schemas.HeldCase) for _ in range(3)]
            self.assertEqual(self.run_pair(*classes), 3)

    def test_gone(self) -> None:
        """A template that somebody has dropped is made again."""
        url = postgresql_url()
        self.assertEqual(self.run_pair(migrated_case(url)), 1)
        (kept,) = self.templates._made.values()
        execute(postgresql_url("psycopg", "postgres"), f"DROP DATABASE {kept.url.database}")
        self.assertEqual(self.run_pair(migrated_case(url), migrated_case(url)), 1)

    def test_end_of_run(self) -> None:
        """They are dropped when the process ends, also by Ctrl-C; what a killed one leaves is dropped by the next."""
        ended, killed = Interrupted(postgresql_url()), Interrupted(postgresql_url())
        self.assertEqual((ended.made(), killed.made()), ("1", "1"))
        self.assertEqual(len(ended.databases()), 1)
        self.assertEqual(ended.interrupt(), "KeyboardInterrupt")
        self.assertEqual(ended.databases(), [])
        killed.kill()
        (left,) = killed.databases()
        admin = postgresql_url("psycopg", "postgres")
        execute(admin, f"SELECT pg_advisory_lock({provision._key(left)})")  # the server has seen that it is dead
        self.run_pair(migrated_case(postgresql_url()))
        self.assertNotIn(left, databases())

    def test_server_has_stopped(self) -> None:
        """Where the server does not answer at the end, nothing is said: the next run drops it."""
        url = postgresql_url()
        self.run_pair(migrated_case(url))
        (kept,) = self.templates._made.values()
        admin = postgresql_url("psycopg", "postgres")
        name = kept.url.database or ""
        execute(
            admin,
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND "
            f"(classid::bigint << 32 | objid::bigint) = {provision._key(name)}",
        )
        self.templates.close()
        self.run_pair(migrated_case(url))
        self.assertNotIn(name, set(databases()) - {each.url.database for each in self.templates._made.values()})


class SQLiteTests(TemplateCase):
    """Databases in files."""

    def setUp(self) -> None:
        super().setUp()
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)
        self.enterContext(mock.patch.object(tempfile, "tempdir", str(self.root)))

    def test_made_once(self) -> None:
        """Three classes, of each kind of session and in both isolations, have one schema and its row."""
        for driver in ("sqlite+aiosqlite://", "sqlite+pysqlite://"):
            isolations = ("rollback", "truncate", "rollback")
            classes = [migrated_case(driver, isolation=each) for each in isolations]
            with self.subTest(driver):
                self.assertEqual(self.run_pair(*classes), 1)
        self.assertEqual(len(list(self.root.iterdir())), 2)
        self.templates.close()
        self.assertEqual(list(self.root.iterdir()), [])

    def test_end_of_run(self) -> None:
        """They are removed when the process ends, also by Ctrl-C; what a killed one leaves is removed by the next."""
        url = make_url("sqlite+aiosqlite://")
        ended, killed = (Interrupted(url, TMPDIR=str(self.root)) for _ in range(2))
        self.assertEqual((ended.made(), killed.made()), ("1", "1"))
        self.assertEqual(len(list(self.root.iterdir())), 2)
        self.assertEqual(ended.interrupt(), "KeyboardInterrupt")
        (left,) = self.root.iterdir()
        killed.kill()
        self.run_pair(migrated_case(url))
        self.assertFalse(left.exists())

    def test_gone(self) -> None:
        """A template that somebody has removed is made again."""
        url = "sqlite+pysqlite://"
        self.assertEqual(self.run_pair(migrated_case(url)), 1)
        (kept,) = self.templates._made.values()
        shutil.rmtree(Path(kept.url.database or "").parent)
        self.assertEqual(self.run_pair(migrated_case(url), migrated_case(url)), 1)

    def test_held(self) -> None:
        """One that is in use is copied, with what is in its log only."""
        with HELD:
            classes = [migrated_case("sqlite+pysqlite://", schemas.HeldCase) for _ in range(3)]
            self.assertEqual(self.run_pair(*classes), 1)

    def test_limit(self) -> None:
        """Few are kept: the one that has not been copied for the longest time goes."""
        with mock.patch.object(template, "_LIMIT", 2):
            for title, made in (("one", 1), ("two", 1), ("one", 0), ("three", 1), ("one", 0), ("two", 1)):
                with self.subTest(title):
                    self.assertEqual(self.run_pair(migrated_case("sqlite://", first_title=title)), made)
        self.assertEqual(len(list(self.root.iterdir())), 2)

    @unittest.skipUnless(hasattr(os, "fork"), "processes fork on POSIX only")
    def test_forked(self) -> None:
        """A process that is forked has copies too, and leaves the template to its parent."""
        run = run_python("-W", "error", "-c", FORK, folder=self.root)
        self.assertEqual((run.returncode, run.stdout), (0, "made 1 True made 0\n"))


class FailureTests(TemplateCase):
    """A schema that cannot be made, or not be copied."""

    def test_failing_schema(self) -> None:
        """Each class is told by itself, and nothing is left to be copied."""

        def fail(_: Any) -> None:
            MADE.add()
            raise ZeroDivisionError("no tables today")

        classes = [migrated_case("sqlite+pysqlite://", metadata=Base.metadata) for _ in range(2)]
        with mock.patch.object(Base.metadata, "create_all", fail):
            result = run_classes(*classes)
        self.assertEqual(
            [text.strip().rpartition("\n")[2] for _, text in result.errors], ["ZeroDivisionError: no tables today"] * 2
        )
        self.assertEqual((MADE.take(), self.templates._made), (4, {}))

    def test_not_to_be_copied(self) -> None:
        """A file that is no database is not copied, and it is not tried again."""
        with mock.patch.object(template, "Template", side_effect=AssertionError):
            templates = Templates()
        path = Path(self.enterContext(tempfile.TemporaryDirectory())) / "text.db"
        path.write_text("no database, but a text of more than a hundred characters: " + "x" * 100)
        url = make_url("sqlite+pysqlite://").set(database=str(path))
        templates.add("key", lambda: Template(make_url("sqlite+pysqlite://"), {}, url))
        self.assertTrue(templates.is_refused("key"))
        self.assertIsNone(templates.get("key"))

    def test_no_connection_left(self) -> None:
        """Where the server takes no connection for it, classes do without, and the template's event loop is closed."""
        url = make_url("postgresql+asyncpg://127.0.0.1:1/songs")  # a port on which nobody listens
        loops = []

        def make_loop() -> asyncio.AbstractEventLoop:
            loops.append(asyncio.SelectorEventLoop())
            return loops[-1]

        templates = Templates()
        with mock.patch.object(asyncio, "new_event_loop", make_loop):
            templates.add("key", lambda: Template(url, {}, url))
        self.assertTrue(templates.is_refused("key"))
        self.assertEqual([loop.is_closed() for loop in loops], [True])

    def test_refusals_are_few(self) -> None:
        """Only so many schemas without a template are remembered."""
        templates = Templates()
        with mock.patch.object(template, "_REFUSALS", 2):
            for key in "abc":
                templates.refuse(key)
        self.assertEqual([templates.is_refused(key) for key in "abc"], [False, True, True])
