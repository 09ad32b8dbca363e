"""A market stall with something wrong in it: what the guide on debugging looks at."""

import asyncio
import logging
import time

from fastapi import FastAPI

logger = logging.getLogger("stall")
logger.setLevel(logging.INFO)

app = FastAPI()
prices = {"tea": 300, "cup": 550}
warehouse_has_answered = asyncio.Event()


@app.get("/prices/{name}")
async def read_price(name: str, count: int = 1) -> int:
    """Tell what so many cost: from ten on, a tenth less."""
    price = prices[name.lower()]
    if count > 10:
        price -= price // 10
        logger.info("a discount for %d of %s", count, name)
    return count * price


@app.get("/stock/{name}")
async def read_stock(name: str) -> str:
    """Ask the warehouse, which never answers."""
    await warehouse_has_answered.wait()
    return name


@app.get("/report")
async def report() -> str:
    """Count everything, and keep everybody waiting meanwhile."""
    time.sleep(0.05)
    return "all there"
