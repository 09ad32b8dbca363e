"""What a function returns that may be asynchronous without being a coroutine function."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

__all__ = ["await_if_needed", "call_and_await"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


def await_if_needed(result: Any, run: Callable[..., Any]) -> Any:
    """Return what a function has returned or, where that is an awaitable, what comes of it when it is run."""
    return run(_await(result)) if inspect.isawaitable(result) else result


async def call_and_await(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call a function on the running loop, and await what it returns if that is an awaitable."""
    result = function(*args, **kwargs)
    return await result if inspect.isawaitable(result) else result


async def _await(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
