"""A chat with rooms, for users only: what the guide on WebSockets talks to in the end."""

from contextlib import suppress
from typing import Annotated

from fastapi import Depends, FastAPI, Query, WebSocket, WebSocketDisconnect, WebSocketException

USERS = {"token-of-ann": "ann", "token-of-bob": "bob", "token-of-eve": "eve"}

app = FastAPI()
rooms: dict[str, dict[str, WebSocket]] = {}


def get_user(token: Annotated[str, Query()] = "") -> str:
    """Find the user by the token; a browser cannot send headers with a WebSocket."""
    if token not in USERS:
        raise WebSocketException(1008, "no such user")
    return USERS[token]


async def tell(room: str, message: dict[str, str]) -> None:
    """Tell everybody in a room."""
    for websocket in list(rooms[room].values()):
        with suppress(WebSocketDisconnect):  # gone since
            await websocket.send_json(message)


@app.websocket("/rooms/{room}")
async def chat(websocket: WebSocket, room: str, user: Annotated[str, Depends(get_user)]) -> None:
    """Tell all in the room what each says, and who comes and goes."""
    await websocket.accept()
    rooms.setdefault(room, {})[user] = websocket
    await tell(room, {"came": user})
    try:
        async for text in websocket.iter_text():
            await tell(room, {"user": user, "said": text})
    finally:
        del rooms[room][user]
        await tell(room, {"left": user})
