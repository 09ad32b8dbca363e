"""Where two JSON documents differ: comparing only, nothing is rendered and nothing raised here."""

import json
import math
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

__all__ = ["Difference", "Path", "align", "find_differences", "find_missing", "is_matcher", "is_object", "pair"]

Path = tuple[str | int, ...]
"""The member names and the indices that lead to a value."""

_Find = Callable[[Any, Any, Path], Iterator["Difference"]]

_JSON_TYPES = (dict, list, tuple, str, int, float, type(None))
_JSON_EQUALITY = frozenset(kind.__eq__ for kind in (*_JSON_TYPES, OrderedDict))


@dataclass(frozen=True)
class Difference:
    """
    One place where documents differ.

    Attributes:
        path: Where it is.
        kind: ``"changed"``; ``"missing"`` in the actual document; ``"extra"`` there; or ``"unmatched"``: the array at
            this path has no element left for the expected one.
        actual: The value that is there, if any.
        expected: The value that should be there, if any.
        closest: For an unmatched element, how the element that comes closest to it differs.
    """

    path: Path
    kind: Literal["changed", "missing", "extra", "unmatched"]
    actual: Any = None
    expected: Any = None
    closest: "Difference | None" = None


def find_differences(actual: Any, expected: Any, path: Path = ()) -> Iterator[Difference]:
    """Yield each difference between two documents, in the order of the expected one."""
    if _are_objects(actual, expected):
        yield from _compare_members(actual, expected, path, find_differences)
        yield from _find_extra_members(actual, expected, path)
    elif _are_arrays(actual, expected):
        for index, (found, wanted) in enumerate(zip(actual, expected, strict=False)):
            yield from find_differences(found, wanted, (*path, index))
        for index in range(len(actual), len(expected)):
            yield Difference((*path, index), "missing", expected=expected[index])
        for index in range(len(expected), len(actual)):
            yield Difference((*path, index), "extra", actual=actual[index])
    elif not _are_equal(actual, expected):
        yield Difference(path, "changed", actual, expected)


def find_missing(actual: Any, expected: Any, path: Path = ()) -> Iterator[Difference]:
    """
    Yield each thing that is expected and not there.

    Objects may have further members. Arrays may have further elements, in any order: each expected element needs an
    element of its own.
    """
    if _are_objects(actual, expected):
        yield from _compare_members(actual, expected, path, find_missing)
    elif _are_arrays(actual, expected):
        yield from _find_unmatched(actual, expected, path)
    elif not _are_equal(actual, expected):
        yield Difference(path, "changed", actual, expected)


def align(actual: Any, expected: Any) -> Any:
    """Return the expected document with all that is equal in the actual one as it is there: 1 for 1.0, 7 for ANY."""
    if _are_objects(actual, expected):
        members, wanted = _members(actual), _members(expected)
        return {name: align(members[name], value) if name in members else value for name, value in wanted.items()}
    if _are_arrays(actual, expected):
        both = [align(found, wanted) for found, wanted in zip(actual, expected, strict=False)]
        return [*both, *expected[len(both) :]]
    return actual if _are_equal(actual, expected) else expected


def pair(found: int, wanted: int, fits: Callable[[int, int], bool]) -> dict[int, int]:
    """
    Give each wanted thing a found one that fits it, for as many as can be, by augmenting paths (Kuhn).

    Taking the first that fits would not do: ``{}`` fits any object, and would take the only one that fits another.

    Args:
        found: How many things were found.
        wanted: How many are wanted.
        fits: Whether a found thing fits a wanted one, both by their indices.

    Returns:
        The index of the wanted thing, by the index of the found one.
    """
    pairs: dict[int, int] = {}
    fits = cache(fits)

    def place(index: int, tried: set[int]) -> bool:
        # A free one first, and of those the one in the same place: most things come in the order expected.
        for candidate in sorted(range(found), key=lambda other: (other in pairs, other != index)):
            if candidate not in tried and fits(candidate, index):
                tried.add(candidate)
                if candidate not in pairs or place(pairs[candidate], tried):
                    pairs[candidate] = index
                    return True
        return False

    for index in range(wanted):
        place(index, set())
    return pairs


def is_matcher(value: Any) -> bool:
    """
    Return whether a value decides for itself what it equals, as :data:`unittest.mock.ANY` does.

    A mapping that is no dict compares in its own way with others of its kind, and means an object of JSON nevertheless.
    """
    if isinstance(value, _JSON_TYPES):
        return type(value).__eq__ not in _JSON_EQUALITY
    return not is_object(value)


def is_object(value: Any) -> bool:
    """Return whether a value stands for an object of JSON: a dict, or any other mapping."""
    return isinstance(value, (dict, Mapping))  # dict first, which is quicker to see


def _are_objects(actual: Any, expected: Any) -> bool:
    return is_object(actual) and is_object(expected) and not is_matcher(expected)


def _are_arrays(actual: Any, expected: Any) -> bool:
    return isinstance(actual, list | tuple) and isinstance(expected, list | tuple) and not is_matcher(expected)


def _are_equal(actual: Any, expected: Any) -> bool:
    """Compare two values as JSON has them: true is not 1, 1 is 1.0, and NaN is what the parser makes of NaN."""
    if not is_matcher(expected) and (isinstance(actual, bool) or isinstance(expected, bool)):
        return actual is expected
    return bool(expected == actual) or (_is_nan(actual) and _is_nan(expected))


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _members(value: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the members of an object by their names, as :func:`json.dumps` writes them: ``"1"`` for ``1``."""
    # By its keys: a name that a multidict has twice is what it answers for the name, as in any other mapping.
    return {_member_name(key): value[key] for key in value}


def _member_name(key: Any) -> str:
    if isinstance(key, str):
        return key
    if key is None or isinstance(key, int | float):
        return json.dumps(key)
    raise TypeError(f"{key!r} is no name for a member of a JSON object: give a str")


def _compare_members(
    actual: Mapping[Any, Any], expected: Mapping[Any, Any], path: Path, find: _Find
) -> Iterator[Difference]:
    members = _members(actual)
    for name, value in _members(expected).items():
        if name in members:
            yield from find(members[name], value, (*path, name))
        else:
            yield Difference((*path, name), "missing", expected=value)


def _find_extra_members(actual: Mapping[Any, Any], expected: Mapping[Any, Any], path: Path) -> Iterator[Difference]:
    wanted = _members(expected)
    for name, value in _members(actual).items():
        if name not in wanted:
            yield Difference((*path, name), "extra", actual=value)


def _find_unmatched(actual: Sequence[Any], expected: Sequence[Any], path: Path) -> Iterator[Difference]:
    def fits(found: int, wanted: int) -> bool:
        return next(find_missing(actual[found], expected[wanted]), None) is None

    pairs = pair(len(actual), len(expected), fits)
    free = [index for index in range(len(actual)) if index not in pairs]
    for wanted in sorted(set(range(len(expected))) - set(pairs.values())):
        value = expected[wanted]
        yield Difference(path, "unmatched", expected=value, closest=_find_closest(actual, value, free, path))


def _find_closest(actual: Sequence[Any], value: Any, free: list[int], path: Path) -> Difference | None:
    """Return the first difference of the free element that has fewest, where they have something in common."""
    candidates = [list(find_missing(actual[index], value, (*path, index))) for index in free]
    closest = min((found for found in candidates if len(found[0].path) > len(path) + 1), key=len, default=None)
    return closest[0] if closest else None
