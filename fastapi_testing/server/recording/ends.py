"""The ends of tasks, be they on the running event loop or on that of another thread."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

__all__ = ["cancel_elsewhere", "ends_of"]

_CANCEL_GRACE = 1.0
"""Seconds that a cancelled task has to come to its end."""

Task = asyncio.Task[Any]


def ends_of(tasks: Iterable[Task]) -> set["asyncio.Future[Any]"]:
    """Return what can be awaited, on the running event loop, for the end of each task."""
    here = asyncio.get_running_loop()
    return {task if task.get_loop() is here else _end_of(task, here) for task in tasks}


async def cancel_elsewhere(tasks: set[Task]) -> None:
    """Cancel tasks on other event loops, and wait for them; let go of those that do not end."""
    for task in tasks:
        _call_soon(task.get_loop(), task.cancel)
    await asyncio.wait(ends_of(tasks), timeout=_CANCEL_GRACE)


def _end_of(task: Task, here: asyncio.AbstractEventLoop) -> "asyncio.Future[None]":
    end = here.create_future()
    tell = partial(_call_soon, here, _resolve, end)
    if not _call_soon(task.get_loop(), task.add_done_callback, lambda _: tell()):
        end.set_result(None)  # nothing ends any more where the loop is closed
    return end


def _call_soon(loop: asyncio.AbstractEventLoop, function: Callable[..., object], *args: Any) -> bool:
    """Have an event loop call a function; tell whether it will, which a closed one does not."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(function, *args)
        return True
    return False


def _resolve(end: "asyncio.Future[None]") -> None:
    if not end.done():
        end.set_result(None)
