"""Which route of an app a request is for, as Starlette finds it: the first that matches, in mounted apps too."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from fastapi import routing

__all__ = ["find_apps", "find_template"]

# An app of FastAPI 0.140 and newer has included routers in its routes, which this goes through.
_iterate = getattr(routing, "iter_route_contexts", iter)


def find_apps(app: Any, path: str) -> Iterator[tuple[Any, str]]:
    """Yield each app with an OpenAPI schema that a path may lead to, the outermost first, with the path in it."""
    app = _unwrap(app)
    for rest in _paths(app, unquote(path)):
        if hasattr(app, "openapi"):
            yield app, rest
        for route in _routes(app):
            inner = _path_in_mount(route, rest)
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
    app = _unwrap(app)
    for rest in _paths(app, unquote(path)):
        for route in _routes(app):
            inner = _path_in_mount(route, rest)
            if inner is not None:
                return find_template(route.app, method, inner)
            if _matches(route, method, rest):
                return app, route.path_format
    return None


def _unwrap(app: Any) -> Any:
    """Return the app within middleware that was put around it by hand."""
    while app is not None and not hasattr(app, "routes"):
        app = getattr(app, "app", None)
    return app


def _paths(app: Any, path: str) -> list[str]:
    root = getattr(app, "root_path", "").rstrip("/")
    return [path, path.removeprefix(root)] if root and path.startswith(f"{root}/") else [path]


def _routes(app: Any) -> list[Any]:
    routes = _iterate(getattr(app, "routes", ()))
    return [route for route in routes if hasattr(route, "path_regex")]


def _path_in_mount(route: Any, path: str) -> str | None:
    """Return what is left of a path in a mounted app; None if the route is no mount, or not for this path."""
    match = None if getattr(route, "methods", None) or not hasattr(route, "routes") else route.path_regex.match(path)
    return f"/{match['path']}" if match else None


def _matches(route: Any, method: str, path: str) -> bool:
    # A WebSocket's route has no methods.
    return method in (getattr(route, "methods", None) or ()) and route.path_regex.match(path) is not None
