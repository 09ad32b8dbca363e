"""The limit on the time of a test and of a class's hooks: kept by the event loop while it turns, else by a thread."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any, TypeVar

from fastapi_testing.case.guards.hangs import advise_of_own_server, describe_block, describe_hang, describe_wait
from fastapi_testing.case.guards.terminal import print_now
from fastapi_testing.server.cancelling import Interrupted
from fastapi_testing.server.clock import RealClock
from fastapi_testing.server.recording.recorder import Address, Recorder, recorders
from fastapi_testing.server.recording.stacks import is_debugging
from fastapi_testing.server.threads.lookout import Lookout, Watch

__all__ = ["SyncWatchdog", "TestTimeout", "Watchdog"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_T = TypeVar("_T")

_PATIENCE = 3
"""Times that a test is cancelled before the report is printed, as it may swallow all cancellations and never end."""


class TestTimeout(Exception):  # noqa: N818 - a verdict, which becomes the test's failure
    """Something did not end in time; the message says where it stands."""

    __test__ = False  # for pytest


class _Call(Watch):
    """
    A call that is watched.

    Args:
        seconds: How long it may take.
        who: What it is, for reports.
        seen: The recorders of the servers whose requests in flight a report shows; None for all that run.
        is_ended: Whether it is ended when its time is over.
    """

    def __init__(self, seconds: float, who: str, seen: Sequence[Recorder] | None, *, is_ended: bool) -> None:
        super().__init__(seconds, is_ended=is_ended)
        self.who = who
        self.task: asyncio.Task[Any] | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.cancelled = 0
        self._seen = seen

    @property
    def recorders(self) -> Sequence[Recorder]:
        return list(recorders.values()) if self._seen is None else self._seen

    @property
    def own_addresses(self) -> Sequence[Address]:
        """Where the servers listen that are known to be the call's own."""
        return [address for address, each in list(recorders.items()) if each in (self._seen or ())]


class SyncWatchdog(Lookout):
    """
    Ends what takes too long on a thread, and says where it stood.

    What has stopped in a debugger may take as long as it likes.

    Args:
        *limits: Seconds of all the limits that it will keep.
        interrupts: Whether it ends anything, and does not only tell.

    Attributes:
        whereabouts: Returns where the thread of the server's event loop stands, on lines of their own.
    """

    def __init__(self, *limits: float, interrupts: bool = True) -> None:
        self.whereabouts: Callable[[], str] = str
        self._watch: _Call | None
        super().__init__(min(limits), interrupts=interrupts)

    def call(
        self,
        function: Callable[[], _T],
        seconds: float,
        seen: Sequence[Recorder] | None = None,
        *,
        who: str = "the test",
        is_ended: bool = True,
    ) -> _T:
        """
        Call a function, and end it when its time is over; within another such call, the limit of that one holds.

        Args:
            function: What to call; on the event loop it has :meth:`Watchdog.run` await what it awaits.
            seconds: How long it may take.
            seen: The recorders of the servers whose requests in flight a report shows; None for all that run.
            who: What it is, for the report.
            is_ended: Whether it is ended; else it is only told that it takes so long, once.

        Raises:
            TestTimeout: If it took too long.
        """
        if self._watch is not None:
            return function()
        watch = self._watch = _Call(seconds, who, seen, is_ended=is_ended)
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

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Let what is watched do something that has a limit of its own, and does not count."""
        watch = self._watch
        if watch is None:
            yield
            return
        left = watch.left()
        watch.deadline = float("inf")
        try:
            yield
        finally:
            watch.extend(left)

    def _end(self, watch: _Call) -> None:
        self._watch = None
        watch.over.set()

    def _tell(self, report: str) -> None:
        print_now(report, self._watched_thread)

    def _describe(self, watch: Watch) -> str | None:
        assert isinstance(watch, _Call)  # noqa: S101 - nothing else is watched
        return describe_wait(watch.who, watch.seconds, self._watched_thread, self.whereabouts(), watch.recorders)


class Watchdog(SyncWatchdog):
    """
    Ends what takes too long on an event loop, and says where it stood.

    As long as the event loop turns, a timer on it cancels what is awaited. When something blocks the loop, no timer is
    run, and the thread that looks on ends it.

    Args:
        *limits: Seconds of all the limits that it will keep.
        interrupts: Whether it ends anything, and does not only tell.

    Attributes:
        loop: The event loop; None as long as there is none.
        tells_blocks: Whether it tells of a blocked event loop where it does not end it.
    """

    loop: asyncio.AbstractEventLoop | None = None
    tells_blocks: bool = True

    async def run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """
        Await a coroutine of what is watched, and cancel it when its time is over.

        Raises:
            TestTimeout: If it took too long.
        """
        watch, task = self._watch, asyncio.current_task()
        if watch is None:
            return await coroutine
        assert self.loop is not None  # noqa: S101 - it runs this
        assert task is not None  # noqa: S101 - a coroutine that runs has a task
        watch.task = task
        if watch.is_ended:
            watch.timer = self.loop.call_later(max(0.0, watch.left()), self._expire, watch, task)
        try:
            return await coroutine
        except asyncio.CancelledError:
            if watch.report is None:
                raise
            raise TestTimeout(watch.report) from None
        finally:
            watch.task = None
            if watch.timer is not None:
                watch.timer.cancel()

    def _expire(self, watch: _Call, task: "asyncio.Task[Any]") -> None:
        assert self.loop is not None  # noqa: S101 - it has called this
        if watch.is_excused or is_debugging():
            watch.is_excused = True
            return
        pause = watch.seconds
        if RealClock.now() < watch.deadline:  # it was paused
            pause = min(pause, watch.deadline - RealClock.now())
        else:
            self._cancel(watch, task)
        watch.timer = self.loop.call_later(pause, self._expire, watch, task)  # it may have swallowed this one

    def _cancel(self, watch: _Call, task: "asyncio.Task[Any]") -> None:
        if watch.report is None:
            watch.report = describe_hang(watch.who, watch.seconds, task, watch.recorders)
        watch.cancelled += 1
        if watch.cancelled == _PATIENCE:
            self._tell(watch.report)
        task.cancel()

    def _describe(self, watch: Watch) -> str | None:
        assert isinstance(watch, _Call)  # noqa: S101 - nothing else is watched
        if self.loop is None or not self._answers(self.loop, watch):
            if not watch.is_ended and not self.tells_blocks:
                return None
            if self.loop is None or not self.loop.is_running():
                return f"{super()._describe(watch)}{advise_of_own_server(self._watched_thread, watch.own_addresses)}"
            return describe_block(watch.seconds, self._watched_thread, watch.recorders)
        task = watch.task
        if watch.is_ended or task is None or watch.over.is_set():
            return None
        return describe_hang(watch.who, watch.seconds, task, watch.recorders)

    def _may_interrupt(self) -> bool:
        """Tell what blocks the loop from the loop's own code, between two tasks, where nothing does."""
        loop = self.loop
        return loop is None or asyncio.current_task(loop) is not None or not loop.is_running()
