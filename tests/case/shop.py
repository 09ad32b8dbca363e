"""The app that the tests of the test cases serve."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from fastapi import BackgroundTasks, FastAPI, Request, Response, WebSocket

__all__ = ["app", "make_app"]


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, str]]:
    """Count how often the app has been started, and is still."""
    app.state.starts = getattr(app.state, "starts", 0) + 1
    app.state.running = True
    yield {"pool": "open"}
    app.state.running = False


def make_app() -> FastAPI:
    """Return a new app."""
    made = FastAPI(title="shop", lifespan=lifespan)
    made.state.handled = asyncio.Event()

    @made.get("/login")
    async def login(response: Response) -> None:
        response.set_cookie("session", "abc")

    @made.get("/request")
    async def show(request: Request) -> dict[str, Any]:
        return {"headers": dict(request.headers), "cookies": request.cookies}

    @made.get("/moved")
    async def moved() -> Response:
        return Response(status_code=307, headers={"Location": "/request"})

    @made.get("/away")
    async def away() -> Response:
        return Response(status_code=307, headers={"Location": "http://example.org/"})

    @made.get("/slow")
    async def slow(request: Request) -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    @made.get("/never")
    async def never() -> None:
        await asyncio.Event().wait()

    @made.get("/background")
    async def background(tasks: BackgroundTasks) -> None:
        async def work() -> None:
            await asyncio.sleep(0)
            made.state.handled.set()

        tasks.add_task(work)

    @made.websocket("/echo")
    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        async for text in websocket.iter_text():
            await websocket.send_text(text)

    return made


app = make_app()
