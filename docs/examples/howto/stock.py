"""A service that keeps the stock: it reserves items, and tells who asked for them when that is done."""

from typing import Annotated

import httpx
from fastapi import BackgroundTasks, Body, FastAPI, HTTPException
from pydantic import AnyHttpUrl

app = FastAPI()
app.state.left = {"lamp": 5}


@app.get("/items/{name}")
async def read_item(name: str) -> dict[str, int]:
    """Return how many are left."""
    return {"left": app.state.left[name]}


@app.post("/reservations", status_code=202)
async def reserve(
    item: Annotated[str, Body()],
    quantity: Annotated[int, Body()],
    callback: Annotated[AnyHttpUrl, Body()],
    tasks: BackgroundTasks,
) -> None:
    """Reserve an item, and call back."""
    if app.state.left.get(item, 0) < quantity:
        raise HTTPException(409, f"no {quantity} of {item} left")
    app.state.left[item] -= quantity
    tasks.add_task(call_back, str(callback))


async def call_back(url: str) -> None:
    """Say that it is done."""
    async with httpx.AsyncClient() as client:
        (await client.post(url)).raise_for_status()
