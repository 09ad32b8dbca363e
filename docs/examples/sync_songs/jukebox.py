"""The catalogue of songs on SQLModel's synchronous Session, as FastAPI's own tutorial has it."""

from collections.abc import Generator
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Response, status
from sqlmodel import Field, Session, SQLModel, col, create_engine, func, select

engine = create_engine("sqlite:///songs.db", connect_args={"check_same_thread": False})


class SongFields(SQLModel):
    """What everybody may know of a song, and what its author says of it."""

    title: str = Field(min_length=1, max_length=100, unique=True)
    artist: str = Field(min_length=1, max_length=100)
    year: int = Field(ge=1900, le=2100)


class Song(SongFields, table=True):
    """A row of the table."""

    id: int | None = Field(default=None, primary_key=True)
    plays: int = 0


class SongPage(SQLModel):
    """The response of ``GET /songs``."""

    total: int
    titles: list[str]


def get_session() -> Generator[Session]:
    """Give a request its session."""
    with Session(engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_session)]

app = FastAPI(title="Jukebox")


def get_song(song_id: int, session: SessionDep) -> Song:
    """Find the song that the path names."""
    song = session.get(Song, song_id)
    if song is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"there is no song {song_id}")
    return song


SongDep = Annotated[Song, Depends(get_song)]


@app.get("/songs")
def list_songs(session: SessionDep, limit: int = 20, offset: int = 0) -> SongPage:
    """List the songs by year, one page at a time."""
    total = session.exec(select(func.count()).select_from(Song)).one()
    page = select(Song.title).order_by(col(Song.year), col(Song.id)).limit(limit).offset(offset)
    return SongPage(total=total, titles=list(session.exec(page)))


@app.post("/songs", status_code=status.HTTP_201_CREATED)
def create_song(body: SongFields, session: SessionDep, response: Response) -> Song:
    """Add a song; a title is there once."""
    if session.exec(select(Song).where(Song.title == body.title)).first() is not None:
        raise HTTPException(status.HTTP_409_CONFLICT, f"there is a song {body.title!r} already")
    song = Song.model_validate(body)
    session.add(song)
    session.commit()
    session.refresh(song)
    response.headers["Location"] = f"/songs/{song.id}"
    return song


@app.post("/songs/{song_id}/plays", status_code=status.HTTP_202_ACCEPTED)
def play(song: SongDep, session: SessionDep, background: BackgroundTasks) -> None:
    """Play a song; it is counted once the response is out."""
    background.add_task(count, song, session)


def count(song: Song, session: Session) -> None:
    """Count that a song was played."""
    song.plays += 1
    session.add(song)
    session.commit()
