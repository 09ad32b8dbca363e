"""The app that the tests of the databases serve: artists and their songs."""

from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, WebSocket
from sqlalchemy import ForeignKey, Sequence, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from fastapi_testing import AsyncServerTestCase
from fastapi_testing.databases import SQLAlchemyMixin

__all__ = ["Artist", "Base", "CatalogueCase", "SessionDep", "Song", "app", "get_audit", "get_session", "titles"]


class Base(DeclarativeBase):
    """The tables."""


class Artist(Base):
    """Has songs."""

    __tablename__ = "artist"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


class Song(Base):
    """A title that there is once."""

    __tablename__ = "song"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(unique=True)
    artist: Mapped[int | None] = mapped_column(ForeignKey("artist.id"))
    number: Mapped[int | None] = mapped_column(Sequence("song_number"))


def get_session() -> Any:
    """Stand for the app's own session; no test may reach it."""


class get_audit:  # noqa: N801 - a dependency like others
    """Stand for another one, which is a class."""


SessionDep = Annotated[AsyncSession, Depends(get_session)]
AuditDep = Annotated[AsyncSession, Depends(get_audit)]

app = FastAPI(title="catalogue")


@app.get("/songs")
async def list_songs(session: SessionDep) -> list[str]:
    """List the titles in the order in which they were made."""
    return await titles(session)


@app.post("/songs/{title}")
async def create_song(title: str, session: SessionDep) -> int:
    """Add a song after a look at the others; two of the same title conflict."""
    await titles(session)
    session.add(song := Song(title=title))
    try:
        await session.commit()
    except IntegrityError:
        await session.rollback()
        raise HTTPException(409) from None
    return song.id


@app.post("/forgotten/{title}")
async def forget(title: str, session: SessionDep) -> None:
    """Add a song and forget the commit."""
    session.add(Song(title=title))
    await session.flush()


@app.post("/nested/{title}")
async def create_nested(title: str, session: SessionDep) -> list[str]:
    """Try to add the same song twice, the second time in a savepoint."""
    session.add(Song(title=title))
    await session.flush()
    try:
        async with session.begin_nested():
            session.add(Song(title=title))
    except IntegrityError:
        session.add(Song(title=f"{title} again"))
    await session.commit()
    return await titles(session)


@app.post("/failing/{title}")
async def create_after_failure(title: str, session: SessionDep) -> int:
    """Send nonsense first, which PostgreSQL aborts a transaction for."""
    try:
        await session.execute(text("SELECT nonsense FROM song"))
    except DBAPIError:
        await session.rollback()
    return await create_song(title, session)


@app.post("/audited/{title}")
async def create_audited(title: str, session: SessionDep, audit: AuditDep, *, keep: bool = True) -> None:
    """Write with two sessions at once."""
    session.add(Song(title=title))
    await session.flush()
    audit.add(Song(title=f"audit of {title}"))
    await titles(audit)
    session.add(Song(title=f"{title}, part 2"))
    await session.commit()
    await (audit.commit() if keep else audit.rollback())


@app.post("/audited-first/{title}")
async def audit_first(title: str, session: SessionDep, audit: AuditDep) -> None:
    """Have the second session commit, and the first one roll back."""
    session.add(Song(title=title))
    await session.flush()
    audit.add(Song(title=f"audit of {title}"))
    await audit.commit()
    await session.rollback()


@app.post("/audit-reads/{title}")
async def audit_reads(title: str, session: SessionDep, audit: AuditDep) -> list[str]:
    """Have the second session fail, and then read what the first one is about to commit."""
    session.add(Song(title=title))
    await session.flush()
    try:
        await audit.execute(text("SELECT nonsense FROM song"))
    except DBAPIError:
        await audit.rollback()
    seen = await titles(audit)
    await session.commit()
    return seen


@app.websocket("/listen")
async def listen(websocket: WebSocket, session: SessionDep) -> None:
    """Keep a session for as long as the WebSocket is open."""
    await websocket.accept()
    await websocket.send_json(await titles(session))
    async for title in websocket.iter_text():
        session.add(Song(title=title))
        await session.flush()
        await websocket.send_json("flushed")


async def titles(session: AsyncSession) -> list[str]:
    """Return the titles in the order in which they were made."""
    return list((await session.scalars(select(Song.title).order_by(Song.id))).all())


class CatalogueCase(SQLAlchemyMixin, AsyncServerTestCase):
    """A class with one song of its own."""

    app: Any = app
    metadata = Base.metadata
    session_dependency = (get_session, get_audit)

    @classmethod
    async def asyncSetUpTestData(cls) -> None:
        cls.session.add(Song(title="first"))

    async def titles(self) -> list[str]:
        """Return the titles as the app tells them."""
        response = await self.client.get("/songs")
        self.assertStatus(response, 200)
        listed: list[str] = response.json()
        return listed
