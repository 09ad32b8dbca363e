"""The app of the rows."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

__all__ = ["EVENTS", "MEGABYTE", "app"]

EVENTS = 50
"""Events of a stream."""

MEGABYTE = bytes(1_000_000)

app = FastAPI()


class Item(BaseModel):
    """What the shop sells."""

    name: str
    price: float = 1.5


@app.get("/items/{number}")
async def read_item(number: int) -> Item:
    """Return an item."""
    return Item(name=f"Widget {number}")


@app.post("/mirror")
async def mirror(request: Request) -> Response:
    """Return the body that came, in the pieces that it came in."""
    pieces = [piece async for piece in request.stream()]

    async def again() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    return StreamingResponse(again(), media_type="application/octet-stream")


@app.post("/raise")
async def raise_with(request: Request) -> None:
    """Fail, with the body in a local variable."""
    body = await request.body()
    raise LookupError(f"no use for {len(body)} bytes")


@app.get("/sleep")
async def sleep() -> None:
    """Answer far too late."""
    await asyncio.sleep(3600)


@app.get("/events")
async def events() -> StreamingResponse:
    """Send events."""

    async def stream() -> AsyncIterator[str]:
        for number in range(EVENTS):
            yield f"id: {number}\ndata: {number}\n\n"

    return StreamingResponse(stream(), media_type="text/event-stream")


@app.get("/endless")
async def endless() -> StreamingResponse:
    """Send for as long as the client listens."""

    async def pieces() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1000
            await asyncio.sleep(0)

    return StreamingResponse(pieces())


@app.websocket("/echo")
async def echo(websocket: WebSocket) -> None:
    """Send back what comes."""
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)
