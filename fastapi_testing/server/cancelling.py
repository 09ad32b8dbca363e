"""The end of tasks."""

import asyncio
import warnings
from typing import Any

__all__ = ["Interrupted", "all_tasks", "cancel_tasks"]

_CANCEL_TIMEOUT = 10.0
"""Seconds that cancelled tasks have to come to their end."""


class Interrupted(asyncio.CancelledError):
    """Ends what blocks a thread or its event loop, in a test or in a handler, as a cancellation would."""


async def all_tasks() -> set["asyncio.Task[Any]"]:
    """Return the tasks on the event loop that this is awaited on, for those who ask from another thread."""
    return asyncio.all_tasks()


async def cancel_tasks(tasks: set["asyncio.Task[Any]"]) -> None:
    """Cancel tasks and wait for them; let go, with a warning, of those that do not end."""
    for task in tasks:
        task.cancel()
    if not tasks:
        return
    done, pending = await asyncio.wait(tasks, timeout=_CANCEL_TIMEOUT)
    for task in done:
        _report_exception(task)
    for task in pending:
        # Runner.close() would wait for it without end; asyncio documents this function for loops of other makers.
        asyncio._unregister_task(task)  # noqa: SLF001
    for task in pending:
        warnings.warn(f"cancelled, but not ended after {_CANCEL_TIMEOUT:g} s: {task!r}", RuntimeWarning, stacklevel=2)


def _report_exception(task: "asyncio.Task[Any]") -> None:
    """Hand the exception of a cancelled task to the loop's handler, as the standard library does."""
    if not task.cancelled() and task.exception() is not None:
        task.get_loop().call_exception_handler(
            {
                "message": "unhandled exception while a test's leftover task was cancelled",
                "exception": task.exception(),
                "task": task,
            }
        )
