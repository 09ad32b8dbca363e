"""A database of the tests' own, made and dropped from coroutines as the mixin does it with an asynchronous engine."""

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from unittest import mock

from sqlalchemy.engine import URL, Engine
from sqlalchemy.util import greenlet_spawn

from fastapi_testing.databases import database
from fastapi_testing.databases.provision import engines
from fastapi_testing.databases.provision.provision import own_database
from fastapi_testing.databases.templates.template import Templates

__all__ = ["make_inner", "own_database_on_loop", "own_templates"]


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


@contextmanager
def own_templates() -> Iterator[Templates]:
    """Have classes find no template that is there, and remove in the end those that they have left."""
    templates = Templates()
    with mock.patch.object(database, "templates", templates):
        try:
            yield templates
        finally:
            closing = threading.Thread(target=templates.close)  # there may be an event loop on this one
            closing.start()
            closing.join()
