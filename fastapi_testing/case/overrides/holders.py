"""Who holds something until its own end, or says what it wants: a test, or its class."""

import types
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, cast

__all__ = ["ClassOrTestMethod", "add_cleanup", "callable_of"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


class ClassOrTestMethod(Generic[_P, _T]):
    """
    A method of the class and of its tests; the function gets the one that it was called on.

    Called on a class with a test of it first, as ``Base.method(self, ...)``, it is the test's.
    """

    def __init__(self, function: Callable[Concatenate[Any, _P], _T]) -> None:
        self.function = function
        self.__doc__ = function.__doc__

    def __get__(self, case: Any, owner: type) -> Callable[_P, _T]:
        if case is not None:
            return cast("Callable[_P, _T]", types.MethodType(self.function, case))

        @wraps(self.function)
        def method(*args: Any, **kwargs: Any) -> Any:
            holder = () if args and isinstance(args[0], owner) else (owner,)
            return self.function(*holder, *args, **kwargs)

        return cast("Callable[_P, _T]", method)


def callable_of(holder: Any, name: str) -> Any:
    """
    Return a callable that a class has as an attribute, or that a hook has set on a test.

    Read from the test, a function of the class would be a method, and from Python 3.14 on a partial, too.
    """
    if isinstance(holder, type):
        return getattr(holder, name)
    return vars(holder)[name] if name in vars(holder) else getattr(type(holder), name)


def add_cleanup(holder: Any, undo: Callable[[], None]) -> None:
    """Have a test, or its class, call something at its end."""
    name = "addClassCleanup" if isinstance(holder, type) else "addCleanup"
    getattr(holder, name)(undo)
