"""What a test does to the database, and how it is undone: two ways, with the same four steps."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol
from unittest import SkipTest

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from fastapi_testing.databases.baselines.baseline import Baseline
from fastapi_testing.databases.baselines.postgresql import PostgreSQLBaseline
from fastapi_testing.databases.baselines.sqlite import SQLiteBaseline
from fastapi_testing.databases.isolation.lent import lend
from fastapi_testing.databases.isolation.turns import SharedConnection
from fastapi_testing.databases.statements.owners import TEST
from fastapi_testing.databases.statements.writers import Writers

__all__ = ["Isolation", "Rollback", "Truncation", "truncation"]


class Isolation(Protocol):
    """Undoes what a test did."""

    engine: AsyncEngine
    """The app's."""

    test_engine: AsyncEngine
    """Another one, for the test's own session."""

    async def begin_test(self) -> None:
        """Get ready for a test."""
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

    async def begin_test(self) -> None:
        await self._shared.keep()

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
    Real transactions; what a test has changed is brought back afterwards to what it was before the first one.

    Args:
        engine: The app's engine.
        test_engine: Another engine of the same database.
        baseline: Remembers what the database holds.
    """

    def __init__(self, engine: AsyncEngine, test_engine: AsyncEngine, baseline: Baseline) -> None:
        self.engine = engine
        self.test_engine = test_engine
        self._baseline = baseline
        self._state: Literal["new", "clean", "written"] = "new"

    async def begin_test(self) -> None:
        if self._baseline.beyond_repair is not None:
            raise SkipTest(f"the class has no clean database any more: {self._baseline.beyond_repair}")
        if self._state == "new":
            await self._baseline.keep()
        elif self._state == "written":  # the end of the test before has failed
            await self._baseline.restore()
        self._state = "written"

    async def end_test(self, session: AsyncSession | None) -> None:
        await _close(session)
        if self._baseline.beyond_repair is None:
            await self._baseline.restore()
            self._state = "clean"

    async def close(self) -> None:
        await self._baseline.close()
        for engine in (self.engine, self.test_engine):
            await engine.dispose()


async def _close(session: AsyncSession | None) -> None:
    if session is not None:
        await session.close()


def truncation(engine: AsyncEngine, test_engine: AsyncEngine, connect_args: Mapping[str, Any]) -> Truncation:
    """
    Make the isolation by truncation that is right for the database.

    Args:
        engine: The app's engine.
        test_engine: Another engine of the same database.
        connect_args: Those of the two.
    """
    if engine.dialect.name != "sqlite":
        return Truncation(engine, test_engine, PostgreSQLBaseline(engine.url, connect_args))
    writers = Writers()
    writers.watch(engine)
    writers.watch(test_engine, TEST)
    return Truncation(engine, test_engine, SQLiteBaseline(engine, writers))
