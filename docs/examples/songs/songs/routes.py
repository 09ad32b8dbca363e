"""List, read, create and change songs."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, HTTPException, Query, Response, status
from sqlmodel import col, func, select

from songs.announcements import AnnouncerDep
from songs.database import SessionDep
from songs.models import Song, SongCreate, SongPage, SongQuery, SongRead, SongUpdate

router = APIRouter(prefix="/songs", tags=["songs"])


async def get_song(song_id: int, session: SessionDep) -> Song:
    """Find the song that the path names."""
    song = await session.get(Song, song_id)
    if song is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"there is no song {song_id}")
    return song


SongDep = Annotated[Song, Depends(get_song)]


@router.get("")
async def list_songs(query: Annotated[SongQuery, Query()], session: SessionDep) -> SongPage:
    """List the songs that pass the filters, one page at a time."""
    wanted = select(Song)
    if query.artist is not None:
        wanted = wanted.where(Song.artist == query.artist)
    if query.genre is not None:
        wanted = wanted.where(Song.genre == query.genre)
    if query.year_from is not None:
        wanted = wanted.where(Song.year >= query.year_from)
    if query.year_to is not None:
        wanted = wanted.where(Song.year <= query.year_to)
    total = await session.exec(select(func.count()).select_from(wanted.subquery()))
    column = getattr(Song, query.order.removeprefix("-"))
    order = column.desc() if query.order.startswith("-") else column.asc()
    # Songs of one year would otherwise come in any order, and a page could repeat one of the page before.
    page = wanted.order_by(order, col(Song.id)).limit(query.limit).offset(query.offset)
    songs = await session.exec(page)
    return SongPage(total=total.one(), songs=[SongRead.model_validate(song) for song in songs])


@router.post("", status_code=status.HTTP_201_CREATED)
async def create_song(
    body: SongCreate,
    session: SessionDep,
    announcer: AnnouncerDep,
    background: BackgroundTasks,
    response: Response,
) -> SongRead:
    """Add a song, and announce it to everybody who listens."""
    song = Song.model_validate(body)
    session.add(song)
    await session.commit()
    created = SongRead.model_validate(song)
    background.add_task(announcer.announce, created)
    response.headers["Location"] = router.url_path_for("read_song", song_id=created.id)
    return created


@router.get("/{song_id}")
async def read_song(song: SongDep) -> SongRead:
    """Read one song."""
    return SongRead.model_validate(song)


@router.patch("/{song_id}")
async def update_song(song: SongDep, body: SongUpdate, session: SessionDep) -> SongRead:
    """Change what the body names of a song, and leave the rest."""
    song.sqlmodel_update(body.model_dump(exclude_unset=True))
    session.add(song)
    await session.commit()
    return SongRead.model_validate(song)
