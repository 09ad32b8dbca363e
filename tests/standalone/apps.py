"""The app that the tests of the standalone front end serve."""

from fastapi import FastAPI, Request, Response, WebSocket

__all__ = ["METHODS", "make_app"]

METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"]


def make_app() -> FastAPI:
    """Return a new app."""
    made = FastAPI(title="shop")

    @made.api_route("/request", methods=METHODS)
    async def show(request: Request) -> Response:
        return Response(await request.body(), headers={"x-method": request.method, "x-query": request.url.query})

    @made.get("/items")
    async def items() -> list[str]:
        return ["apple", "pear"]

    @made.get("/moved")
    async def moved() -> Response:
        return Response(status_code=307, headers={"Location": "/items"})

    @made.websocket("/echo")
    async def echo(websocket: WebSocket) -> None:
        await websocket.accept(websocket.query_params.get("subprotocol"))
        while (message := await websocket.receive())["type"] == "websocket.receive":
            await websocket.send({**message, "type": "websocket.send"})

    @made.websocket("/headers")
    async def headers(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_json(dict(websocket.headers))

    @made.websocket("/two")
    async def two(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("one")
        await websocket.send_bytes(b"two")
        await websocket.close()

    @made.websocket("/forbidden")
    async def forbidden(websocket: WebSocket) -> None:
        made.state.rejected = getattr(made.state, "rejected", 0) + 1
        await websocket.close()

    @made.websocket("/never")
    async def never(websocket: WebSocket) -> None:  # pragma: no cover - on a busy machine the client gives up first
        while (await websocket.receive())["type"] != "websocket.disconnect":
            pass

    return made
