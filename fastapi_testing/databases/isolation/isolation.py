"""
What a test does to the database, and how it is undone: two ways, with the same four steps.

The engines are synchronous, or those within asynchronous ones. In the second case whatever waits here is called in
SQLAlchemy's greenlets; the event loop goes on.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol
from unittest import SkipTest

from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from fastapi_testing.databases.baselines.baseline import Baseline
from fastapi_testing.databases.baselines.postgresql import PostgreSQLBaseline
from fastapi_testing.databases.baselines.sqlite import SQLiteBaseline
from fastapi_testing.databases.isolation.lent import lend
from fastapi_testing.databases.isolation.turns import SharedConnection
from fastapi_testing.databases.isolation.waits import waits_for
from fastapi_testing.databases.statements.owners import TEST
from fastapi_testing.databases.statements.writers import Writers

__all__ = ["Isolation", "Rollback", "Truncation", "truncation"]


class Isolation(Protocol):
    """Undoes what a test did."""

    engine: Engine
    """The app's."""

    test_engine: Engine
    """Another one, for the test's own session."""

    def begin_test(self) -> None:
        """Get ready for a test."""
        ...

    def end_test(self, session: Session | None) -> None:
        """Close the test's session, and undo what the test did."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...


class Rollback:
    """
    One transaction a test, on one connection, rolled back at the end.

    Args:
        engine: The engine of the database; one connection of it is used.
        turn_timeout: Seconds that one transaction may keep others waiting.
    """

    def __init__(self, engine: Engine, turn_timeout: float) -> None:
        self._base = engine
        self._shared = SharedConnection(engine, turn_timeout)
        self.engine: Engine = lend(engine, self._shared)
        self.test_engine: Engine = lend(engine, self._shared, TEST)

    def open(self) -> None:
        """Connect."""
        self._shared.open()

    def begin_test(self) -> None:
        self._shared.keep()

    def end_test(self, session: Session | None) -> None:
        self._shared.let_go()
        try:
            _close(session)
        finally:
            self._shared.undo()

    def close(self) -> None:
        self._shared.close()
        for engine in (self.engine, self.test_engine, self._base):
            engine.dispose()


class Truncation:
    """
    Real transactions; what a test has changed is brought back afterwards to what it was before the first one.

    Args:
        engine: The app's engine.
        test_engine: Another engine of the same database.
        baseline: Remembers what the database holds.
    """

    def __init__(self, engine: Engine, test_engine: Engine, baseline: Baseline) -> None:
        self.engine = engine
        self.test_engine = test_engine
        self._baseline = baseline
        self._state: Literal["new", "clean", "written"] = "new"

    def begin_test(self) -> None:
        if self._baseline.beyond_repair is not None:
            raise SkipTest(f"the class has no clean database any more: {self._baseline.beyond_repair}")
        if self._state == "new":
            self._baseline.keep()
        elif self._state == "written":  # the end of the test before has failed
            self._baseline.restore()
        self._state = "written"

    def end_test(self, session: Session | None) -> None:
        _close(session)
        if self._baseline.beyond_repair is None:
            self._baseline.restore()
            self._state = "clean"

    def close(self) -> None:
        self._baseline.close()
        for engine in (self.engine, self.test_engine):
            engine.dispose()


def _close(session: Session | None) -> None:
    if session is not None:
        session.close()


def truncation(
    engine: Engine,
    test_engine: Engine,
    connect_args: Mapping[str, Any],
    make: Callable[[dict[str, Any]], Engine],
) -> Truncation:
    """
    Make the isolation by truncation that is right for the database.

    Args:
        engine: The app's engine.
        test_engine: Another engine of the same database.
        connect_args: Those of the two.
        make: Makes one more, with options.
    """
    if engine.dialect.name != "sqlite":
        return Truncation(engine, test_engine, PostgreSQLBaseline(connect_args, make))
    writers = Writers()
    writers.watch(engine)
    writers.watch(test_engine, TEST)
    return Truncation(engine, test_engine, SQLiteBaseline(engine, writers, waits_for(engine).take_time))
