"""A shop whose customers pay by the API of somebody else."""

import os
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
from fastapi import Body, Depends, FastAPI, HTTPException

app = FastAPI()


async def get_payments() -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the payments API."""
    timeout = float(os.environ.get("PAYMENTS_TIMEOUT", "5"))
    async with httpx.AsyncClient(base_url=os.environ["PAYMENTS_URL"], timeout=timeout) as client:
        yield client


@app.post("/checkout")
async def check_out(
    amount: Annotated[int, Body(embed=True)], payments: Annotated[httpx.AsyncClient, Depends(get_payments)]
) -> dict[str, Any]:
    """Have the customer pay."""
    try:
        answer = await payments.post("/charges", json={"amount": amount, "currency": "EUR"})
        if answer.status_code == httpx.codes.PAYMENT_REQUIRED:
            raise HTTPException(402, "declined")
        return {"receipt": answer.raise_for_status().json()["id"]}
    except httpx.TimeoutException as exc:
        raise HTTPException(504, "the payments API does not answer") from exc
    except (httpx.HTTPError, ValueError, KeyError) as exc:
        raise HTTPException(502, "the payments API is out of order") from exc
