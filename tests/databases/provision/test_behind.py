"""Which engine is behind a dependency, as its code tells."""

import functools
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Annotated, Any

from fastapi import Depends
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import async_scoped_session, async_sessionmaker, create_async_engine
from sqlalchemy.orm import scoped_session, sessionmaker

from fastapi_testing.databases.provision.behind import engine_behind

__all__: list[str] = []

engine = create_async_engine("sqlite+aiosqlite://")
sessions = async_sessionmaker(engine)
db = ModuleType("db")
db.sessions = sessions  # type: ignore[attr-defined]
nothing = object()


class Database:
    """Has a session maker of its own."""

    def __init__(self) -> None:
        self.maker = sessions

    def session(self) -> Any:
        """Give a session."""
        return self.maker()


class Opener:
    """A dependency that is an instance."""

    def __init__(self) -> None:
        self.engine = engine

    def __call__(self) -> Any:
        return self.engine.connect()


database = Database()


def from_global() -> Any:
    """Use a session maker of the module."""
    return sessions()


def from_module() -> Any:
    """Use that of another module."""
    return db.sessions()


def from_call() -> Any:
    """Use that of a function."""
    return from_module()


def from_instance() -> Any:
    """Use that of an instance."""
    return database.session()


def from_default(make: Any = Depends(from_global)) -> Any:  # noqa: B008 - how FastAPI had it first
    """Use that of another dependency."""
    return make


def from_annotation(make: Annotated[Any, Depends(from_global)]) -> Any:
    """Use that of another dependency."""
    return make


def from_inner() -> Any:
    """Use it in a function within."""

    def make() -> Any:
        return sessions()

    return make()


@contextmanager
def from_generator() -> Iterator[Any]:
    """Be wrapped by the standard library."""
    yield sessions()


@functools.cache
def from_cache() -> Any:
    """Be wrapped by what is no function."""
    return sessions()


class FromClass:
    """A dependency that is a class."""

    def __init__(self) -> None:
        self.session = sessions()


def from_nowhere() -> Any:
    """Use nothing that could be seen."""
    return nothing


def closed_over() -> Any:
    """Return a dependency that has the session maker in a closure, and one in which something is not there yet."""
    maker = sessions

    def get() -> Any:
        return maker()

    def get_later() -> Any:  # pragma: no cover - nothing is called, and this could not be
        return later

    if maker is nothing:  # pragma: no cover - so that the name is one of this function's
        later: Any = maker
    return get, get_later


class BehindTests(unittest.TestCase):
    """What is found, and that nothing is called for it."""

    def test_found(self) -> None:
        """A session maker, or an engine, is found wherever a dependency names it."""
        get, _ = closed_over()
        for dependency in (
            from_global,
            from_module,
            from_call,
            from_instance,
            from_default,
            from_annotation,
            from_inner,
            from_generator,
            from_cache,
            FromClass,
            Opener(),
            database.session,
            get,
            sessions,
            engine,
            engine.sync_engine,
            async_scoped_session(sessions, scopefunc=int),
        ):
            with self.subTest(dependency):
                self.assertIs(engine_behind([dependency]), engine.sync_engine)

    def test_called(self) -> None:
        """What they give when somebody calls them is of that engine, or nothing at all."""
        for dependency in (
            from_global,
            from_module,
            from_call,
            from_instance,
            from_inner,
            from_cache,
            closed_over()[0],
            lambda: FromClass().session,
            lambda: from_default(sessions()),
            lambda: from_annotation(sessions()),
        ):
            with self.subTest(dependency):
                self.assertIs(dependency().bind, engine)
        with from_generator() as session:
            self.assertIs(session.bind, engine)
        self.assertIs(Opener()().sync_engine, engine.sync_engine)
        self.assertIs(from_nowhere(), nothing)

    def test_sync(self) -> None:
        """So it is with those of a synchronous app."""
        sync_engine = create_engine("sqlite://")
        maker = sessionmaker(sync_engine)
        self.assertIs(engine_behind([maker]), sync_engine)
        self.assertIs(engine_behind([scoped_session(maker)]), sync_engine)

    def test_not_found(self) -> None:
        """Where there is nothing to be seen, there is no engine."""
        _, get_later = closed_over()
        for dependency in (from_nowhere, get_later, async_sessionmaker(), None, Depends, len):
            with self.subTest(dependency):
                self.assertIsNone(engine_behind([dependency]))
        self.assertIsNone(engine_behind([]))

    def test_lazy(self) -> None:
        """An object that is made when somebody asks for its class, or its attributes, is not asked."""

        class Lazy:
            @property  # type: ignore[misc]
            def __class__(self) -> Any:
                raise RuntimeError("DATABASE_URL is not set")

        class Odd:
            @property
            def __dict__(self) -> Any:  # type: ignore[override]
                raise RuntimeError("DATABASE_URL is not set")

        for thing in (Lazy(), Odd()):
            self.assertIsNone(engine_behind([thing]))
