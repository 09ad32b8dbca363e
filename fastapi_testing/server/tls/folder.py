"""
The folder of a run's certificates, which goes with the process, however that ends.

Theory of operation
-------------------

A process that makes a folder locks a file in it, and keeps the lock until it ends. The kernel lets go of the lock of a
process that was killed; so who makes a folder looks at those that are there, and removes each whose lock is to be had.
It asks the kernel and not for a process id, which tells nothing where containers share a folder. Forked processes have
the lock together: as long as one of them lives, the folder stays.

What is never so:

* A folder is removed while a process uses it. One that was taken for a dead process's, between its making and its lock,
  is let go of by who made it, which makes another.
* What another user has put there is touched, or what a link leads to.
"""

import contextlib
import os
import shutil
import sys
import tempfile
from multiprocessing.util import Finalize
from pathlib import Path

if sys.platform == "win32":  # pragma: no cover - coverage is measured on POSIX
    import msvcrt
else:
    import fcntl

__all__ = ["make_folder"]

_PREFIX = "fastapi_testing-"
_LOCK = "in-use"


def make_folder() -> str:
    """
    Return a new folder that is this user's alone, and remove those of processes that were killed.

    Raises:
        OSError: If no folder can be made, or none can be locked, as on some network file systems.
    """
    _remove_leftovers(Path(tempfile.gettempdir()))
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        try:
            lock = _lock(folder)
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        # Between the two lines above, the folder has looked like one that a dead process left.
        if lock is not None and (folder / _LOCK).exists():
            break
    # Unlike those of atexit, it is called in processes of multiprocessing too, and only in the one that made it.
    Finalize(None, _remove, args=(folder, lock), exitpriority=0)
    return str(folder)


def _remove_leftovers(root: Path) -> None:
    for folder in root.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):  # one that cannot be locked stays
            if _is_own(folder) and (folder / _LOCK).exists() and (lock := _lock(folder)) is not None:
                _remove(folder, lock)


def _is_own(folder: Path) -> bool:
    return sys.platform == "win32" or (not folder.is_symlink() and folder.stat().st_uid == os.getuid())


def _lock(folder: Path) -> int | None:
    """Return the open file that is the lock of a folder; None if a living process has it, or the folder is gone."""
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except FileNotFoundError:
        return None
    try:
        if sys.platform == "win32":  # pragma: no cover - as above
            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # the latter on Windows
        os.close(lock)
        return None
    except OSError:
        os.close(lock)
        raise
    return lock


def _remove(folder: Path, lock: int) -> None:
    """Remove a folder before its lock is to be had; Windows removes no file that is open."""
    if sys.platform == "win32":  # pragma: no cover - as above
        os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)
    else:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)
