"""A shop in one file."""

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

app = FastAPI()
items: dict[int, "Item"] = {}


class Item(BaseModel):
    """Something to sell."""

    name: str
    price: float = Field(gt=0)


@app.post("/items", status_code=201)
async def create_item(item: Item) -> dict[str, int]:
    """Take an item into the range, and say under which number."""
    number = len(items) + 1
    items[number] = item
    return {"number": number}


@app.get("/items/{number}")
async def read_item(number: int) -> Item:
    """Show an item."""
    return items[number]
