"""Which engine is behind an app's dependency: looked for in what its code names, without calling anything."""

import contextlib
import inspect
from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from sqlalchemy.engine import Engine
from sqlalchemy.ext.asyncio import AsyncEngine, async_scoped_session, async_sessionmaker
from sqlalchemy.orm import scoped_session, sessionmaker

__all__ = ["engine_behind"]

_DEPTH = 4
"""Steps from the dependency: such as a function that it calls, a module, a session maker, its engine."""

_LIBRARIES = frozenset(
    {"sqlalchemy", "sqlmodel", "fastapi", "starlette", "contextlib", "typing", "asyncio", "functools"}
)


def engine_behind(what: Iterable[Any]) -> Engine | None:
    """
    Return the engine of the first session maker that is found; None where there is none to be seen.

    Args:
        what: Dependencies, session makers or engines.
    """
    current, seen = [(each, frozenset[str]()) for each in what], set[int]()
    for _ in range(_DEPTH + 1):
        following: list[tuple[Any, frozenset[str]]] = []
        for thing, names in current:
            if _is(thing, Engine):
                return thing  # type: ignore[no-any-return]
            if id(thing) not in seen:
                seen.add(id(thing))
                with contextlib.suppress(Exception):  # of an object that answers otherwise than Python's do
                    following += _next(thing, names)
        current = following
    return None


def _next(thing: Any, names: frozenset[str]) -> Iterator[tuple[Any, frozenset[str]]]:
    """Yield what a thing leads to, each with the names that the code has that led there."""
    if "__wrapped__" in getattr(thing, "__dict__", ()):
        yield thing.__wrapped__, names
    elif _is(thing, AsyncEngine):
        yield thing.sync_engine, names
    elif _is(thing, async_sessionmaker, sessionmaker):
        yield thing.kw.get("bind"), names
    elif _is(thing, scoped_session, async_scoped_session):
        yield thing.session_factory, names
    elif _is(thing, MethodType):
        yield thing.__func__, names
        yield thing.__self__, names | _names(thing.__func__.__code__)
    elif _is(thing, FunctionType):
        if (thing.__module__ or "").partition(".")[0] not in _LIBRARIES:
            yield from _in_function(thing)
    elif _is(thing, ModuleType):
        yield from _attributes(vars(thing), names)
    elif type(thing).__module__.partition(".")[0] not in _LIBRARIES and hasattr(thing, "__dict__"):
        yield from _in_object(thing, names)


def _is(thing: Any, *types: type) -> bool:
    """Tell whether it is of these types by itself: a lazy object would be made by being asked for its class."""
    return issubclass(type(thing), types)


def _in_function(function: FunctionType) -> Iterator[tuple[Any, frozenset[str]]]:
    names = _names(function.__code__)
    closure = [cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell)]
    defaults = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    hints: dict[str, Any] = {}
    with contextlib.suppress(NameError):  # Python 3.14 looks names up now, of which some are for type checkers only
        hints = function.__annotations__
    annotated = [each for hint in hints.values() for each in getattr(hint, "__metadata__", ())]
    depended_on = [getattr(each, "dependency", None) for each in (*defaults, *annotated)]
    for each in (*closure, *defaults, *depended_on):
        yield each, names
    yield from _attributes(function.__globals__, names)


def _in_object(thing: Any, names: frozenset[str]) -> Iterator[tuple[Any, frozenset[str]]]:
    """Yield what is in an instance, and the methods that are called: of a class, its ``__init__`` too."""
    cls = thing if inspect.isclass(thing) else type(thing)
    methods = [
        method for name in ("__init__", "__call__", *names) if isinstance(method := vars(cls).get(name), FunctionType)
    ]
    for method in methods:
        yield method, names
        names |= _names(method.__code__)
    yield from _attributes({**vars(cls), **vars(thing)}, names)


def _attributes(found: dict[str, Any], names: frozenset[str]) -> Iterator[tuple[Any, frozenset[str]]]:
    for name in sorted(names):
        if name in found:
            yield found[name], names


def _names(code: CodeType) -> frozenset[str]:
    """Return the names that code has, functions within it included."""
    inner = [_names(const) for const in code.co_consts if isinstance(const, CodeType)]
    return frozenset(code.co_names).union(*inner)


def _is_filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - a cell that is not filled yet has no way to say so
    except ValueError:
        return False
    return True
