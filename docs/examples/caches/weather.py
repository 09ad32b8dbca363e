"""A weather report that asks the weather station as seldom as it can."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated

from fastapi import Depends, FastAPI
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

SECONDS = 600

app = FastAPI()


async def get_cache() -> AsyncIterator[Redis]:
    """Open the cache."""
    async with Redis(decode_responses=True) as cache:
        yield cache


class Station:
    """Measures."""

    async def measure(self, city: str) -> str:
        """Ask the station of a city, which takes its time."""
        raise NotImplementedError(f"no station in {city}")


def get_station() -> Station:
    """Find the station."""
    return Station()


Cache = Annotated[Redis, Depends(get_cache)]


@app.get("/weather/{city}")
async def weather(city: str, cache: Cache, station: Annotated[Station, Depends(get_station)]) -> str:
    """Tell the weather: from the cache, or else from the station."""
    key = f"weather:{city}"
    with suppress(RedisConnectionError):  # slower is better than not at all
        if known := await cache.get(key):
            return str(known)
    measured = await station.measure(city)
    with suppress(RedisConnectionError):
        await cache.set(key, measured, ex=SECONDS)
    return measured


@app.delete("/weather/{city}", status_code=204)
async def forget(city: str, cache: Cache) -> None:
    """Forget what was measured."""
    await cache.delete(f"weather:{city}")
