"""A stand that sells drinks."""

from fastapi import FastAPI, HTTPException

PRICES = {"tea": 2, "coffee": 3}

app = FastAPI()


@app.get("/drinks")
async def drinks() -> list[str]:
    """List the drinks."""
    return sorted(PRICES)


@app.get("/drinks/{name}")
async def price(name: str) -> int:
    """Say what a drink costs."""
    if name not in PRICES:
        raise HTTPException(404)
    return PRICES[name]
