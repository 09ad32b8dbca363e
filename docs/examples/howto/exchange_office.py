"""An office that changes money, by the rates of somebody else, whom it asks with httpx2."""

from collections.abc import AsyncIterator
from typing import Annotated

import httpx2
from fastapi import Depends, FastAPI, Header, HTTPException, WebSocket

app = FastAPI()


async def get_rates() -> AsyncIterator[httpx2.AsyncClient]:
    """Yield a client of the rates API."""
    async with httpx2.AsyncClient(base_url="https://rates.example") as client:
        yield client


@app.get("/dollars")
async def dollars(euros: int, rates: Annotated[httpx2.AsyncClient, Depends(get_rates)]) -> float:
    """Say what somebody gets for euros."""
    try:
        answer = await rates.get("/eur/usd")
        rate: float = answer.raise_for_status().json()
    except httpx2.HTTPError as exc:
        raise HTTPException(502, "the rates API is out of order") from exc
    return euros * rate


@app.get("/till")
async def till(authorization: Annotated[str | None, Header()] = None) -> dict[str, int]:
    """Say what is in the till, to those who work here."""
    if authorization is None:
        raise HTTPException(401, "who are you?")
    return {"euros": 500}


@app.websocket("/board")
async def board(websocket: WebSocket) -> None:
    """Show a rate, to those who work here."""
    if "authorization" not in websocket.headers:
        raise HTTPException(401, "who are you?")
    await websocket.accept()
    await websocket.send_json({"eur/usd": 1.25})
    await websocket.receive()
