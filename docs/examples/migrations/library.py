"""A library whose tables are made by Alembic: what the guide on databases migrates."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """The tables."""


class Book(Base):
    """A book."""

    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]


engine = create_async_engine("sqlite+aiosqlite:///library.db")
sessions = async_sessionmaker(engine, expire_on_commit=False)


async def open_session() -> AsyncIterator[AsyncSession]:
    """Give a request its session, and commit what it has done."""
    async with sessions() as session, session.begin():
        yield session


Session = Annotated[AsyncSession, Depends(open_session)]

app = FastAPI()


@app.post("/books/{title}", status_code=201)
async def add(title: str, session: Session) -> None:
    """Add a book; the dependency commits."""
    session.add(Book(title=title))


@app.post("/orders/{title}", status_code=202)
async def order(title: str, tasks: BackgroundTasks) -> None:
    """Order a book, which is added when the answer has been sent."""
    tasks.add_task(deliver, title)


async def deliver(title: str) -> None:
    """Add a book, in a session that no dependency gives."""
    async with sessions.begin() as session:
        session.add(Book(title=title))


@app.get("/books")
async def list_books(session: Session) -> list[str]:
    """List the books by their titles."""
    return list(await session.scalars(select(Book.title).order_by(Book.title)))
