"""The app in Quart."""

import logging
from collections.abc import AsyncIterator
from typing import Any

from quart import Quart, Response, abort, make_response, request, websocket

from tests.frameworks.backstage import Backstage
from tests.frameworks.bare_app import chunks, events

__all__ = ["make_app"]

logging.getLogger("tests.quart").addHandler(logging.NullHandler())  # or Quart would write on the terminal


def make_app(backstage: Backstage) -> Quart:
    """Return the app."""
    app = Quart("tests.quart")
    app.before_serving(backstage.start)
    app.after_serving(backstage.stop)
    _add_routes(app)
    _add_streams(app, backstage)
    _add_websockets(app)
    return app


def _add_routes(app: Quart) -> None:
    @app.get("/items/<int:number>")
    async def read_item(number: int) -> dict[str, int]:
        return {"id": number}

    @app.post("/items")
    async def create_item() -> tuple[dict[str, Any], int]:
        return {"id": 1, **await request.get_json()}, 201

    @app.post("/login")
    async def login() -> Response:
        response = await make_response({})
        assert isinstance(response, Response)
        response.set_cookie("user", "ann")
        return response

    @app.get("/me")
    async def read_user() -> dict[str, str | None]:
        return {"user": request.cookies.get("user")}

    @app.get("/fail")
    def fail() -> str:
        raise LookupError("no stock")


def _add_streams(app: Quart, backstage: Backstage) -> None:
    @app.get("/state")
    async def read_state() -> dict[str, bool]:
        return {"started": "started" in backstage.events}

    @app.get("/chunks")
    async def stream() -> tuple[AsyncIterator[bytes], dict[str, str]]:
        return chunks(backstage.gate), {"content-type": "text/plain"}

    @app.get("/events")
    async def stream_events() -> tuple[AsyncIterator[bytes], dict[str, str]]:
        return events(), {"content-type": "text/event-stream"}

    @app.post("/count")
    async def count() -> dict[str, int]:
        return {"bytes": sum([len(chunk) async for chunk in request.body])}

    @app.post("/work")
    async def work() -> tuple[str, int]:
        app.add_background_task(backstage.work)
        return "", 202


def _add_websockets(app: Quart) -> None:
    @app.websocket("/echo")
    async def echo() -> None:
        while True:
            await websocket.send(await websocket.receive())

    @app.websocket("/private")
    async def refuse() -> None:
        abort(403)

    @app.websocket("/broken")
    async def break_down() -> None:
        await websocket.receive()
        raise LookupError("no room")
