"""Hooks and attributes that cannot be meant as they are written: refused before anything of their class runs."""

import functools
import inspect
import itertools
import sys
import unittest
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from fastapi_testing.case.mistakes.bodies import UNITTESTS, body_of, function_of, is_ours, owners_of, unwrapped
from fastapi_testing.case.mistakes.order import describe_skipped_hooks
from fastapi_testing.case.where import ClassLine

__all__ = ["refuse_at_set_up", "warn_of_misspelled_hooks"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_SYNC_HOOKS = ("setUp", "tearDown", "setUpClass", "tearDownClass")
_ASYNC_HOOKS = ("asyncSetUp", "asyncTearDown", "asyncSetUpClass", "asyncTearDownClass")
_HOOKS = {name.lower(): name for name in (*_SYNC_HOOKS, *_ASYNC_HOOKS)}

_VALUES = ("client", "server", "ws")
"""What tests use of the framework's that is no method."""


def describe_mistake(case: type) -> str | None:
    """
    Return what is wrong with a hook or an attribute of a class, with the class in whose body it stands.

    Its bases are looked at, too: where one hides what another has, the nearest counts.
    """
    return next(itertools.chain(_mistakes(case), describe_skipped_hooks(case, _ASYNC_HOOKS + _SYNC_HOOKS)), None)


def warn_of_misspelled_hooks(case: type) -> None:
    """Warn of methods whose names are those of hooks but for capital letters; nobody calls them."""
    for owner in owners_of(case):
        for name in body_of(owner):
            meant = _HOOKS.get(name.lower(), name)
            if meant != name and function_of(vars(owner)[name]) is not None and not _calls(owner, name):
                text = f"{owner.__qualname__}.{name} is no hook, and nobody calls it: the hook's name is {meant}"
                ClassLine(owner).warn(text, RuntimeWarning)


def refuse_at_set_up(case: "type[unittest.TestCase]") -> None:
    """Have the set-up of a class raise what is wrong with it, before anything of the class runs."""
    mistake, own = describe_mistake(case), vars(case).get("setUpClass")
    if mistake is None:
        return

    def setUpClass(cls: type[unittest.TestCase], *args: Any, **kwargs: Any) -> None:
        # A class that inherits from this one may have put it right; but this is where its own set-up is called.
        if (still := describe_mistake(cls)) is not None or is_asynchronous(own) or _generator_of(function_of(own)):
            raise TypeError(still or mistake)
        if own is None:
            super(case, cls).setUpClass(*args, **kwargs)  # type: ignore[misc]
        else:
            own.__get__(None, cls)(*args, **kwargs)

    if own is not None:  # for those who read what the class's own calls
        functools.update_wrapper(setUpClass, function_of(own), updated=())

    setattr(case, "setUpClass", classmethod(setUpClass))  # noqa: B010 - it is no method to type checkers


def is_asynchronous(value: Any) -> bool:
    """Tell whether what stands in the body of a class is an asynchronous function."""
    return inspect.iscoroutinefunction(function_of(value))


def _mistakes(case: type) -> Iterator[str]:
    is_async = issubclass(case, unittest.IsolatedAsyncioTestCase)
    seen: set[str] = set()
    for owner in owners_of(case):
        for name in [name for name in vars(owner) if name in body_of(owner) and name not in seen]:
            value = vars(owner).get(name)
            what = None if _has_twin(owner, name) and not is_async else _describe_hook(name, value, is_async=is_async)
            what = what or _describe_hidden(name, value, case)
            if what:
                yield f"{owner.__qualname__}.{name} {what}"
        seen |= body_of(owner)


def _has_twin(owner: type, name: str) -> bool:
    """Tell whether a mixin for both kinds of case has a hook of each: in a sync case, the other is called."""
    return name in _ASYNC_HOOKS and f"{name[5].lower()}{name[6:]}" in body_of(owner)


def _calls(owner: type, name: str) -> bool:
    """Tell whether the functions of a class call a method of its own."""
    functions = (unwrapped(function_of(value)) for value in [*vars(owner).values()])
    return any(name in function.__code__.co_names for function in functions if isinstance(function, FunctionType))


def _describe_hook(name: str, value: Any, *, is_async: bool) -> str | None:
    function = function_of(value)
    if (kind := _generator_of(function)) is not None:
        return _describe_generator(name, kind)
    if name in _SYNC_HOOKS:
        return _describe_sync_hook(name, value, is_async=is_async)
    if name in _ASYNC_HOOKS:
        return _describe_async_hook(name, value, function, is_async=is_async)
    return None


def _generator_of(function: Any) -> str | None:
    """Return which kind of generator a function makes; None where it makes none."""
    if inspect.isgeneratorfunction(function):
        return "a generator"
    return "an asynchronous generator" if inspect.isasyncgenfunction(function) else None


def _describe_generator(name: str, kind: str) -> str | None:
    if name.startswith("test"):
        return f"is {kind}, of which nothing would run: take the `yield` out of the test"
    if name not in (*_SYNC_HOOKS, *_ASYNC_HOOKS):
        return None
    cleanup = "addClassCleanup()" if name.endswith("Class") else "addCleanup()"
    return f"is {kind}, of which nothing would run: take the `yield` out, and give what follows it to {cleanup}"


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
    is_coroutine = inspect.iscoroutinefunction(unwrapped(function)) if callable(function) else False
    if of_class and not (isinstance(value, classmethod) and is_coroutine):
        return "must be a class method and asynchronous: `@classmethod async def`"
    if not is_coroutine:
        return f"must be asynchronous: write `async def`, or name it {name[5].lower()}{name[6:]}"
    return None


def _describe_hidden(name: str, value: Any, case: type) -> str | None:
    if name.startswith("__") or any(name in vars(base) for base in UNITTESTS):
        return None
    hidden = next((base for base in case.__mro__ if is_ours(base) and _has(base, name)), None)
    if hidden is None:
        return None
    if name.startswith("_"):
        return "hides what the framework itself uses: give it another name"
    if name in _VALUES:
        is_meant = hasattr(value, "__get__") and not isinstance(value, FunctionType)  # such as a property
        return None if is_meant else f"hides self.{name} of the framework: give it another name"
    own = vars(hidden).get(name)
    # One that is of the class and of its tests has its function. No attribute is meant, as client_class.
    is_method = isinstance(getattr(own, "function", own), FunctionType | classmethod)
    if is_method and function_of(value) is None:
        return f"hides self.{name}() of the framework: give it another name"
    return None


def _has(base: type, name: str) -> bool:
    return name in vars(base) or name in _annotated(base)


@functools.cache
def _annotated(base: type) -> frozenset[str]:
    """Return the names that the body of a class of this package annotates."""
    if sys.version_info >= (3, 14):  # pragma: no cover - one of the two is covered on each Python
        from annotationlib import Format, get_annotations  # noqa: PLC0415 - there it is, and inspect has it imported

        return frozenset(get_annotations(base, format=Format.FORWARDREF))  # some names are for type checkers only
    return frozenset(vars(base).get("__annotations__", ()))
