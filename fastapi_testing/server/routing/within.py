"""
Which apps with dependencies are within an app: behind middleware, in mounts, and in what was written by hand.

What others see of an app is followed first: its attribute ``app``, and what its routes mount. Only where that leads to
none, it is looked for in what a function has closed over or names, and in what an object holds. The search ends at each
app that it finds: those that are mounted in it in turn have overrides of their own, and are named where they are meant.
"""

import functools
import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route, Router, WebSocketRoute

__all__ = ["apps_shown", "has_overrides", "outermost_apps"]

_DEPTH = 20
"""Wrappers that are looked into, one in the other; a mock has one in each, without an end."""

_LOOKED_AT = 500
"""Objects that are looked at, all in all: a framework may hold thousands."""


def has_overrides(app: Any) -> bool:
    """Tell whether it is an app whose dependencies can be overridden, as FastAPI's can."""
    return isinstance(getattr(app, "dependency_overrides", None), dict)


def outermost_apps(app: Any) -> list[Any]:
    """Return the app itself where it has overrides, or else those within it that have."""
    return list(_find(app, set(), _DEPTH))


def _find(app: Any, seen: set[int], depth: int) -> Iterator[Any]:
    if app is None or id(app) in seen or not depth or len(seen) == _LOOKED_AT:
        return
    seen.add(id(app))
    if has_overrides(app):
        yield app
        return
    found = [inner for each in apps_shown(app) for inner in _find(each, seen, depth - 1)]
    if not found and not isinstance(app, Starlette | Router):
        found = [inner for each in _hidden(app) for inner in _find(each, seen, depth - 1)]
    yield from found


def apps_shown(app: Any) -> Iterator[Any]:
    """Yield what others see in an app: what a middleware or a mount is around, and the mounts of what has routes."""
    yield getattr(app, "app", None)
    routes = getattr(app, "routes", None)
    if isinstance(routes, list | tuple):
        yield from (each for each in routes if not isinstance(each, Route | WebSocketRoute))


def _hidden(app: Any) -> Iterator[Any]:
    """Yield what may be an app in what a function knows, or an object holds."""
    if isinstance(app, functools.partial):
        held = [app.func, *app.args, *app.keywords.values()]
    elif inspect.ismethod(app):
        held = [app.__self__, app.__func__]
    elif inspect.isfunction(app):
        known = inspect.getclosurevars(app)
        # Functions of its module are not followed: they may lead anywhere.
        held = [*known.nonlocals.values(), *filter(_is_app, known.globals.values())]
    else:
        held = list(getattr(app, "__dict__", {}).values())
    for each in held:
        if isinstance(each, Mapping):
            yield from filter(_may_be_app, each.values())
        elif isinstance(each, list | tuple):
            yield from filter(_may_be_app, each)
        elif _may_be_app(each):
            yield each


def _is_app(value: Any) -> bool:
    return not inspect.isclass(value) and (has_overrides(value) or isinstance(value, Starlette))


def _may_be_app(value: Any) -> bool:
    return callable(value) and not inspect.isclass(value) and not inspect.isbuiltin(value)
