"""A shop of one table: what the guide on tests without a class serves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException, Request, WebSocket


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the shop with one item on the table."""
    app.state.items = {1: "apple"}
    yield
    app.state.items.clear()


app = FastAPI(lifespan=lifespan)


@app.post("/items", status_code=201)
async def create_item(request: Request, item: dict[str, str]) -> dict[str, int]:
    """Put an item on the table."""
    items = request.app.state.items
    number = len(items) + 1
    items[number] = item["name"]
    return {"id": number}


@app.get("/items/{number}")
async def read_item(request: Request, number: int) -> dict[str, str]:
    """Say what an item is."""
    if number not in request.app.state.items:
        raise HTTPException(404)
    return {"name": request.app.state.items[number]}


@app.websocket("/echo")
async def echo(websocket: WebSocket) -> None:
    """Say everything back, in the first language that was offered."""
    await websocket.accept(next(iter(websocket.scope["subprotocols"]), None))
    async for value in websocket.iter_json():
        await websocket.send_json({"said": value})
