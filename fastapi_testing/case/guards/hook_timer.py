"""The limit on the time of what is awaited on the event loop of a server's own thread, which no watchdog looks at."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from fastapi_testing.case.guards.hangs import describe_hang
from fastapi_testing.case.guards.watchdog import TestTimeout
from fastapi_testing.server.recording.stacks import is_debugging

__all__ = ["HookTimer"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_T = TypeVar("_T")

_LOOK = 0.25
"""Seconds between two looks for a debugger, at the most."""

_PATIENCE = 3
"""Times that a hook is cancelled before the report is printed, as it may swallow all cancellations and never end."""


class HookTimer:
    """
    Cancels what takes too long, or tells of it, where the time in a debugger does not count.

    Args:
        who: What it is, for the report.
        seconds: How long it may take.
        tell: Prints a report.
        is_ended: Whether it is cancelled; else it is only told that it takes so long, once.
    """

    def __init__(self, who: str, seconds: float, tell: Callable[[str], None], *, is_ended: bool) -> None:
        self._who = who
        self._seconds = self._left = seconds
        self._tell = tell
        self._is_ended = is_ended
        self._report: str | None = None
        self._cancelled = 0
        self._timer: asyncio.TimerHandle

    async def run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """
        Await a coroutine in the task that is running: what it sets in its context is there afterwards.

        Raises:
            TestTimeout: If it took too long.
        """
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine that runs has a task
        self._look_later(task)
        try:
            result = await coroutine
        except (Exception, asyncio.CancelledError) as exc:
            is_others = isinstance(exc, asyncio.CancelledError) and task.cancelling() > self._cancelled
            if is_others or not self._cancelled:
                raise
            raise TestTimeout(self._report) from (exc if isinstance(exc, Exception) else None)
        finally:
            self._timer.cancel()
            for _ in range(self._cancelled):
                task.uncancel()
        if self._cancelled:
            raise TestTimeout(self._report)
        return result

    def _look_later(self, task: "asyncio.Task[Any]") -> None:
        pause = min(self._left, _LOOK)
        self._timer = asyncio.get_running_loop().call_later(pause, self._look, task, pause)

    def _look(self, task: "asyncio.Task[Any]", pause: float) -> None:
        # A debugger on this thread holds this up too: however long it does, that counts as one pause.
        self._left -= 0 if is_debugging() else pause
        if self._left <= 0:
            self._left = self._seconds  # it may swallow a cancellation
            self._end(task)
            if not self._is_ended:
                return
        self._look_later(task)

    def _end(self, task: "asyncio.Task[Any]") -> None:
        if self._report is None:
            self._report = describe_hang(self._who, self._seconds, task, ())
        if self._is_ended:
            self._cancelled += 1
            task.cancel()
        if self._cancelled in (0, _PATIENCE):
            self._tell(self._report)
