"""A shop that takes orders: what the guide on factories orders from."""

from datetime import date
from typing import Self

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field, model_validator


class Line(BaseModel):
    """How many of what."""

    article: str = Field(min_length=1, max_length=40)
    count: int = Field(ge=1, le=99)
    cents: int = Field(gt=0, lt=100_000)


class Order(BaseModel):
    """What somebody wants."""

    customer: str = Field(min_length=1, max_length=40)
    lines: list[Line] = Field(min_length=1, max_length=20)
    express: bool = False
    ship_after: date | None = None

    @model_validator(mode="after")
    def check_express(self) -> Self:
        """Refuse what contradicts itself."""
        if self.express and self.ship_after:
            raise ValueError("an express order ships at once")
        return self


app = FastAPI()
orders: dict[int, Order] = {}


@app.post("/orders", status_code=201)
async def create_order(order: Order) -> int:
    """Take an order, and return its number."""
    number = len(orders) + 1
    orders[number] = order
    return number


@app.get("/orders/{number}")
async def read_order(number: int) -> Order:
    """Show an order."""
    if number not in orders:
        raise HTTPException(404, "no such order")
    return orders[number]


@app.get("/orders/{number}/total")
async def total(number: int) -> int:
    """Tell what an order costs, in cents."""
    order = await read_order(number)
    return sum(line.count * line.cents for line in order.lines) + 500 * order.express
