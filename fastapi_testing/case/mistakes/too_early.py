"""Results that a test asks for before they are there: of a coroutine not awaited, of a context not entered."""

import contextlib
import re
from types import CoroutineType
from typing import Any

from fastapi_testing.server.recording.stacks import message_of

__all__ = ["note_what_came_too_early"]

_OF_A_COROUTINE = r"'coroutine' object|'coroutine' and|and 'coroutine'|\bcoroutine object$"
"""How Python's own TypeErrors name one: it cannot be subscripted, iterated over, entered, compared, unpacked."""

_DROPPED = "was never awaited: "


def note_what_came_too_early(exception: BaseException) -> None:
    """Add to an error what its text does not say: that an ``await`` was forgotten, or an ``async with``."""
    note = _explain(exception)
    # What was dropped on the way is told with its line already.
    if note and not any(_DROPPED in each or each == note for each in getattr(exception, "__notes__", ())):
        exception.add_note(note)


def _explain(exception: BaseException) -> str:
    if isinstance(exception, AttributeError):
        return _explain_holder(exception.obj)
    if isinstance(exception, TypeError) and re.search(_OF_A_COROUTINE, message_of(exception)):
        return _forgotten("what was called")
    return ""


def _explain_holder(held: Any) -> str:
    if type(held) is CoroutineType:
        return _forgotten(f"{held.__qualname__}()")
    if type(held).__module__ != contextlib.__name__ or not hasattr(held, "func"):
        return ""
    # What the decorators of contextlib make, such as client.stream().
    keyword = "async with" if isinstance(held, contextlib.AbstractAsyncContextManager) else "with"
    name = f"{held.func.__qualname__}()"
    return f"{name} has returned a context, which has to be entered: was `{keyword} ... as ...` forgotten?"


def _forgotten(call: str) -> str:
    return f"{call} has returned a coroutine, which has no result before it is awaited: was an `await` forgotten?"
