"""
The database of a class: made, given its tables, kept clean from test to test, and dropped.

What is here is said once for synchronous and asynchronous engines. With the first, its methods are called as they are,
on whatever thread; with the second, in SQLAlchemy's greenlets on the event loop to which the engine belongs.
"""

import asyncio
import inspect
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, NamedTuple, TypeVar

from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.orm import Session
from sqlalchemy.util import await_only

from fastapi_testing.databases.isolation.isolation import Rollback, Truncation, truncation
from fastapi_testing.databases.provision.address import is_for_async
from fastapi_testing.databases.provision.elsewhere import watch_engines
from fastapi_testing.databases.provision.engines import foreign_keys_off, make_engine, make_sync_engine, sync_engine_of
from fastapi_testing.databases.provision.likeness import Likeness, likeness_to
from fastapi_testing.databases.provision.loggers import loggers_kept
from fastapi_testing.databases.provision.provision import NotCopiedError, own_database
from fastapi_testing.databases.templates.fingerprint import fingerprint_of
from fastapi_testing.databases.templates.keeping import Keeping, is_asked_for
from fastapi_testing.databases.templates.sameness import makes_schema, schema_key
from fastapi_testing.databases.templates.template import AnyTemplate, Template, Templates
from fastapi_testing.databases.templates.traces import attributes_of, session_of

__all__ = ["Database", "templates"]

_T = TypeVar("_T")

templates: Templates = Templates()
"""Those of this process."""


class _Schema(NamedTuple):
    """What is known of a schema: what classes with the same one have in common, and what keeps it from run to run."""

    key: Hashable
    keeping: Keeping | None


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
        likeness = likeness_to(self._app_engine, self._case)
        options = likeness.options(self._given.drivername, self._case.engine_options, lends=self._lends)
        schema = self._schema(options, likeness)
        url, has_schema = self._enter_database(schema, add_cleanup)
        _enter(watch_engines(url, self._given, self._connect_args, self._case), add_cleanup)
        engine = self._make_inner(url, options)
        add_cleanup(engine.dispose)
        likeness.warn(engine, lends=self._lends)
        likeness.take_connections(engine)
        if not has_schema:
            self._open_schema(engine, schema, partial(self._schema, options, likeness))
        with engine.begin():
            """Commit what a listener to ``connect`` has set: a test's rollback would take it back."""
        self._open_isolation(engine, options, likeness, add_cleanup)

    def begin_test(self) -> None:
        """Get ready for a test."""
        self.isolation.begin_test()

    def end_test(self, session: Session | None) -> None:
        """Close the test's session, and undo what the test did."""
        self.isolation.end_test(session)

    @property
    def _lends(self) -> bool:
        return bool(self._case.isolation == "rollback")

    @property
    def _connect_args(self) -> dict[str, Any]:
        return dict(self._case.engine_options.get("connect_args", {}))

    def _schema(self, options: dict[str, Any], likeness: Likeness) -> _Schema:
        """Return what is known of the schema, without making it."""
        key = self._schema_key(options)
        if key is None or templates.get(key) is not None or not is_asked_for():
            return _Schema(key, None)
        engine = self._make_inner(self._given, options)
        likeness.take_connections(engine)
        fingerprint = fingerprint_of(self._case, self._given, engine, options)
        return _Schema(key, Keeping(self._given, self._connect_args, fingerprint) if fingerprint else None)

    def _schema_key(self, options: dict[str, Any]) -> Hashable:
        """Return what is the same for classes with the same schema; None for a class whose schema is its own."""
        scope = self._case.schema_scope
        if scope == "class" or (scope is None and makes_schema(self._case)):
            return None
        more = (self._given, self._app_engine, self._connect_args, options)
        is_for_next_run = is_asked_for() and self._case.schema_files is not None
        key = schema_key(self._case, self._case.metadata, *more, is_for_next_run=is_for_next_run)
        return None if templates.is_refused(key) else key

    def _enter_database(self, schema: _Schema, add_cleanup: Callable[[Callable[[], Any]], Any]) -> tuple[URL, bool]:
        """Make the database, as a copy where there is a template, and say whether it has the schema."""
        key, keeping = schema
        own = partial(own_database, self._given, self._connect_args, self._make_inner)
        if keeping is not None and templates.get(key) is None:
            self._aside(partial(templates.find, key, keeping.find))
        if (template := templates.get(key)) is not None:
            try:
                return _enter(own(copied=template.url), add_cleanup), True
            except NotCopiedError:  # somebody has removed it
                self._aside(partial(templates.forget, key))
        return _enter(own(), add_cleanup), False

    def _open_schema(self, engine: Engine, schema: _Schema, look_again: Callable[[], _Schema]) -> None:
        """Make the schema, and the template of it, unless ``create_schema`` has done more than that."""
        if schema.key is None:
            with engine.connect() as connection:
                self._make_schema(connection)
            return
        with engine.connect() as connection:
            before = attributes_of(self._case), session_of(connection)
            self._make_schema(connection)
            is_all = before == (attributes_of(self._case), session_of(connection))
        if is_all and schema == look_again():
            engine.dispose()
            self._aside(partial(templates.add, schema.key, partial(self._new_template, schema, engine.url)))
        else:
            templates.refuse(schema.key)

    def _new_template(self, schema: _Schema, source: URL) -> AnyTemplate:
        """Make one that is kept, where that is to be and can be, or one for this run."""
        kept = schema.keeping and schema.keeping.keep(source)
        return kept or Template(self._given, self._connect_args, source)

    def _open_isolation(
        self,
        engine: Engine,
        options: dict[str, Any],
        likeness: Likeness,
        add_cleanup: Callable[[Callable[[], Any]], Any],
    ) -> None:
        isolation: Rollback | Truncation
        if self._lends:
            isolation = Rollback(engine, self._case.turn_timeout)
            isolation.open()
        else:
            test_engine = self._make_inner(engine.url, options)
            likeness.take_connections(test_engine)
            make = partial(self._make_inner, engine.url)
            isolation = truncation(engine, test_engine, options.get("connect_args", {}), make)
        add_cleanup(isolation.close)
        for each in (isolation.engine, isolation.test_engine):
            likeness.take_statements(each, lends=self._lends)
        self.isolation = isolation
        self.engine, self.test_engine = self._outer(isolation.engine), self._outer(isolation.test_engine)

    def _aside(self, call: Callable[[], Any]) -> None:
        """Do what would hold up the event loop on a thread, if this is one."""
        if self.is_async:
            await_only(asyncio.to_thread(call))
        else:
            call()

    def _make_schema(self, connection: Connection) -> None:
        """Have the class make its tables: in its own kind, and by a plain function also in the other one."""
        make = self._case.create_schema
        with foreign_keys_off(connection), loggers_kept(), connection.begin():
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
