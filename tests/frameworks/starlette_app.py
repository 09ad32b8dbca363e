"""The app in Starlette."""

import contextlib
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from tests.frameworks.backstage import Backstage
from tests.frameworks.bare_app import chunks, events

__all__ = ["make_app"]


def make_app(backstage: Backstage) -> Starlette:
    """Return the app."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, bool]]:
        await backstage.start()
        yield {"started": True}
        await backstage.stop()

    app = Starlette(
        routes=[
            Route("/items/{number:int}", read_item),
            Route("/items", create_item, methods=["POST"]),
            Route("/login", login, methods=["POST"]),
            Route("/me", read_user),
            Route("/fail", fail),
            Route("/state", read_state),
            Route("/chunks", stream),
            Route("/events", stream_events),
            Route("/count", count, methods=["POST"]),
            Route("/work", work, methods=["POST"]),
            WebSocketRoute("/echo", echo),
            WebSocketRoute("/private", refuse),
            WebSocketRoute("/broken", break_down),
        ],
        lifespan=lifespan,
    )
    app.state.backstage = backstage
    return app


async def read_item(request: Request) -> JSONResponse:
    """Answer with a parameter of the path."""
    return JSONResponse({"id": request.path_params["number"]})


async def create_item(request: Request) -> JSONResponse:
    """Answer with what came."""
    return JSONResponse({"id": 1, **await request.json()}, 201)


async def login(_: Request) -> JSONResponse:
    """Set a cookie."""
    response = JSONResponse(None)
    response.set_cookie("user", "ann")
    return response


async def read_user(request: Request) -> JSONResponse:
    """Answer with the cookie."""
    return JSONResponse({"user": request.cookies.get("user")})


def fail(_: Request) -> JSONResponse:
    """Fail."""
    raise LookupError("no stock")


async def read_state(request: Request) -> JSONResponse:
    """Answer with what the lifespan has made."""
    return JSONResponse({"started": request.state.started})


async def stream(request: Request) -> StreamingResponse:
    """Answer in parts."""
    return StreamingResponse(chunks(request.app.state.backstage.gate), media_type="text/plain")


async def stream_events(_: Request) -> StreamingResponse:
    """Answer with events."""
    return StreamingResponse(events(), media_type="text/event-stream")


async def count(request: Request) -> JSONResponse:
    """Count what comes."""
    return JSONResponse({"bytes": sum([len(chunk) async for chunk in request.stream()])})


async def work(request: Request) -> JSONResponse:
    """Answer, and work on."""
    return JSONResponse(None, 202, background=BackgroundTask(request.app.state.backstage.work))


async def echo(websocket: WebSocket) -> None:
    """Say everything back."""
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)


async def refuse(websocket: WebSocket) -> None:
    """Close before there is a connection."""
    await websocket.close()


async def break_down(websocket: WebSocket) -> None:
    """Fail at the first message."""
    await websocket.accept()
    await websocket.receive_text()
    raise LookupError("no room")
