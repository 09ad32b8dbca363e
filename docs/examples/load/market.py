"""A market, for many customers at once."""

from fastapi import FastAPI, HTTPException

STOCK = {1: "teapot", 2: "cup", 3: "saucer"}

app = FastAPI()
baskets: dict[str, list[str]] = {}


@app.get("/items/{number}")
async def read_item(number: int) -> str:
    """Show an item."""
    if number not in STOCK:
        raise HTTPException(404, "no such item")
    return STOCK[number]


@app.post("/baskets/{customer}", status_code=201)
async def add(customer: str, number: int) -> int:
    """Put an item into a basket; return how many are in it."""
    basket = baskets.setdefault(customer, [])
    basket.append(STOCK[number])
    return len(basket)
