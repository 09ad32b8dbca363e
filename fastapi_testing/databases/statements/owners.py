"""Who uses a database: a request, the test, or a task."""

import asyncio
from contextvars import ContextVar

__all__ = ["Owner", "claim", "current_owner", "describe_owner"]


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
    """Return who is at work here: a request, or else the task."""
    return _owner.get() or asyncio.current_task()


def describe_owner(owner: object) -> str:
    """Return how messages speak of it."""
    if isinstance(owner, Owner):
        return owner.name
    return f"the task {owner.get_name()}" if isinstance(owner, asyncio.Task) else "somebody"
