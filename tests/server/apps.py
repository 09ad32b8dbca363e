"""Applications that the tests of the server serve."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, Request, WebSocket

from fastapi_testing.server.application import Receive, Scope, Send

__all__ = ["app", "bare_app", "in_flight", "make_app", "raw_request"]


def make_app() -> FastAPI:
    """Return an app with a handler for each thing that a server has to cope with."""
    made = FastAPI(title="shop")

    @made.get("/")
    async def index(request: Request) -> dict[str, Any]:
        return {"state": dict(request.state._state)}

    @made.get("/never")
    async def never() -> None:
        await asyncio.Event().wait()

    @made.get("/stubborn")
    async def stubborn(request: Request) -> None:
        while not request.app.state.let_go.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await request.app.state.let_go.wait()

    @made.websocket("/echo")
    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        async for text in websocket.iter_text():
            await websocket.send_text(text)

    return made


app = make_app()


async def bare_app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer every request with 204, without a framework and without lifespan support."""
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def raw_request(host: str, port: int, target: str = "/", *, end: str = "\r\n\r\n") -> bytes:
    """Return the answer to a GET on a connection of its own, read to its end."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET {target} HTTP/1.1\r\nHost: test\r\nConnection: close{end}".encode())
        return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


@contextlib.asynccontextmanager
async def in_flight(host: str, port: int, target: str) -> AsyncIterator[asyncio.StreamReader]:
    """Send a GET and leave it unanswered for as long as the context is open."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET {target} HTTP/1.1\r\nHost: test\r\n\r\n".encode())
        yield reader
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
