"""The shop whose tests move, in FastAPI."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, Header, HTTPException, WebSocket, WebSocketDisconnect
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

prices: dict[str, float] = {}
mails: list[str] = []


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Have something to sell for as long as the shop is open."""
    prices["teapot"] = 24.5
    yield
    prices.clear()


app = FastAPI(lifespan=lifespan)


class Order(BaseModel):
    """What somebody buys."""

    item: str


def current_user(authorization: Annotated[str, Header()] = "") -> str:
    """Return who asks."""
    scheme, _, user = authorization.partition(" ")
    if scheme != "Token" or not user:
        raise HTTPException(401, "who are you?")
    return user


@app.get("/")
async def start() -> RedirectResponse:
    """Lead to what is sold today."""
    return RedirectResponse("/items/teapot", 302)


@app.get("/items/{name}")
async def read_item(name: str) -> dict[str, str | float]:
    """Show an item."""
    if name not in prices:
        raise HTTPException(404, "no such item")
    return {"name": name, "price": prices[name]}


@app.post("/orders", status_code=201)
async def create_order(
    order: Order, user: Annotated[str, Depends(current_user)], background: BackgroundTasks
) -> dict[str, str]:
    """Sell an item, and write a mail once that is done."""
    background.add_task(mails.append, f"{user}: {order.item}")
    return {"sold": order.item}


@app.get("/report")
async def report() -> None:
    """Fail."""
    raise LookupError("nothing sold yet")


@app.websocket("/till")
async def till(websocket: WebSocket) -> None:
    """Take the names of items, and answer each with the sum so far."""
    await websocket.accept()
    total = 0.0
    with suppress(WebSocketDisconnect):
        while (name := await websocket.receive_json()) in prices:
            total += prices[name]
            await websocket.send_json({"total": total})
        await websocket.close(1008, "no such item")
