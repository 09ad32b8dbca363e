"""What a test may not leave behind: overridden dependencies, and tasks."""

import inspect
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from starlette.routing import Route, WebSocketRoute

from fastapi_testing.server.exchange import exchange_of
from fastapi_testing.server.recorder import Recorder
from fastapi_testing.server.stacks import describe_task

if TYPE_CHECKING:
    import asyncio

__all__ = ["Leaks", "OverridesGuard", "belongs_to_lifespan", "describe_leaks", "report_leaks"]

Leaks = Literal["warn", "fail", "ignore"]
"""What to do about the tasks that a test leaves."""


class OverridesGuard:
    """
    Remembers the dependency overrides of an app, and of the apps mounted in it, to bring them back.

    Args:
        app: The app that is served; one without ``dependency_overrides`` has none.
    """

    def __init__(self, app: Any) -> None:
        self._before = [(each, each.dependency_overrides, dict(each.dependency_overrides)) for each in _apps(app)]

    def restore(self) -> None:
        """Bring the overrides back as they were; a dict that was replaced is itself again."""
        for app, overrides, before in self._before:
            app.dependency_overrides = overrides
            if overrides != before:
                overrides.clear()
                overrides.update(before)


def belongs_to_lifespan(task: "asyncio.Task[Any]") -> bool:
    """Tell whether a task is the app's lifespan, or was started by it or by what it started."""
    exchange = exchange_of(task)
    return exchange is not None and exchange.kind == "lifespan"


def describe_leaks(tasks: Iterable["asyncio.Task[Any]"], recorders: Iterable[Recorder], test: str) -> str:
    """Return which tasks a test has left, and where they wait; empty if there are none."""
    lines = sorted(f"\n  {_describe(task, recorders)}" for task in tasks)
    what = "a task" if len(lines) == 1 else f"{len(lines)} tasks"
    return f"{test} left {what} running, cancelled now:{''.join(lines)}" if lines else ""


def report_leaks(leaks: str, how: Leaks, method: Callable[..., Any]) -> list[str]:
    """Warn of leaks, at the line of the test's method; return them as a failure instead where they are one."""
    if leaks and how == "warn":
        code = inspect.unwrap(method).__code__
        warnings.warn_explicit(leaks, ResourceWarning, code.co_filename, code.co_firstlineno)
    return [leaks] if leaks and how == "fail" else []


def _describe(task: "asyncio.Task[Any]", recorders: Iterable[Recorder]) -> str:
    answering = next((recorder for recorder in recorders if task in recorder.tasks()), None)
    return describe_task(task) if answering is None else answering.describe(task)


def _apps(app: Any) -> Iterator[Any]:
    """Yield the apps that have overrides: the one given, or the one within its middleware, and those mounted in it."""
    seen: set[int] = set()
    found = [app]
    while found:
        app = found.pop()
        if app is None or id(app) in seen:
            continue
        seen.add(id(app))
        if isinstance(getattr(app, "dependency_overrides", None), dict):
            yield app
        found.append(getattr(app, "app", None))  # what a middleware, or a mount, is around
        found += (each for each in getattr(app, "routes", None) or () if not isinstance(each, Route | WebSocketRoute))
