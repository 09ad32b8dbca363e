"""Hooks and attributes that cannot be meant as they are written: refused before anything of their class runs."""

import inspect
import unittest
from collections.abc import Iterator
from functools import partialmethod
from types import FunctionType
from typing import Any

from fastapi_testing.case.where import ClassLine

__all__ = ["refuse_at_set_up", "warn_of_misspelled_hooks"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_SYNC_HOOKS = ("setUp", "tearDown", "setUpClass", "tearDownClass")
_ASYNC_HOOKS = ("asyncSetUp", "asyncTearDown", "asyncSetUpClass", "asyncTearDownClass")
_HOOKS = {name.lower(): name for name in (*_SYNC_HOOKS, *_ASYNC_HOOKS)}

_VALUES = ("client", "server", "ws")
"""What tests use of the framework's that is no method."""

_UNITTESTS = (object, unittest.TestCase, unittest.IsolatedAsyncioTestCase)


def describe_mistake(case: type) -> str | None:
    """
    Return what is wrong with a hook or an attribute of a class, with the class in whose body it stands.

    Its bases are looked at, too: where one hides what another has, the nearest counts.
    """
    return next(_mistakes(case), None)


def warn_of_misspelled_hooks(case: type) -> None:
    """Warn of methods whose names are those of hooks but for capital letters; nobody calls them."""
    for owner in _owners(case):
        for name in _body(owner):
            meant = _HOOKS.get(name.lower(), name)
            if meant != name and _function_of(vars(owner)[name]) is not None and not _calls(owner, name):
                text = f"{owner.__qualname__}.{name} is no hook, and nobody calls it: the hook's name is {meant}"
                ClassLine(owner).warn(text, RuntimeWarning)


def refuse_at_set_up(case: "type[unittest.TestCase]") -> None:
    """Have the set-up of a class raise what is wrong with it, before anything of the class runs."""
    mistake, own = describe_mistake(case), vars(case).get("setUpClass")
    if mistake is None:
        return

    def setUpClass(cls: type[unittest.TestCase]) -> None:
        # A class that inherits from this one may have put it right.
        if (still := describe_mistake(cls)) is not None or is_asynchronous(own):
            raise TypeError(still or mistake)
        if own is None:
            super(case, cls).setUpClass()  # type: ignore[misc]
        else:
            own.__get__(None, cls)()

    setattr(case, "setUpClass", classmethod(setUpClass))  # noqa: B010 - it is no method to type checkers


def is_asynchronous(value: Any) -> bool:
    """Tell whether what stands in the body of a class is an asynchronous function, or an asynchronous generator's."""
    function = _function_of(value)
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


def _mistakes(case: type) -> Iterator[str]:
    is_async = issubclass(case, unittest.IsolatedAsyncioTestCase)
    seen: set[str] = set()
    for owner in _owners(case):
        for name in [name for name in vars(owner) if name in _body(owner) and name not in seen]:
            value = vars(owner).get(name)
            what = None if _has_twin(owner, name) and not is_async else _describe_hook(name, value, is_async=is_async)
            what = what or _describe_hidden(name, value, case)
            if what:
                yield f"{owner.__qualname__}.{name} {what}"
        seen |= _body(owner)


def _owners(case: type) -> list[type]:
    """Return the classes of the user's among a class and its bases."""
    return [owner for owner in case.__mro__ if owner not in _UNITTESTS and not _is_ours(owner)]


def _is_ours(owner: type) -> bool:
    return owner.__module__.partition(".")[0] == "fastapi_testing"


def _body(owner: type) -> frozenset[str]:
    """Return the names in the body of a class: a class that has been set up has others, which the framework gave it."""
    body: frozenset[str] = vars(owner).get("_body") or frozenset(vars(owner))
    return body


def _function_of(value: Any) -> Any:
    """Return the function of a method, or what else can be called; None of any other value."""
    function = getattr(value, "__func__", value)
    while isinstance(function, partialmethod):
        function = function.func
    return function if callable(function) or hasattr(function, "__get__") else None


def _has_twin(owner: type, name: str) -> bool:
    """Tell whether a mixin for both kinds of case has a hook of each: in a sync case, the other is called."""
    return name in _ASYNC_HOOKS and f"{name[5].lower()}{name[6:]}" in _body(owner)


def _calls(owner: type, name: str) -> bool:
    """Tell whether the functions of a class call a method of its own."""
    functions = (inspect.unwrap(_function_of(value)) for value in [*vars(owner).values()])
    return any(name in function.__code__.co_names for function in functions if isinstance(function, FunctionType))


def _describe_hook(name: str, value: Any, *, is_async: bool) -> str | None:
    function = _function_of(value)
    if name in _SYNC_HOOKS:
        return _describe_sync_hook(name, value, is_async=is_async)
    if name in _ASYNC_HOOKS:
        return _describe_async_hook(name, value, function, is_async=is_async)
    if is_async and name.startswith("test") and inspect.isasyncgenfunction(function):
        return "is an asynchronous generator, of which nothing would run: take the `yield` out of the test"
    return None


def _describe_sync_hook(name: str, value: Any, *, is_async: bool) -> str | None:
    if not is_asynchronous(value):
        return None
    if is_async:
        return f"is asynchronous, and nothing awaits it: name it async{name[0].upper()}{name[1:]}"
    return (
        "is asynchronous, and nothing awaits it in a ServerTestCase: make it a plain `def` that calls "
        "self.run_async(), or make the class an AsyncServerTestCase"
    )


def _describe_async_hook(name: str, value: Any, function: Any, *, is_async: bool) -> str | None:
    of_class = name.endswith("Class")
    if not is_async:
        return (
            f"is never called in a ServerTestCase: name it {name[5].lower()}{name[6:]} and make it a plain `def`, "
            f"{'' if of_class else 'which may call self.run_async(), '}or make the class an AsyncServerTestCase"
        )
    is_coroutine = inspect.iscoroutinefunction(inspect.unwrap(function)) if callable(function) else False
    if of_class and not (isinstance(value, classmethod) and is_coroutine):
        return "must be a class method and asynchronous: `@classmethod async def`"
    if not is_coroutine:
        return f"must be asynchronous: write `async def`, or name it {name[5].lower()}{name[6:]}"
    return None


def _describe_hidden(name: str, value: Any, case: type) -> str | None:
    if name.startswith("__") or any(name in vars(base) for base in _UNITTESTS):
        return None
    hidden = next((base for base in case.__mro__ if _is_ours(base) and _has(base, name)), None)
    if hidden is None:
        return None
    if name.startswith("_"):
        return "hides what the framework itself uses: give it another name"
    if name in _VALUES:
        is_meant = hasattr(value, "__get__") and not isinstance(value, FunctionType)  # such as a property
        return None if is_meant else f"hides self.{name} of the framework: give it another name"
    is_method = isinstance(vars(hidden).get(name), FunctionType | classmethod)  # no attribute, as client_class
    if is_method and _function_of(value) is None:
        return f"hides self.{name}() of the framework: give it another name"
    return None


def _has(base: type, name: str) -> bool:
    return name in vars(base) or name in vars(base).get("__annotations__", ())
