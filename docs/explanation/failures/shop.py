"""A shop with mistakes."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator

from fastapi import BackgroundTasks, FastAPI, WebSocket
from fastapi.responses import StreamingResponse

logger = logging.getLogger("shop")
app = FastAPI()
stock = {"apples": 3}


@app.get("/items/{name}")
async def read_item(name: str) -> int:
    """Tell how many there are."""
    logger.warning("somebody asks for %s", name)
    return stock[name]


@app.post("/orders")
async def order(item: dict[str, str], tasks: BackgroundTasks) -> None:
    """Take an order, and send a receipt later."""
    tasks.add_task(send_receipt, item["email"])


async def send_receipt(address: str) -> None:
    """Send a receipt."""
    raise ConnectionError(f"no mail server for {address}")


@app.get("/report")
async def report() -> None:
    """Wait for a report that nobody writes."""
    await asyncio.Event().wait()


@app.post("/newsletter")
async def subscribe(tasks: BackgroundTasks) -> None:
    """Take an address, and wait for the next issue."""
    tasks.add_task(report)


@app.get("/backup")
async def backup() -> None:
    """Block the event loop."""
    time.sleep(60)


@app.websocket("/chat")
async def chat(websocket: WebSocket) -> None:
    """Say what was said."""
    await websocket.accept()
    while True:
        await websocket.send_text(await websocket.receive_text())


@app.websocket("/stock/{name}")
async def watch(websocket: WebSocket, name: str) -> None:
    """Tell how many there are, whenever somebody asks."""
    await websocket.accept()
    async for _ in websocket.iter_text():
        await websocket.send_json(stock[name])


@app.get("/catalogue")
async def catalogue() -> StreamingResponse:
    """Send what there is, up to the page that is missing."""

    async def pages() -> AsyncIterator[str]:
        yield "apples"
        raise LookupError("no page 2")

    return StreamingResponse(pages())


@app.delete("/items/{name}")
async def sell(name: str) -> None:
    """Sell one, or order more."""
    try:
        stock[name] -= 1
    except KeyError:
        await send_receipt("orders@example.org")


@app.websocket("/prices")
async def prices(websocket: WebSocket) -> None:
    """Wait for new prices, whether or not somebody still listens."""
    await websocket.accept()
    await websocket.receive()
    await asyncio.Event().wait()


@app.post("/stock/{name}")
async def restock(name: str) -> None:
    """Get more, and do not wait for it."""
    app.state.delivery = asyncio.create_task(deliver(name))


async def deliver(name: str) -> None:
    """Bring ten."""
    stock[name] += 10


# ruff: noqa: ASYNC251 - blocking is what is shown
