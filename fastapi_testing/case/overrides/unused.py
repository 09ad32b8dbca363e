"""What an app depends on, to tell of an override that changes nothing."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from fastapi.dependencies.utils import get_dependant
from starlette.routing import Mount

from fastapi_testing.server.application import describe_app
from fastapi_testing.server.routing.routes import iterate_routes

__all__ = ["describe_unused", "name_of", "short_name"]


def describe_unused(app: Any, dependency: Callable[..., Any]) -> str | None:
    """Say that nothing in the app depends on it, and what it may have been taken for; None where something does."""
    own = _dependencies(app.routes) | _dependencies_of_overrides(app)
    if dependency in own:
        return None
    told = f"no route of {describe_app(app)} depends on {name_of(dependency)}: the override changes nothing"
    for path, mounted in _mounted_apps(app.routes):
        if dependency in _dependencies(mounted.routes):
            return f"{told}; {describe_app(mounted)}, mounted at {path}, does: give app="
    if twins := [name_of(each) for each in own if short_name(each) == short_name(dependency)]:
        return f"{told}; it depends on {', '.join(sorted(twins))}, another object of the same name"
    return f"{told}; it depends on {', '.join(sorted(map(name_of, own))) or 'nothing'}"


def _dependencies(routes: Iterable[Any]) -> set[Callable[..., Any]]:
    """Return what routes depend on, directly or through other dependencies."""
    found: set[Callable[..., Any]] = set()
    for route in iterate_routes(routes):
        _collect(getattr(route, "dependant", None), found)
    return found


def _dependencies_of_overrides(app: Any) -> set[Callable[..., Any]]:
    """Return what the overrides depend on in turn, which can be overridden as well."""
    found: set[Callable[..., Any]] = set()
    for override in app.dependency_overrides.values():
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
