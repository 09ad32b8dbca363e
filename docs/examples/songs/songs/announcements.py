"""Everybody who listens hears of a new song."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated

from fastapi import APIRouter, Depends, Query, WebSocket, WebSocketDisconnect, status
from starlette.requests import HTTPConnection

from songs.models import SongRead

router = APIRouter()


class Announcer:
    """Knows who listens, and to which genre."""

    def __init__(self) -> None:
        self._listeners: dict[WebSocket, str | None] = {}

    @contextmanager
    def listening(self, websocket: WebSocket, genre: str | None) -> Iterator[None]:
        """Announce songs to this listener while the block runs: those of one genre, or all."""
        self._listeners[websocket] = genre
        try:
            yield
        finally:
            del self._listeners[websocket]

    async def announce(self, song: SongRead) -> None:
        """Tell everybody who wants to know of this song."""
        for websocket, genre in list(self._listeners.items()):
            if genre in (None, song.genre):
                with suppress(WebSocketDisconnect):  # gone since; the others shall hear of it
                    await websocket.send_json({"event": "song", "song": song.model_dump()})


def get_announcer(connection: HTTPConnection) -> Announcer:
    """Give a request or a WebSocket the announcer of its app."""
    announcer: Announcer = connection.state.announcer
    return announcer


AnnouncerDep = Annotated[Announcer, Depends(get_announcer)]


@router.websocket("/announcements")
async def listen(
    websocket: WebSocket,
    announcer: AnnouncerDep,
    genre: Annotated[str | None, Query(min_length=1)] = None,
) -> None:
    """Say ``listening``, then announce each new song until the listener goes."""
    await websocket.accept()
    with announcer.listening(websocket, genre), suppress(WebSocketDisconnect):
        await websocket.send_json({"event": "listening"})
        await websocket.receive_text()
        await websocket.close(status.WS_1008_POLICY_VIOLATION, "listeners only listen")
