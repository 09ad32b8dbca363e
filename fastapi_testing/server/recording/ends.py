"""The ends of tasks, be they on the running event loop or on that of another thread, and of the app's calls."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from anyio import BrokenResourceError
from starlette.requests import ClientDisconnect
from starlette.websockets import WebSocketDisconnect
from uvicorn.protocols.utils import ClientDisconnected

__all__ = ["cancel_elsewhere", "ends_of", "is_an_end", "left_by_client"]

_GONE = (
    BrokenResourceError,  # of FastAPI's EventSourceResponse, when its client goes while it sends
    ClientDisconnect,
    ClientDisconnected,
    WebSocketDisconnect,
)
"""What ends an ASGI call because the other side has gone."""

_NO_ERRORS = (asyncio.CancelledError, *_GONE)
"""What ends one because of that, or because the test is over."""

_CANCEL_GRACE = 1.0
"""Seconds that a cancelled task has to come to its end."""

Task = asyncio.Task[Any]


def ends_of(tasks: Iterable[Task]) -> set["asyncio.Future[Any]"]:
    """Return what can be awaited, on the running event loop, for the end of each task."""
    here = asyncio.get_running_loop()
    return {task if task.get_loop() is here else _end_of(task, here) for task in tasks}


async def cancel_elsewhere(tasks: set[Task]) -> None:
    """Cancel tasks on other event loops, and wait for them; let go of those that do not end."""
    for task in tasks:
        _call_soon(task.get_loop(), task.cancel)
    await asyncio.wait(ends_of(tasks), timeout=_CANCEL_GRACE)


def is_an_end(exception: BaseException) -> bool:
    """Tell whether it is how a call ends whose client has gone, or that was cancelled."""
    return _is_only(exception, _NO_ERRORS)


def left_by_client(exception: BaseException) -> bool:
    """Tell whether it is how a call ends whose client has gone, and nobody's mistake."""
    return _is_only(exception, _GONE)


def _is_only(exception: BaseException, kinds: tuple[type[BaseException], ...]) -> bool:
    """Tell whether it is of these kinds; a task group may raise them as parts of a group."""
    if isinstance(exception, BaseExceptionGroup):
        return all(_is_only(part, kinds) for part in exception.exceptions)
    return isinstance(exception, kinds)


def _end_of(task: Task, here: asyncio.AbstractEventLoop) -> "asyncio.Future[None]":
    end = here.create_future()
    tell = partial(_call_soon, here, _resolve, end)
    if not _call_soon(task.get_loop(), task.add_done_callback, lambda _: tell()):
        end.set_result(None)  # nothing ends any more where the loop is closed
    return end


def _call_soon(loop: asyncio.AbstractEventLoop, function: Callable[..., object], *args: Any) -> bool:
    """Have an event loop call a function; tell whether it will, which a closed one does not."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(function, *args)
        return True
    return False


def _resolve(end: "asyncio.Future[None]") -> None:
    if not end.done():
        end.set_result(None)
