"""The routes of an app as Starlette looks for them: within middleware, mounts and included routers."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import routing
from starlette.applications import Starlette
from starlette.routing import Host, Mount, Router, WebSocketRoute

__all__ = ["SeenRoute", "is_router", "iterate_routes", "path_in_mount", "paths_in", "survey", "unwrap"]

# FastAPI 0.139 and newer build the routes of included routers when they are asked for; before, they were all there.
iterate_routes: Callable[[Iterable[Any]], Iterator[Any]] = getattr(routing, "iter_route_contexts", iter)

_KNOWN_MAKERS = {"fastapi", "starlette"}
"""Whose routes without a path of their own say in the scope that they match; those of others may match in silence."""


@dataclass(frozen=True)
class SeenRoute:
    """
    A route, and what it is to a path.

    Attributes:
        path: Its template from the outermost app on, with the paths of mounts before it.
        methods: The methods that it takes; empty for any.
        is_websocket: Whether it is a WebSocket's.
        matches: Whether the path is one of the template's.
        matches_by_slash: Whether it would be, with a slash at its end or without one.
        is_documentation: Whether FastAPI made it, to show the app's schema.
    """

    path: str
    methods: frozenset[str]
    is_websocket: bool
    matches: bool
    matches_by_slash: bool
    is_documentation: bool

    def takes(self, method: str) -> bool:
        """Tell whether it takes a method."""
        return not self.methods or method in self.methods


class _OpaqueError(Exception):
    """What the request went to does not show its routes."""


def survey(app: Any, path: str) -> list[SeenRoute] | None:
    """
    Return the routes of an app, each as it is to a path.

    Args:
        app: The app, which may be in middleware.
        path: A path as the scope has it, with or without the app's ``root_path`` before it.

    Returns:
        The routes; None where the app, or what it has mounted at the path, is not Starlette's and shows none.
    """
    try:
        return list(_walk(app, [path], ""))
    except _OpaqueError:
        return None


def unwrap(app: Any) -> Any:
    """Return the app within middleware that was put around it by hand."""
    while app is not None and not hasattr(app, "routes"):
        app = getattr(app, "app", None)
    return app


def is_router(app: Any) -> bool:
    """Tell whether it is an app, or a router, that looks for its routes as Starlette does."""
    return isinstance(unwrap(app), Starlette | Router)


def paths_in(app: Any, path: str) -> list[str]:
    """Return a path with and without the ``root_path`` of the app, which may stand before it."""
    root = getattr(app, "root_path", "").rstrip("/")
    return [path, path.removeprefix(root)] if root and path.startswith(f"{root}/") else [path]


def path_in_mount(route: Any, path: str) -> str | None:
    """Return what is left of a path in a mounted app; None if the route is no mount, or not for this path."""
    match = None if getattr(route, "methods", None) or not hasattr(route, "routes") else route.path_regex.match(path)
    return f"/{match['path']}" if match else None


def _walk(app: Any, paths: list[str], prefix: str, above: frozenset[int] = frozenset()) -> Iterator[SeenRoute]:
    """Yield the routes of an app that is mounted at a prefix, each as it is to what paths have become there."""
    app = unwrap(app)
    if id(app) in above:  # it is mounted in itself
        return
    above |= {id(app)}
    if not is_router(app):
        if paths:
            raise _OpaqueError
        return
    inside = [rest for path in paths for rest in paths_in(app, path)]
    for route in iterate_routes(app.routes):
        original = getattr(route, "original_route", route)
        if isinstance(original, Host):
            yield from _walk(route.app, inside, prefix, above)
        elif isinstance(original, Mount):
            behind = [rest for path in inside if (rest := path_in_mount(route, path)) is not None]
            yield from _walk(route.app, behind, f"{prefix}{route.path}", above)
        elif getattr(route, "path_regex", None) is not None:
            yield _see(route, original, inside, prefix, _documentation(app))
        elif type(original).__module__.partition(".")[0] not in _KNOWN_MAKERS:
            raise _OpaqueError


def _see(route: Any, original: Any, paths: list[str], prefix: str, documentation: set[Any]) -> SeenRoute:
    return SeenRoute(
        path=f"{prefix}{route.path}" or "/",
        methods=frozenset(getattr(route, "methods", None) or ()),
        is_websocket=isinstance(original, WebSocketRoute),
        matches=any(route.path_regex.match(path) for path in paths),
        matches_by_slash=any(route.path_regex.match(_other_slash(path)) for path in paths),
        is_documentation=route.path in documentation and not getattr(original, "include_in_schema", True),
    )


def _documentation(app: Any) -> set[Any]:
    """Return the paths at which a FastAPI shows its schema."""
    names = ("openapi_url", "docs_url", "redoc_url", "swagger_ui_oauth2_redirect_url")
    return {getattr(app, name, None) for name in names}


def _other_slash(path: str) -> str:
    return path.rstrip("/") if path.endswith("/") else f"{path}/"
