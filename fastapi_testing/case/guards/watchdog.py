"""The limit on a test's time: kept by the event loop as long as it turns, else by a thread beside it."""

import asyncio
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from fastapi_testing.case.guards.hangs import describe_block, describe_hang, describe_wait
from fastapi_testing.case.loops.running import Interrupted
from fastapi_testing.server.clock import RealClock
from fastapi_testing.server.recording.recorder import Recorder
from fastapi_testing.server.recording.stacks import is_in_debugger

__all__ = ["SyncWatchdog", "TestTimeout", "Watchdog"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_T = TypeVar("_T")

_GRACE = 0.2
"""Seconds that an event loop has to answer, once the time is over, before it counts as blocked."""

_PATIENCE = 3
"""Times that a test is cancelled before the report is printed, as it may swallow all cancellations and never end."""

_SIGNALS = ("SIGUSR2", "SIGUSR1", "SIGALRM")
"""What may interrupt a blocking call; the first that the program itself does not use."""


class TestTimeout(Exception):  # noqa: N818 - a verdict, which becomes the test's failure
    """A test did not end in time; the message says where it stands."""

    __test__ = False  # for pytest


class _Watch:
    """One call that is watched."""

    timer: asyncio.TimerHandle

    def __init__(self, seconds: float, recorders: Sequence[Recorder]) -> None:
        self.recorders = recorders
        self.deadline = RealClock.now() + seconds
        self.report: str | None = None
        self.has_no_end = False
        self.cancelled = 0
        self.over = threading.Event()


class SyncWatchdog:
    """
    Ends what takes too long on a thread, and says where it stood.

    A thread of its own looks on; it interrupts what takes too long by a signal, whose handler raises where the main
    thread stands. Where there are no such signals (Windows), or where the tests are not on the main thread, the report
    is printed, and the test fails once the call returns. A call that has stopped in a debugger when its time is over
    may take as long as it likes.

    Args:
        seconds: How long each call may take.

    Attributes:
        whereabouts: Returns where the thread of the server's event loop stands, on lines of their own.
    """

    def __init__(self, seconds: float) -> None:
        self.whereabouts: Callable[[], str] = str
        self._seconds = seconds
        self._watch: _Watch | None = None
        self._closed = threading.Event()
        self._watched_thread = threading.get_ident()
        self._signal = _choose_signal()
        if self._signal is not None:
            self._previous = signal.signal(self._signal, self._interrupt)
        self._thread = threading.Thread(target=self._look_on, name="fastapi_testing watchdog", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread, and give the signal back."""
        self._closed.set()
        self._thread.join()
        if self._signal is not None:
            signal.signal(self._signal, self._previous)

    def call(self, function: Callable[[], _T], recorders: Sequence[Recorder]) -> _T:
        """
        Call a function, and end it when its time is over.

        Args:
            function: What to call; on the event loop it has :meth:`run` await what it awaits.
            recorders: Of the servers whose requests in flight a report should show.

        Raises:
            TestTimeout: If it took too long.
        """
        watch = self._watch = _Watch(self._seconds, recorders)
        try:
            result = function()
            self._watch = None
        except (Exception, Interrupted) as exc:
            self._end(watch)
            if watch.report is None or isinstance(exc, TestTimeout):
                raise
            raise TestTimeout(watch.report) from (exc if isinstance(exc, Exception) else None)
        finally:
            self._end(watch)
        if watch.report is not None:
            raise TestTimeout(watch.report)
        return result

    def _end(self, watch: _Watch) -> None:
        self._watch = None
        watch.over.set()

    def _look_on(self) -> None:
        # Every watch lasts as long, so one that begins while this sleeps ends after it wakes: nobody has to wake it.
        pause = self._seconds
        while not self._closed.wait(pause):
            watch = self._watch
            pause = self._seconds if watch is None else watch.deadline - RealClock.now()
            if watch is not None and pause <= 0:
                self._look_at(watch)
                pause = self._seconds

    def _look_at(self, watch: _Watch) -> None:
        if watch.has_no_end or is_in_debugger(self._watched_thread):
            watch.has_no_end = True
            return
        if watch.over.is_set() or (report := self._report(watch)) is None:
            return
        watch.report = report
        if self._signal is not None:
            signal.pthread_kill(self._watched_thread, self._signal)
        if not watch.over.wait(_GRACE):
            _print(watch.report)

    def _report(self, watch: _Watch) -> str | None:
        """Return where it stands; None where it is ended in another way."""
        return describe_wait(self._seconds, self._watched_thread, self.whereabouts(), watch.recorders)

    def _may_interrupt(self) -> bool:
        """Tell, in the main thread, whether what stands there may be ended by an exception."""
        return True

    def _interrupt(self, *_: Any) -> None:
        watch = self._watch
        if watch is not None and watch.report is not None and self._may_interrupt():
            raise Interrupted


class Watchdog(SyncWatchdog):
    """
    Ends what takes too long on an event loop, and says where it stood.

    As long as the event loop turns, a timer on it cancels the test. When something blocks the loop, no timer is
    run. So a thread looks on; it interrupts the blocking call by a signal, whose handler raises where the main
    thread stands. Where there are no such signals (Windows), or where the loop is not the main thread's, the report is
    printed, and the test fails once the call returns. A call that has stopped in a debugger when its time is over may
    take as long as it likes.

    Args:
        loop: The event loop of the tests.
        seconds: How long each call may take.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._loop = loop
        super().__init__(seconds)

    async def run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """
        Await a coroutine of a test, and cancel it when its time is over.

        Raises:
            TestTimeout: If it took too long.
        """
        watch, task = self._watch, asyncio.current_task()
        assert watch is not None  # noqa: S101 - call() has set it
        assert task is not None  # noqa: S101 - a coroutine that runs has a task
        watch.timer = self._loop.call_later(self._seconds, self._expire, watch, task)
        try:
            return await coroutine
        except asyncio.CancelledError:
            if watch.report is None:
                raise
            raise TestTimeout(watch.report) from None
        finally:
            watch.timer.cancel()

    def _expire(self, watch: _Watch, task: "asyncio.Task[Any]") -> None:
        if watch.has_no_end:
            return
        if watch.report is None:
            watch.report = describe_hang(self._seconds, task, watch.recorders)
        watch.cancelled += 1
        if watch.cancelled == _PATIENCE:
            _print(watch.report)
        task.cancel()
        watch.timer = self._loop.call_later(self._seconds, self._expire, watch, task)  # it may have swallowed this one

    def _report(self, watch: _Watch) -> str | None:
        answered = threading.Event()
        self._loop.call_soon_threadsafe(answered.set)
        if answered.wait(_GRACE) or watch.over.is_set():
            return None
        return describe_block(self._seconds, self._watched_thread, watch.recorders)

    def _may_interrupt(self) -> bool:
        """Tell what blocks the loop from the loop's own code, between two tasks, where nothing does."""
        return asyncio.current_task(self._loop) is not None or not self._loop.is_running()


def _print(report: str) -> None:
    print(f"\n{report}", file=sys.__stderr__, flush=True)


def _choose_signal() -> signal.Signals | None:
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "pthread_kill"):
        return None
    signals = (getattr(signal, name) for name in _SIGNALS)
    return next((each for each in signals if signal.getsignal(each) is signal.SIG_DFL), None)
