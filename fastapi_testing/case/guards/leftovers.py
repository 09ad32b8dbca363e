"""
Which of the tasks that a test finds at its end may stay, and whose the others are.

A task is at home if it may outlive the test without a word: that of the app's lifespan and what it has started, a task
in a task group whose host was there before the test or is at home itself, what such a task has started, and what
``background_tasks`` names. The lifespan's task group ends with the lifespan, and takes it along if one of its tasks is
cancelled by somebody else.

A library's own task is one that a line of an installed library has started, and that runs nothing of the user's. Who
starts such a task keeps track of it: were it cancelled, the library would be broken for the tests that follow. So it
stays as well, but not without a word, as the library may have been left open.

All others are the test's, or the app's for it: they are cancelled, and told.
"""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Literal

from fastapi_testing.server.recording.exchange import exchange_of
from fastapi_testing.server.recording.owners import functions_of, host_of, is_named, library_of, starter_of

__all__ = ["Leftovers", "check_background_tasks", "name_for"]

KNOWN = (
    "engineio",  # python-socketio and python-engineio: the service task, and a ping for each client
    "sse_starlette",  # the watcher for the server's end
)
"""Libraries that start a task on first use, and keep it."""

Task = asyncio.Task[Any]
Kind = Literal["at home", "library's", "left"]


class Leftovers:
    """
    Sorts the tasks that a test finds at its end.

    Args:
        names: The modules and functions that may keep tasks, beside those of known libraries.
        package: The top-level package of the test, which is nobody's library.
    """

    def __init__(self, names: Sequence[str], package: str) -> None:
        self._names = (*names, *KNOWN)
        self._package = package

    def left(self, tasks: Collection[Task]) -> set[Task]:
        """Return those that have to end."""
        return {task for task in tasks if self._kind(task, tasks) == "left"}

    def strangers(self, tasks: Collection[Task]) -> set[Task]:
        """Return those that a library, which nobody has named, has started for itself; but not what they started."""
        found = {task for task in tasks if self._kind(task, tasks) == "library's"}
        return {task for task in found if starter_of(task) not in found}

    def _kind(self, task: Task, new: Collection[Task]) -> Kind:
        """Return what a task is, given all that were started since the test began."""
        exchange = exchange_of(task)
        if task is _asking() or (exchange is not None and exchange.kind == "lifespan"):
            return "at home"
        if is_call(task):
            return "left"
        host = host_of(task)
        if host is not None and (host not in new or self._kind(host, new) == "at home"):
            return "at home"
        if is_named(task, self._names) or self._is_looked_after(task, new):
            return "at home"
        library = library_of(task)
        return "left" if host is not None or library in (None, self._package, _package_of(task)) else "library's"

    def _is_looked_after(self, task: Task, new: Collection[Task]) -> bool:
        """Tell whether what started a task still runs, and is no call of the app, nor has to end with the test."""
        starter = starter_of(task)
        if starter is None or is_call(starter):
            return False
        return starter not in new or self._kind(starter, new) == "at home"


def is_call(task: Task) -> bool:
    """Tell whether a task is one in which the app answers."""
    exchange = exchange_of(task)
    return exchange is not None and task not in exchange.started


def name_for(task: Task) -> str | None:
    """Return the name by which ``background_tasks`` lets a task that the app has started stay; None for any other."""
    if exchange_of(task) is None or is_call(task):
        return None
    return next((name for name in functions_of(task) if not name.startswith(("asyncio.", "anyio."))), None)


def check_background_tasks(names: object) -> None:
    """Raise :exc:`TypeError` unless they are names of modules and functions."""
    if isinstance(names, str) or not isinstance(names, Iterable) or not all(isinstance(each, str) for each in names):
        raise TypeError(
            f"background_tasks must be a tuple of modules and functions, such as "
            f'("sse_starlette", "shop.workers:poll"), got {names!r}'
        )


def _asking() -> Task | None:
    """Return the task that looks; the one that another thread's loop runs just now is another."""
    try:
        return asyncio.current_task()
    except RuntimeError:  # no loop runs here
        return None


def _package_of(task: Task) -> str | None:
    """Return the package of the route's function that a task was started for: the app itself may be installed."""
    exchange = exchange_of(task)
    return exchange.endpoint.partition(".")[0] if exchange is not None and exchange.endpoint else None
