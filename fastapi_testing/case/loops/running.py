"""What test cases of either kind owe to those who run them, whoever that is."""

import asyncio
import contextlib
import inspect
import opcode
import traceback
import unittest
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Any

from fastapi_testing.case.mistakes.other_loop import note_other_loop
from fastapi_testing.case.mistakes.other_task import note_other_task
from fastapi_testing.case.mistakes.too_early import note_what_came_too_early

__all__ = [
    "EndingOnUsersLine",
    "call_cleanups",
    "closing_class_on",
    "keeps_text",
    "note_failure",
    "part_of_a_test",
    "run_alone",
    "runs_alone",
    "warn_of_result",
]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


_CLIENTS = frozenset({"fastapi_testing", "httpx", "httpx2", "httpx_sse", "websockets"})
"""What a test calls when it asks the server something."""

_BETWEEN = frozenset({"asyncio", "contextlib", "json"})
"""What of the standard library these are made of."""

_RAISE = opcode.opmap["RAISE_VARARGS"]


def runs_alone(case: unittest.TestCase, result: unittest.TestResult | None) -> bool:
    """Tell whether no suite has set the class of a test up; a skipped test needs no class."""
    cls = type(case)
    method = getattr(case, case._testMethodName, None)  # noqa: SLF001 - documented by use
    # A suite notes the class in the result before it runs a test of it. Results of pytest have no such note, as it sets
    # classes up itself; nor have those of trial, which does not.
    without = None if type(result).__module__.startswith("twisted.trial") else cls
    suite_class = None if result is None else getattr(result, "_previousTestClass", without)
    skipped = getattr(cls, "__unittest_skip__", False) or getattr(method, "__unittest_skip__", False)
    return suite_class is not cls and not skipped


def run_alone(case: unittest.TestCase, result: unittest.TestResult) -> unittest.TestResult:
    """Run a test as a suite of its own, with the set-up and the end of its class."""
    try:
        return unittest.TestSuite([case]).run(result)
    finally:
        result._previousTestClass = None  # type: ignore[attr-defined]  # noqa: SLF001 - the next test is alone too


def keeps_text(result: object) -> bool:
    """
    Tell whether a result has the text of what was wrong, once the test has run, and needs nothing else of it.

    Those of unittest do. What else runs tests, such as pytest, may keep the failure itself, for a debugger that is
    opened then.
    """
    return result is None or isinstance(result, unittest.TestResult)


@contextlib.contextmanager
def part_of_a_test(
    part: contextlib.AbstractContextManager[None], is_end: Callable[[asyncio.CancelledError], bool]
) -> Iterator[None]:
    """
    Run a subTest, and let what ends the whole test out of it.

    unittest takes any exception for a failure of the part, and goes on with the test.

    Args:
        part: unittest's own context.
        is_end: Tells whether a cancellation is of the whole test, and not of something that the part awaits.
    """
    end: asyncio.CancelledError | None = None
    with part:
        try:
            yield
        except asyncio.CancelledError as exc:
            if not is_end(exc):
                raise
            end = exc
    if end is not None:
        raise end


def call_cleanups(case: unittest.TestCase) -> None:
    """Call the cleanups of a test that Ctrl-C has ended; pressed once more, it ends the one that it finds."""
    try:
        case.doCleanups()
    except KeyboardInterrupt:
        call_cleanups(case)
        raise


def warn_of_result(case: unittest.TestCase, method: Callable[[], Any], result: Any) -> None:
    """
    Warn of a test that returns something, in the words of the running Python's unittest.

    Raises:
        TypeError: If it is a generator, of which nothing has run: of a test behind a decorator, for instance.
    """
    if result is None:
        return
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        name = getattr(method, "__qualname__", repr(method))
        raise TypeError(f"{name} has returned a generator, of which nothing runs: take the `yield` out of the test")
    unittest.TestCase._callTestMethod(case, _Returned(method, result))  # type: ignore[attr-defined]  # noqa: SLF001


class _Returned:
    """A test that has run, as unittest calls and names it once more."""

    def __init__(self, method: Callable[[], Any], result: Any) -> None:
        self._method = method
        self._result = result

    def __call__(self) -> Any:
        return self._result

    def __repr__(self) -> str:
        return repr(self._method)


@contextlib.contextmanager
def closing_class_on(
    case: Any, interruption: type[BaseException], *, but: type[BaseException] | tuple[()] = ()
) -> Iterator[None]:
    """
    Run the class cleanups when something goes through that makes unittest forget them, such as Ctrl-C.

    The class is marked as ``_framework_interrupted`` then.
    """
    try:
        yield
    except but:
        raise
    except interruption as exc:
        case._framework_interrupted = True  # noqa: SLF001 - of the cases of this package
        case.doClassCleanups()
        for _, cleanup_exc, _ in case.tearDown_exceptions:
            note_failure(exc, f"in a class cleanup of {case.__qualname__}", cleanup_exc)
        raise


def note_failure(interruption: BaseException, when: str, failure: BaseException) -> None:
    """Add to what ends a test or the run what has failed after it, and would be told nowhere else."""
    text = "".join(traceback.format_exception(failure)).rstrip()
    interruption.add_note(f"and then, {when}:\n{text}")


class EndingOnUsersLine:
    """
    Ends the traceback of a failure on the user's line, where there is one; a context that may be entered again.

    So do errors that this package, or a library of its clients, has raised for what the test asked of it: a wrong
    argument, a URL of another server, a response that breaks off. An error that happens to it keeps its frames. One of
    Python's that comes of a forgotten ``await``, of another class's event loop or of another task gets a note that says
    so.

    Each call of a test is in one: a generator would cost as much as the half of what else a call does.

    Args:
        failure: What the test fails with.
    """

    __slots__ = ("_failure",)

    def __init__(self, failure: type[BaseException]) -> None:
        self._failure = failure

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _: object, exc: BaseException | None, traceback: TracebackType | None) -> None:
        """Shorten the traceback of what is raised."""
        if not isinstance(exc, Exception):
            return
        note_what_came_too_early(exc)
        note_other_loop(exc)
        note_other_task(exc)
        entries = [*_entries(traceback)]
        users = max((number for number, each in enumerate(entries) if not _is_machinery(each.tb_frame)), default=-1)
        is_said = _is_failure(entries[-1]) if isinstance(exc, self._failure) else _is_said_to_user(entries[users + 1 :])
        if users >= 0 and is_said:
            entries[users].tb_next = None


def _is_failure(innermost: TracebackType) -> bool:
    """Tell whether an assertion has raised a failure; the results of unittest take off some of its frames, too."""
    return "__unittest" in innermost.tb_frame.f_globals


def _is_said_to_user(entries: list[TracebackType]) -> bool:
    """Tell whether an error came out of a call of this package, or of its clients' libraries, by a ``raise``."""
    if not entries or not _is_clients(entries[0].tb_frame):
        return False
    innermost = entries[-1]
    return innermost.tb_frame.f_code.co_code[innermost.tb_lasti] == _RAISE


def _entries(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _is_machinery(frame: FrameType) -> bool:
    return "__unittest" in frame.f_globals or _is_clients(frame) or _top_of(frame) in _BETWEEN


def _is_clients(frame: FrameType) -> bool:
    return _top_of(frame) in _CLIENTS


def _top_of(frame: FrameType) -> str:
    """Return the name of the package that a frame's module is in."""
    return str(frame.f_globals.get("__name__")).partition(".")[0]
