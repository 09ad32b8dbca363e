"""Whether an app's sessions are synchronous or asynchronous: asked of what a class names, without calling anything."""

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, get_args

from sqlalchemy.engine import Engine
from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session, async_sessionmaker
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from fastapi_testing.databases.provision.behind import engine_behind

__all__ = ["SessionKind", "session_kind"]


class SessionKind(NamedTuple):
    """Of which kind an app's sessions are, and what says so."""

    is_async: bool
    because: str
    session_class: type[Session] | type[AsyncSession] | None = None


def session_kind(
    make: Any, dependencies: Sequence[Callable[..., Any]], app_engine: Engine | None, whose: str
) -> SessionKind | None:
    """
    Return of which kind the sessions are; None where nothing tells.

    Args:
        make: What makes the sessions: a class or a session maker; None where the class does not say.
        dependencies: By which the app gets its sessions.
        app_engine: The engine that was found behind them; None where there is none to be seen.
        whose: The name of the test class, for messages.

    Raises:
        TypeError: If two of them are not of one kind.
    """
    found = [SessionKind(is_async, "session_class") for is_async in [_of_maker(make)] if is_async is not None]
    for each in dependencies:
        annotated = _of_annotation(each)
        is_async = _of_class(annotated)
        if is_async is None and (engine := engine_behind([each])) is not None:
            is_async = engine.dialect.is_async
        if is_async is None and len(dependencies) == 1 and app_engine is not None:
            is_async = app_engine.dialect.is_async
        if is_async is None:
            is_async = _of_form(each)
        if is_async is not None:
            found.append(SessionKind(is_async, getattr(each, "__qualname__", repr(each)), annotated))
    other = next((each for each in found if each.is_async != found[0].is_async), None)
    if other is not None:
        both = sorted((found[0], other), key=lambda kind: kind.is_async)
        raise TypeError(
            f"{whose} has sessions of both kinds, synchronous ones by {both[0].because} and asynchronous ones by "
            f"{both[1].because}: a class has one kind; name those of the other in a class of their own"
        )
    return found[0] if found else None


def _of_maker(make: Any) -> bool | None:
    """Return whether a class or a session maker makes asynchronous sessions."""
    if isinstance(make, async_sessionmaker | async_scoped_session):
        return True
    if isinstance(make, sessionmaker | scoped_session):
        return False
    return _of_class(make)


def _of_class(cls: Any) -> bool | None:
    if isinstance(cls, type) and issubclass(cls, AsyncSession | Session):
        return issubclass(cls, AsyncSession)
    return None


def _of_annotation(dependency: Any) -> Any:
    """Return the class of sessions that the annotation of its result names, or that it is; None for none."""
    if _of_class(dependency) is not None:
        return dependency
    try:
        annotation = inspect.get_annotations(_function_of(dependency), eval_str=True).get("return")
    except Exception:  # noqa: BLE001 - whatever a name in it leads to
        return None
    return next((each for each in (annotation, *get_args(annotation)) if _of_class(each) is not None), None)


def _of_form(dependency: Any) -> bool | None:
    """Return what kind of function says; one that is neither a generator nor a coroutine function says nothing."""
    function = _function_of(dependency)
    if inspect.isasyncgenfunction(function) or inspect.iscoroutinefunction(function):
        return True
    return False if inspect.isgeneratorfunction(function) else None


def _function_of(dependency: Any) -> Any:
    """Return the function that is called: of an object, the one of its class, and of a partial, the one behind it."""
    while isinstance(dependency, functools.partial):
        dependency = dependency.func
    is_function = inspect.isroutine(dependency) or isinstance(dependency, type)
    return inspect.unwrap(dependency if is_function else type(dependency).__call__)
