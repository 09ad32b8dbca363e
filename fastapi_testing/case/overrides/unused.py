"""
What an app depends on, to tell of an override that changes nothing.

An override may be made before what needs it: a route that the test adds, or an override that depends on it in turn.
So one that nothing needs yet is suspected, and no more. All suspicions of an app are looked at again before any of
its overrides is undone, as nothing that the app has is gone by then; what is still suspected when it is undone itself
has changed nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from weakref import WeakKeyDictionary

from fastapi.dependencies.utils import get_dependant
from starlette.routing import Host, Mount

from fastapi_testing.server.application import describe_app
from fastapi_testing.server.routing.routes import iterate_routes

__all__ = ["look_again", "name_of", "note_call", "short_name", "suspect"]

_CALLED = "was_called_as_an_override"

_suspicions: WeakKeyDictionary[Any, list["Suspicion"]] = WeakKeyDictionary()
"""By app."""


class Suspicion:
    """
    An override that nothing in the app depends on yet.

    Args:
        app: The FastAPI app.
        dependency: What is overridden.
        override: What is called instead.
    """

    def __init__(self, app: Any, dependency: Callable[..., Any], override: Callable[..., Any]) -> None:
        self._app = app
        self._dependency = dependency
        self._override = override
        self._holds = True

    def look(self) -> None:
        """Drop the suspicion where something depends on the override by now, or has called it."""
        if self._holds:
            self._holds = not (getattr(self._override, _CALLED, False) or _is_used(self._app, self._dependency))

    def lift(self) -> str | None:
        """Return what is to be said of the override, which is about to be undone; None where it was of use."""
        _suspicions[self._app].remove(self)
        return _describe_unused(self._app, self._dependency) if self._holds else None


def suspect(app: Any, dependency: Callable[..., Any], override: Callable[..., Any]) -> Suspicion | None:
    """Suspect an override that is about to be made; None where something in the app depends on it."""
    if _is_used(app, dependency):
        return None
    suspicion = Suspicion(app, dependency, override)
    _suspicions.setdefault(app, []).append(suspicion)
    return suspicion


def look_again(app: Any) -> None:
    """Look at the suspicions of an app, one of whose overrides is about to be undone."""
    for suspicion in _suspicions.get(app, ()):
        suspicion.look()


def note_call(override: Callable[..., Any]) -> None:
    """Take note that an override is called, be it by an app that looks its overrides up itself."""
    setattr(override, _CALLED, True)


def _is_used(app: Any, dependency: Callable[..., Any]) -> bool:
    return dependency in _dependencies(_routes_of(app)) or dependency in _dependencies_of_overrides(app, dependency)


def _describe_unused(app: Any, dependency: Callable[..., Any]) -> str:
    """Say that nothing in the app depends on it, and what it may have been taken for."""
    own = _dependencies(_routes_of(app)) | _dependencies_of_overrides(app, dependency)
    told = f"no route of {describe_app(app)} depends on {name_of(dependency)}: the override changes nothing"
    for path, mounted in _mounted_apps(app.routes):
        if dependency in _dependencies(mounted.routes):
            return f"{told}; {describe_app(mounted)}, mounted at {path}, does: give app="
    if twins := [name_of(each) for each in own if short_name(each) == short_name(dependency)]:
        return f"{told}; it depends on {', '.join(sorted(twins))}, another object of the same name"
    return f"{told}; it depends on {', '.join(sorted(map(name_of, own))) or 'nothing'}"


def _routes_of(app: Any) -> Iterator[Any]:
    """Yield the routes that ask an app for overrides: its own, and those in its mounts that were made to."""
    own, mounts, seen = app.routes, [app.routes], set()
    while mounts:
        routes = mounts.pop()
        seen.add(id(routes))
        for route in iterate_routes(routes):
            original = _original(route)
            if isinstance(original, Mount | Host):
                mounts += [original.routes] if id(original.routes) not in seen else []
            elif routes is own or getattr(original, "dependency_overrides_provider", None) is app:
                yield route


def _dependencies(routes: Iterable[Any]) -> set[Callable[..., Any]]:
    """Return what routes depend on, directly or through other dependencies."""
    found: set[Callable[..., Any]] = set()
    for route in iterate_routes(routes):
        _collect(getattr(route, "dependant", None), found)
    return found


def _dependencies_of_overrides(app: Any, but: Callable[..., Any]) -> set[Callable[..., Any]]:
    """Return what the overrides depend on in turn, which can be overridden as well; but those of one of them."""
    found: set[Callable[..., Any]] = set()
    for dependency, override in app.dependency_overrides.items():
        if dependency is not but:
            _collect(get_dependant(path="", call=override), found)
    return found


def _collect(dependant: Any, found: set[Callable[..., Any]]) -> None:
    for each in dependant.dependencies if dependant is not None else ():
        found.add(each.call)
        _collect(each, found)


def _mounted_apps(routes: Iterable[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for route in map(_original, iterate_routes(routes)):
        if isinstance(route, Mount):
            path = prefix + route.path
            if hasattr(route.app, "dependency_overrides"):
                yield path, route.app
            yield from _mounted_apps(route.routes, path)


def _original(route: Any) -> Any:
    return getattr(route, "original_route", route)


def name_of(dependency: Any) -> str:
    """Return the name of a dependency with its module."""
    return f"{getattr(dependency, '__module__', '?')}.{short_name(dependency)}"


def short_name(dependency: Any) -> str:
    """Return the name of a dependency, or of the class of one that is an object."""
    return getattr(dependency, "__qualname__", None) or type(dependency).__qualname__
