"""A bakery with one cake: what the guide on concurrent requests fights about."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request

Pay = Callable[[], Awaitable[None]]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open with one cake, and a lock that belongs to the event loop that the app runs on."""
    app.state.cakes = 1
    app.state.lock = asyncio.Lock()
    yield


app = FastAPI(lifespan=lifespan)


async def pay_by_card() -> None:
    """Wait for the bank."""
    await asyncio.sleep(0.05)


def get_payment() -> Pay:
    """Tell how to pay."""
    return pay_by_card


Payment = Annotated[Pay, Depends(get_payment)]


@app.post("/careless")
async def buy_carelessly(request: Request, pay: Payment) -> str:
    """Look for a cake, pay for it, and take it, if only it is still there."""
    if request.app.state.cakes == 0:
        raise HTTPException(409, "sold out")
    await pay()
    request.app.state.cakes -= 1
    return "a cake"


@app.post("/careful")
async def buy_carefully(request: Request, pay: Payment) -> str:
    """Do the same, one customer after the other."""
    async with request.app.state.lock:
        return await buy_carelessly(request, pay)
