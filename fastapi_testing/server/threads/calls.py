"""
What one thread asks of the event loop of another.

Theory of operation
-------------------

Two threads meet in a call: the one that made it, which waits, and the one of the event loop, which runs the coroutine.
They share one queue, ``_news``, into which only the loop's thread puts and from which only the waiting one takes.

======== ======================= ============================================================================
state    next                    what it is
======== ======================= ============================================================================
queued   running, abandoned      The loop has been told, and has made no task yet: ``_task`` is None.
running  over, abandoned         The coroutine runs in a task. It may have the waiting thread call a function, by
                                 ``ask()``: the function goes into the queue, and its result back to the loop.
over     none                    Result or exception are set, and after them None is in the queue: the last news.
======== ======================= ============================================================================

A call that is *broken off* is over in the usual way: its coroutine is cancelled, since something has left the loop, and
what that was is raised where it waits.

*Abandoned* is how a call is over that the loop did not end: it has closed, and the coroutine with it. A call is over
once, since it is taken out of ``owner.calls`` with that, and only what is still in there is abandoned.

Where the wait ends first (a time-out, Ctrl-C), the coroutine is cancelled and has a grace to end; a loop that does not
turn by then is left alone. What the coroutine asks for meanwhile is not called: nobody is there for whom it could be.

What is never so:

* A wait goes on without an end after the loop's thread has ended, whatever the coroutine does when it is closed.
* ``_result`` and ``_exception`` are read before the last news has come: the queue orders the two threads.
* A function of ``ask()`` is called on the loop's thread, or after the wait is over.
"""

import asyncio
import contextlib
import contextvars
import inspect
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Generic, Protocol, TypeVar, cast

from fastapi_testing.server.clock import RealClock
from fastapi_testing.server.recording.stacks import is_debugging, waiting_at

__all__ = ["Call", "LoopBlockedError", "Owner", "ask"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_T = TypeVar("_T")
_R = TypeVar("_R")

_GRACE = 1.0
"""Seconds that a cancelled coroutine has to come to its end, and a loop to answer before it counts as blocked."""


class LoopBlockedError(TimeoutError):
    """The event loop does not turn; the message says at which line it stands."""


_TURN = 0.1
"""Seconds that a loop which turns needs at most to hear that something is cancelled."""

_current: contextvars.ContextVar["Call[Any]"] = contextvars.ContextVar("_current")
"""The call that the running coroutine is, or was started by."""


class Owner(Protocol):
    """Whose event loop is called."""

    calls: "set[Call[Any]]"
    """The calls that have not ended."""

    @property
    def is_running(self) -> bool:
        """Whether it takes calls."""
        ...

    def not_running(self) -> Exception:
        """Return what to raise where it does not run."""
        ...

    def whereabouts(self) -> str:
        """Return where its thread stands, on lines of their own."""
        ...


class Call(Generic[_T]):
    """
    A coroutine on the event loop of another thread, and the thread that waits for it.

    Args:
        owner: Whose event loop it is.
        loop: The event loop.
        coroutine: The coroutine, which sees the context variables of the caller.
        name: What its task is called; None for asyncio's own name.
    """

    __slots__ = (
        "_broken_off_by",
        "_coroutine",
        "_exception",
        "_loop",
        "_name",
        "_news",
        "_owner",
        "_result",
        "_task",
        "_waiter",
    )

    def __init__(
        self,
        owner: Owner,
        loop: asyncio.AbstractEventLoop,
        coroutine: Coroutine[Any, Any, _T],
        name: str | None = None,
    ) -> None:
        self._owner = owner
        self._name = name
        self._loop = loop
        self._coroutine = coroutine
        self._news: SimpleQueue[Callable[[], None] | None] = SimpleQueue()  # what to call meanwhile; None at the end
        self._task: asyncio.Task[None] | None = None
        self._result: _T | None = None
        self._exception: BaseException | None = None
        self._broken_off_by: BaseException | None = None
        self._waiter = threading.get_ident()
        owner.calls.add(self)
        try:
            loop.call_soon_threadsafe(self._start)
        except RuntimeError:  # closed just now
            owner.calls.discard(self)
            raise owner.not_running() from None

    @property
    def is_main_threads(self) -> bool:
        """Whether it is the main thread that waits."""
        return self._waiter == threading.main_thread().ident

    def wait(self, timeout: float | None = None, *, patience: float | None = None) -> _T:
        """
        Wait for the end of the coroutine, and return its result; cancel it where the wait ends before.

        Args:
            timeout: Seconds that it may take; None for no limit.
            patience: Without a ``timeout``, seconds after which to see whether the event loop turns at all.

        Raises:
            TimeoutError: If it takes longer.
            LoopBlockedError: If the event loop does not turn.
        """
        try:
            self._wait_until_over(timeout, patience)
        except BaseException:
            self._cancel()
            raise
        exc, self._exception = self._exception, None
        try:
            if exc is not None:
                raise exc
        finally:
            del exc  # its traceback leads to this frame: no cycle is left
        return cast("_T", self._result)

    async def ask(self, function: Callable[[], _R]) -> _R:
        """Have the waiting thread call a function, and return what it returns; for the coroutine itself."""
        answer: asyncio.Future[_R] = self._loop.create_future()
        self._news.put(partial(self._answer, answer, function))
        return await answer

    def abandon(self) -> None:
        """End the call where the event loop has ended before; for the thread of the loop."""
        self._exception = self._owner.not_running()
        try:
            self._coroutine.close()
        except BaseException as exc:  # noqa: BLE001 - one that does not let itself be closed keeps nobody waiting
            self._exception.__cause__ = exc
        self._end()

    def break_off(self, exception: BaseException) -> bool:
        """Cancel the coroutine, have the waiting thread raise an exception, and return whether it runs at all."""
        # A task that is cancelled before its first step would not even say that it has ended.
        if self._task is None or inspect.getcoroutinestate(self._coroutine) == inspect.CORO_CREATED:
            return False
        self._broken_off_by = exception
        return self._task.cancel()

    def _start(self) -> None:
        self._task = self._loop.create_task(self._run(), name=self._name)

    async def _run(self) -> None:
        _current.set(self)
        try:
            self._result = await self._coroutine
        except BaseException as exc:  # noqa: BLE001 - for the one who waits, whatever it is
            self._exception = self._explain(exc) if isinstance(exc, asyncio.CancelledError) else exc
        self._end()

    def _explain(self, cancelled: asyncio.CancelledError) -> BaseException:
        """Return what to raise for a cancellation: why it came, where that is known."""
        return self._broken_off_by or (cancelled if self._owner.is_running else self._owner.not_running())

    def _end(self) -> None:
        self._owner.calls.discard(self)
        self._news.put(None)

    def _wait_until_over(self, timeout: float | None, patience: float | None) -> None:
        deadline = None if timeout is None else RealClock.now() + timeout
        while True:
            pause = patience if deadline is None else max(0.0, deadline - RealClock.now())
            try:
                wanted = self._news.get(timeout=pause)
            except Empty:
                if timeout is None:
                    self._check_loop()
                elif not is_debugging():
                    raise self._too_late(timeout) from None
                else:  # no time counts while somebody looks for a mistake
                    deadline = RealClock.now() + timeout
                continue
            if wanted is None:
                return
            wanted()

    def _check_loop(self) -> None:
        answered = threading.Event()
        self._call_soon(answered.set)
        if not answered.wait(_GRACE) and not is_debugging():
            raise LoopBlockedError(f"the event loop is blocked at:{self._owner.whereabouts()}") from None

    def _too_late(self, timeout: float) -> TimeoutError:
        where = "it has not begun" if self._task is None else f"it waits at {waiting_at(self._task)}"
        return TimeoutError(f"not ended within {timeout:g} s: {where}")

    def _cancel(self) -> None:
        """Cancel the coroutine, and give it some time to end; what it asks for meanwhile, it does not get."""
        deadline = RealClock.now() + _GRACE
        pause = _TURN  # a loop that does not turn will cancel nothing
        self._call_soon(self._cancel_task)
        with contextlib.suppress(Empty):
            while self._news.get(timeout=max(0.0, pause)) is not None:
                pause = deadline - RealClock.now()

    def _cancel_task(self) -> None:
        self._news.put(_nothing)
        assert self._task is not None  # noqa: S101 - the loop has called _start() before
        self._task.cancel()

    def _answer(self, answer: "asyncio.Future[_R]", function: Callable[[], _R]) -> None:
        try:
            result = function()
        except Exception as exc:  # noqa: BLE001 - for the coroutine that asked
            self._call_soon(_fail, answer, exc)
        else:
            self._call_soon(_resolve, answer, result)

    def _call_soon(self, function: Callable[..., object], *args: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed, and the call abandoned
            self._loop.call_soon_threadsafe(function, *args)


async def ask(function: Callable[[], _R]) -> _R:
    """Have the thread that waits for the running coroutine call a function, and return what it returns."""
    return await _current.get().ask(function)


def _nothing() -> None:
    """Do nothing, but wake who waits."""


def _resolve(answer: "asyncio.Future[_R]", result: _R) -> None:
    if not answer.done():
        answer.set_result(result)


def _fail(answer: "asyncio.Future[Any]", exc: Exception) -> None:
    if not answer.done():
        answer.set_exception(exc)
