"""A template that is kept is there for the next run, whole or not at all."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import unittest
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest import mock

from sqlalchemy.engine import URL, make_url

from fastapi_testing.databases import SQLAlchemyMixin
from fastapi_testing.databases.provision import kept, provision
from fastapi_testing.databases.provision.engines import make_sync_engine
from fastapi_testing.databases.provision.kept import keep, kept_folder
from fastapi_testing.databases.provision.provision import own_database
from fastapi_testing.databases.templates import fingerprint
from fastapi_testing.databases.templates.keeping import Keeping
from tests.databases.catalogue import Base
from tests.databases.postgresql import postgresql_url
from tests.databases.provisioning import own_templates
from tests.databases.templates import schemas
from tests.databases.templates.schemas import MADE, databases, execute, migrated_case
from tests.downstream.suite import Project, run_suite
from tests.processes import EXAMPLES, environment, side_by_side
from tests.running import outcomes, run_classes

__all__: list[str] = []

DRIVERS = ("asyncpg", "psycopg_async", "psycopg", "psycopg2")

RUN = """
import sys
from sqlalchemy.engine import make_url
from tests.databases.templates.schemas import MADE, KeptCase, migrated_case
from tests.running import run_classes

classes = [migrated_case(make_url(sys.argv[1]), KeptCase) for _ in range(3)]
assert run_classes(*classes).wasSuccessful()
print(MADE.take())
"""

KILLED = """
import os, signal
from fastapi_testing.databases.provision import kept

def write_half(_, target):
    target.write_bytes(b"half")
    kill()

def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)

kept.copy_file, kept._note_use = write_half, kill
"""
"""A process that is killed while it makes what is to be kept."""


class KeepingCase(unittest.TestCase):
    """The environment asks for it, and nothing has been kept."""

    def setUp(self) -> None:
        root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, root)
        self.cache, self.temporary = root / "cache", root / "temporary"
        self.temporary.mkdir()
        self.enterContext(mock.patch.object(tempfile, "tempdir", str(self.temporary)))
        self.variables = {
            "FASTAPI_TESTING_KEEP_DATABASE": "1",
            "TMPDIR": str(self.temporary),
            "XDG_CACHE_HOME": str(self.cache),
        }
        self.enterContext(mock.patch.dict(os.environ, self.variables))
        self.enterContext(
            mock.patch.object(fingerprint, "_BEGUN", float("inf"))
        )  # somebody may be at work on the files
        MADE.take()

    def run_once(self, *classes: type[unittest.TestCase]) -> int:
        """Run classes, which pass, as a run of their own; return how often a schema was made."""
        with own_templates():
            self.assertEqual(outcomes(run_classes(*classes)), {})
        return MADE.take()

    def run_process(self, url: URL, before: str = "") -> str:
        """Do so in another process; return what it has printed."""
        command = [sys.executable, "-W", "error", "-c", before + RUN, url.render_as_string(hide_password=False)]
        variables = environment(**self.variables)
        return subprocess.run(command, env=variables, check=False, stdout=subprocess.PIPE, text=True).stdout.strip()

    def files(self) -> list[str]:
        """Return the names of what is kept on SQLite, and of whatever is beside it."""
        return sorted(path.name for path in (self.cache / "fastapi_testing").glob("*") if "lock.db" not in path.name)


class SQLiteTests(KeepingCase):
    """Files in the user's cache."""

    def test_next_run(self) -> None:
        """The next run makes no schema, whichever kind its sessions are of; nothing else is left."""
        for url in ("sqlite+aiosqlite://", "sqlite+pysqlite://"):
            with self.subTest(url):
                made = [
                    self.run_once(migrated_case(url, schemas.KeptCase), migrated_case(url, schemas.KeptCase))
                    for _ in range(3)
                ]
                self.assertEqual(made, [1, 0, 0])
        self.assertRegex(" ".join(self.files()), r"^app_[0-9a-f]{64}\.kept app_[0-9a-f]{64}\.kept$")
        self.assertEqual([*self.temporary.iterdir()], [])

    @unittest.skipUnless(os.name == "posix", "files have such modes on POSIX only")
    def test_only_for_the_user(self) -> None:
        """Nobody else can look into the folder."""
        self.run_once(migrated_case("sqlite://", schemas.KeptCase))
        self.assertEqual(kept_folder().stat().st_mode & 0o777, 0o700)

    def test_folder(self) -> None:
        """It is in the user's cache, as each system has it."""
        with mock.patch.dict(os.environ, {"LOCALAPPDATA": "local"}):
            self.assertEqual(kept_folder(), self.cache / "fastapi_testing")
            del os.environ["XDG_CACHE_HOME"]
            self.assertEqual(kept_folder(), Path("local", "fastapi_testing"))
            del os.environ["LOCALAPPDATA"]
            self.assertEqual(kept_folder(), Path.home() / ".cache" / "fastapi_testing")

    def test_not_asked_for(self) -> None:
        """Without the variable, or with another value, nothing is kept, and what is kept is not used."""
        self.run_once(migrated_case("sqlite://", schemas.KeptCase))
        before = self.files()
        for value in ("", "0"):
            with self.subTest(value), mock.patch.dict(os.environ, {"FASTAPI_TESTING_KEEP_DATABASE": value}):
                self.assertEqual(self.run_once(migrated_case("sqlite://", schemas.KeptCase, first_title="other")), 1)
                self.assertEqual(self.run_once(migrated_case("sqlite://", schemas.KeptCase)), 1)
        self.assertEqual(self.files(), before)

    def test_tables(self) -> None:
        """What metadata alone makes is kept without another word."""
        attributes: Any = {"metadata": Base.metadata, "test_none": lambda _: None}
        case = migrated_case("sqlite://", SQLAlchemyMixin, **attributes)
        self.run_once(case)
        self.assertEqual(len(self.files()), 1)
        with own_templates() as templates:
            run_classes(case)
            (found,) = templates._made.values()
            self.assertEqual(Path(found.url.database or "").name, self.files()[0])

    def test_changed(self) -> None:
        """A file that has changed makes another template; the first is there for who goes back."""
        path = self.temporary.parent / "artist.txt"
        case = migrated_case("sqlite://", schemas.OtherFileCase, path=path, schema_files=path)
        made = []
        for name in ("Ann", "Ann", "Ben", "Ann"):
            path.write_text(name, "utf-8")
            made.append(self.run_once(case))
        self.assertEqual(made, [1, 0, 1, 0])

    def test_written_during_the_run(self) -> None:
        """A file that was written since the process began may not be what it runs: nothing is kept."""
        path = self.temporary.parent / "artist.txt"
        case = migrated_case("sqlite://", schemas.OtherFileCase, path=path, schema_files=[path])
        path.write_text("Ann", "utf-8")
        with mock.patch.object(fingerprint, "_BEGUN", 0):
            self.assertEqual([self.run_once(case, case) for _ in range(2)], [1, 1])
        self.assertEqual(self.files(), [])

    def test_missing_file(self) -> None:
        """One of its files that is not there is an error, which names it."""
        case = migrated_case("sqlite://", schemas.KeptCase, schema_files=["no/such/folder"])
        with own_templates():
            ((_, told),) = run_classes(case).errors
        self.assertIn("FileNotFoundError: schema_files of SongTests: there is no no/such/folder", told)

    def test_limit(self) -> None:
        """Few are kept: those that were used last."""
        cases = {
            title: migrated_case("sqlite://", schemas.KeptCase, first_title=title) for title in ("one", "two", "three")
        }
        with mock.patch.object(kept, "_LIMIT", 2):
            for number, (title, made) in enumerate([("one", 1), ("two", 1), ("one", 0), ("three", 1), ("one", 0)]):
                with self.subTest(title):
                    self.assertEqual(self.run_once(cases[title]), made)
                    self.stamp(number)
        self.assertEqual(self.run_once(cases["two"]), 1)

    def stamp(self, number: int) -> None:
        """Have the file that was used in a step be of its time, whatever the clock says."""
        for path in kept_folder().glob("*.kept"):
            if path.stat().st_mtime > 1_000:
                os.utime(path, (number * 10, number * 10))

    @unittest.skipUnless(hasattr(signal, "SIGKILL"), "processes are killed so on POSIX only")
    def test_leftover(self) -> None:
        """What a killed process has left half-made is never used, and goes with the next that keeps one."""
        self.assertEqual(self.run_process(make_url("sqlite://"), KILLED), "")
        self.assertEqual([Path(name).suffix for name in self.files()], [".part"])
        self.assertEqual(self.run_once(migrated_case("sqlite://", schemas.KeptCase)), 1)
        self.assertEqual([Path(name).suffix for name in self.files()], [".kept"])

    def test_half_made_one_beside(self) -> None:
        """So it goes with a run that makes none, but not while somebody writes it."""
        case = migrated_case("sqlite://", schemas.KeptCase)
        self.run_once(case)
        (kept_folder() / "other.part").write_bytes(b"half")
        with closing(sqlite3.connect(kept_folder() / "lock.db")) as lock:
            lock.execute("BEGIN EXCLUSIVE")
            self.assertEqual((self.run_once(case), len(self.files())), (0, 2))
        self.assertEqual((self.run_once(case), len(self.files())), (0, 1))

    def test_damaged(self) -> None:
        """One that cannot be copied is made anew."""
        case = migrated_case("sqlite://", schemas.KeptCase)
        self.run_once(case)
        (kept_folder() / self.files()[0]).write_text("no database, but a text of more than a hundred characters" * 9)
        self.assertEqual([self.run_once(case) for _ in range(2)], [1, 0])

    def test_cannot_be_kept(self) -> None:
        """Where the folder cannot be written, or is locked, the template is one of the run."""
        self.cache.write_text("no folder")
        cases = [migrated_case("sqlite://", schemas.KeptCase) for _ in range(2)]
        self.assertEqual([self.run_once(*cases) for _ in range(2)], [1, 1])
        self.cache.unlink()
        kept_folder().mkdir(parents=True)
        with closing(sqlite3.connect(kept_folder() / "lock.db")) as lock, mock.patch.object(kept, "_LOCK_TIMEOUT", 0):
            lock.execute("BEGIN EXCLUSIVE")
            self.assertEqual(self.run_once(*cases), 1)
        self.assertEqual(self.files(), [])

    def test_full_disk(self) -> None:
        """A copy that breaks off leaves nothing."""
        with mock.patch.object(kept, "copy_file", copy_half):
            self.assertEqual(self.run_once(migrated_case("sqlite://", schemas.KeptCase)), 1)
        self.assertEqual(self.files(), [])

    def test_workers(self) -> None:
        """Processes that run at once, and find none, make one each at most; all that come later find it."""
        url = make_url("sqlite+aiosqlite://")
        self.assertLessEqual({*side_by_side(self.run_process, [url] * 3)}, {"0", "1"})
        self.assertEqual(self.run_once(migrated_case(url, schemas.KeptCase)), 0)
        self.assertEqual(len(self.files()), 1)

    def test_migrations(self) -> None:
        """The example with Alembic has one class, which finds in its second run what the first has made."""
        project = Project("migrations", EXAMPLES / "migrations", options=("-W", "error"))
        for _ in range(2):
            outcome = run_suite(project, timeout=120, **self.variables)
            self.assertEqual(outcome.trouble, "", outcome.output)
            (path,) = kept_folder().glob("*.kept")
            self.assertGreater(path.stat().st_mtime, 0)
            os.utime(path, (0, 0))

    def test_file_uri(self) -> None:
        """One beside a database that a URI names is called as if it had no name."""
        url = "sqlite:///file:shop.db?uri=true"
        self.assertEqual([self.run_once(migrated_case(url, schemas.KeptCase)) for _ in range(2)], [1, 0])
        self.assertRegex(self.files()[0], r"^app_\w+\.kept$")


def copy_half(_: Path, target: Path) -> None:
    """Fail as a full disk has it."""
    target.write_bytes(b"half")
    raise OSError("No space left on device")


class PostgreSQLTests(KeepingCase):
    """Databases on the server."""

    def setUp(self) -> None:
        self.before = databases()  # of a server that does not live in this test's folder
        super().setUp()
        self.addCleanup(self.drop_kept)

    def drop_kept(self) -> None:
        """Leave the server as it was, and see that nothing else was left on it."""
        self.assertEqual([name for name in databases() if name not in (*self.before, *self.kept())], [])
        for name in self.kept():
            execute(postgresql_url("psycopg", "postgres"), f"DROP DATABASE {name}")

    def kept(self) -> list[str]:
        """Return the names of those that are kept."""
        return [name for name in databases() if "_kept_h" in name]

    def test_next_run(self) -> None:
        """The next run makes no schema, with each driver; nobody can connect to what is kept."""
        for driver in DRIVERS:
            with self.subTest(driver):
                url = postgresql_url(driver)
                made = [
                    self.run_once(migrated_case(url, schemas.KeptCase), migrated_case(url, schemas.KeptCase))
                    for _ in range(2)
                ]
                self.assertEqual(made, [1, 0])
        self.assertEqual(len(self.kept()), len(DRIVERS))
        with self.assertRaisesRegex(Exception, "not currently accepting connections"):
            execute(postgresql_url("psycopg", self.kept()[0]), "SELECT 1")

    def test_settings(self) -> None:
        """What ALTER DATABASE and GRANT have given to the first one is there in the next run."""
        url = postgresql_url("psycopg")
        case = migrated_case(url, schemas.SettingsCase)
        schemas.SETTINGS.clear()
        self.assertEqual([self.run_once(case) for _ in range(2)], [1, 0])
        first, second = schemas.SETTINGS
        self.assertEqual(first, second)
        self.assertEqual([setting for _, setting in first], ["shop.tenant=blue"])

    def test_limit(self) -> None:
        """Few are kept: those that were used last."""
        url = postgresql_url("psycopg")
        cases = {title: migrated_case(url, schemas.KeptCase, first_title=title) for title in ("one", "two", "three")}
        with mock.patch.object(kept, "_LIMIT", 2):
            for title, made in [("one", 1), ("two", 1), ("one", 0), ("three", 1), ("one", 0), ("two", 1)]:
                with self.subTest(title):
                    self.assertEqual(self.run_once(cases[title]), made)

    @unittest.skipUnless(hasattr(signal, "SIGKILL"), "processes are killed so on POSIX only")
    def test_killed(self) -> None:
        """What a killed process has left half-made is never used, and is dropped by the next."""
        url = postgresql_url("psycopg")
        self.assertEqual(self.run_process(url, KILLED), "")
        self.assertEqual(self.kept(), [])
        left = [name for name in databases() if name not in self.before]
        self.assertGreaterEqual(len(left), 1)
        for name in left:  # the server has seen that it is dead
            execute(postgresql_url("psycopg", "postgres"), f"SELECT pg_advisory_lock({provision._key(name)})")
        self.assertEqual([self.run_once(migrated_case(url, schemas.KeptCase)) for _ in range(2)], [1, 0])

    def test_workers(self) -> None:
        """Processes that run at once, and find none, make one each at most; all that come later find it."""
        url = postgresql_url("psycopg")
        self.assertLessEqual({*side_by_side(self.run_process, [url] * 3)}, {"0", "1"})
        self.assertEqual(self.run_once(migrated_case(url, schemas.KeptCase)), 0)
        self.assertEqual(len(self.kept()), 1)

    def test_refused(self) -> None:
        """Where the server refuses to keep it, the template is one of the run."""
        cases = [migrated_case(postgresql_url("asyncpg"), schemas.KeptCase) for _ in range(2)]
        with mock.patch.object(kept, "_name", lambda *_: "postgres"), mock.patch.object(kept, "_DUPLICATE", "none"):
            self.assertEqual(self.run_once(*cases), 1)
        self.assertEqual(self.kept(), [])

    def test_quicker(self) -> None:
        """Two that keep the same one at once have one."""
        url = postgresql_url("psycopg")
        with own_database(url, {}, make_sync_engine) as source:
            first, second = (keep(url, {}, make_sync_engine, "ab" * 32, source) for _ in range(2))
        self.assertEqual(first, second)
        self.assertEqual(self.kept(), [first.database])

    def test_removed_meanwhile(self) -> None:
        """One that somebody drops before it is copied is made again."""
        case = migrated_case(postgresql_url("psycopg"), schemas.KeptCase)
        self.run_once(case)
        (name,) = self.kept()

        def drop(*_: Any) -> None:
            execute(postgresql_url("psycopg", "postgres"), f"DROP DATABASE {name}")

        with mock.patch.object(kept, "_note_use", drop), own_templates():
            self.assertIsNotNone(Keeping(postgresql_url("psycopg"), {}, name[-16:]).find())
        self.assertEqual([self.run_once(case) for _ in range(2)], [1, 0])

    def test_no_server(self) -> None:
        """Where nobody answers, there is none."""
        url = make_url("postgresql+psycopg://127.0.0.1:1/shop")
        self.assertIsNone(Keeping(url, {}, "ab").find())
