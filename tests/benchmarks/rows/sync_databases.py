"""A plain test with a database and synchronous sessions, against the recipe that guides teach with TestClient."""

import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, ClassVar

from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, insert, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import StaticPool

from fastapi_testing import ServerTestCase
from fastapi_testing.databases import SQLAlchemyMixin
from fastapi_testing.databases.provision.engines import make_sync_engine
from fastapi_testing.databases.provision.provision import own_database
from tests.benchmarks.batches import time_suite
from tests.benchmarks.peers import OURS
from tests.benchmarks.row import Batch, Contender, Row, Target
from tests.benchmarks.rows.databases import METADATA, SONG
from tests.databases.postgresql import postgresql_url

__all__ = ["ROWS"]

_TESTS = 50
_GUIDE = "TestClient, tables anew"


def _get_session() -> Iterator[Session]:
    """Stand for the app's own session."""
    raise NotImplementedError


_app = FastAPI()
_SessionDep = Annotated[Session, Depends(_get_session)]


@_app.post("/songs/{title}")
def _create(title: str, session: _SessionDep) -> None:
    session.execute(insert(SONG), {"title": title})
    session.commit()


@_app.get("/songs")
def _list(session: _SessionDep) -> list[str]:
    return list(session.scalars(select(SONG.c.title)).all())


class _Case(SQLAlchemyMixin[Any, Any], ServerTestCase):
    app: Any = _app
    metadata = METADATA
    session_dependency: ClassVar[Any] = _get_session

    def test_insert_and_select(self) -> None:
        self.client.post("/songs/one")
        assert self.client.get("/songs").json() == ["one"]


class _GuideCase(unittest.TestCase):
    """As guides teach it: on SQLite in memory, and on PostgreSQL in a database that is there for the class."""

    database_url: ClassVar[URL | None]
    url: ClassVar[URL]
    options: ClassVar[dict[str, Any]]

    @classmethod
    def setUpClass(cls) -> None:
        cls.url = make_url("sqlite://")
        cls.options = {"connect_args": {"check_same_thread": False}, "poolclass": StaticPool}
        if cls.database_url is not None:
            cls.url = cls.enterClassContext(own_database(cls.database_url, {}, make_sync_engine))
            cls.options = {}

    def setUp(self) -> None:
        engine = create_engine(self.url, **self.options)
        self.addCleanup(engine.dispose)
        METADATA.create_all(engine)
        self.addCleanup(METADATA.drop_all, engine)
        sessions = sessionmaker(engine)

        def get_session() -> Iterator[Session]:
            with sessions() as session:
                yield session

        _app.dependency_overrides[_get_session] = get_session
        self.addCleanup(_app.dependency_overrides.clear)
        self.client = self.enterContext(TestClient(_app))

    def test_insert_and_select(self) -> None:
        self.client.post("/songs/one")
        assert self.client.get("/songs").json() == ["one"]


def _contender(name: str, url: Callable[[], URL | None], case: type[unittest.TestCase], **attributes: Any) -> Contender:
    @contextmanager
    def opened() -> Iterator[Batch]:
        cls = type("Tests", (case,), {"database_url": url(), **attributes})

        yield lambda tests: time_suite(cls("test_insert_and_select") for _ in range(tests))

    return Contender(name=name, opened=opened, number=_TESTS)


def _row(name: str, title: str, url: Callable[[], URL | None], *targets: Target) -> Row:
    return Row(
        name=name,
        title=f"A plain test with one insert and one select by synchronous sessions, {title}",
        unit="a test",
        contenders=(
            _contender(OURS, url, _Case),
            _contender(f"{OURS}, truncate", url, _Case, isolation="truncate"),
            _contender(_GUIDE, url, _GuideCase),
        ),
        targets=targets,
        rounds=3,
        note=f"A class of {_TESTS} tests on ten tables, the making of its database included.",
    )


ROWS = (
    _row("sync-database-sqlite", "SQLite", lambda: None, Target(peer=_GUIDE, at_most=0.1)),
    _row(
        "sync-database-postgresql", "PostgreSQL", lambda: postgresql_url("psycopg"), Target(peer=_GUIDE, at_most=0.07)
    ),
)
