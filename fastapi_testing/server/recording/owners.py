"""
Whose a task is: which functions it runs, who has started it, and which task group it is in.

A task is seen from outside. The functions it runs are those that its coroutine awaits one another by, the first one
outermost; some of them, such as anyio's, only run what they were given. Who started it is known for the tasks that
were made while a server runs on their event loop. A task group looks after its tasks by a callback on each of them,
which leads to the group, and the group leads to the task that waits for it: its host. When somebody else cancels a
task of a group, anyio cancels the others too, and the block of the host ends without a word.
"""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any

from anyio.abc import TaskGroup

from fastapi_testing.server.recording.libraries import is_users
from fastapi_testing.server.recording.stacks import frames_of
from fastapi_testing.server.recording.tasks import librarys_tasks, starters

__all__ = ["functions_of", "host_of", "is_named", "library_of", "starter_of"]

Task = asyncio.Task[Any]


def functions_of(task: Task) -> list[str]:
    """
    Return which functions a task runs, up to the first of the user's own, such as ``shop.workers:poll``.

    What that one awaits in turn is its own matter, and does not make the task another's.
    """
    names = []
    for frame in frames_of(task.get_coro()):
        names.append(f"{frame.f_globals.get('__name__')}:{frame.f_code.co_qualname}")
        if is_users(frame.f_code.co_filename):
            break
    return names


def library_of(task: Task) -> str | None:
    """
    Return the package that started a task for itself, such as ``sse_starlette``; None where that was somebody else.

    Nothing of the user's code runs in such a task, and the line that started it is the library's, too.
    """
    module = librarys_tasks.get(task)
    if module is None or any(is_users(frame.f_code.co_filename) for frame in frames_of(task.get_coro())):
        return None
    return module.partition(".")[0]


def is_named(task: Task, names: Iterable[str]) -> bool:
    """Tell whether a task runs what one of the names is of: a module, a package or, after a colon, a function."""
    functions = functions_of(task)
    if library_of(task) is not None:  # it may run something of asyncio's, as asyncio.wait_for() does
        functions.append(f"{librarys_tasks[task]}:")
    return any(_is_of(function, name) for function in functions for name in names)


def host_of(task: Task) -> Task | None:
    """Return the task that waits for the task group, anyio's or asyncio's, that a task is in; None outside of one."""
    for callback, *_ in task._callbacks or ():  # noqa: SLF001 - documented
        for group in _reached(callback):
            host = _host(group)
            if host is not None and not host.done():
                return host
    return None


def starter_of(task: Task) -> Task | None:
    """Return the task that has started one, if it still runs."""
    noted = starters.get(task)
    starter = None if noted is None else noted()
    return None if starter is None or starter.done() else starter


def _is_of(function: str, name: str) -> bool:
    module = function.partition(":")[0]
    return name == function if ":" in name else f"{module}.".startswith(f"{name}.")


def _reached(callback: Any) -> Iterator[Any]:
    """Yield the objects that a callback is a method of, or that it closes over."""
    yield getattr(callback, "__self__", None)
    for cell in getattr(callback, "__closure__", None) or ():
        yield cell.cell_contents


def _host(group: Any) -> Task | None:
    if isinstance(group, asyncio.TaskGroup):
        return group._parent_task  # type: ignore[attr-defined, no-any-return]  # noqa: SLF001 - documented
    if isinstance(group, TaskGroup):
        return getattr(group.cancel_scope, "_host_task", None)
    return None
