"""Four processes at once, again and again: they share the machine, and nothing else."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from typing import ClassVar

import psycopg

from tests.databases.postgresql import postgresql_url
from tests.processes import ROOT, environment
from tests.timing import MS

FOLDER = Path(__file__).parent
WORKERS = 4


class RoundsTests(unittest.TestCase):
    """Servers and databases of processes that know nothing of each other; they start once, for all tests."""

    workers: ClassVar[list["subprocess.Popen[str]"]]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.workers = [cls.enterClassContext(start_worker()) for _ in range(WORKERS)]
        cls.addClassCleanup(cls.end_workers)
        for worker in cls.workers:
            databases_of(worker, read_lines(worker))

    @classmethod
    def end_workers(cls) -> None:
        """End the processes with their input; none may have had anything to say of itself."""
        living = [worker for worker in cls.workers if worker.returncode is None]
        errors = [worker.communicate(timeout=30)[1] for worker in living]
        if any(errors):
            raise AssertionError("\n".join(errors))  # pragma: no cover - that is what would be a mistake

    def test_files(self) -> None:
        """A hundred rounds each: none fails, no two have had the same database, and no file but a template is left."""
        databases = self.run_workers(100, "sqlite+aiosqlite://")
        self.assertEqual(len(databases), WORKERS * 100)
        self.assertEqual(len(set(databases)), WORKERS * 100)

    def test_postgresql(self) -> None:
        """On one server of PostgreSQL, a few rounds each: none fails, and no database but templates is left."""
        url = postgresql_url(database="rounds")
        databases = self.run_workers(5, url.render_as_string(hide_password=False))
        self.assertEqual(len(databases), WORKERS * 5)
        address = url.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
        with psycopg.connect(address) as connection:
            left = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test_rounds_%'").fetchall()
        self.assertEqual(left_by_none([name for (name,) in left], self.workers), [])

    def test_error(self) -> None:
        """Of a process that ends before it has made its rounds, the whole error is shown."""
        ends = [sys.executable, "-c", "import sys; print('test_1'); sys.exit('line\\n' * 500)"]
        pipe = subprocess.PIPE
        worker = self.enterContext(subprocess.Popen(ends, stdin=pipe, stdout=pipe, stderr=pipe, text=True))
        with self.assertRaisesRegex(AssertionError, r"^a worker ended with 1, and wrote:\n(line\n){500}\n$"):
            databases_of(worker, read_lines(worker))

    def run_workers(self, rounds: int, url: str) -> list[str]:
        """Have the processes make their rounds, all at the same time, and return the databases that they had."""
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for worker in self.workers:
            write_line(worker, json.dumps([rounds, url, str(folder)]))
        answers = [*map(read_lines, self.workers)]  # before the folder goes: where one fails, the others go on
        databases = [name for each in zip(self.workers, answers, strict=True) for name in databases_of(*each)]
        self.assertEqual(left_by_none([path.name for path in folder.iterdir()], self.workers), [])
        return databases


def left_by_none(databases: list[str], workers: list["subprocess.Popen[str]"]) -> list[str]:
    """Return which databases are left of none of these processes; each keeps its templates as long as it lives."""
    living = [f"_{worker.pid}_" for worker in workers]
    return [name for name in databases if not any(pid in name for pid in living)]


def read_lines(worker: "subprocess.Popen[str]") -> list[str]:
    """Return the lines of a process up to that in which it says that it is ready for rounds, or all where it ends."""
    assert worker.stdout is not None
    limit = threading.Timer(600_000 * MS, worker.kill)
    limit.start()
    lines: list[str] = []
    while not lines or lines[-1] not in ("ready", ""):
        lines.append(worker.stdout.readline().rstrip())
    limit.cancel()
    return lines


def databases_of(worker: "subprocess.Popen[str]", lines: list[str]) -> list[str]:
    """Return the databases that a process had in its rounds; where it has ended instead, show its whole error."""
    if lines[-1] != "ready":
        _, errors = worker.communicate()
        raise AssertionError(f"a worker ended with {worker.returncode}, and wrote:\n{errors}")
    return lines[:-1]


def start_worker() -> "subprocess.Popen[str]":
    """Start a process that makes its rounds for each line that it gets."""
    path = f"{ROOT}{os.pathsep}{FOLDER / 'project'}"
    return subprocess.Popen(
        [sys.executable, "-W", "error", str(FOLDER / "scripts" / "rounds.py")],
        env=environment(PYTHONPATH=path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def write_line(process: "subprocess.Popen[str]", line: str) -> None:
    """Send a line."""
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()
