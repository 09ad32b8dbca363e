"""A database of the tests' own, made and dropped from coroutines as the mixin does it with an asynchronous engine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.engine import URL, Engine
from sqlalchemy.util import greenlet_spawn

from fastapi_testing.databases.provision import engines
from fastapi_testing.databases.provision.provision import own_database

__all__ = ["make_inner", "own_database_on_loop"]


def make_inner(url: URL, options: dict[str, Any]) -> Engine:
    """Return the engine within an asynchronous one."""
    return engines.make_engine(url, options).sync_engine


@asynccontextmanager
async def own_database_on_loop(url: URL) -> AsyncIterator[URL]:
    """Make an empty database beside another, and drop it in the end."""
    context = own_database(url, {}, make_inner)
    own = await greenlet_spawn(context.__enter__)
    try:
        yield own
    finally:
        await greenlet_spawn(context.__exit__, None, None, None)
