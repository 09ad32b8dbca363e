"""The one app that every contender has."""

from fastapi import FastAPI, Request, Response, WebSocket
from pydantic import BaseModel

__all__ = ["app"]

app = FastAPI()


class Item(BaseModel):
    """What the shop sells."""

    name: str
    price: float
    tags: list[str] = []


@app.get("/items/{item_id}")
async def read_item(item_id: int) -> Item:
    """Return an item."""
    return Item(name=f"Widget {item_id}", price=9.99, tags=["small", "blue"])


@app.post("/items", status_code=201)
async def create_item(item: Item) -> Item:
    """Return the item that came."""
    return item


@app.post("/mirror")
async def mirror(request: Request) -> Response:
    """Return the body that came."""
    return Response(await request.body(), media_type="application/octet-stream")


@app.websocket("/echo")
async def echo(websocket: WebSocket) -> None:
    """Send back what comes."""
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)
