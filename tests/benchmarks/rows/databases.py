"""A test with a database: what it costs that each test finds a clean one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, ClassVar, Literal

from fastapi import Depends, FastAPI
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, insert, select
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_sessionmaker, create_async_engine

from fastapi_testing import AsyncServerTestCase
from fastapi_testing.databases import SQLAlchemyMixin
from tests.benchmarks.batches import time_suite
from tests.benchmarks.peers import OURS
from tests.benchmarks.row import Batch, Contender, Row, Target
from tests.databases.postgresql import postgresql_url

__all__ = ["METADATA", "ROWS", "SONG"]

_TESTS = 50
_GUIDE = "tables made for each test"

METADATA = MetaData()
SONG = Table("song", METADATA, Column("id", Integer, primary_key=True), Column("title", String(100), unique=True))
for number in range(9):  # ten tables are few, for an app
    Table(
        f"table_{number}",
        METADATA,
        Column("id", Integer, primary_key=True),
        Column("name", String(50), index=True),
        Column("song", ForeignKey("song.id")),
    )


def _get_session() -> Any:
    """Stand for the app's own session."""


_app = FastAPI()
_SessionDep = Annotated[AsyncSession, Depends(_get_session)]


@_app.post("/songs/{title}")
async def _create(title: str, session: _SessionDep) -> None:
    await session.execute(insert(SONG), {"title": title})
    await session.commit()


@_app.get("/songs")
async def _list(session: _SessionDep) -> list[str]:
    return list((await session.scalars(select(SONG.c.title))).all())


class _Case(SQLAlchemyMixin, AsyncServerTestCase):
    app: Any = _app
    metadata = METADATA
    session_dependency: ClassVar[Any] = _get_session

    async def test_insert_and_select(self) -> None:
        await self.client.post("/songs/one")
        assert (await self.client.get("/songs")).json() == ["one"]


class _GuideCase(_Case):
    """As guides teach it; the database is made once a class here as well, which they leave to the reader."""

    isolation = "truncate"
    session_dependency = None

    @classmethod
    async def create_schema(cls, connection: AsyncConnection) -> None:
        """Leave it to the tests."""

    async def asyncSetUp(self) -> None:
        engine = create_async_engine(self.engine.url)
        self.addAsyncCleanup(engine.dispose)
        async with engine.begin() as connection:
            await connection.run_sync(METADATA.create_all)
        sessions = async_sessionmaker(engine, expire_on_commit=False)

        async def get_session() -> Any:
            async with sessions() as session:
                yield session

        self.override_dependency(_get_session, get_session)
        self._guide_engine = engine

    async def asyncTearDown(self) -> None:
        async with self._guide_engine.begin() as connection:
            await connection.run_sync(METADATA.drop_all)


def _contender(
    name: str, url: Callable[[], URL | None], case: type[_Case], how: Literal["rollback", "truncate"]
) -> Contender:
    @contextmanager
    def opened() -> Iterator[Batch]:
        cls = type("Tests", (case,), {"database_url": url(), "isolation": how})

        yield lambda tests: time_suite(cls("test_insert_and_select") for _ in range(tests))

    return Contender(name=name, opened=opened, number=_TESTS)


def _row(name: str, title: str, url: Callable[[], URL | None]) -> Row:
    return Row(
        name=name,
        title=f"A test with one insert and one select, {title}",
        unit="a test",
        contenders=(
            _contender(OURS, url, _Case, "rollback"),
            _contender(f"{OURS}, truncate", url, _Case, "truncate"),
            _contender(_GUIDE, url, _GuideCase, "truncate"),
        ),
        targets=(Target(peer=_GUIDE, at_most=0.2),),
        rounds=3,
        note=f"A class of {_TESTS} tests on ten tables, the making of its database included.",
    )


ROWS = (
    _row("database-sqlite", "SQLite", lambda: None),
    _row("database-postgresql", "PostgreSQL", postgresql_url),
)
