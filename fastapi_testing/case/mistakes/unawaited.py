"""
Coroutines that nobody awaits: each is told by the test, or the hook, that dropped it.

How it works
------------

CPython knows that a coroutine has never been awaited when it is collected. It calls
``warnings._warn_unawaited_coroutine()`` with the coroutine itself then, and looks the function up each time. While a
class runs, one of this module stands in its place. That is sturdier than to listen for the warning that comes of it: no
filter of the user's can hide it, nobody's ``assertWarns`` sees it, ``-W error`` makes no "Exception ignored" of it, and
a coroutine shows more than its name.

* Most are collected at once, by the line that drops them or at the end of the function that holds them: while the test
  runs, or the app for it. Each call of a test (its hooks, its method, its cleanups) and each subTest tells at its end
  what was dropped meanwhile.
* What was dropped before a call fails is added to its failure as a note. What goes with the frames of the failure is
  left to Python's own warning: the test has failed already.
* One in a reference cycle, or that something outlives the test with, is collected later, maybe in another test. It
  counts where the coroutine itself shows its test: for the one that runs, or at the end of the class. The garbage
  collector runs at any line, so nothing else tells whose it was; then it is left to Python's own warning.
* A coroutine notes the line that makes it only where that costs nothing to speak of: not on an event loop that serves
  an app, as it would make each request a tenth slower. Most are dropped by the line that makes them, which is known
  in any case; for one that a variable of the test has held to its end, the test's source is read (``makers.py``).
* What a library makes and drops is left to Python's own warning, too.
"""

import gc
import sys
import threading
import traceback
import warnings
from collections.abc import Callable
from types import FrameType
from typing import Any, Literal
from unittest import SkipTest, TestCase

from fastapi_testing.case.mistakes.dropped import DroppedCoroutine, describe_dropped, made_in
from fastapi_testing.server.recording.exchange import current_exchange

__all__ = ["Unawaited", "UnawaitedWatch", "check_warnings"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

Unawaited = Literal["fail", "warn", "ignore"]
"""What to do about coroutines that were dropped without being awaited."""

_NAME = "_warn_unawaited_coroutine"

_ORIGIN = 1
"""
Frames that a coroutine keeps of where it was made: the line that called its function.

Each costs about 0.2 µs for a coroutine, and a request makes a few dozens of them.
"""


def check_warnings(module: object) -> None:
    """
    Check that :mod:`warnings` has the private name by which CPython tells of a coroutine.

    Raises:
        ImportError: If it has not.
    """
    if not hasattr(module, _NAME):
        raise ImportError(f"this Python's warnings module has no {_NAME}")


check_warnings(warnings)


class UnawaitedWatch:
    """
    Sees the coroutines that are dropped while a class runs.

    Args:
        case: The class.
        how: What to do about them; ``"ignore"`` leaves all to Python.
        origins: Whether coroutines note where they are made.

    Attributes:
        dropped: Those of the test that runs, or of the class where none does, that have not been told.
    """

    def __init__(self, case: type[TestCase], how: Unawaited, *, origins: bool = False) -> None:
        self.dropped: list[DroppedCoroutine] = []
        self._case = case
        self._how = how
        self._origins = origins and how != "ignore"
        self._is_closing = False
        self._late: list[DroppedCoroutine] = []
        self._test = ""
        self._failed: set[str] = set()
        self._thread = threading.get_ident()

    def open(self) -> None:
        """Begin; a class that runs within a test of another sees its own."""
        if self._origins:
            self._depth = sys.get_coroutine_origin_tracking_depth()
            sys.set_coroutine_origin_tracking_depth(max(self._depth, _ORIGIN))
        _Hook.add(self)

    def close(self) -> None:
        """End, once what is young and left in reference cycles is collected, for a fraction of a millisecond."""
        if self._how != "ignore":
            self._is_closing = True
            gc.collect(1)
        _Hook.remove(self)
        if self._origins:
            sys.set_coroutine_origin_tracking_depth(self._depth)

    def begin(self, test: str) -> None:
        """Take note that a test begins, or by "" a hook of the class; what nobody has told by now is the class's."""
        if self.dropped:
            self._put_by()
        self._test = test
        self._failed.discard("")

    def note(self, exception: BaseException, before: int = 0) -> None:
        """
        Add what was dropped to the exception that ends what dropped it.

        Args:
            exception: The exception.
            before: How many had been dropped when that began.
        """
        dropped = self._take(before)
        if isinstance(exception, SkipTest) or self._how == "warn":
            _warn(dropped)
        elif dropped:
            exception.add_note(describe_dropped(dropped))

    def fail(self) -> None:
        """Take note that the test has failed: what goes with the frames of that is not told once more."""
        self._failed.add(self._test)

    def tell(self, failure: Callable[[str], BaseException], before: int = 0) -> None:
        """Fail for what was dropped, or warn of it."""
        dropped = self._take(before)
        if self._how == "warn":
            _warn(dropped)
        else:
            raise failure(describe_dropped(dropped))

    def tell_late(self, failure: Callable[[str], BaseException]) -> None:
        """Do the same, at the end of the class, for what has not been told."""
        self._put_by()
        self.dropped, self._late = self._late, []
        if self.dropped:
            self.tell(failure)

    def _put_by(self) -> None:
        late = self._take(0)
        self._late += [each._replace(late=each.late or self._test) for each in late]

    def _take(self, before: int) -> list[DroppedCoroutine]:
        dropped, self.dropped = self.dropped[before:], self.dropped[:before]
        return dropped

    def is_of(self, thread: int) -> bool:
        """Tell whether the class runs on a thread."""
        return self._thread == thread

    def takes(self, coroutine: Any, frame: FrameType | None) -> bool:
        """
        See a coroutine that is dropped; tell whether there is nothing left to say of it.

        Args:
            coroutine: What was dropped.
            frame: What has dropped it; None where the garbage collector has.
        """
        if self._how == "ignore":
            return False
        exchange = None if frame is None else current_exchange.get()
        dropped = DroppedCoroutine.of_users(coroutine, frame, exchange, self._case)
        if dropped is None:
            return False
        maker = made_in(coroutine, self._case)
        if frame is None and not maker and (self._failed or not self._is_closing):
            return False  # it may be of any test, or of another class
        if (maker or self._test) in self._failed:
            return False
        if maker and maker != self._test:
            self._late.append(dropped._replace(late=maker))
        else:
            self.dropped.append(dropped)
        return True


class _Hook:
    """Stands in the place of the function in :mod:`warnings`, as long as a class runs."""

    _watches: list[UnawaitedWatch] = []  # noqa: RUF012 - of this module, the innermost last
    _before: Callable[[Any], None]
    _collecting: int | None = None  # the thread on which the garbage collector runs

    @classmethod
    def add(cls, watch: UnawaitedWatch) -> None:
        if not cls._watches:
            cls._before = getattr(warnings, _NAME)
            setattr(warnings, _NAME, _see)
            gc.callbacks.append(_note_collection)
        cls._watches.append(watch)

    @classmethod
    def remove(cls, watch: UnawaitedWatch) -> None:
        cls._watches.remove(watch)
        if not cls._watches:
            setattr(warnings, _NAME, cls._before)
            gc.callbacks.remove(_note_collection)

    @classmethod
    def take(cls, coroutine: Any, frame: FrameType) -> bool:
        thread = threading.get_ident()
        own = [watch for watch in cls._watches if watch.is_of(thread)] or cls._watches  # else a server's thread
        return bool(own) and own[-1].takes(coroutine, None if cls._collecting == thread else frame)

    @classmethod
    def note_collection(cls, phase: str, _: dict[str, int]) -> None:
        cls._collecting = threading.get_ident() if phase == "start" else None


_note_collection = _Hook.note_collection


def _see(coroutine: Any) -> None:
    """See a coroutine that nobody has awaited; CPython calls this, from the frame that drops it."""
    if not _Hook.take(coroutine, sys._getframe(1)):  # noqa: SLF001 - documented
        lines = [f"coroutine '{coroutine.__qualname__}' was never awaited"]
        if coroutine.cr_origin:
            lines.append("Coroutine created at (most recent call last)")
            lines += traceback.format_list([(*each, None) for each in reversed(coroutine.cr_origin)])
        warnings.warn("\n".join(lines).rstrip("\n"), RuntimeWarning, stacklevel=2, source=coroutine)


def _warn(dropped: list[DroppedCoroutine]) -> None:
    for each in dropped:
        each.where.warn(str(each), RuntimeWarning)
