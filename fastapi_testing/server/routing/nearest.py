"""Which routes somebody may have meant who asked for a path that no route has."""

import re
from collections.abc import Iterable
from dataclasses import replace
from difflib import SequenceMatcher

from fastapi_testing.server.routing.routes import SeenRoute

__all__ = ["nearest_routes"]

_SHOWN = 3
"""Routes that are named at most."""

_NEAR = 0.6
"""How like a path a template has to be, between 0 and 1; so much a segment, too, before it is taken for another."""

_PARAMETER = 0.7
"""What a segment counts that stands in the place of a parameter: it says less than one that is spelt alike."""

_MISSING = 0.3
"""What a segment costs that one of the two has more."""

_OTHER = -0.5
"""What a segment counts that is another: two paths that begin alike may have little to do with one another."""

_EXPRESSION = re.compile(r"\{[^}]*\}")


def nearest_routes(path: str, method: str, routes: Iterable[SeenRoute], *, websocket: bool) -> list[SeenRoute]:
    """
    Return the routes nearest to a path, the nearest first: three at most, and none that is far.

    A template is compared segment by segment, from its beginning and, for a prefix that was left out, from its end.
    Of two that are equally near, the one for the method, or of the same kind, comes first.
    """
    near = [(likeness(path, route), _fits(route, method, websocket=websocket), route) for route in _merge(routes)]
    near = [each for each in near if each[0] >= _NEAR]
    found = [route for *_, route in sorted(near, key=lambda each: (-each[0], not each[1], each[2].path))]
    return ([route for route in found if not route.is_documentation] or found)[:_SHOWN]


def likeness(path: str, route: SeenRoute) -> float:
    """Return how like a path a route is: 1 where it has it."""
    if route.matches or route.matches_by_slash:
        return 1.0
    asked, template = _segments(path), _segments(route.path)
    return max(_compare(asked, template), _compare(asked[::-1], template[::-1]))


def _merge(routes: Iterable[SeenRoute]) -> list[SeenRoute]:
    """Return one route for those that differ in their methods only."""
    merged: dict[tuple[str, bool], SeenRoute] = {}
    for route in routes:
        key = route.path, route.is_websocket
        methods = route.methods | merged[key].methods if key in merged else route.methods
        merged[key] = replace(route, methods=methods)
    return [*merged.values()]


def _fits(route: SeenRoute, method: str, *, websocket: bool) -> bool:
    return route.is_websocket == websocket and (websocket or route.takes(method))


def _segments(path: str) -> list[str]:
    return path.casefold().strip("/").split("/")


def _compare(asked: list[str], template: list[str]) -> float:
    pairs = list(zip(asked, template, strict=False))
    scores = [_segment_likeness(*pair) for pair in pairs]
    spelt = [score for score, (_, segment) in zip(scores, pairs, strict=True) if not _EXPRESSION.search(segment)]
    if not spelt or max(spelt) < _NEAR:  # parameters alone are like anything
        return 0.0
    return sum(scores) / (len(pairs) + _MISSING * abs(len(asked) - len(template)))


def _segment_likeness(asked: str, template: str) -> float:
    if _EXPRESSION.search(template):
        literals = map(re.escape, _EXPRESSION.split(template))
        return _PARAMETER if re.fullmatch(".+".join(literals), asked) else 0.0
    ratio = SequenceMatcher(None, asked, template).ratio()
    return ratio if ratio >= _NEAR else _OTHER
