"""Which route of an app a request is for, as Starlette finds it: the first that matches, in mounted apps too."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from fastapi_testing.server.routing.routes import iterate_routes, path_in_mount, paths_in, unwrap

__all__ = ["find_apps", "find_template"]


def find_apps(app: Any, path: str) -> Iterator[tuple[Any, str]]:
    """Yield each app with an OpenAPI schema that a path may lead to, the outermost first, with the path in it."""
    app = unwrap(app)
    for rest in paths_in(app, unquote(path)):
        if hasattr(app, "openapi"):
            yield app, rest
        for route in _routes(app):
            inner = path_in_mount(route, rest)
            if inner is not None:
                yield from find_apps(route.app, inner)


def find_template(app: Any, method: str, path: str) -> tuple[Any, str] | None:
    """
    Return the app and the path template of the route that a request is for.

    Args:
        app: The app, which may be in middleware.
        method: The method of the request.
        path: Its path, with or without the app's ``root_path`` before it.
    """
    app = unwrap(app)
    for rest in paths_in(app, unquote(path)):
        for route in _routes(app):
            inner = path_in_mount(route, rest)
            if inner is not None:
                return find_template(route.app, method, inner)
            if _matches(route, method, rest):
                return app, route.path_format
    return None


def _routes(app: Any) -> list[Any]:
    routes = iterate_routes(getattr(app, "routes", ()))
    return [route for route in routes if hasattr(route, "path_regex")]


def _matches(route: Any, method: str, path: str) -> bool:
    # A WebSocket's route has no methods.
    return method in (getattr(route, "methods", None) or ()) and route.path_regex.match(path) is not None
