"""
The file of what classes took: read for a plan, written by a run.

Theory of operation. The file is a JSON object::

    {"version": 1,
     "classes": {"tests.test_orders.OrderTests": {"seconds": 12.345, "at": "2026-11-29T13:14:15Z"}},
     "measured": {"tests.test_users.UserTests": {"seconds": 0.2, "at": "2026-11-30T08:09:10Z"}}}

Plans are made from ``classes``, where a run of the whole suite writes. A shard must not write there: those that start
later, or are started once more, would make another plan than the others, and a class could be in none. So it writes
into ``measured``. This counts as soon as no shard of the run can still start, and only who runs them knows that: it is
taken in by a run of the whole suite, by ``python -m fastapi_testing.timings``, and where several files are read, into
which no run writes.

Of several times of a class, the latest counts; so files of several machines are read together in any order.
"""

import contextlib
import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from fastapi_testing.errors import ConfigurationError
from fastapi_testing.server.clock import RealClock

if sys.platform == "win32":  # pragma: no cover - coverage is measured on POSIX
    import msvcrt
else:
    import fcntl

__all__ = ["Taken", "Timings", "changing", "now"]

_VERSION = 1

_PATIENCE = 10.0
"""Seconds to wait for others to write."""

_PAUSE = 0.01


class Taken(NamedTuple):
    """What a class took, and when that was: the later is the greater."""

    at: str
    seconds: float


_Times = dict[str, Taken]


@dataclass
class Timings:
    """
    What a file says, or several together.

    Attributes:
        classes: What plans are made from.
        measured: What shards have measured since.
    """

    classes: _Times = field(default_factory=dict)
    measured: _Times = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str | bytes, path: Path) -> "Timings":
        """
        Read what is in a file.

        Raises:
            ConfigurationError: If it is not what a run writes.
        """
        try:
            document = json.loads(text)
            if document == {}:
                return cls()
            version = document["version"]
            timings = cls(_parse(document["classes"]), _parse(document.get("measured", {})))
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            what = f"timings of classes, as a run writes them ({type(exc).__name__}: {exc})"
            raise ConfigurationError(str(path), what) from None
        if version != _VERSION:
            raise ConfigurationError(str(path), f"timings of version {_VERSION}, got {version!r}")
        return timings

    def dump(self) -> str:
        """Return the text of a file."""
        document = {"version": _VERSION, "classes": _dump(self.classes), "measured": _dump(self.measured)}
        return f"{json.dumps(document, indent=1)}\n"

    def add(self, other: "Timings") -> None:
        """Take what another file says."""
        _add(self.classes, other.classes)
        _add(self.measured, other.measured)

    def take_in(self) -> None:
        """Have what shards have measured count."""
        _add(self.classes, self.measured)
        self.measured.clear()

    def record(self, times: Mapping[str, Taken], *, is_shard: bool) -> None:
        """Take what a run has measured."""
        if is_shard:
            self.measured.update(times)
        else:
            self.take_in()
            self.classes.update(times)


@contextlib.contextmanager
def changing(path: Path) -> Iterator[Timings]:
    """
    Give what is in a file to be changed, and write it; what others write at the same time is in it too.

    Raises:
        OSError: If the file cannot be written.
        ConfigurationError: If there is something else in it.
    """
    path = path.resolve()  # a link stays one
    with _locked(path.with_name(f".{path.name}.lock")):
        timings = Timings.parse(path.read_bytes(), path) if path.exists() else Timings()
        yield timings
        _replace(path, timings.dump())


def now() -> str:
    """Return the time, as it is written."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _parse(times: Mapping[str, Any]) -> _Times:
    return {name: Taken(str(taken["at"]), _parse_seconds(name, taken["seconds"])) for name, taken in times.items()}


def _parse_seconds(name: str, seconds: Any) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < math.inf:
        raise ValueError(f"{name} took {seconds!r} seconds")
    return float(seconds)


def _dump(times: _Times) -> dict[str, dict[str, object]]:
    return {name: {"seconds": round(times[name].seconds, 3), "at": times[name].at} for name in sorted(times)}


def _add(times: _Times, others: Mapping[str, Taken]) -> None:
    for name, taken in others.items():
        times[name] = max(times.get(name, taken), taken)


def _replace(path: Path, text: str) -> None:
    """Write a file so that nobody ever reads half of it, also where this process is killed."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    new = Path(name)
    try:
        os.close(descriptor)
        new.write_text(text, "utf-8")
        new.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


@contextlib.contextmanager
def _locked(lock: Path) -> Iterator[None]:
    """
    Keep other processes out meanwhile.

    Raises:
        TimeoutError: If another one does for too long.
    """
    end = RealClock.now() + _PATIENCE
    while (held := _lock(lock)) is None:
        if RealClock.now() > end:
            raise TimeoutError(f"another process has held {lock} for {_PATIENCE:g} s")
        time.sleep(_PAUSE)
    try:
        yield
    finally:
        if sys.platform == "win32":  # pragma: no cover - it removes no file that is open
            os.close(held)
            with contextlib.suppress(OSError):
                lock.unlink()
        else:
            lock.unlink()
            os.close(held)


def _lock(lock: Path) -> int | None:
    """Return the open file that is the lock; None if another process has it, or has just removed it."""
    held = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if sys.platform == "win32":  # pragma: no cover - as above
            msvcrt.locking(held, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if lock.exists() and os.path.samestat(os.fstat(held), lock.stat()):
            return held
    except (BlockingIOError, PermissionError, FileNotFoundError):
        pass
    os.close(held)
    return None
