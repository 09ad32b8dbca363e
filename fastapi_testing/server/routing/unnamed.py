"""The empty apps that are served where a test class names none."""

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

__all__ = ["note_unnamed", "why_unnamed"]

_unnamed: WeakKeyDictionary[Any, Callable[[], str]] = WeakKeyDictionary()


def note_unnamed(app: Any, why: Callable[[], str]) -> None:
    """Take note of an app that nobody named, and of what to ask, if it comes to that, for the reason."""
    _unnamed[app] = why


def why_unnamed(app: Any) -> str:
    """Return why nobody named it, to go on with; empty where somebody did."""
    try:
        why = _unnamed.get(app)
    except TypeError:  # it cannot be hashed, as Starlette's routers, and so is none of these
        return ""
    return "" if why is None else f"; {why()}"
