"""Who uses a database: a request, the test, a task, or a thread."""

import asyncio
import threading
from contextvars import ContextVar

__all__ = ["Owner", "claim", "current_owner", "describe_owner", "is_on_loop"]


class Owner:
    """
    A request, or whoever else writes; its sessions do not wait for one another.

    Args:
        name: How messages speak of it, such as ``POST /songs``.
    """

    def __init__(self, name: str) -> None:
        self.name = name


TEST = Owner("self.session")
"""The test. Nobody waits for it: it may well have sent the very request that would."""

_owner: ContextVar[Owner | None] = ContextVar("fastapi_testing.databases.owner", default=None)


def claim(name: str) -> None:
    """Have everything that is done in this context, and in tasks started in it, be done by one owner."""
    if _owner.get() is None:
        _owner.set(Owner(name))


def current_owner() -> object:
    """Return who is at work here: a request, or else the task or, where there is no event loop, the thread."""
    return _owner.get() or (asyncio.current_task() if is_on_loop() else threading.current_thread())


def is_on_loop() -> bool:
    """Tell whether an event loop runs on this thread, which stands still where something waits for a lock."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def describe_owner(owner: object) -> str:
    """Return how messages speak of it."""
    if isinstance(owner, Owner):
        return owner.name
    if isinstance(owner, threading.Thread):
        return f"the thread {owner.name}"
    return f"the task {owner.get_name()}" if isinstance(owner, asyncio.Task) else "somebody"
