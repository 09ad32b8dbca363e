"""Templates that are kept from run to run, as Django's ``--keepdb`` keeps a database: the next run copies them."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple, TypeVar

from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from fastapi_testing.databases.provision.kept import find_kept, keep
from fastapi_testing.databases.provision.provision import NotCopiedError
from fastapi_testing.databases.templates.beside import Beside

__all__ = ["Keeping", "Kept", "is_asked_for"]

_VARIABLE = "FASTAPI_TESTING_KEEP_DATABASE"

_T = TypeVar("_T")


def is_asked_for() -> bool:
    """Tell whether the environment says that templates are to be kept."""
    return os.environ.get(_VARIABLE) == "1"


class Kept:
    """
    A template that outlives the process.

    Args:
        url: The database.
    """

    def __init__(self, url: URL) -> None:
        self.url: URL = url

    def close(self) -> None:
        """Leave it to the next run."""


class Keeping(NamedTuple):
    """Finds and keeps the template of one schema."""

    given: URL
    """The database beside which it is."""

    connect_args: dict[str, Any]
    """As for :func:`sqlalchemy.create_engine`."""

    fingerprint: str
    """What stands for the schema."""

    def find(self) -> Kept | None:
        """Return the one that is there; None where there is none, or where it cannot be looked for."""
        with suppress(ConnectionError, SQLAlchemyError):
            url = self._aside(lambda beside: find_kept(beside.url, self.connect_args, beside.make, self.fingerprint))
            return None if url is None else Kept(url)
        return None

    def keep(self, source: URL) -> Kept | None:
        """Keep a copy of a database; None where it cannot be kept: then it is for this run only."""
        with suppress(NotCopiedError, ConnectionError, OSError, sqlite3.Error, SQLAlchemyError):
            return Kept(
                self._aside(lambda beside: keep(beside.url, self.connect_args, beside.make, self.fingerprint, source))
            )
        return None

    def _aside(self, call: Callable[[Beside], _T]) -> _T:
        beside = Beside(self.given)
        try:
            return beside.run(partial(call, beside))
        finally:
            beside.close()
