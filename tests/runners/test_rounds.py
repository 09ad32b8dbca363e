"""Four processes at once, again and again: they share the machine, and nothing else."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import psycopg

from tests.databases.postgresql import postgresql_url
from tests.runners.case import ROOT

FOLDER = Path(__file__).parent
WORKERS = 4


class RoundsTests(unittest.TestCase):
    """Servers and databases of processes that know nothing of each other."""

    def test_files(self) -> None:
        """A hundred rounds each: none fails, no two have had the same database, and no file is left."""
        databases = self.run_workers(100, "sqlite+aiosqlite://")
        self.assertEqual(len(databases), WORKERS * 100)
        self.assertEqual(len(set(databases)), WORKERS * 100)

    def test_postgresql(self) -> None:
        """On one server of PostgreSQL, a few rounds each: none fails, and no database is left."""
        url = postgresql_url(database="rounds")
        databases = self.run_workers(5, url.render_as_string(hide_password=False))
        self.assertEqual(len(databases), WORKERS * 5)
        address = url.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
        with psycopg.connect(address) as connection:
            left = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test_rounds_%'").fetchall()
        self.assertEqual(left, [])

    def run_workers(self, rounds: int, url: str) -> list[str]:
        """Have the processes make their rounds, all at the same time, and return the databases that they had."""
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        workers = [self.enterContext(start_worker(rounds, url, folder)) for _ in range(WORKERS)]
        self.assertEqual([read_line(worker) for worker in workers], ["ready\n"] * WORKERS)
        for worker in workers:
            write_line(worker, "go\n")
        printed = [worker.communicate(timeout=120) for worker in workers]
        self.assertEqual([errors for _, errors in printed], [""] * WORKERS)
        self.assertEqual(list(folder.iterdir()), [])
        return [line for lines, _ in printed for line in lines.splitlines()]


def start_worker(rounds: int, url: str, folder: Path) -> "subprocess.Popen[str]":
    """Start a process that makes its rounds once it gets a line."""
    path = f"{ROOT}{os.pathsep}{FOLDER / 'project'}"
    return subprocess.Popen(
        [sys.executable, "-W", "error", str(FOLDER / "scripts" / "rounds.py"), str(rounds)],
        env=os.environ | {"PYTHONPATH": path, "TMPDIR": str(folder), "TEST_DATABASE_URL": url},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_line(process: "subprocess.Popen[str]") -> str:
    """Wait for a line."""
    assert process.stdout is not None
    return process.stdout.readline()


def write_line(process: "subprocess.Popen[str]", line: str) -> None:
    """Send a line."""
    assert process.stdin is not None
    process.stdin.write(line)
    process.stdin.flush()
