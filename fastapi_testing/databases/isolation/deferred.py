"""
Deferred constraints, which a database checks when it commits: here, where a savepoint stands for the transaction.

PostgreSQL checks what is deferred when it is told ``SET CONSTRAINTS ALL IMMEDIATE``, for the whole of the transaction.
After a COMMIT each constraint is again as it was declared, so those that are ``INITIALLY DEFERRED`` are deferred
again. SQLite has no such statement: there, rows are looked for that refer to none.
"""

import re
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy.engine import Dialect

from fastapi_testing.databases.statements.kinds import Kind

__all__ = ["DeferredConstraints", "deferred_constraints"]

_DEFERRABLE = """
SELECT DISTINCT format('%I.%I', n.nspname, c.conname), c.condeferred
FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace WHERE c.condeferrable ORDER BY 1
"""
"""Which constraints can be deferred, those of triggers too, and whether they are when a transaction begins."""

_INITIALLY_DEFERRED = re.compile(r"\bINITIALLY\s+DEFERRED\b", re.IGNORECASE)

_Fetch = Callable[[str], list[Any]]


def deferred_constraints(dialect: Dialect, fetch: _Fetch) -> "DeferredConstraints":
    """
    Make what is right for the database.

    Args:
        dialect: Of the connection.
        fetch: Executes a statement on the one connection, and returns its rows.
    """
    if dialect.name == "sqlite":
        return _SQLiteConstraints(fetch, dialect.loaded_dbapi)
    return _PostgreSQLConstraints(fetch)


class DeferredConstraints(ABC):
    """
    Checks at a commit what a COMMIT would check; nothing is sent where nothing can be deferred.

    Args:
        fetch: Executes a statement on the one connection, and returns its rows.
    """

    def __init__(self, fetch: _Fetch) -> None:
        self._fetch = fetch
        self._statements: list[str] | None = None  # which they are is asked at the first commit
        self._is_redefined = False

    def open(self) -> None:
        """Begin with a connection."""
        self._statements = None

    def note(self, kind: Kind, _statement: str) -> None:
        """Keep up with a statement that may have changed what there is to check."""
        if kind == "define":
            self._statements, self._is_redefined = None, True

    def undone(self) -> None:
        """Keep up with a rollback, which may have undone such a statement."""
        if self._is_redefined:
            self._statements = None

    def ended(self) -> None:
        """Keep up with the end of the transaction around all."""
        self.undone()
        self._is_redefined = False

    def check(self) -> None:
        """
        Check them, and have each be again as it is when a transaction begins.

        Raises:
            Exception: The driver's IntegrityError, as at a COMMIT.
        """
        if self._statements is None:
            self._statements = list(self._find())
        for statement in self._statements:
            self._execute(statement)

    @abstractmethod
    def _find(self) -> Iterator[str]:
        """Ask what can be deferred, and yield the statements that check it."""

    def _execute(self, statement: str) -> None:
        self._fetch(statement)


class _PostgreSQLConstraints(DeferredConstraints):
    """Those of PostgreSQL: foreign keys, unique and exclusion constraints, constraint triggers."""

    def _find(self) -> Iterator[str]:
        if not (deferrable := self._fetch(_DEFERRABLE)):
            return
        statements = ["SET CONSTRAINTS ALL IMMEDIATE"]
        immediate = [name for name, is_deferred in deferrable if not is_deferred]
        if len(immediate) < len(deferrable):
            # Not by name: it is an error where another table has one of the same name that is not deferrable.
            statements.append("SET CONSTRAINTS ALL DEFERRED")
            statements += [f"SET CONSTRAINTS {', '.join(immediate)} IMMEDIATE"] if immediate else []
        # In one round trip, also by asyncpg, which prepares what it executes.
        body = "; ".join(statements)
        yield f"DO $fastapi_testing$ BEGIN {body}; END $fastapi_testing$" if len(statements) > 1 else body


class _SQLiteConstraints(DeferredConstraints):
    """
    Those of SQLite: foreign keys, where they are enforced.

    Args:
        fetch: Executes a statement on the one connection, and returns its rows.
        dbapi: The driver.
    """

    def __init__(self, fetch: _Fetch, dbapi: Any) -> None:
        super().__init__(fetch)
        self._dbapi = dbapi
        self._is_enforced = False
        self._are_all_deferred = False
        self._known: set[tuple[Any, ...]] = set()

    def open(self) -> None:
        """Begin with a connection; rows that violate a constraint already, as of a migration, are left at that."""
        super().open()
        self._is_enforced = bool(self._fetch("PRAGMA foreign_keys")[0][0])
        self._known = set()
        self._known = {row for statement in self._look() for row in self._orphans(statement)}

    def note(self, kind: Kind, statement: str) -> None:
        super().note(kind, statement)
        if kind == "pragma" and "defer_foreign_keys" in statement.lower():
            self._are_all_deferred = self._is_enforced

    def undone(self) -> None:
        super().undone()
        self._end_deferring()

    def check(self) -> None:
        if self._are_all_deferred:
            for statement in self._look():
                self._execute(statement)
            self._end_deferring()
        else:
            super().check()

    def _end_deferring(self) -> None:
        """Do what SQLite does at the end of a transaction."""
        if self._are_all_deferred:
            self._are_all_deferred = False
            self._fetch("PRAGMA defer_foreign_keys = OFF")

    def _find(self) -> Iterator[str]:
        return self._look(_INITIALLY_DEFERRED)

    def _look(self, pattern: re.Pattern[str] = re.compile("")) -> Iterator[str]:
        """Yield the statements that look for orphans, in tables whose definition has something in it."""
        tables = self._fetch("SELECT name, sql FROM sqlite_master WHERE type = 'table'") if self._is_enforced else []
        for name, definition in tables:
            if pattern.search(definition):
                quoted = name.replace('"', '""')
                yield f'PRAGMA foreign_key_check("{quoted}")'

    def _orphans(self, statement: str) -> set[tuple[Any, ...]]:
        try:
            return {tuple(row) for row in self._fetch(statement)} - self._known
        except self._dbapi.OperationalError:  # it refers to a column that is not unique: any write to it has failed
            return set()

    def _execute(self, statement: str) -> None:
        if self._orphans(statement):
            failure = self._dbapi.IntegrityError("FOREIGN KEY constraint failed")
            failure.sqlite_errorcode = sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
            failure.sqlite_errorname = "SQLITE_CONSTRAINT_FOREIGNKEY"
            raise failure
