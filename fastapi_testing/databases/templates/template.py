"""
Templates: databases that have a schema and nothing else, from which classes are given copies.

A template is made of the first class's database, as that is when its schema has been made, and stays until the process
ends. What keeps others from taking it for a leftover is a lock, as for each database here. On PostgreSQL that belongs
to a connection, which has to outlive the event loops of classes. So an asyncpg connection has an event loop of its own,
which runs only while something is asked of it: at the end too, when Python starts no more threads.
"""

import asyncio
from collections.abc import Callable, Hashable
from contextlib import suppress
from multiprocessing.util import Finalize
from typing import Any, TypeVar

from sqlalchemy.engine import URL, Engine
from sqlalchemy.util import greenlet_spawn

from fastapi_testing.databases.provision.address import DRIVERS
from fastapi_testing.databases.provision.engines import make_engine, make_sync_engine
from fastapi_testing.databases.provision.provision import NotCopiedError, own_database

__all__ = ["Template", "Templates"]

_T = TypeVar("_T")

_LIMIT = 8
"""How many are kept; the one that has not been copied for the longest time goes."""

_REFUSALS = 100
"""How many schemas without one are remembered; of one that is forgotten, it is tried again."""


class Template:
    """
    A copy of a database, which stays until it is closed or the process ends.

    Args:
        given: The database beside which it is made.
        connect_args: As for :func:`sqlalchemy.create_engine`.
        source: Of which database it is a copy; nobody may be connected to it.
    """

    def __init__(self, given: URL, connect_args: dict[str, Any], source: URL) -> None:
        sync = DRIVERS[given.get_backend_name()][given.get_driver_name()][0]
        self._loop = None if sync else asyncio.new_event_loop()
        driver = sync or given.get_driver_name()
        beside = given.set(drivername=f"{given.get_backend_name()}+{driver}")
        self._context = own_database(beside, connect_args, self._make, copied=source)
        try:
            self.url: URL = self._run(self._context.__enter__)
        except BaseException:
            self._close_loop()
            raise
        # Unlike those of atexit, it is called in processes of multiprocessing too, and only in the one that made it.
        self.close: Callable[[], Any] = Finalize(None, self._close, exitpriority=0)
        """Remove it; a second time does nothing."""

    def _make(self, url: URL, options: dict[str, Any]) -> Engine:
        return make_sync_engine(url, options) if self._loop is None else make_engine(url, options).sync_engine

    def _run(self, call: Callable[[], _T]) -> _T:
        if self._loop is None:
            return call()
        return self._loop.run_until_complete(greenlet_spawn(call))

    def _close(self) -> None:
        # It fails where the server has stopped before: then it is the next run that removes it.
        with suppress(Exception):
            self._run(lambda: self._context.__exit__(None, None, None))
        self._close_loop()

    def _close_loop(self) -> None:
        if self._loop is not None:
            # A connection is closed in the turn after the one it ended in.
            self._loop.run_until_complete(asyncio.sleep(0))
            self._loop.close()


class Templates:
    """The templates of a process, by the keys of their schemas."""

    def __init__(self) -> None:
        self._made: dict[Hashable, Template] = {}
        self._refused: dict[Hashable, None] = {}

    def is_refused(self, key: Hashable) -> bool:
        """Tell whether there can be none: nobody has to try again."""
        return key is None or key in self._refused

    def refuse(self, key: Hashable) -> None:
        """Say that there can be none."""
        self._refused[key] = None
        if len(self._refused) > _REFUSALS:
            del self._refused[next(iter(self._refused))]

    def get(self, key: Hashable) -> Template | None:
        """Return the template of a schema, if there is one."""
        template = self._made.pop(key, None)
        if template is not None:
            self._made[key] = template  # the last one
        return template

    def add(self, key: Hashable, make: Callable[[], Template]) -> None:
        """Have one made, unless the database cannot be copied, or its server has no connection left to hold it."""
        try:
            self._made[key] = make()
        except (NotCopiedError, PermissionError, ConnectionError):
            self.refuse(key)
        while len(self._made) > _LIMIT:
            self.forget(next(iter(self._made)))

    def forget(self, key: Hashable) -> None:
        """Remove one."""
        self._made.pop(key).close()

    def close(self) -> None:
        """Remove all."""
        while self._made:
            self.forget(next(iter(self._made)))
