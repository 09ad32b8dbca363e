"""What FastAPI calls in the place of a dependency, where a test gives a value, or something that takes anything."""

import contextlib
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from fastapi_testing.case.overrides.unused import note_call

__all__ = ["returning", "takes_anything", "without_arguments"]


def returning(value: Any) -> Callable[[], Any]:
    """Return a function that FastAPI reads no parameters from, whatever the value is."""

    async def override() -> Any:
        note_call(override)
        return value

    return override


def takes_anything(override: Callable[..., Any]) -> bool:
    """Tell whether it takes just ``*args, **kwargs``, which FastAPI would read from the query."""
    try:
        kinds = {parameter.kind for parameter in inspect.signature(override).parameters.values()}
    except ValueError:  # a callable written in C may have no signature to show
        return True
    return bool(kinds) and kinds <= {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}


def without_arguments(override: Callable[..., Any]) -> Callable[[], Any]:
    """Return a function of the same kind that FastAPI reads no parameters from, and that calls it without any."""

    async def call_async() -> Any:
        note_call(call_async)
        return await override()

    async def iterate_async() -> AsyncIterator[Any]:
        note_call(iterate_async)
        # A context, not a loop: what the route raises has to be raised where the override yields.
        async with contextlib.asynccontextmanager(override)() as value:
            yield value

    def iterate() -> Iterator[Any]:
        note_call(iterate)
        yield from override()

    def call() -> Any:
        note_call(call)
        return override()

    if inspect.isasyncgenfunction(override):
        return iterate_async
    if inspect.isgeneratorfunction(override):
        return iterate
    return call_async if inspect.iscoroutinefunction(override) else call
