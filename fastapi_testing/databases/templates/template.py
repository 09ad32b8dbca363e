"""
Templates: databases that have a schema and nothing else, from which classes are given copies.

A template is made of the first class's database, as that is when its schema has been made, and stays until the process
ends, or is kept for the next run. What keeps others from taking it for a leftover is a lock, as for each database here.
On PostgreSQL that belongs to a connection, which has to outlive the event loops of classes. So an asyncpg connection
has an event loop of its own, which runs only while something is asked of it: at the end too, when Python starts no more
threads.
"""

from collections.abc import Callable, Hashable
from contextlib import suppress
from multiprocessing.util import Finalize
from typing import Any, Protocol

from sqlalchemy.engine import URL

from fastapi_testing.databases.provision.provision import NotCopiedError, own_database
from fastapi_testing.databases.templates.beside import Beside

__all__ = ["AnyTemplate", "Template", "Templates"]

_LIMIT = 8
"""How many are kept; the one that has not been copied for the longest time goes."""

_REFUSALS = 100
"""How many schemas without one are remembered; of one that is forgotten, it is tried again."""


class AnyTemplate(Protocol):
    """A database from which others are copied."""

    url: URL

    @property
    def close(self) -> Callable[[], Any]:
        """Have done with it."""
        ...


class Template:
    """
    A copy of a database, which stays until it is closed or the process ends.

    Args:
        given: The database beside which it is made.
        connect_args: As for :func:`sqlalchemy.create_engine`.
        source: Of which database it is a copy; nobody may be connected to it.
    """

    def __init__(self, given: URL, connect_args: dict[str, Any], source: URL) -> None:
        self._beside = beside = Beside(given)
        self._context = own_database(beside.url, connect_args, beside.make, copied=source)
        try:
            self.url: URL = beside.run(self._context.__enter__)
        except BaseException:
            beside.close()
            raise
        # Unlike those of atexit, it is called in processes of multiprocessing too, and only in the one that made it.
        self.close: Callable[[], Any] = Finalize(None, self._close, exitpriority=0)
        """Remove it; a second time does nothing."""

    def _close(self) -> None:
        # It fails where the server has stopped before: then it is the next run that removes it.
        with suppress(Exception):
            self._beside.run(lambda: self._context.__exit__(None, None, None))
        self._beside.close()


class Templates:
    """The templates of a process, by the keys of their schemas."""

    def __init__(self) -> None:
        self._made: dict[Hashable, AnyTemplate] = {}
        self._refused: dict[Hashable, None] = {}

    def is_refused(self, key: Hashable) -> bool:
        """Tell whether there can be none: nobody has to try again."""
        return key is None or key in self._refused

    def refuse(self, key: Hashable) -> None:
        """Say that there can be none."""
        self._refused[key] = None
        if len(self._refused) > _REFUSALS:
            del self._refused[next(iter(self._refused))]

    def get(self, key: Hashable) -> AnyTemplate | None:
        """Return the template of a schema, if there is one."""
        template = self._made.pop(key, None)
        if template is not None:
            self._made[key] = template  # the last one
        return template

    def add(self, key: Hashable, make: Callable[[], AnyTemplate]) -> None:
        """Have one made, unless the database cannot be copied, or its server has no connection left to hold it."""
        try:
            self._made[key] = make()
        except (NotCopiedError, PermissionError, ConnectionError):
            self.refuse(key)
        while len(self._made) > _LIMIT:
            self.forget(next(iter(self._made)))

    def find(self, key: Hashable, find: Callable[[], AnyTemplate | None]) -> None:
        """Take one that is there already, if it is."""
        if (found := find()) is not None:
            self.add(key, lambda: found)

    def forget(self, key: Hashable) -> None:
        """Remove one."""
        self._made.pop(key).close()

    def close(self) -> None:
        """Remove all."""
        while self._made:
            self.forget(next(iter(self._made)))
