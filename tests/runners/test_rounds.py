"""Four processes at once, a hundred times: they share the machine, and nothing else."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from tests.runners.case import ROOT

FOLDER = Path(__file__).parent
WORKERS = 4
ROUNDS = 100


class RoundsTests(unittest.TestCase):
    """Servers and databases of processes that know nothing of each other."""

    def test_no_collision(self) -> None:
        """No round fails, no two have had the same database, and no file is left."""
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        workers = [self.enterContext(start_worker(folder)) for _ in range(WORKERS)]
        self.assertEqual([read_line(worker) for worker in workers], ["ready\n"] * WORKERS)
        for worker in workers:
            write_line(worker, "go\n")
        printed = [worker.communicate(timeout=120) for worker in workers]
        self.assertEqual([errors for _, errors in printed], [""] * WORKERS)
        databases = [line for lines, _ in printed for line in lines.splitlines()]
        self.assertEqual(len(databases), WORKERS * ROUNDS)
        self.assertEqual(len(set(databases)), WORKERS * ROUNDS)
        self.assertEqual(list(folder.iterdir()), [])


def start_worker(folder: Path) -> "subprocess.Popen[str]":
    """Start a process that makes its rounds once it gets a line."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", str(FOLDER / "scripts" / "rounds.py"), str(ROUNDS)],
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{FOLDER / 'project'}", "TMPDIR": str(folder)},
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
