"""A library of recordings: what the guide on streams and disconnects talks to."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Header, Request, UploadFile
from fastapi.responses import FileResponse, StreamingResponse

app = FastAPI()
app.state.listeners = 0
app.state.news = asyncio.Condition()


async def change_listeners(number: int) -> None:
    """Count who listens, and tell whoever waits for it."""
    async with app.state.news:
        app.state.listeners += number
        app.state.news.notify_all()


@app.get("/radio")
async def radio() -> StreamingResponse:
    """Send noise for as long as anyone listens."""

    async def noise() -> AsyncIterator[bytes]:
        await change_listeners(+1)
        try:
            while True:
                yield b"\x7f\x80" * 512
                await asyncio.sleep(0)
        finally:
            await change_listeners(-1)

    return StreamingResponse(noise(), media_type="audio/basic")


@app.get("/songs")
async def songs(last_event_id: Annotated[int, Header()] = 0) -> StreamingResponse:
    """Tell which songs are played, from the one after the last that the listener has heard of."""

    async def events() -> AsyncIterator[str]:
        await change_listeners(+1)
        try:
            for number in (last_event_id + 1, last_event_id + 2):
                yield f'event: song\nid: {number}\ndata: {{"song": {number}}}\n\n'
            await asyncio.Event().wait()
        finally:
            await change_listeners(-1)

    return StreamingResponse(events(), media_type="text/event-stream")


@app.get("/source")
async def source() -> FileResponse:
    """Send this file."""
    return FileResponse(Path(__file__))


@app.post("/recordings")
async def record(recording: UploadFile) -> dict[str, object]:
    """Take a recording."""
    return {"name": recording.filename, "bytes": len(await recording.read())}


@app.post("/live")
async def broadcast(request: Request) -> dict[str, int]:
    """Take a broadcast as it comes."""
    await change_listeners(+1)
    try:
        return {"bytes": sum([len(chunk) async for chunk in request.stream()])}
    finally:
        await change_listeners(-1)
