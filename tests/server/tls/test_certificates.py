"""The certificates of a run: made when they are needed, and gone when the process ends."""

import stat
import subprocess
import sys
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from fastapi_testing.server.tls.certificates import Authority, run_authority

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

    def test_removed(self) -> None:
        """Each process has an authority of its own, and removes what it made."""
        paths = run()
        self.assertEqual(len({path.parent for path in paths}), 4)
        self.assertFalse([path for path in paths if path.parent.exists()])

    def test_forked(self) -> None:
        """Processes that are forked share the one that was there; only who made it removes it."""
        paths = run(before="run_authority()", after="assert all(map(__import__('os').path.exists, paths))")
        self.assertEqual((len(set(paths)), len({path.parent for path in paths})), (4, 1))
        self.assertFalse(paths[0].parent.exists())
