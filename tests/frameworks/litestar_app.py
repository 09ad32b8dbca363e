"""The app in Litestar."""

from typing import Any

from litestar import Litestar, Request, Response, WebSocket, get, post, websocket
from litestar.background_tasks import BackgroundTask
from litestar.datastructures import State
from litestar.exceptions import WebSocketDisconnect
from litestar.params import FromPath, JSONBody
from litestar.response import Stream

from tests.frameworks.backstage import Backstage
from tests.frameworks.bare_app import chunks, events

__all__ = ["make_app"]


def make_app(backstage: Backstage) -> Litestar:
    """Return the app."""

    async def start(app: Litestar) -> None:
        await backstage.start()
        app.state.started = True

    handlers = [read_item, create_item, login, read_user, fail, read_state, stream, stream_events, count, work]
    return Litestar(
        [*handlers, echo, refuse, break_down],
        on_startup=[start],
        on_shutdown=[backstage.stop],
        state=State({"backstage": backstage}),
        logging_config=None,  # its own takes all of the program's logging
    )


@get("/items/{number:int}")
async def read_item(number: FromPath[int]) -> dict[str, int]:
    """Answer with a parameter of the path."""
    return {"id": number}


@post("/items")
async def create_item(data: JSONBody[dict[str, Any]]) -> dict[str, Any]:
    """Answer with what came."""
    return {"id": 1, **data}


@post("/login", status_code=200)
async def login() -> Response[None]:
    """Set a cookie."""
    response = Response(None)
    response.set_cookie("user", "ann")
    return response


@get("/me")
async def read_user(request: Request[Any, Any, Any]) -> dict[str, str | None]:
    """Answer with the cookie."""
    return {"user": request.cookies.get("user")}


@get("/fail", sync_to_thread=True)
def fail() -> None:
    """Fail."""
    raise LookupError("no stock")


@get("/state")
async def read_state(state: State) -> dict[str, bool]:
    """Answer with what the lifespan has made."""
    return {"started": state.started}


@get("/chunks")
async def stream(state: State) -> Stream:
    """Answer in parts."""
    return Stream(chunks(state.backstage.gate), media_type="text/plain")


@get("/events")
async def stream_events() -> Stream:
    """Answer with events."""
    return Stream(events(), media_type="text/event-stream")


@post("/count", status_code=200)
async def count(request: Request[Any, Any, Any]) -> dict[str, int]:
    """Count what comes."""
    return {"bytes": sum([len(chunk) async for chunk in request.stream()])}


@post("/work", status_code=202)
async def work(state: State) -> Response[None]:
    """Answer, and work on."""
    return Response(None, background=BackgroundTask(state.backstage.work))


@websocket("/echo")
async def echo(socket: WebSocket[Any, Any, Any]) -> None:
    """Say everything back."""
    await socket.accept()
    try:
        while True:
            await socket.send_text(await socket.receive_text())
    except WebSocketDisconnect:
        return


@websocket("/private")
async def refuse(socket: WebSocket[Any, Any, Any]) -> None:
    """Close before there is a connection."""
    await socket.close()


@websocket("/broken")
async def break_down(socket: WebSocket[Any, Any, Any]) -> None:
    """Fail at the first message."""
    await socket.accept()
    await socket.receive_text()
    raise LookupError("no room")
