"""What to say of a request that no route of the app took."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastapi_testing.server.routing.nearest import nearest_routes
from fastapi_testing.server.routing.routes import SeenRoute, is_router, survey, unwrap
from fastapi_testing.server.routing.unnamed import why_unnamed

__all__ = ["describe_invalid", "describe_unrouted"]

_NOT_FOUND, _NOT_ALLOWED = 404, 405

_REDIRECTS = (307, 308)
"""How Starlette answers where a path has a slash too many at its end, or one too few."""

_REJECTED = 403
"""How a server rejects a WebSocket that the app closes before it has accepted it (ASGI)."""


def describe_unrouted(app: Any, endpoint: object, asked: tuple[str, str, str], status: int | None) -> str:
    """
    Say that no route of an app takes a request, and which come near.

    Args:
        app: The app, which may be in middleware.
        endpoint: What the scope names so after the call: the function of a route, or an app that is mounted.
        asked: The kind of the exchange, its method, and its path as the app's router saw it.
        status: What was answered.

    Returns:
        The text; empty where a route took it, or where that cannot be told.
    """
    kind, method, path = asked
    if not _looks_unrouted(kind, endpoint, status):
        return ""
    routes = survey(app, path)
    if routes is None:
        return ""
    own = [route for route in routes if route.is_websocket == (kind == "websocket")]
    fitting = [route for route in own if route.matches]
    if any(route.takes(method) for route in fitting):
        return ""  # pragma: no cover - one that the app has got since
    what = f"WebSocket {path}" if kind == "websocket" else f"{method} {path}"
    why = _describe_methods(fitting) or _describe_slash(status, method, own) or _describe_near(app, asked, routes)
    return f"no route of the app matches {what}{why}"


def describe_invalid(endpoint: str, errors: Iterable[Mapping[str, Any]]) -> str:
    """Say what FastAPI finds wrong with the handshake of a WebSocket; errors are those of pydantic."""
    each = (f"{'.'.join(map(str, error['loc']))}: {error['msg']} ({error['type']})" for error in errors)
    return f"the handshake is not as {endpoint or 'its route'} takes it: {'; '.join(each)}"


def _looks_unrouted(kind: str, endpoint: object, status: int | None) -> bool:
    if status == _NOT_ALLOWED:
        return True
    took_it = endpoint is not None and not is_router(endpoint)
    return not took_it and status in ((_REJECTED,) if kind == "websocket" else (_NOT_FOUND, *_REDIRECTS))


def _describe_slash(status: int | None, method: str, routes: Sequence[SeenRoute]) -> str:
    paths = [route.path for route in routes if route.matches_by_slash and route.takes(method)]
    if not paths or status not in _REDIRECTS:
        return ""
    slash = "with" if paths[0].endswith("/") else "without"
    return f", but {method} {paths[0]} does, to which it redirects: write the path {slash} the slash at its end"


def _describe_methods(routes: Sequence[SeenRoute]) -> str:
    if not routes:
        return ""
    methods: defaultdict[str, set[str]] = defaultdict(set)
    for route in routes:
        methods[route.path] |= route.methods
    return ": " + "; ".join(f"{path} takes {_enumerate(_shown(taken))}" for path, taken in methods.items())


def _describe_near(app: Any, asked: tuple[str, str, str], routes: Sequence[SeenRoute]) -> str:
    kind, method, path = asked
    count = sum(not route.is_documentation for route in routes)
    if not count:
        return f": the app has none{why_unnamed(unwrap(app))}"
    near = nearest_routes(path, method, routes, websocket=kind == "websocket")
    if not near:
        return "; its only route is not near" if count == 1 else f"; none of its {count} routes is near"
    return f"; nearest: {', '.join(map(_describe_route, near))}"


def _describe_route(route: SeenRoute) -> str:
    slash = " (mind the slash at its end)" if route.matches_by_slash and not route.matches else ""
    kind = "WebSocket" if route.is_websocket else "/".join(_shown(route.methods)) or "any method"
    return f"{kind} {route.path}{slash}"


def _shown(methods: Iterable[str]) -> list[str]:
    """Return methods in order, without the HEAD that comes with each GET."""
    names = {*methods}
    return sorted(names - {"HEAD"} if "GET" in names else names)


def _enumerate(names: list[str]) -> str:
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last
