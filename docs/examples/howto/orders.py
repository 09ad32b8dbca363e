"""A service that takes orders: it has them reserved by the stock, which confirms them later."""

import os
from typing import Annotated, Any

import httpx
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel

app = FastAPI()
app.state.orders = []


class Order(BaseModel):
    """What somebody wants."""

    item: str
    quantity: int = 1


def get_stock_url() -> str:
    """Return where the stock is."""
    return os.environ["STOCK_URL"]


@app.post("/orders", status_code=201)
async def create_order(
    order: Order, request: Request, stock_url: Annotated[str, Depends(get_stock_url)]
) -> dict[str, Any]:
    """Take an order."""
    number = len(app.state.orders)
    app.state.orders.append({"id": number, "item": order.item, "confirmed": False})
    callback = str(request.url_for("confirm", number=number))
    async with httpx.AsyncClient(base_url=stock_url) as stock:
        answer = await stock.post("/reservations", json={**order.model_dump(), "callback": callback})
    if answer.status_code == httpx.codes.CONFLICT:
        raise HTTPException(409, answer.json()["detail"])
    answer.raise_for_status()
    return {"id": number}


@app.get("/orders/{number}")
async def read_order(number: int) -> dict[str, Any]:
    """Return an order."""
    order: dict[str, Any] = app.state.orders[number]
    return order


@app.post("/orders/{number}/confirmation")
async def confirm(number: int) -> None:
    """Take note that the stock has it."""
    app.state.orders[number]["confirmed"] = True
