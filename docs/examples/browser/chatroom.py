"""A chat of one page: what is said is posted, and shown in every browser that has the page open."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, WebSocket
from fastapi.responses import FileResponse
from pydantic import BaseModel, StringConstraints

PAGE = Path(__file__).with_name("page")

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Message(BaseModel):
    """What somebody says."""

    name: Text
    text: Text


class Room:
    """What was said, and who listens."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.listeners: set[WebSocket] = set()

    async def say(self, message: Message) -> None:
        """Keep a message, and send it to all who listen."""
        self.messages.append(message)
        await asyncio.gather(*(listener.send_json(message.model_dump()) for listener in self.listeners))


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the room."""
    app.state.room = Room()
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def read_page() -> FileResponse:
    """Return the page."""
    return FileResponse(PAGE / "chatroom.html")


@app.get("/chatroom.js")
async def read_script() -> FileResponse:
    """Return what the page runs."""
    return FileResponse(PAGE / "chatroom.js")


@app.get("/messages")
async def read_messages() -> list[Message]:
    """Return what was said so far."""
    messages: list[Message] = app.state.room.messages
    return messages


@app.post("/messages", status_code=201)
async def create_message(message: Message) -> Message:
    """Say something."""
    await app.state.room.say(message)
    return message


@app.websocket("/live")
async def live(websocket: WebSocket) -> None:
    """Send what is said from now on."""
    await websocket.accept()
    listeners = app.state.room.listeners
    listeners.add(websocket)
    try:
        async for _ in websocket.iter_text():  # until the page is closed
            pass
    finally:
        listeners.discard(websocket)
