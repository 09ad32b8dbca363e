"""The same store, with something wrong in everything: what the assertions say of it is what the reference shows."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import store
from fastapi import FastAPI, HTTPException, Request, Response, WebSocket
from fastapi.responses import JSONResponse, RedirectResponse, StreamingResponse
from pydantic import BaseModel

app = FastAPI()


@app.middleware("http")
async def stamp(request: Any, call_next: Any) -> Response:
    """Leave a header on every response that is nobody's business."""
    response: Response = await call_next(request)
    response.headers["X-Debug"] = "store-7"
    return response


@app.get("/window")
async def show_window(request: Request) -> Response:
    """Be closed, with nothing inside."""
    return store.templates.TemplateResponse(request, "closed.html", {"names": []})


class NewItem(BaseModel):
    """Takes any price."""

    name: str
    price: float


@app.get("/items", response_model=dict[str, list[store.Item]])
async def list_items() -> Response:
    """Forget the total, and write a price as text."""
    items = [{"id": 1, "name": "Widget", "price": "9.99"}, {"id": 2, "price": 24.5}]
    return JSONResponse({"items": items})


@app.get("/items/{item_id}", response_model=store.Item)
async def read_item(item_id: int) -> Response:
    """Take what is missing for a crash, and what is there for something else."""
    if item_id not in store.ITEMS:
        raise HTTPException(409, {"item": item_id, "reason": "sold"})
    return JSONResponse({"id": item_id, "name": "Gidget", "price": 9.99, "stock": 0})


@app.post("/items", status_code=200)
async def create_item(item: NewItem) -> NewItem:
    """Say 200 to everything."""
    return item


@app.get("/old", response_class=RedirectResponse)
async def moved() -> str:
    """Send everybody home."""
    return "/home"


@app.post("/login", status_code=204)
async def log_in(response: Response) -> None:
    """Begin a session that every script may read, and another one."""
    response.set_cookie("session", "8f3a", samesite="none")
    response.set_cookie("tracking", "1")


@app.get("/hello")
async def hello(name: str = "you") -> str:
    """Greet in JSON, and twice."""
    return f"Hello, {name}! Hello, {name}!"


@app.get("/prices")
async def prices() -> Response:
    """Send another price."""

    async def events() -> AsyncIterator[str]:
        yield "event: open\ndata: store\n\n"
        yield 'event: price\nid: 1\ndata: {"item": 1, "price": 8.0}\n\n'
        await asyncio.Event().wait()

    return StreamingResponse(events(), media_type="text/event-stream")


@app.websocket("/orders")
async def orders(websocket: WebSocket) -> None:
    """Let everybody in but those who are asked to say nothing, give all orders the same number, and say too much."""
    if websocket.query_params.get("token") == "":
        await websocket.close()
        return
    await websocket.accept()
    while order := await websocket.receive_json():
        for item in order:
            await websocket.send_json({"order": 1, "item": item})
        await websocket.send_json({"debug": "done"})
    await websocket.close(1011)
