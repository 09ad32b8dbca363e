"""
The task in which the rest of a test runs, once the test has entered a context.

Theory of operation
-------------------

unittest runs each hook of a test, its method and each cleanup in a task of its own. A task group, a time-out or a scope
of anyio has to be left in the task that has entered it, and what it cancels is that task. So a task that calls
``enterAsyncContext()`` stays when its coroutine is done, and what else of the test is awaited is handed to it:

=======  ==============================================  =====================================
State    Ends with                                       What is awaited of the test runs
=======  ==============================================  =====================================
free     ``enter()``, in the task that runs              in a task of its own
entered  the coroutine, which stops the loop             in the task that runs
stays    ``end()``, once all the test's cleanups are     in the task that stays, one after the
         called                                          other
=======  ==============================================  =====================================

What is never so:

* The task runs while the test's context is entered by something else, as it is by a cleanup that is no coroutine.
* An exception ends the task that stays: it is handed to who waits for it, KeyboardInterrupt and SystemExit too.
* The task is one of those that the test has left.
"""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from types import FrameType
from typing import Any

__all__ = ["Outcome", "StayingTask", "cancelled_by_interrupt"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

Outcome = tuple[Any, BaseException | None]
"""What a coroutine has returned, and what it has raised, one of which is None."""


class StayingTask:
    """
    The task of a test that stays.

    Attributes:
        task: It; None as long as none stays.
    """

    def __init__(self) -> None:
        self.task: asyncio.Task[Any] | None = None
        self._running: asyncio.Task[Any] | None = None
        self._is_entered = False
        self._is_refused = False
        self._is_given_up = False
        self._outcome: Outcome | None = None
        self._handed: asyncio.Queue[tuple[Coroutine[Any, Any, Any], asyncio.Future[Outcome]] | None]

    def enter(self) -> None:
        """Have the task that runs stay, where it is the test's and not one that the test has started."""
        self._is_entered = self._is_entered or asyncio.current_task() is self._running

    async def run(self, coroutine: Coroutine[Any, Any, Any]) -> Outcome:
        """Run a coroutine in the current task, and stay in it where that has entered a context meanwhile."""
        self._running = asyncio.current_task()
        try:
            outcome = await _outcome_of(coroutine)
        finally:
            self._running = None
        if not self._is_entered or self._is_refused:
            if outcome[1] is not None and not isinstance(outcome[1], Exception):
                raise outcome[1]
            return outcome
        self.task, self._outcome, self._handed = asyncio.current_task(), outcome, asyncio.Queue()
        asyncio.get_running_loop().stop()
        await self._serve()
        return outcome

    def refuse(self) -> None:
        """Let no task stay: the loop goes on for the one that runs, after it was left."""
        self._is_refused = True

    def take_outcome(self) -> Outcome | None:
        """Return, once, the outcome for which the loop was stopped; None where it was stopped by something else."""
        outcome, self._outcome = self._outcome, None
        return outcome

    def hand_over(self, coroutine: Coroutine[Any, Any, Any]) -> "asyncio.Future[Outcome]":
        """Have the task that stays run a coroutine, and return what will have its outcome."""
        assert self.task is not None  # noqa: S101 - one stays
        ended: asyncio.Future[Outcome] = self.task.get_loop().create_future()
        self._handed.put_nowait((coroutine, ended))
        return ended

    async def end(self) -> None:
        """End the task; to be awaited where the test's context is not entered."""
        task, self.task = self.task, None
        if task is not None:
            self._handed.put_nowait(None)
            await asyncio.wait({task})

    def give_up(self) -> None:
        """Have the task end with its next cancellation, if it has not been ended."""
        self._is_given_up = True

    async def _serve(self) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine that runs has a task
        while True:
            try:
                handed = await self._handed.get()
            except asyncio.CancelledError:
                if self._is_given_up:
                    raise
                continue  # by a scope, which tells what has happened when it is left
            if handed is None:
                return
            coroutine, ended = handed
            while task.cancelling():  # by what has ended the coroutine before
                task.uncancel()
            outcome = await _outcome_of(coroutine)
            if not ended.done():
                ended.set_result(outcome)


async def _outcome_of(coroutine: Coroutine[Any, Any, Any]) -> Outcome:
    """Await a coroutine, and return what becomes of it."""
    try:
        return await coroutine, None
    except GeneratorExit:  # nobody will run the task any more
        raise
    except BaseException as exc:  # noqa: BLE001 - raised again by who waits
        return None, exc


@contextlib.contextmanager
def cancelled_by_interrupt(task: "asyncio.Task[Any]") -> Iterator[Callable[[], bool]]:
    """
    Cancel a task on the first Ctrl-C, and raise KeyboardInterrupt at once on the next, as :class:`asyncio.Runner` does.

    Yields:
        Tells whether it was pressed.
    """
    is_interrupted = False

    def cancel(_signal: int, _frame: FrameType | None) -> None:
        nonlocal is_interrupted
        if is_interrupted:
            raise KeyboardInterrupt
        is_interrupted = True
        task.cancel()
        task.get_loop().call_soon_threadsafe(lambda: None)  # wakes it

    is_main = threading.current_thread() is threading.main_thread()
    if is_main and (before := signal.getsignal(signal.SIGINT)) is signal.default_int_handler:
        signal.signal(signal.SIGINT, cancel)
    try:
        yield lambda: is_interrupted
    finally:
        if is_main and signal.getsignal(signal.SIGINT) is cancel:
            signal.signal(signal.SIGINT, before)
