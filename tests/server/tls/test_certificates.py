"""The certificates of a run: made when they are needed, and gone when the process ends."""

import errno
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar
from unittest.mock import patch

from fastapi_testing.server.tls.certificates import Authority, run_authority
from fastapi_testing.server.tls.folder import _lock, _remove, make_folder
from tests.processes import environment, side_by_side

IN_PROCESSES = """
import multiprocessing
from fastapi_testing.server.tls.certificates import run_authority

def issue(queue):
    queue.put(str(run_authority().issue("shop.test")))

if __name__ == "__main__":
    {before}
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    processes = [context.Process(target=issue, args=[queue]) for _ in range(3)]
    for process in processes:
        process.start()
    paths = [queue.get(timeout=30) for _ in processes]
    for process in processes:
        process.join()
    print(run_authority().certificate, *paths)
    {after}
"""


FROM = "from fastapi_testing.server.tls.certificates import run_authority"
WAIT = "sys.stdin.readline()"


def start(folder: Path, before: str = "", after: str = "") -> "subprocess.Popen[str]":
    """Start a process that makes certificates in a folder, says where, and waits for the end of its input."""
    make = "print(run_authority().certificate, flush=True)"
    command = [sys.executable, "-c", f"import os, sys\n{FROM}\n{before}\n{make}\n{after}\nsys.stdin.read()"]
    environ = environment(TMPDIR=str(folder))
    return subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def go_on(process: "subprocess.Popen[str]") -> None:
    """Have a process that waits make certificates now, and end."""
    process.communicate("now\n")


def end(process: "subprocess.Popen[str]") -> None:
    """Let a process end."""
    process.communicate()


def run(before: str = "", after: str = "") -> list[Path]:
    """Return where a process, and three that were forked from it, kept their certificates."""
    program = IN_PROCESSES.format(before=before, after=after)
    command = [sys.executable, "-W", "error", "-c", program]
    result = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return [Path(name) for name in result.stdout.split()]


@contextmanager
def without_trustme(missing: str) -> Iterator[None]:
    """Let an import fail for want of a module."""
    error = ModuleNotFoundError(f"No module named {missing!r}", name=missing)
    with patch("fastapi_testing.server.tls.certificates.import_module", side_effect=error):
        yield


class AuthorityTests(unittest.TestCase):
    """The authority of this process."""

    def test_one(self) -> None:
        """There is one, whose certificates are made once for the same names."""
        authority = run_authority()
        self.assertIs(run_authority(), authority)
        path = authority.issue("shop.test", "127.0.0.1")
        self.assertEqual(authority.issue("shop.test", "127.0.0.1"), path)
        self.assertNotEqual(authority.issue("shop.test", "127.0.0.1", common_name="shop"), path)

    def test_private(self) -> None:
        """The files are nobody else's to read."""
        path = run_authority().issue("shop.test")
        modes = [stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent)]
        self.assertEqual(modes, [0o600, 0o700])

    def test_missing(self) -> None:
        """Where trustme is not installed, it is named with the command that installs it."""
        with without_trustme("trustme"), self.assertRaises(ModuleNotFoundError) as caught:
            Authority()
        self.assertEqual(
            str(caught.exception),
            "certificates for TLS are made by the module trustme: pip install 'fastapi-unittest[tls]'",
        )
        self.assertEqual(caught.exception.name, "trustme")

    def test_broken(self) -> None:
        """What is missing further down is not taken for it."""
        with without_trustme("cryptography"), self.assertRaises(ModuleNotFoundError) as caught:
            Authority()
        self.assertEqual(str(caught.exception), "No module named 'cryptography'")


class ProcessTests(unittest.TestCase):
    """The files, when processes end."""

    own: ClassVar[list[Path]]
    shared: ClassVar[list[Path]]

    @classmethod
    def setUpClass(cls) -> None:
        """Run what forks without an authority, and with one."""
        super().setUpClass()
        made = {"before": "run_authority()", "after": "assert all(map(__import__('os').path.exists, paths))"}
        cls.own, cls.shared = side_by_side(lambda parts: run(**parts), ({}, made))

    def test_removed(self) -> None:
        """Each process has an authority of its own, and removes what it made."""
        self.assertEqual(len({path.parent for path in self.own}), 4)
        self.assertFalse([path for path in self.own if path.parent.exists()])

    def test_forked(self) -> None:
        """Processes that are forked share the one that was there; only who made it removes it."""
        self.assertEqual((len(set(self.shared)), len({path.parent for path in self.shared})), (4, 1))
        self.assertFalse(self.shared[0].parent.exists())

    def test_killed(self) -> None:
        """What a killed process has left goes with the next run; what is in use, and what is none of it, stays."""
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        others = [folder / "fastapi_testing-without-lock", folder / "other"]
        for other in others:
            other.mkdir()
        (folder / "fastapi_testing-link").symlink_to(others[1])
        (others[1] / "in-use").touch()
        *runs, third = start(folder), start(folder), start(folder, before=WAIT)
        for run in (*runs, third):
            self.addCleanup(end, run)
        killed, living = (Path(run.stdout.readline().strip()) for run in runs if run.stdout)
        runs[0].kill()
        runs[0].wait()
        self.assertTrue(killed.exists())
        go_on(third)
        self.assertEqual(third.returncode, 0)
        self.assertFalse(killed.parent.exists())
        self.assertTrue(living.exists())
        left = {path.name for path in folder.iterdir()}
        self.assertEqual(left, {living.parent.name, "fastapi_testing-without-lock", "other", "fastapi_testing-link"})
        self.assertTrue((others[1] / "in-use").exists())

    def test_forked_from_a_killed_one(self) -> None:
        """A folder stays as long as a process has it that was forked from the one that made it."""
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        run = start(folder, after="if os.fork(): os.kill(os.getpid(), 9)\nprint('forked', flush=True)")
        self.addCleanup(end, run)
        other = start(folder, before=WAIT)
        self.addCleanup(end, other)
        assert run.stdout is not None
        path = Path(run.stdout.readline().strip())
        self.assertEqual(run.stdout.readline(), "forked\n")
        run.wait()
        go_on(other)
        self.assertEqual(other.returncode, 0)
        self.assertTrue(path.exists())


class FolderTests(unittest.TestCase):
    """What may come in between."""

    def setUp(self) -> None:
        """Have a folder for temporary ones, and remove what is made in it."""
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.enterContext(patch("tempfile.gettempdir", return_value=str(self.root)))
        self.finalize = self.enterContext(patch("fastapi_testing.server.tls.folder.Finalize"))

    def tearDown(self) -> None:
        """Let go of the locks."""
        for call in self.finalize.mock_calls:
            call.args[1](*call.kwargs["args"])
        self.assertEqual([*self.root.iterdir()], [])

    def test_leftovers(self) -> None:
        """A folder goes whose lock is to be had, and one stays whose lock is not."""
        dead, living = (self.root / f"fastapi_testing-{name}" for name in ("dead", "living"))
        for folder in (dead, living):
            folder.mkdir()
            (folder / "in-use").touch()
        lock = _lock(living)
        assert lock is not None
        make_folder()
        self.assertEqual((dead.exists(), living.exists()), (False, True))
        _remove(living, lock)

    def test_taken_for_a_dead_ones(self) -> None:
        """A folder that another process removes before it is locked is made anew; so is one that it holds just then."""
        made: list[Path] = []

        def interfere(folder: Path) -> int | None:
            made.append(folder)
            lock = _lock(folder)
            if len(made) == 1:
                shutil.rmtree(folder)
            elif len(made) == 2:
                assert lock is not None
                _remove(folder, lock)
                return None
            return lock

        with patch("fastapi_testing.server.tls.folder._lock", interfere):
            self.assertEqual(make_folder(), str(made[2]))

    def test_gone_meanwhile(self) -> None:
        """One that goes while it is looked at is passed over."""
        gone = self.root / "fastapi_testing-gone"
        self.assertIsNone(_lock(gone))
        gone.symlink_to(self.root / "nowhere")
        make_folder()
        gone.unlink()

    def test_no_locks(self) -> None:
        """Where nothing can be locked, as on some network file systems, that is the error, and no folder is left."""
        left = self.root / "fastapi_testing-left"
        left.mkdir()
        (left / "in-use").touch()
        with (
            patch("fastapi_testing.server.tls.folder.fcntl.flock", side_effect=OSError(errno.ENOLCK, "no locks")),
            self.assertRaisesRegex(OSError, "no locks"),
        ):
            make_folder()
        self.assertEqual([*self.root.iterdir()], [left])
        shutil.rmtree(left)
