"""An app that counts: what the how-to guides serve."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

from fastapi import Depends, FastAPI, Request


class Counter:
    """Counts."""

    def __init__(self, value: int) -> None:
        self.value = value


class State(TypedDict):
    """What the lifespan gives to the requests."""

    counter: Counter


def get_step() -> int:
    """By how much to count."""
    return 1


def create_app(start: int = 0) -> FastAPI:
    """Make an app that counts from here each time it is started."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[State]:
        yield {"counter": Counter(start)}

    app = FastAPI(lifespan=lifespan)

    @app.post("/count")
    async def count(request: Request, step: Annotated[int, Depends(get_step)]) -> int:
        counter: Counter = request.state.counter
        counter.value += step
        return counter.value

    return app


app = create_app()
