"""The shop, in FastAPI and SQLModel."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

app = FastAPI()
engine = create_async_engine("sqlite+aiosqlite:///shop.db")


class NewItem(SQLModel):
    """Something to sell."""

    name: str
    price: float


class Item(NewItem, table=True):
    """Something to sell, as the database has it."""

    id: int | None = Field(default=None, primary_key=True)


async def open_session() -> AsyncIterator[AsyncSession]:
    """Give a request its session."""
    async with AsyncSession(engine, expire_on_commit=False) as session:
        yield session


Session = Annotated[AsyncSession, Depends(open_session)]


@app.get("/")
async def start() -> RedirectResponse:
    """Lead to what is sold today."""
    return RedirectResponse("/items/1", 302)


@app.get("/items/{number}")
async def read_item(number: int, session: Session) -> Item:
    """Show an item."""
    item = await session.get(Item, number)
    if item is None:
        raise HTTPException(404)
    return item


@app.post("/items", status_code=201)
async def create_item(new: NewItem, session: Session) -> Item:
    """Take an item into the range."""
    item = Item.model_validate(new)
    session.add(item)
    await session.commit()
    return item
