"""A shop in one file, with a database."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, WebSocket, WebSocketDisconnect
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

app = FastAPI()
engine = create_async_engine("sqlite+aiosqlite:///shop.db")


class NewItem(SQLModel):
    """Something to sell."""

    name: str
    price: float = Field(gt=0)


class Item(NewItem, table=True):
    """Something to sell, with the number under which the database has it."""

    number: int | None = Field(default=None, primary_key=True)


async def open_session() -> AsyncIterator[AsyncSession]:
    """Give a request its session."""
    async with AsyncSession(engine, expire_on_commit=False) as session:
        yield session


Session = Annotated[AsyncSession, Depends(open_session)]


@app.post("/items", status_code=201)
async def create_item(new: NewItem, session: Session) -> Item:
    """Take an item into the range, and say under which number."""
    item = Item.model_validate(new)
    session.add(item)
    await session.commit()
    return item


@app.get("/items/{number}")
async def read_item(number: int, session: Session) -> Item:
    """Show an item."""
    item = await session.get(Item, number)
    if item is None:
        raise HTTPException(404, "no such item")
    return item


@app.websocket("/till")
async def till(websocket: WebSocket, session: Session) -> None:
    """Take the numbers of items, and answer each with the sum so far."""
    await websocket.accept()
    total = 0.0
    with suppress(WebSocketDisconnect):
        while item := await session.get(Item, await websocket.receive_json()):
            total += item.price
            await websocket.send_json({"total": total})
        await websocket.close(1008, "no such item")
