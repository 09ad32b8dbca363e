"""
A context of a class, which is entered and left in one task of its own.

Between the class's hooks other tasks run for long. A task group that is cancelled meanwhile, because one of its tasks
has failed, would cancel the hook's task again and again, which does nothing then; here it is left at once, and what it
raises is raised where the class leaves it.
"""

import asyncio
import contextvars
import weakref
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, TypeVar

__all__ = ["KeptContext", "followed", "is_kept"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_T = TypeVar("_T")

_CANCELLED = "the task of a context that the class has entered was cancelled"

_kept: "weakref.WeakSet[asyncio.Task[Any]]" = weakref.WeakSet()


class KeptContext(Generic[_T]):
    """
    A context that is entered and left by a task of its own.

    Args:
        context: The context manager.
        where: The :mod:`contextvars` context of the task.
        name: The task's.

    Raises:
        TypeError: If it is not an asynchronous context manager.
    """

    def __init__(self, context: AbstractAsyncContextManager[_T], where: contextvars.Context, name: str) -> None:
        if not hasattr(type(context), "__aenter__") or not hasattr(type(context), "__aexit__"):
            name = f"{type(context).__module__}.{type(context).__qualname__}"
            raise TypeError(f"{name!r} object does not support the asynchronous context manager protocol")
        self.context = context
        self._where = where
        self._name = name
        self._leaving = asyncio.Event()
        self._task: asyncio.Task[None]

    async def enter(self) -> _T:
        """Enter it, and return what its ``__aenter__`` returns."""
        loop, before = asyncio.get_running_loop(), asyncio.all_tasks()
        entered = _Step(loop=loop)
        # No task factory, which might run it at once, where the context is entered already.
        self._task = asyncio.Task(self._keep(entered), loop=loop, context=self._where, name=self._name)
        result: _T = await self._step(entered)
        _kept.update(asyncio.all_tasks() - before)
        return result

    async def leave(self) -> None:
        """
        Leave it; what its ``__aexit__`` raises, or has raised since, is raised.

        Raises:
            RuntimeError: If something has cancelled its task.
        """
        self._leaving.set()
        await self._step(_Step(loop=asyncio.get_running_loop()))

    async def _step(self, step: "_Step") -> Any:
        step.task = self._task
        self._task.add_done_callback(step.take_over)
        try:
            return await step
        finally:
            self._task.remove_done_callback(step.take_over)

    async def _keep(self, entered: "_Step") -> None:
        try:
            async with self.context as value:
                entered.set_result(value)
                await self._leaving.wait()
        except asyncio.CancelledError as exc:
            if entered.done() or entered.is_cancelled:
                raise
            raise RuntimeError(_CANCELLED) from exc


class _Step(asyncio.Future[Any]):
    """
    What awaits a step of another task.

    Attributes:
        task: That task.
        is_cancelled: Whether who awaits this was cancelled, and by that the task.
    """

    task: asyncio.Task[Any]
    is_cancelled: bool = False

    def cancel(self, msg: Any = None) -> bool:
        """Cancel the task, and go on to wait for its end, as a task does that awaits another."""
        if not self.task.cancel(msg):
            return super().cancel(msg)
        self.is_cancelled = True
        return True

    def take_over(self, task: asyncio.Task[None]) -> None:
        """Become what the task has become."""
        if self.done():
            return
        if task.cancelled() and self.is_cancelled:
            super().cancel()
        elif task.cancelled():  # no CancelledError: nobody has cancelled who waits
            self.set_exception(RuntimeError(_CANCELLED))
        elif (exc := task.exception()) is not None:
            self.set_exception(exc)
        else:
            self.set_result(None)


def is_kept(task: "asyncio.Task[Any]") -> bool:
    """Tell whether a task is that of a context of a class, or one that was started as it was entered."""
    return task in _kept


def followed(task: "asyncio.Task[Any]") -> "asyncio.Task[Any]":
    """Return the task in which it goes on what a task awaits: another one, where that enters or leaves a context."""
    waiter = getattr(task, "_fut_waiter", None)
    return waiter.task if isinstance(waiter, _Step) else task
