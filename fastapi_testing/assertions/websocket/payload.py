"""Messages and bodies against what is expected of them: a text, bytes, a JSON document, or a predicate."""

import inspect
import json
from collections.abc import Callable, Iterator
from typing import Any, TypeGuard

from fastapi_testing.assertions.comparing.comparison import find_differences, is_matcher
from fastapi_testing.assertions.describing.describe import describe_difference, describe_json, describe_message

__all__ = ["check_expected", "describe_expected", "describe_payload", "find_accepted"]


def check_expected(expected: Any) -> None:
    """Raise TypeError for a predicate that is a coroutine function: what it returns is always true."""
    if inspect.iscoroutinefunction(expected):
        raise TypeError(f"predicate {expected.__qualname__} is async: give a function that returns a bool")


def find_accepted(payload: str | bytes, expected: Any) -> Iterator[Any]:
    """
    Yield the payload in the form in which it is what was expected, or nothing.

    Args:
        payload: A message, or a body.
        expected: A str or bytes to be equal to; a function to call with the payload; an object that decides for itself
            what it equals, to compare with the payload and with its JSON; else a document to compare with its JSON.
    """
    return (value for value in _forms(payload, expected) if _accepts(expected, value))


def describe_expected(expected: Any) -> str:
    """Return what was expected, for a reader."""
    if isinstance(expected, str | bytes):
        return describe_message(expected)
    if _is_predicate(expected):
        return f"a message that {getattr(expected, '__qualname__', repr(expected))} accepts"
    return describe_json(expected) if is_matcher(expected) else f"JSON {describe_json(expected)}"


def describe_payload(payload: str | bytes, expected: Any) -> str:
    """Return what came instead, and where it differs if both are JSON."""
    if isinstance(expected, str | bytes) or _is_predicate(expected) or is_matcher(expected):
        return describe_message(payload)
    documents = _parse(payload)
    if not documents:
        return f"{describe_message(payload)}, which is not JSON"
    difference = next(find_differences(documents[0], expected))
    where = f", which differs at {describe_difference(difference)}" if difference.path else ""
    return f"{describe_json(documents[0])}{where}"


def _forms(payload: str | bytes, expected: Any) -> list[Any]:
    if isinstance(expected, str | bytes) or _is_predicate(expected):
        return [payload]
    return [payload, *_parse(payload)] if is_matcher(expected) else _parse(payload)


def _accepts(expected: Any, value: Any) -> bool:
    if _is_predicate(expected):
        return bool(expected(value))
    if isinstance(expected, str | bytes):
        return isinstance(value, str) == isinstance(expected, str) and expected == value
    return next(find_differences(value, expected), None) is None


def _is_predicate(expected: Any) -> TypeGuard[Callable[[Any], object]]:
    # A class is none: those of dirty-equals are equal to what their instances are equal to.
    return callable(expected) and not isinstance(expected, type)


def _parse(payload: str | bytes) -> list[Any]:
    """Return the document that a payload holds; none if it is not JSON."""
    try:
        return [json.loads(payload)]
    except ValueError:
        return []
