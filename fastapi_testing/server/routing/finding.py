"""Which apps are within an app, and which route a request is for, as Starlette finds it: the first that matches."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote

from fastapi_testing.server.routing.routes import iterate_routes, path_in_mount, paths_in, unwrap
from fastapi_testing.server.routing.within import apps_shown, has_overrides

__all__ = ["apps_with_overrides", "find_apps", "find_template"]


def apps_with_overrides(app: Any) -> Iterator[Any]:
    """Yield the apps that have overrides: the one given, or the one within its middleware, and those mounted in it."""
    seen: set[int] = set()
    found = [app]
    while found:
        app = found.pop()
        if app is None or id(app) in seen:
            continue
        seen.add(id(app))
        if has_overrides(app):
            yield app
        found += apps_shown(app)


def find_apps(app: Any, path: str) -> Iterator[tuple[Any, str]]:
    """Yield each app with an OpenAPI schema that a path may lead to, the outermost first, with the path in it."""
    for step in _walk(unwrap(app), unquote(path)):
        if step.route is None and hasattr(step.app, "openapi"):
            yield step.app, step.path
        elif step.behind is not None:
            yield from find_apps(step.route.app, step.behind)


def find_template(app: Any, method: str, path: str) -> tuple[Any, str] | None:
    """
    Return the app and the path template of the route that a request is for.

    Args:
        app: The app, which may be in middleware.
        method: The method of the request.
        path: Its path, with or without the app's ``root_path`` before it.
    """
    for step in _walk(unwrap(app), unquote(path)):
        if step.behind is not None:
            return find_template(step.route.app, method, step.behind)
        if step.route is not None and _matches(step.route, method, step.path):
            return step.app, step.route.path_format
    return None


class _Step(NamedTuple):
    """What a path comes to, on its way through an app: the app itself, and then each of its routes."""

    app: Any
    path: str
    route: Any = None
    behind: str | None = None
    """What is left of the path in the app that the route mounts; None if it mounts none, or not for this path."""


def _walk(app: Any, path: str) -> Iterator[_Step]:
    for rest in paths_in(app, path):
        yield _Step(app, rest)
        for route in iterate_routes(getattr(app, "routes", ())):
            if hasattr(route, "path_regex"):
                yield _Step(app, rest, route, path_in_mount(route, rest))


def _matches(route: Any, method: str, path: str) -> bool:
    # A WebSocket's route has no methods.
    return method in (getattr(route, "methods", None) or ()) and route.path_regex.match(path) is not None
