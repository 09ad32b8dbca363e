"""
Names that tests bring along from other frameworks, and what to write here instead of each.

An attribute that is not there, and a keyword argument that is not taken, raise what Python raises for them, with a text
that goes on with the advice. Nothing is there under those names: ``hasattr`` stays false, and what a mixin of the
user's defines is found. The tables are in :mod:`fastapi_testing.hints.names`.
"""

import inspect
import re
import unittest
from collections.abc import Callable, Mapping
from functools import update_wrapper, wraps
from types import MethodType
from typing import Any, ClassVar, TypeVar, cast

from fastapi_testing.hints.names import REQUEST_KEYWORDS
from fastapi_testing.hints.not_yet import NotYet

__all__ = ["ForeignNames", "WrongWith", "explain_keywords"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_C = TypeVar("_C", bound=Callable[..., Any])

_BODIES = ("content", "data", "files", "json")
"""Keyword arguments that httpx does not take where a request has a body seldom."""

_UNEXPECTED = re.compile(r"(\w+)\(\) got an unexpected keyword argument '(\w+)'")


class ForeignNames:
    """
    What knows names of other frameworks, and raises an AttributeError for them that says what to write.

    A class says which by ``_foreign``. Each name becomes an attribute that raises. A ``__getattr__`` would be shorter,
    but a class that has one is slower in all of its attributes, those that are there as well: a GET request would take
    2.8% more instructions.
    """

    _foreign: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, instead in vars(cls).get("_foreign", {}).items():
            setattr(cls, name, _ForeignName(cls, name, instead))

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in self._foreign or hasattr(self, name)]


class _ForeignName:
    """
    An attribute that is not there; what a class further on defines under its name is found.

    On a class of tests there is something that raises where it is used: nose2 reads all that a class lists.
    """

    def __init__(self, holder: type, name: str, instead: str) -> None:
        self._holder = holder
        self._name = name
        self._instead = instead

    def __get__(self, held: object, owner: type) -> Any:
        mro = owner.__mro__
        if any(self._name in vars(further) for further in mro[mro.index(self._holder) + 1 :]):
            return getattr(super(self._holder, owner if held is None else held), self._name)
        kind = f"type object {owner.__name__!r}" if held is None else f"{owner.__name__!r} object"
        text = f"{kind} has no attribute {self._name!r}; write here: {self._instead}"
        error = AttributeError(text, name=None, obj=None)  # given both, Python suggests no name that is spelt alike
        if held is None and issubclass(owner, unittest.TestCase):
            return NotYet(error)
        raise error


class WrongWith:
    """
    The half of a context that an object is not: in place of ``__enter__``, where it is for ``async with``.

    To ask whether it is there gets the answer that it is not; to enter it gets a TypeError that says what to write.
    """

    def __init__(self, instead: str) -> None:
        self._instead = instead

    def __get__(self, held: object, owner: type) -> Any:
        protocol = "context manager" if self._instead.startswith("async ") else "asynchronous context manager"
        text = f"{owner.__name__!r} object does not support the {protocol} protocol; write here: {self._instead}"
        raise _WrongWithError(text)


class _WrongWithError(TypeError, AttributeError):
    """A TypeError, as Python raises for such a context, that ``hasattr`` takes as an answer."""

    def __reduce__(self) -> tuple[type[TypeError], tuple[Any, ...]]:
        return TypeError, self.args


_WrongWithError.__name__ = _WrongWithError.__qualname__ = "TypeError"
_WrongWithError.__module__ = "builtins"


def explain_keywords(keywords: Mapping[str, str]) -> Callable[[_C], _C]:
    """
    Return what has a function explain a keyword argument that it does not take, and other frameworks do.

    Args:
        keywords: The keyword arguments, each with what to write instead.
    """

    def explain(function: _C) -> _C:
        if inspect.iscoroutinefunction(function):
            return cast("_C", _CoroutineFunction(function, keywords))

        @wraps(function)
        def explained(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except TypeError as exc:
                _explain(exc, function.__name__, kwargs, keywords)
                raise

        return cast("_C", explained)

    return explain


class _CoroutineFunction:
    """
    A coroutine function that explains, and that still is one to all who look: :mod:`inspect`, mocks, test cases.

    To Python 3.11, a function that hands on what another returns is none; an object with the attributes of one is.
    """

    def __init__(self, function: Any, keywords: Mapping[str, str]) -> None:
        update_wrapper(self, function)
        self.__code__ = function.__code__
        self.__defaults__ = function.__defaults__
        self.__kwdefaults__ = function.__kwdefaults__
        self._function = function
        self._keywords = keywords

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return self._function(*args, **kwargs)
        except TypeError as exc:
            _explain(exc, self._function.__name__, kwargs, self._keywords)
            raise

    def __get__(self, held: object, owner: type | None = None) -> Any:
        return self if held is None else MethodType(self, held)


def _explain(exc: TypeError, function: str, given: Mapping[str, Any], keywords: Mapping[str, str]) -> None:
    """Raise an error that says more, where a function has not taken a keyword argument that others take."""
    found = _UNEXPECTED.search(str(exc))
    if found is None or found[1] != function or found[2] not in given:
        return
    instead = _instead(function, found[2], keywords)
    if instead:
        raise TypeError(f"{str(exc)[: found.end()]}; write here: {instead}") from None


def _instead(function: str, keyword: str, keywords: Mapping[str, str]) -> str:
    if keywords is REQUEST_KEYWORDS and keyword in _BODIES:
        return f'self.client.request("{function.upper()}", url, {keyword}=...)'
    if keywords is REQUEST_KEYWORDS and keyword.startswith("HTTP_"):
        header = keyword.removeprefix("HTTP_").replace("_", "-").title()
        return f'headers={{"{header}": ...}}'
    return keywords.get(keyword, "")
