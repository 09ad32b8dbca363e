"""Whether sessions are synchronous or asynchronous: told by what a class names, before anything is made."""

import functools
import unittest
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from fastapi_testing.databases.provision.address import choose_url, is_for_async
from fastapi_testing.databases.provision.kind import SessionKind, session_kind

__all__: list[str] = []

SYNC = sessionmaker(create_engine("sqlite://"))
ASYNC = async_sessionmaker(create_async_engine("sqlite+aiosqlite://"))


class OwnSession(Session):
    """A session of the app's own."""


def annotated() -> Iterator[OwnSession]:  # pragma: no cover - nothing is called
    """Say it by the annotation."""
    raise NotImplementedError


async def annotated_coroutine() -> AsyncSession:  # pragma: no cover - nothing is called
    """Say it by the annotation of what is awaited."""
    raise NotImplementedError


def made() -> Any:  # pragma: no cover - nothing is called
    """Say it by the engine behind."""
    return SYNC()


def made_asynchronous() -> Any:  # pragma: no cover - nothing is called
    """Say it by the asynchronous engine behind."""
    return ASYNC()


def generator() -> Any:  # pragma: no cover - nothing is called
    """Say it by being a generator."""
    yield None


async def asynchronous_generator() -> AsyncIterator[Any]:  # pragma: no cover - nothing is called
    """Say it by being an asynchronous one."""
    yield None


async def synchronous_in_a_coroutine() -> AsyncIterator[Any]:  # pragma: no cover - nothing is called
    """Give a synchronous session, although it is asynchronous itself."""
    with SYNC() as session:
        yield session


def unknown(_: "NoSuchName") -> "NoSuchName":  # type: ignore[name-defined]  # noqa: F821 - as of a type checker only
    """Say nothing."""


class Maker:
    """An object that is called."""

    def __call__(self) -> Iterator[Session]:  # pragma: no cover - nothing is called
        """Say it by the annotation."""
        raise NotImplementedError


class KindTests(unittest.TestCase):
    """What says it."""

    def kinds_of(self, *dependencies: Callable[..., Any], make: Any = None) -> set[bool]:
        """Return whether the sessions are asynchronous; nothing where that is not told."""
        kind = session_kind(make, dependencies, None, "SongTests")
        return set() if kind is None else {kind.is_async}

    def test_synchronous(self) -> None:
        """An annotation, an engine behind, a generator, a class of sessions."""
        partials: list[Any] = [
            functools.partial(annotated),
            functools.partial(functools.partial(generator)),
            functools.partial(Maker()),
        ]
        for dependency in (annotated, made, generator, synchronous_in_a_coroutine, Maker(), OwnSession, *partials):
            with self.subTest(dependency):
                self.assertEqual(self.kinds_of(dependency), {False})

    def test_asynchronous(self) -> None:
        """The same of the asyncio extension."""
        partials: list[Any] = [
            functools.partial(annotated_coroutine),
            functools.partial(asynchronous_generator),
        ]
        for dependency in (annotated_coroutine, made_asynchronous, asynchronous_generator, AsyncSession, *partials):
            with self.subTest(dependency):
                self.assertEqual(self.kinds_of(dependency), {True})

    def test_maker(self) -> None:
        """A class or a session maker that the class names."""
        for make, expected in {
            OwnSession: False,
            SYNC: False,
            scoped_session(SYNC): False,
            AsyncSession: True,
            ASYNC: True,
            async_scoped_session(ASYNC, object): True,
        }.items():
            with self.subTest(make):
                self.assertEqual(self.kinds_of(make=make), {expected})

    def test_unknown(self) -> None:
        """Where nothing says it, it is not guessed."""
        self.assertEqual(self.kinds_of(unknown), set())

    def test_engine_behind_all(self) -> None:
        """The engine that was found elsewhere says it for a single dependency that says nothing."""
        kind = session_kind(None, [unknown], create_engine("sqlite://"), "SongTests")
        self.assertEqual(kind, SessionKind(is_async=False, because="unknown"))

    def test_class_of_sessions(self) -> None:
        """The annotation's class of sessions is known."""
        kind = session_kind(None, [annotated], None, "SongTests")
        self.assertEqual(kind, SessionKind(is_async=False, because="annotated", session_class=OwnSession))

    def test_both(self) -> None:
        """Two of them that are not of one kind are refused by name."""
        for dependencies in ([generator, annotated_coroutine], [annotated_coroutine, generator]):
            with self.subTest(dependencies), self.assertRaises(TypeError) as caught:
                session_kind(None, dependencies, None, "SongTests")
            self.assertEqual(
                str(caught.exception),
                "SongTests has sessions of both kinds, synchronous ones by generator and asynchronous ones by "
                "annotated_coroutine: a class has one kind; name those of the other in a class of their own",
            )


class DriverTests(unittest.TestCase):
    """Which driver is taken, of a URL that is for everybody."""

    def test_taken(self) -> None:
        """The one that is for the app's sessions, where the database has one."""
        for given, is_async, expected in (
            ("sqlite://", False, "sqlite+pysqlite://"),
            ("sqlite://", True, "sqlite+aiosqlite://"),
            ("sqlite+aiosqlite://", False, "sqlite+pysqlite://"),
            ("postgresql+psycopg://h/d", False, "postgresql+psycopg://h/d"),
            ("postgresql+psycopg://h/d", True, "postgresql+psycopg_async://h/d"),
            ("postgresql+psycopg_async://h/d", False, "postgresql+psycopg://h/d"),
            ("postgresql+psycopg2://h/d", False, "postgresql+psycopg2://h/d"),
            ("postgresql+asyncpg://h/d", True, "postgresql+asyncpg://h/d"),
        ):
            with self.subTest(given, is_async=is_async):
                url = choose_url(given, "SongTests", kind=SessionKind(is_async, "get_session"))
                self.assertEqual((url, is_for_async(url)), (make_url(expected), is_async))

    def test_nothing_known(self) -> None:
        """Where nothing says of which kind the sessions are, a driver for one kind says it, or else the tests do."""
        for given, is_async, expected in (
            ("postgresql+psycopg2://h/d", True, "postgresql+psycopg2://h/d"),
            ("postgresql+asyncpg://h/d", False, "postgresql+asyncpg://h/d"),
            ("postgresql+psycopg://h/d", False, "postgresql+psycopg://h/d"),
            ("postgresql+psycopg://h/d", True, "postgresql+psycopg_async://h/d"),
        ):
            with self.subTest(given, is_async=is_async):
                self.assertEqual(choose_url(given, "SongTests", is_async=is_async), make_url(expected))

    def test_other_kind(self) -> None:
        """A driver of the other kind is refused, with those that serve, and without the password."""
        for driver, is_async, told in (
            (
                "asyncpg",
                False,
                (
                    "whose driver is asynchronous, and the sessions of the app are synchronous (see get_session): "
                    "write postgresql+psycopg, which is for both, or postgresql+psycopg2"
                ),
            ),
            (
                "psycopg2",
                True,
                (
                    "whose driver is synchronous, and the sessions of the app are asynchronous (see get_session): "
                    "write postgresql+psycopg, which is for both, or postgresql+asyncpg"
                ),
            ),
        ):
            with self.subTest(driver), self.assertRaises(ValueError) as caught:
                kind = SessionKind(is_async, "get_session")
                choose_url(f"postgresql+{driver}://user:secret@h/d", "SongTests", kind=kind)
            self.assertEqual(
                str(caught.exception),
                f"database_url of SongTests is postgresql+{driver}://user:***@h/d, {told}",
            )
