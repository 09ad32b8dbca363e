# ruff: noqa: INP001 - a project of its own, which unittest must not discover
"""An app whose suite has tests that end in every way; tests/runners runs it under every runner."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """The tables."""


class Order(Base):
    """What somebody has bought."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    item: Mapped[str]


async def get_session() -> AsyncSession:
    """Give a request its session; a suite has to override it."""
    raise LookupError("no database is configured")


Session = Annotated[AsyncSession, Depends(get_session)]

app = FastAPI(title="kiosk")


@app.get("/prices/{item}")
async def price(item: str) -> int:
    """Say what something costs; its branches are for coverage."""
    if item == "paper":
        return 2
    if item == "magazine":
        return 5
    raise LookupError(f"no price for {item}")


@app.post("/deliveries")
async def deliver(tasks: BackgroundTasks) -> None:
    """Answer, and fail in the background."""

    async def work() -> None:
        raise LookupError("no van")

    tasks.add_task(work)


@app.post("/orders")
async def buy(session: Session, item: str) -> int:
    """Buy something, and say how many orders there are."""
    session.add(Order(item=item))
    await session.commit()
    return len((await session.scalars(select(Order))).all())


@asynccontextmanager
async def closed(app: FastAPI) -> AsyncIterator[None]:
    """Fail to start."""
    raise LookupError("the kiosk is closed")
    yield


closed_app = FastAPI(lifespan=closed)
