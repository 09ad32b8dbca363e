"""Where a suspended task stands, so that an error can name the line that does not go on."""

import gc
import inspect
import os
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

__all__ = ["waiting_at"]

_NOT_THE_USERS = tuple(
    str(folder) + os.sep
    for folder in {
        Path(__file__).resolve().parent.parent,
        *(Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    }
)
"""Folders of the standard library, of installed packages and of this one."""

_CHAINS = (("cr_frame", "cr_await"), ("ag_frame", "ag_await"), ("gi_frame", "gi_yieldfrom"))
"""Where coroutines, asynchronous generators and generators show their frame and what they wait for."""


def waiting_at(task: "asyncio.Task[Any]") -> str:
    """
    Return where a suspended task waits, in a traceback's words: ``File "shop.py", line 7, in slow``.

    The innermost frame of the user's own code is named; where there is none, the innermost of all.
    """
    frames = list(_frames(task.get_coro()))
    if not frames:
        return "a place that cannot be seen"
    frame = next(filter(_is_users, reversed(frames)), frames[-1])
    return f'File "{frame.f_code.co_filename}", line {frame.f_lineno}, in {frame.f_code.co_name}'


def _frames(awaited: object) -> Iterator[FrameType]:
    """Yield the frames of a chain of awaits, outermost first (Task.get_stack shows only the outermost)."""
    while awaited is not None:
        frame, awaited = _step(awaited)
        if frame is not None:
            yield frame


def _step(awaited: object) -> tuple[FrameType | None, object]:
    for frame_name, next_name in _CHAINS:
        if hasattr(awaited, frame_name):
            return getattr(awaited, frame_name), getattr(awaited, next_name)
    # What anext() of an asynchronous generator returns, in a lifespan for one, shows its generator to gc alone.
    return None, next(filter(inspect.isasyncgen, gc.get_referents(awaited)), None)


def _is_users(frame: FrameType) -> bool:
    return not os.path.realpath(frame.f_code.co_filename).startswith(_NOT_THE_USERS)
