"""A store, as it should be: what the assertions in this folder are made of."""

import asyncio
from collections.abc import AsyncIterator

import jinja2
from fastapi import FastAPI, HTTPException, Request, Response, WebSocket
from fastapi.responses import PlainTextResponse, RedirectResponse, StreamingResponse
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel, Field


class Item(BaseModel):
    """What the store sells."""

    id: int
    name: str
    price: float = Field(gt=0)


class NewItem(BaseModel):
    """What the store is to sell."""

    name: str
    price: float = Field(gt=0)


ITEMS = {1: Item(id=1, name="Widget", price=9.99), 2: Item(id=2, name="Gadget", price=24.5)}

PAGES = {
    "window.html": "<p>{{ names|join(', ') }}</p>",
    "closed.html": "<p>Closed. {{ names|length }} things inside.</p>",
}

templates = Jinja2Templates(env=jinja2.Environment(loader=jinja2.DictLoader(PAGES), autoescape=True))

app = FastAPI()


@app.get("/window")
async def show_window(request: Request) -> Response:
    """Show what there is."""
    return templates.TemplateResponse(request, "window.html", {"names": [item.name for item in ITEMS.values()]})


@app.get("/items")
async def list_items(response: Response) -> dict[str, list[Item]]:
    """List what there is."""
    response.headers["X-Total"] = str(len(ITEMS))
    return {"items": list(ITEMS.values())}


@app.get("/items/{item_id}")
async def read_item(item_id: int) -> Item:
    """Return one item."""
    if item_id not in ITEMS:
        raise HTTPException(404, "Item not found")
    return ITEMS[item_id]


@app.post("/items", status_code=201)
async def create_item(item: NewItem) -> Item:
    """Take an item in."""
    return Item(id=3, name=item.name, price=item.price)


@app.get("/old", response_class=RedirectResponse)
async def moved() -> str:
    """Send whoever comes by the old way to the new one."""
    return "/items"


@app.post("/login", status_code=204)
async def log_in(response: Response) -> None:
    """Begin a session."""
    response.set_cookie("session", "8f3a", secure=True, httponly=True)


@app.get("/hello", response_class=PlainTextResponse)
async def hello(name: str = "you") -> str:
    """Greet a customer."""
    return f"Hello, {name}!"


@app.get("/prices")
async def prices() -> Response:
    """Send prices for as long as anyone listens."""

    async def events() -> AsyncIterator[str]:
        yield "event: open\ndata: store\n\n"
        yield 'event: price\nid: 1\ndata: {"item": 1, "price": 9.99}\n\n'
        await asyncio.Event().wait()

    return StreamingResponse(events(), media_type="text/event-stream")


@app.websocket("/orders")
async def orders(websocket: WebSocket, token: str = "") -> None:
    """Confirm orders, to whoever has a token."""
    if not token:
        await websocket.close(1008, "no token")
        return
    await websocket.accept()
    while order := await websocket.receive_json():
        for number, item in enumerate(order, 1):
            await websocket.send_json({"order": number, "item": item})
    await websocket.close(4000, "nothing to order")
