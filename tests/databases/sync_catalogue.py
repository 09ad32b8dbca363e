"""The app of the databases' tests as most have it: synchronous sessions, and handlers that are no coroutines."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from fastapi_testing import ServerTestCase
from fastapi_testing.databases import SQLAlchemyMixin
from tests.databases.catalogue import Artist, Base, Song

__all__ = ["Gate", "SyncCatalogueCase", "app", "gate", "get_session", "titles"]

_engine = create_engine("sqlite:///nowhere/that/is.db")


def get_session() -> Iterator[Session]:  # pragma: no cover - that is what is tested
    """Give the app its own session; no test may reach its engine."""
    with Session(_engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_session)]

app = FastAPI(title="catalogue")


class Gate:
    """Where a handler waits on its thread until a test lets it go on."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()

    def wait(self) -> None:
        self.reached.set()
        assert self.opened.wait(30)


gate: dict[str, Gate] = {}


@app.get("/songs")
def list_songs(session: SessionDep) -> list[str]:
    """List the titles in the order in which they were made."""
    return titles(session)


@app.get("/songs-on-loop")
async def list_songs_on_loop(session: SessionDep) -> list[str]:
    """Do the same in a coroutine, which keeps the event loop from going on."""
    await asyncio.sleep(0)
    return titles(session)


@app.post("/songs/{title}")
def create_song(title: str, session: SessionDep) -> int:
    """Add a song after a look at the others; two of the same title conflict."""
    titles(session)
    session.add(song := Song(title=title))
    try:
        session.commit()
    except IntegrityError:
        session.rollback()
        raise HTTPException(409) from None
    return song.id


@app.post("/forgotten/{title}")
def forget(title: str, session: SessionDep) -> None:
    """Add a song and forget the commit."""
    session.add(Song(title=title))
    session.flush()


@app.post("/nested/{title}")
def create_nested(title: str, session: SessionDep) -> list[str]:
    """Try to add the same song twice, the second time in a savepoint."""
    session.add(Song(title=title))
    session.flush()
    try:
        with session.begin_nested():
            session.add(Song(title=title))
    except IntegrityError:
        session.add(Song(title=f"{title} again"))
    session.commit()
    return titles(session)


@app.post("/failing/{title}")
def create_after_failure(title: str, session: SessionDep) -> int:
    """Send nonsense first, which PostgreSQL aborts a transaction for."""
    try:
        session.execute(text("SELECT nonsense FROM song"))
    except DBAPIError:
        session.rollback()
    return create_song(title, session)


@app.post("/slow/{title}")
def create_slowly(title: str, session: SessionDep) -> None:
    """Hold the turn until the gate opens."""
    session.add(Song(title=title))
    session.flush()
    gate[title].wait()
    session.commit()


@app.post("/later/{title}")
def create_later(title: str, session: SessionDep, tasks: BackgroundTasks) -> None:
    """Add a song in a background task."""
    tasks.add_task(create_song, title, session)


@app.post("/artists/{name}")
def create_artist(name: str, session: SessionDep) -> None:
    """Commit as a block that is left."""
    with session.begin():
        session.add(Artist(name=name))


def titles(session: Session) -> list[str]:
    """Return the titles in the order in which they were made."""
    return list(session.scalars(select(Song.title).order_by(Song.id)).all())


class SyncCatalogueCase(SQLAlchemyMixin[Any, Any], ServerTestCase):
    """A class of plain tests with one song of its own."""

    app: Any = app
    metadata = Base.metadata
    session_dependency = get_session

    @classmethod
    def setUpTestData(cls) -> None:
        cls.session.add(Song(title="first"))

    def titles(self) -> list[str]:
        """Return the titles as the app tells them."""
        response = self.client.get("/songs")
        self.assertStatus(response, 200)
        listed: list[str] = response.json()
        return listed
