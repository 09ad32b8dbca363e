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

* The task runs while the test's context is entered by something else, as it is by a cleanup or a test that is no
  coroutine: what cancels the task while it rests does not wake it. The test is cancelled by that as it begins.
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

_Handed = tuple[Coroutine[Any, Any, Any], "asyncio.Future[Outcome]"]
"""What is handed over, and what will have its outcome."""


class StayingTask:
    """
    The task of a test that stays.

    Attributes:
        task: It; None as long as none stays.
        is_test: Whether what is handed over is the test itself: it is cancelled by what has cancelled the task before.
    """

    # Each test has one, and few have another of these: attributes of the class cost nothing.
    task: asyncio.Task[Any] | None = None
    is_test: bool = False
    _running: asyncio.Task[Any] | None = None
    _is_entered: bool = False
    _is_refused: bool = False
    _is_interrupted: bool = False
    _outcome: Outcome | None = None
    _ended: asyncio.Future[Outcome] | None = None
    _rest: "_Rest"

    def enter(self) -> None:
        """Have the task that runs stay, where it is the test's and not one that the test has started."""
        self._is_entered = self._is_entered or asyncio.current_task() is self._running

    async def run(self, coroutine: Coroutine[Any, Any, Any], name: str, enter: Callable[[], None]) -> Outcome:
        """
        Run a coroutine in the current task, and stay in it where that has entered a context meanwhile.

        Args:
            coroutine: What to run.
            name: What the task is called; asyncio's own name where it is empty.
            enter: What is called first.
        """
        self._running = task = asyncio.current_task()
        if name and task is not None:
            task.set_name(name)  # here, as Runner.run() takes no name
        enter()
        ended: asyncio.Future[Outcome] | None = None  # of what was handed over
        while True:
            outcome: Outcome
            try:
                outcome = await coroutine, None
            except GeneratorExit:  # nobody will run the task any more
                raise
            except BaseException as exc:  # noqa: BLE001 - raised again by who waits
                outcome = None, exc
            if ended is not None:
                ended.set_result(outcome)
            elif not self._stay(outcome):
                if outcome[1] is not None and not isinstance(outcome[1], Exception):
                    raise outcome[1]
                return outcome
            handed = await self._take()
            if handed is None:
                return outcome
            coroutine, ended = handed

    def _stay(self, outcome: Outcome) -> bool:
        """Stop the loop with the outcome of the first coroutine, where the task stays; tell whether it does."""
        task, self._running = self._running, None
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(outcome)
        if not self._is_entered or self._is_refused:
            return False
        assert task is not None  # noqa: S101 - it runs this
        self.task, self._outcome, self._rest = task, outcome, _Rest()
        task.get_loop().stop()
        return True

    def refuse(self) -> None:
        """Let no task stay: the loop goes on for the one that runs, after it was left."""
        self._is_refused = True

    def end_of_run(self, loop: asyncio.AbstractEventLoop) -> "asyncio.Future[Outcome]":
        """Return what will have the outcome of the coroutine that runs, whose task may go on then."""
        self._ended = loop.create_future()
        return self._ended

    def take_outcome(self) -> Outcome | None:
        """Return, once, the outcome for which the loop was stopped; None where it was stopped by something else."""
        outcome, self._outcome = self._outcome, None
        return outcome

    def hand_over(self, coroutine: Coroutine[Any, Any, Any]) -> "asyncio.Future[Outcome]":
        """Have the task that stays run a coroutine, and return what will have its outcome."""
        assert self.task is not None  # noqa: S101 - one stays
        ended: asyncio.Future[Outcome] = self.task.get_loop().create_future()
        self._rest.set_result((coroutine, ended))
        return ended

    def interrupt(self) -> None:
        """Cancel, for Ctrl-C, what the task runs or is about to run."""
        assert self.task is not None  # noqa: S101 - one stays
        self._is_interrupted = True
        self.task.cancel()
        self.task.get_loop().call_soon_threadsafe(lambda: None)  # wakes it

    async def end(self) -> None:
        """End the task; to be awaited where the test's context is not entered."""
        task, self.task = self.task, None
        assert task is not None  # noqa: S101 - one stays
        self._rest.set_result(None)
        await asyncio.wait({task})

    @property
    def was_cancelled(self) -> bool:
        """Whether something has cancelled the task since it rests."""
        return self._rest.was_cancelled

    def give_up(self) -> None:
        """End the task as soon as the loop runs again, if it has not been ended."""
        if self.task is not None:
            self._rest.is_given_up = True
            self.task.cancel()

    async def _take(self) -> "_Handed | None":
        """Rest until something is handed over, and return it; None where the task is to end."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine that runs has a task
        while True:
            self._is_interrupted = False
            rest, is_cancelled = self._rest, False
            try:
                handed: _Handed | None = await rest
            except asyncio.CancelledError:
                if rest.cancelled():
                    raise
                handed, is_cancelled = rest.result(), True  # as it was about to begin
            if handed is None:
                return None
            self._rest = _Rest()
            while task.cancelling():  # by what has ended the coroutine before
                task.uncancel()
            if not (is_cancelled and self._is_interrupted):
                if self.is_test and (is_cancelled or rest.was_cancelled):
                    task.cancel()
                return handed
            coroutine, ended = handed  # which ends as a task does that has not begun
            coroutine.close()
            ended.set_result((None, asyncio.CancelledError()))


class _Rest(asyncio.Future[Any]):
    """
    What the task awaits while it rests, which no cancellation ends.

    Attributes:
        was_cancelled: Whether there was one.
        is_given_up: Whether the next one ends it.
    """

    was_cancelled: bool = False
    is_given_up: bool = False

    def cancel(self, msg: Any = None) -> bool:
        """Note it, and say that it was taken."""
        if self.is_given_up or self.done():
            return super().cancel(msg)
        self.was_cancelled = True
        return True


@contextlib.contextmanager
def cancelled_by_interrupt(staying: StayingTask, ended: "asyncio.Future[Outcome]") -> Iterator[Callable[[], bool]]:
    """
    Cancel what a task runs on the first Ctrl-C; raise KeyboardInterrupt at once on the next, or where it has ended.

    So :class:`asyncio.Runner` does it.

    Yields:
        Tells whether it was pressed.
    """
    is_interrupted = False

    def cancel(_signal: int, _frame: FrameType | None) -> None:
        nonlocal is_interrupted
        if is_interrupted or ended.done():
            raise KeyboardInterrupt
        is_interrupted = True
        staying.interrupt()

    is_main = threading.current_thread() is threading.main_thread()
    if is_main and (before := signal.getsignal(signal.SIGINT)) is signal.default_int_handler:
        signal.signal(signal.SIGINT, cancel)
    try:
        yield lambda: is_interrupted
    finally:
        if is_main and signal.getsignal(signal.SIGINT) is cancel:
            signal.signal(signal.SIGINT, before)
