"""
The database of a class: made, given its tables, kept clean from test to test, and dropped.

What is here is said once for synchronous and asynchronous engines. With the first, its methods are called as they are,
on whatever thread; with the second, in SQLAlchemy's greenlets on the event loop to which the engine belongs.
"""

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, TypeVar

from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.orm import Session
from sqlalchemy.util import await_only

from fastapi_testing.databases.isolation.isolation import Rollback, Truncation, truncation
from fastapi_testing.databases.provision.address import is_for_async
from fastapi_testing.databases.provision.elsewhere import watch_engines
from fastapi_testing.databases.provision.engines import foreign_keys_off, make_engine, make_sync_engine, sync_engine_of
from fastapi_testing.databases.provision.likeness import likeness_to
from fastapi_testing.databases.provision.provision import own_database

__all__ = ["Database"]

_T = TypeVar("_T")


class Database:
    """
    The database of a class.

    Args:
        case: The class, of which the attributes of :class:`SQLAlchemyMixin` are asked.
        url: The database beside which it is made.
        app_engine: The app's own engine; None where it cannot be seen.

    Attributes:
        is_async: Whether its engines are asynchronous.
        engine: The engine of the app's sessions.
        test_engine: That of the test's own.
        isolation: What keeps tests apart.
    """

    engine: Any
    test_engine: Any
    isolation: Rollback | Truncation

    def __init__(self, case: Any, url: URL, app_engine: Engine | None) -> None:
        self.is_async: bool = is_for_async(url)
        self._case = case
        self._given = url
        self._app_engine = app_engine

    def open(self, add_cleanup: Callable[[Callable[[], Any]], Any]) -> None:
        """
        Make the database, and its tables.

        Args:
            add_cleanup: Given what is to be called in the end, last given first, also where this fails. It is several
                functions, for a database that does not answer is waited for in each.
        """
        connect_args = dict(self._case.engine_options.get("connect_args", {}))
        url = _enter(own_database(self._given, connect_args, self._make_inner), add_cleanup)
        _enter(watch_engines(url, self._given, connect_args, self._case), add_cleanup)
        self._open_engines(url, add_cleanup)

    def begin_test(self) -> None:
        """Get ready for a test."""
        self.isolation.begin_test()

    def end_test(self, session: Session | None) -> None:
        """Close the test's session, and undo what the test did."""
        self.isolation.end_test(session)

    def _open_engines(self, url: URL, add_cleanup: Callable[[Callable[[], Any]], Any]) -> None:
        likeness = likeness_to(self._app_engine, self._case)
        lends = self._case.isolation == "rollback"
        options = likeness.options(url.drivername, self._case.engine_options, lends=lends)
        engine = self._make_inner(url, options)
        add_cleanup(engine.dispose)
        likeness.warn(engine, lends=lends)
        likeness.take_connections(engine)
        with engine.connect() as connection, foreign_keys_off(connection), connection.begin():
            self._make_schema(connection)
        isolation: Rollback | Truncation
        if lends:
            isolation = Rollback(engine, self._case.turn_timeout)
            isolation.open()
        else:
            test_engine = self._make_inner(url, options)
            likeness.take_connections(test_engine)
            make = partial(self._make_inner, url)
            isolation = truncation(engine, test_engine, options.get("connect_args", {}), make)
        add_cleanup(isolation.close)
        for each in (isolation.engine, isolation.test_engine):
            likeness.take_statements(each, lends=lends)
        self.isolation = isolation
        self.engine, self.test_engine = self._outer(isolation.engine), self._outer(isolation.test_engine)

    def _make_schema(self, connection: Connection) -> None:
        """Have the class make its tables: in its own kind, and by a plain function also in the other one."""
        make = self._case.create_schema
        if not self.is_async or not inspect.iscoroutinefunction(inspect.unwrap(make)):
            make(connection)
        else:
            await_only(make(AsyncConnection(AsyncEngine(connection.engine), connection)))

    def _make_inner(self, url: URL, options: dict[str, Any]) -> Engine:
        return sync_engine_of(make_engine(url, options)) if self.is_async else make_sync_engine(url, options)

    def _outer(self, engine: Engine) -> Engine | AsyncEngine:
        return AsyncEngine(engine) if self.is_async else engine


def _enter(context: AbstractContextManager[_T], add_cleanup: Callable[[Callable[[], Any]], Any]) -> _T:
    """Enter a context, which is left in the end, whatever has been raised: that is told elsewhere."""
    entered = context.__enter__()
    add_cleanup(partial(context.__exit__, None, None, None))
    return entered
