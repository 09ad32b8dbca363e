"""What a test does to the database, and how it is undone: two ways, with the same four steps."""

from collections.abc import Callable
from typing import Any, Protocol

from sqlalchemy import MetaData, Sequence, Table, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from fastapi_testing.databases.lent import lend
from fastapi_testing.databases.statements import kind_of, written_names
from fastapi_testing.databases.turns import TEST, SharedConnection

__all__ = ["Isolation", "Rollback", "Truncation"]

_LOCK_TIMEOUT = 5
"""Seconds that emptying a table waits for somebody who still uses it."""


class Isolation(Protocol):
    """Undoes what a test did."""

    engine: AsyncEngine
    """The app's."""

    test_engine: AsyncEngine
    """Another one, for the test's own session."""

    async def begin_test(self) -> bool:
        """Get ready for a test; return whether the rows of the class have to be made again."""
        ...

    async def end_test(self, session: AsyncSession | None) -> None:
        """Close the test's session, and undo what the test did."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


class Rollback:
    """
    One transaction a test, on one connection, rolled back at the end.

    Args:
        engine: The engine of the database; one connection of it is used.
        turn_timeout: Seconds that one transaction may keep others waiting.
    """

    def __init__(self, engine: AsyncEngine, turn_timeout: float) -> None:
        self._base = engine
        self._shared = SharedConnection(engine, turn_timeout)
        self.engine: AsyncEngine = lend(engine, self._shared)
        self.test_engine: AsyncEngine = lend(engine, self._shared, TEST)

    async def open(self) -> None:
        """Connect."""
        await self._shared.open()

    async def begin_test(self) -> bool:
        await self._shared.keep()
        return False

    async def end_test(self, session: AsyncSession | None) -> None:
        self._shared.let_go()
        try:
            await _close(session)
        finally:
            await self._shared.undo()

    async def close(self) -> None:
        await self._shared.close()
        for engine in (self.engine, self.test_engine, self._base):
            await engine.dispose()


class Truncation:
    """
    Real transactions, and tables that are emptied afterwards: those that were written.

    Args:
        engine: The app's engine.
        test_engine: Another engine of the same database.
        has_rows: Whether the class has rows of its own, to be made again after its tables are emptied.
    """

    def __init__(self, engine: AsyncEngine, test_engine: AsyncEngine, *, has_rows: bool) -> None:
        self.engine = engine
        self.test_engine = test_engine
        self._has_rows = has_rows
        self._tables: list[Table] = []
        self._written: set[Table] = set()
        self._of_class: set[Table] = set()
        self._is_emptied = False

    async def open(self, metadata: MetaData | None) -> None:
        """Learn which tables there are, and note from now on which are written."""
        if metadata is None:
            metadata = MetaData()
            async with self.engine.connect() as connection:
                await connection.run_sync(metadata.reflect)
        self._tables = list(metadata.sorted_tables)
        for engine in (self.engine, self.test_engine):
            event.listen(engine.sync_engine, "before_cursor_execute", self._note)

    async def begin_test(self) -> bool:
        again, self._is_emptied = self._is_emptied, False
        self._written.clear()  # what the class set up otherwise is no test's
        return again

    async def end_test(self, session: AsyncSession | None) -> None:
        await _close(session)
        if self._written:
            await self._empty([table for table in self._tables if table in self._written | self._of_class])
            self._written.clear()
            self._is_emptied = self._has_rows

    async def close(self) -> None:
        for engine in (self.engine, self.test_engine):
            await engine.dispose()

    def rows_made(self) -> None:
        """Tell that what has been written by now are the rows of the class."""
        self._of_class |= self._written
        self._written.clear()

    def _note(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if kind_of(statement) == "write":
            names = written_names(statement)
            # What names none of the tables, such as CALL, may have written any.
            self._written |= {table for table in self._tables if table.name in names} or set(self._tables)

    async def _empty(self, tables: list[Table]) -> None:
        empty = _empty_sqlite if self.engine.dialect.name == "sqlite" else _empty_postgresql
        try:
            async with self.test_engine.connect() as connection:
                await empty(connection, tables)
                await connection.commit()
        except DBAPIError as exc:
            exc.add_note(
                f"while {', '.join(table.name for table in tables)} were emptied after the test: has it left a session "
                f"or a connection open?"
            )
            raise


async def _close(session: AsyncSession | None) -> None:
    if session is not None:
        await session.close()


async def _empty_postgresql(connection: AsyncConnection, tables: list[Table]) -> None:
    quoted = _quoted(connection)
    await connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}s'")
    names = ", ".join(map(quoted, tables))
    await connection.exec_driver_sql(f"TRUNCATE TABLE {names} RESTART IDENTITY CASCADE")
    for sequence in _sequences(tables):  # RESTART IDENTITY restarts those that a column owns
        await connection.exec_driver_sql(f"ALTER SEQUENCE {quoted(sequence)} RESTART")


async def _empty_sqlite(connection: AsyncConnection, tables: list[Table]) -> None:
    await connection.exec_driver_sql("BEGIN IMMEDIATE")  # sqlite3 would begin with the first DELETE only
    await connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")  # tables may refer to one another in a circle
    for table in reversed(tables):
        await connection.execute(table.delete())
    if await connection.scalar(text("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'")):
        for table in tables:
            await connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = ?", (table.name,))


def _quoted(connection: AsyncConnection) -> Callable[[Any], str]:
    preparer = connection.dialect.identifier_preparer
    return lambda each: preparer.format_sequence(each) if isinstance(each, Sequence) else preparer.format_table(each)


def _sequences(tables: list[Table]) -> list[Sequence]:
    """Return the sequences that columns take their defaults from."""
    return [column.default for table in tables for column in table.columns if isinstance(column.default, Sequence)]
