"""
The end of the run: what its classes share ends then, and what fails of that is the run's failure.

Theory of operation
-------------------

No test case is told that the run ends. So a test of a class that shares something with the run looks at the result that
its runner has given it:

* pytest gives it an item, and the session of that takes finalizers: they are called in the tear-down of the last test,
  and what they raise is an error of it.
* Others give it a result of unittest's, whose ``stopTestRun()`` a runner calls once, after a failure, ``-f`` and Ctrl-C
  too. It is wrapped for the time of the run, and what fails is an error in the result.
* Where none of these is called, as by trial, or where a suite is run without a runner, the process ends first. What
  fails is printed then, and the exit code of the process is 1.

The servers end when the interpreter begins to exit, in the moment in which :mod:`concurrent.futures` ends its threads,
and before that: later, Python starts no thread, and an app may need one for its shutdown. (3.12.0 and 3.12.1 start none
then either: python/cpython#113964.) The event loops are closed after them, when functions of :mod:`atexit` are called,
for those of the app may need them.
"""

import atexit
import contextlib
import os
import sys
import threading
import traceback
import warnings
import weakref
from collections.abc import Callable
from itertools import takewhile
from typing import Any
from unittest.suite import _ErrorHolder  # type: ignore[attr-defined]  # runners and reports know it by this name

from fastapi_testing.case.loops.running import note_failure
from fastapi_testing.case.loops.share import Share, close_all, close_run, open_shares

__all__ = ["end_with_run"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_runs: "weakref.WeakKeyDictionary[Any, set[Share]]" = weakref.WeakKeyDictionary()
"""What there was for each run by its latest test, the first run first: a test may run a suite with a runner."""


def end_with_run(result: Any) -> None:
    """
    Have what the run shares end with it.

    Args:
        result: What a runner has given to a test of the run.
    """
    session: Any = getattr(result, "session", None)
    if hasattr(session, "addfinalizer"):
        if session not in _runs:
            session.addfinalizer(_raise_failures)
        run = session
    else:
        run = getattr(result, "stopTestRun", None)
        if run is not None and not isinstance(run, _StopTestRun):
            run = _StopTestRun.install(result)
    if run is not None:
        _runs[run] = {each for each in open_shares() if not any(each in others for others in _runs_around(run))}


class _StopTestRun:
    """
    Stands for ``stopTestRun()`` of a result, until it is called: it ends first what the run shares.

    Args:
        result: The result.
    """

    def __init__(self, result: Any) -> None:
        self._result = result
        self._before = getattr(result, "__dict__", {}).get("stopTestRun")

    @classmethod
    def install(cls, result: Any) -> "_StopTestRun | None":
        """Stand on a result from now on, if that takes it, and gives it back: there are some that hand it on."""
        made = cls(result)
        with contextlib.suppress(AttributeError, TypeError):
            result.stopTestRun = made
        return made if getattr(result, "__dict__", {}).get("stopTestRun") is made else None

    def __call__(self) -> None:
        if self._before is None:
            del self._result.stopTestRun
        else:
            self._result.stopTestRun = self._before
        kept = set[Share]().union(*_runs_around(self))
        _runs.pop(self, None)
        # As a suite does around the fixtures of a class: what the app prints belongs to the error, with -b.
        getattr(self._result, "_setupStdout", _do_nothing)()
        try:
            self._tell(close_run(but=kept))
        finally:
            getattr(self._result, "_restoreStdout", _do_nothing)()
        self._result.stopTestRun()

    def _tell(self, failures: list[tuple[str, Exception]]) -> None:
        interruption = sys.exception()  # after Ctrl-C, nobody prints what is in the result
        for title, failure in failures:
            _forget_context(failure, interruption)
            test = _ErrorHolder(_describe(title))
            self._result.addError(test, (type(failure), failure, None))
            if interruption is not None:
                note_failure(interruption, f"at the {test.description}", failure.with_traceback(None))


def _do_nothing() -> None: ...


def _runs_around(run: Any) -> list[set[Share]]:
    """Return what there is of runs that began before one, and have not ended."""
    return [open_then for other, open_then in takewhile(lambda item: item[0] is not run, list(_runs.items()))]


def _raise_failures() -> None:
    """End what the run shares, for pytest, and raise what fails of that."""
    __tracebackhide__ = True
    failures = []
    for title, failure in close_run():
        failure.add_note(f"at the {_describe(title)}")
        failures.append(failure.with_traceback(None))
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise ExceptionGroup("at the end of the run", failures)


def _describe(title: str) -> str:
    """Return what unittest's results, and reports made of them, call the end of something: a name, and of what."""
    return f"end of the run ({title})"


def _forget_context(failure: BaseException, interruption: BaseException | None) -> None:
    """Have an exception, and those that it came of, not come of what was on its way meanwhile."""
    each: BaseException | None = failure
    while each is not None and each is not interruption:
        following = each.__cause__ or each.__context__
        if each.__context__ is interruption:
            each.__context__ = None
        each = following


class _ExitCode:  # pragma: no cover - after coverage has saved
    """
    Makes 1 the exit code of the process, once it is the last thing that is left of it.

    What functions of :mod:`atexit` raise, Python prints, and exits as if nothing had been. ``os._exit()`` in one of
    them would keep those from being called which were registered before, such as coverage's and logging's.
    """

    def __del__(self, leave: Callable[[int], object] = os._exit) -> None:
        """Leave: the streams have been flushed."""
        leave(1)


def _end_with_process() -> None:  # pragma: no cover - after coverage has saved
    failures = close_run(at_exit=True)
    for title, failure in failures:
        # Without the lines of this package that it came by.
        told = "".join(traceback.format_exception(failure.with_traceback(None)))
        sys.stderr.write(f"ERROR: {_describe(title)}\n{told.rstrip()}\n")
    if failures:  # Python clears the names in sys last of all
        sys._fastapi_testing_exit_code = _ExitCode()  # type: ignore[attr-defined]  # noqa: SLF001


def _close_loops() -> None:  # pragma: no cover - after coverage has saved
    if close_all(at_exit=True):
        # Of what an app leaves open, nobody hears in production.
        warnings.simplefilter("ignore", ResourceWarning)


atexit.register(_close_loops)
getattr(threading, "_register_atexit", atexit.register)(_end_with_process)
