"""What the page about errors says to do about two loops, one connection and an attribute that is not loaded."""

import asyncio
import unittest
from typing import Any

from sqlalchemy import ForeignKey, select, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from fastapi_testing import AsyncClassTestCase
from fastapi_testing.databases import SQLAlchemyMixin
from tests.databases.postgresql import postgresql_url

__all__: list[str] = []


class Base(DeclarativeBase):
    """The tables."""


class Artist(Base):
    """Has songs."""

    __tablename__ = "artist"
    id: Mapped[int] = mapped_column(primary_key=True)


class Song(Base):
    """Is of an artist."""

    __tablename__ = "song"
    id: Mapped[int] = mapped_column(primary_key=True)
    artist_id: Mapped[int] = mapped_column(ForeignKey("artist.id"))
    artist: Mapped[Artist] = relationship()


class OneConnectionTests(AsyncClassTestCase):
    """A connection of asyncpg, asked twice at once."""

    async def test_two_at_once(self) -> None:
        """It refuses the second before it has answered the first; two connections do not."""
        engine = create_async_engine(postgresql_url(database="postgres"))
        self.addAsyncCleanup(engine.dispose)
        async with engine.connect() as one, engine.connect() as other:
            driver = (await one.get_raw_connection()).driver_connection
            assert driver is not None
            found = await asyncio.gather(*(driver.execute("SELECT 1") for _ in range(2)), return_exceptions=True)
            self.assertIn("another operation is in progress", str(found))
            await asyncio.gather(*(each.execute(text("SELECT 1")) for each in (one, other)))


class TwoLoopsTests(unittest.TestCase):
    """An engine that is used on two event loops."""

    def setUp(self) -> None:
        self.engine = create_async_engine(postgresql_url(database="postgres"))
        self.first, self.second = (self.enterContext(asyncio.Runner()) for _ in range(2))

    async def ask(self) -> Any:
        """Ask for a number."""
        async with self.engine.connect() as connection:
            return await connection.scalar(text("SELECT 1"))

    def test_disposed(self) -> None:
        """It works on the second where it was disposed of on the first."""
        self.first.run(self.ask())
        self.first.run(self.engine.dispose())
        self.assertEqual(self.second.run(self.ask()), 1)
        self.second.run(self.engine.dispose())


class AttributeTests(SQLAlchemyMixin, AsyncClassTestCase):
    """An attribute that is not loaded."""

    metadata = Base.metadata

    @classmethod
    async def asyncSetUpTestData(cls) -> None:
        cls.session.add(Song(artist=Artist(id=7)))

    async def test_relationship(self) -> None:
        """It can be read in run_sync(), and where it is refreshed."""
        assert isinstance(self.session, AsyncSession)
        song = (await self.session.scalars(select(Song))).one()
        self.assertEqual(await self.run_sync(lambda _: song.artist.id), 7)
        self.session.expire(song)
        await self.session.refresh(song, ["artist"])
        self.assertEqual(song.artist.id, 7)
