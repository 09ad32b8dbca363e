"""What an engine of ``isolation = "rollback"`` takes for its connections: loans of the one that there is."""

import functools
from collections import deque
from collections.abc import Iterator
from typing import Any

from sqlalchemy.engine import Engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, QueuePool

from fastapi_testing.databases.isolation.turns import SharedConnection
from fastapi_testing.databases.statements.owners import Owner

__all__ = ["LentConnection", "lend"]


def lend(engine: Engine, shared: SharedConnection, owner: Owner | None = None) -> Engine:
    """
    Make an engine whose connections are loans of one.

    Args:
        engine: The engine that the connection is of. Its dialect serves both: what it does to each new connection,
            such as to teach asyncpg about JSON, it has done to that one.
        shared: The connection.
        owner: Who uses the engine; None where it is told by the context.
    """
    make = AsyncAdaptedQueuePool if engine.dialect.is_async else QueuePool
    # sqlite3 fetches rows as they are asked for, when somebody else may have a turn.
    fetches_later = engine.dialect.name == "sqlite" and not engine.dialect.is_async
    cursor = _FetchedCursor if fetches_later else _Cursor
    pool = make(lambda: LentConnection(shared, owner, cursor), dialect=engine.dialect, max_overflow=-1)
    return Engine(pool, engine.dialect, engine.url, echo=engine.echo)


class LentConnection:
    """
    A DBAPI connection (PEP 249) whose transactions are savepoints of the shared one.

    What a dialect asks of its driver beyond that goes to the shared connection, but for the settings of a
    transaction: its isolation level is that of the transaction around it.
    """

    def __init__(self, shared: SharedConnection, owner: Owner | None, cursor_class: "type[_Cursor]") -> None:
        self._shared = shared
        self.owner = owner
        self._cursor_class = cursor_class
        self.autocommit: bool = False
        self.readonly: bool = False
        self.read_only: bool = False
        self.deferrable: bool = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shared.real, name)

    @property
    def isolation_level(self) -> str | None:
        """What sqlite3 calls so: None means that each statement is its own transaction."""
        return None if self.autocommit else ""

    @isolation_level.setter
    def isolation_level(self, value: Any) -> None:
        """Take what sqlite3's dialect gives; psycopg's gives a number or None, and sets ``autocommit`` beside it."""
        if self._shared.is_sqlite:
            self.autocommit = value is None

    def set_isolation_level(self, level: Any) -> None:
        """Take the name that asyncpg's dialect gives, or the number of psycopg2's; psycopg's says nothing here."""
        if isinstance(level, str):
            self.autocommit = level == "autocommit"
        elif self._shared.is_psycopg2:
            self.autocommit = level == 0  # psycopg2.extensions.ISOLATION_LEVEL_AUTOCOMMIT

    def set_autocommit(self, value: bool) -> None:  # noqa: FBT001 - psycopg's
        """Have each statement be its own transaction, or not."""
        self.autocommit = value

    def set_read_only(self, value: Any) -> None:
        """Leave it."""
        self.read_only = value

    def set_deferrable(self, value: Any) -> None:
        """Leave it."""
        self.deferrable = value

    def cursor(self, *_: Any, **__: Any) -> "_Cursor":
        # asyncpg's and aiosqlite's dialects ask for a cursor in the server by server_side=True, psycopg's by its name.
        # There it would end with the savepoint of whoever goes back to one, so all rows are fetched at once.
        return self._cursor_class(self, self._shared, self._shared.real.cursor())

    def commit(self) -> None:
        self._shared.commit(self)

    def rollback(self) -> None:
        self._shared.rollback(self)

    def close(self) -> None:
        self._shared.abandon(self)

    def terminate(self) -> None:
        self._shared.abandon(self)


class _Cursor:
    """A cursor of the shared connection that waits for its turn."""

    def __init__(self, connection: LentConnection, shared: SharedConnection, cursor: Any) -> None:
        self._of = connection
        self._shared = shared
        self._real = cursor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._real)

    def execute(self, operation: str, *args: Any) -> None:
        self._shared.run(self._of, operation, functools.partial(self._real.execute, operation, *args))

    def executemany(self, operation: str, *args: Any) -> None:
        self._shared.run(self._of, operation, functools.partial(self._real.executemany, operation, *args))


class _FetchedCursor(_Cursor):
    """One that has fetched its rows when the statement is executed, as those of the other drivers have."""

    def __init__(self, connection: LentConnection, shared: SharedConnection, cursor: Any) -> None:
        super().__init__(connection, shared, cursor)
        self._rows: deque[Any] = deque()

    def execute(self, operation: str, *args: Any) -> None:
        self._shared.run(self._of, operation, functools.partial(self._execute, operation, *args))

    def fetchone(self) -> Any:
        return self._rows.popleft() if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[Any]:
        number = self._real.arraysize if size is None else size
        return [self._rows.popleft() for _ in range(min(number, len(self._rows)))]

    def fetchall(self) -> list[Any]:
        return self.fetchmany(len(self._rows))

    def __iter__(self) -> Iterator[Any]:
        return iter(self.fetchone, None)

    def _execute(self, operation: str, *args: Any) -> None:
        self._real.execute(operation, *args)
        self._rows = deque(self._real.fetchall())
