"""What users have written into the bodies of a test class and of its bases."""

import inspect
import unittest
from functools import partialmethod
from typing import Any

__all__ = ["UNITTESTS", "body_of", "function_of", "is_ours", "owners_of", "unwrapped"]

UNITTESTS = (object, unittest.TestCase, unittest.IsolatedAsyncioTestCase)


def owners_of(case: type) -> list[type]:
    """Return the classes of the user's among a class and its bases."""
    return [owner for owner in case.__mro__ if owner not in UNITTESTS and not is_ours(owner)]


def is_ours(owner: type) -> bool:
    """Tell whether a class is one of this package."""
    return owner.__module__.partition(".")[0] == "fastapi_testing"


def body_of(owner: type) -> frozenset[str]:
    """Return the names in the body of a class: a class that has been set up has others, which the framework gave it."""
    body: frozenset[str] = vars(owner).get("_body") or frozenset(vars(owner))
    return body


def function_of(value: Any) -> Any:
    """Return the function of a method, or what else can be called; None of any other value."""
    function = getattr(value, "__func__", value)
    while isinstance(function, partialmethod):
        function = function.func
    return function if callable(function) or hasattr(function, "__get__") else None


def unwrapped(function: Any) -> Any:
    """Return the function that others are wrapped around; of what answers any attribute, as ``mock.call``, itself."""
    try:
        return inspect.unwrap(function)
    except ValueError:
        return function
