"""
What leaves an event loop in the middle of a test, and what becomes of the test then.

Theory of operation
-------------------

A loop runs until the task of the test, or of a hook, is done. Three things leave it before that, and the task behind:

* ``loop.stop()``, of which asyncio makes a RuntimeError;
* KeyboardInterrupt in any task: a second Ctrl-C, where the test takes its time over the first, or one that code raises;
* SystemExit in any task.

If it was a task of the app that exits, the loop goes on, as that of a server on a thread of its own does: the guard
tells it at the end of the test. All else is the error of the test. Its task is ended on the spot, before anything else
is run on the loop: nobody would look after it, and it runs in the test's own context, which the cleanups enter.

What is never so:

* A task that was left goes on, or is left to others to end.
* Its end takes longer than ``_GRACE``.
"""

import asyncio
import contextlib
import contextvars
import gc
import traceback
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

from fastapi_testing.case.loops.staying import Outcome, StayingTask, cancelled_by_interrupt
from fastapi_testing.server.clock import RealClock
from fastapi_testing.server.recording.exchange import is_servers
from fastapi_testing.server.recording.stacks import traceback_of_users, waiting_at

__all__ = ["run_to_its_end"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_T = TypeVar("_T")

_GRACE = 1.0
"""Seconds that a task which was left has to end: it has been cancelled once already where it is Ctrl-C that leaves."""

_CANCELLED = (
    "cancelled, as by a task group, a time-out or a scope that was entered with enterAsyncContext(): a task group "
    "tells what has failed in it where it is left; a time-out or a scope tells nothing more"
)


def run_to_its_end(
    runner: asyncio.Runner,
    coroutine: Coroutine[Any, Any, _T],
    context: contextvars.Context,
    name: str,
    enter: Callable[[], None],
    *,
    staying: StayingTask,
) -> Outcome:
    """
    Run a coroutine, and return its result and its exception, one of which is None.

    Args:
        runner: The loop's.
        coroutine: What to run.
        context: Where to.
        name: What its task is called; asyncio's own name where it is empty.
        enter: What is called on the loop first, whenever it begins to run.
        staying: The task of the test that runs it, or that stays with it.

    Raises:
        BaseException: What has left the loop; the coroutine has ended then, too.
    """
    if staying.task is not None:
        return _run_in(staying, coroutine, enter)
    outcome = staying.run(coroutine, name, enter)
    task: asyncio.Task[Outcome] | None = None
    while True:
        try:
            if task is None:
                return runner.run(outcome, context=context)
            runner.run(_wait_for(task, enter))
            return task.result()
        except BaseException as exc:
            task = task or _task_of(outcome, runner.get_loop())
            left = staying.take_outcome()
            if left is not None and isinstance(exc, RuntimeError):
                break
            if task is None or task.done() or left is not None:  # it has ended by that
                _pass_on(exc, runner.get_loop())
                raise
            if not _is_exit_of_app(exc):
                _leave_run(task, exc, staying)
                raise
            staying.refuse()
    return _unless_leaving(left, runner.get_loop(), is_interrupted=_is_interrupted(runner, staying))


def _is_interrupted(runner: asyncio.Runner, staying: StayingTask) -> bool:
    """
    Tell whether Ctrl-C has cancelled what a runner has run.

    Raises:
        KeyboardInterrupt: If it came when that had its outcome.
    """
    is_interrupted: bool = runner._interrupt_count > 0  # type: ignore[attr-defined]  # noqa: SLF001 - else nobody tells
    if is_interrupted and staying.was_cancelled:
        raise KeyboardInterrupt
    return is_interrupted


def _run_in(staying: StayingTask, coroutine: Coroutine[Any, Any, Any], enter: Callable[[], None]) -> Outcome:
    """Run a coroutine in the task that stays."""
    task = staying.task
    assert task is not None  # noqa: S101 - one stays
    loop = task.get_loop()
    loop.call_soon(enter)
    ended = staying.hand_over(coroutine)
    with cancelled_by_interrupt(staying, ended) as is_interrupted:
        while not ended.done():
            try:
                loop.run_until_complete(ended)
            except BaseException as exc:
                if ended.done():
                    _pass_on(exc, loop)
                    raise
                if not _is_exit_of_app(exc):
                    try:
                        _leave(task, exc, ended)
                    finally:
                        if not ended.done():
                            staying.task = None
                    raise
    return _unless_leaving(ended.result(), loop, is_interrupted=is_interrupted())


def _unless_leaving(outcome: Outcome, loop: asyncio.AbstractEventLoop, *, is_interrupted: bool = False) -> Outcome:
    """
    Return an outcome.

    Raises:
        BaseException: What has been raised, where it is no Exception.
    """
    exc = outcome[1]
    if exc is None or isinstance(exc, Exception):
        return outcome
    if isinstance(exc, asyncio.CancelledError):
        if is_interrupted:
            raise KeyboardInterrupt
        exc.add_note(_CANCELLED)
    _pass_on(exc, loop)
    raise exc


def _pass_on(exc: BaseException, loop: asyncio.AbstractEventLoop) -> None:
    if isinstance(exc, (SystemExit, KeyboardInterrupt)):
        exc.__traceback__ = traceback_of_users(exc)
        _use_up_stops(loop)


def _leave_run(task: "asyncio.Task[Outcome]", left_by: BaseException, staying: StayingTask) -> None:
    """End a run, whose task may stay after it."""
    ended = staying.end_of_run(task.get_loop())
    try:
        _leave(task, left_by, ended)
    finally:
        staying.take_outcome()
        if not ended.done():
            staying.refuse()


def _leave(task: "asyncio.Task[Outcome]", left_by: BaseException, ended: "asyncio.Future[Outcome]") -> None:
    """End what a task runs at once, and note where it stood; the task, or a future, has the outcome then."""
    is_stop = isinstance(left_by, RuntimeError)
    left_by.__traceback__ = None if is_stop else traceback_of_users(left_by)  # asyncio's own lines tell nothing
    left_by.add_note(f"{'something called stop() on the event loop: ' if is_stop else ''}left at {waiting_at(task)}")
    for raiser in _raised_in(left_by):
        raiser.exception()  # or asyncio would log it, too
    try:
        _cancel(task, ended)
        _use_up_stops(task.get_loop())
    finally:
        _note_end(task, left_by, ended)


def _cancel(task: "asyncio.Task[Any]", ended: "asyncio.Future[Any]") -> None:
    loop = task.get_loop()
    deadline = RealClock.now() + _GRACE

    def stop(_: object = None) -> None:
        loop.stop()

    ended.add_done_callback(stop)
    task.cancel()
    try:
        while not ended.done() and RealClock.now() < deadline:
            timer = loop.call_later(deadline - RealClock.now(), stop)
            try:
                with contextlib.suppress(SystemExit):
                    loop.run_forever()
            finally:  # or it would stop the loop for the class that has it by then
                timer.cancel()
    finally:
        ended.remove_done_callback(stop)


def _use_up_stops(loop: asyncio.AbstractEventLoop) -> None:
    """
    Turn a loop until it forgets the stops that came together with what left it.

    uvloop keeps them, and would stop its next run by them: callbacks that are ready call ``stop()``, which takes place
    in the turn after that.
    """
    for _ in range(2):
        loop.stop()
        with contextlib.suppress(SystemExit):
            loop.run_forever()


def _note_end(task: "asyncio.Task[Any]", left_by: BaseException, ended: "asyncio.Future[Outcome]") -> None:
    if not ended.done():
        asyncio._unregister_task(task)  # noqa: SLF001 - as asyncio documents it for loops of other makers
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001 - it is told here
        left_by.add_note(f"cancelled, but not ended after {_GRACE:g} s: it waits at {waiting_at(task)}")
    elif not ended.cancelled() and isinstance(exc := ended.exception() or ended.result()[1], Exception):
        exc.__traceback__ = traceback_of_users(exc)
        text = "".join(traceback.format_exception(exc, chain=False)).rstrip()
        left_by.add_note(f"and then, as it was cancelled:\n{text}")


def _task_of(coroutine: Coroutine[Any, Any, _T], loop: asyncio.AbstractEventLoop) -> "asyncio.Task[_T] | None":
    return next((task for task in asyncio.all_tasks(loop) if task.get_coro() is coroutine), None)


def _is_exit_of_app(exc: BaseException) -> bool:
    """Tell whether it is SystemExit that a task of the app has raised."""
    return isinstance(exc, SystemExit) and any(is_servers(task) for task in _raised_in(exc))


def _raised_in(exc: BaseException) -> Iterator["asyncio.Task[Any]"]:
    """Yield the task that has raised something; asyncio itself tells of no tasks but those that have not ended."""
    # By its type: isinstance() would ask objects that stand for others what they are.
    tasks: Any = (each for each in gc.get_objects() if issubclass(type(each), asyncio.Task))
    return (task for task in tasks if task._exception is exc)  # noqa: SLF001 - exception() would count as a look


async def _wait_for(task: "asyncio.Task[Any]", enter: Callable[[], None]) -> None:
    enter()
    with contextlib.suppress(SystemExit, KeyboardInterrupt, Exception):
        await task  # and not asyncio.wait(): Ctrl-C cancels this, and with it the task
