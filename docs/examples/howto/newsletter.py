"""A newsletter: what the guide on background tasks subscribes to."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import BackgroundTasks, FastAPI, Request

logger = logging.getLogger("newsletter")
outbox: list[str] = []


async def send_mail(address: str) -> None:
    """Send a welcome."""
    await asyncio.sleep(0.01)
    if "@" not in address:
        raise ValueError(f"{address!r} is no address")
    outbox.append(address)


async def work(jobs: asyncio.Queue[str]) -> None:
    """Do one job after the other, for as long as the app runs; one that fails does not end it."""
    while True:
        address = await jobs.get()
        try:
            await send_mail(address)
        except ValueError:
            logger.exception("no issue for %s", address)
        finally:
            jobs.task_done()


async def watch_mailbox(bounced: set[str]) -> None:
    """Look for letters that came back, again and again."""
    while True:
        bounced.update(address for address in outbox if address.endswith(".invalid"))
        await asyncio.sleep(0.01)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Have a worker while the app runs."""
    app.state.jobs = asyncio.Queue()
    app.state.watch, app.state.bounced = None, set()
    worker = asyncio.create_task(work(app.state.jobs))
    yield
    worker.cancel()


app = FastAPI(lifespan=lifespan)


@app.post("/subscribers/{address}", status_code=202)
async def subscribe(address: str, tasks: BackgroundTasks) -> str:
    """Take an address; the welcome is sent when the response is."""
    tasks.add_task(send_mail, address)
    return "welcome"


@app.post("/issues", status_code=202)
async def send_issue(request: Request, addresses: list[str]) -> int:
    """Leave an issue of the newsletter to the worker."""
    for address in addresses:
        request.app.state.jobs.put_nowait(address)
    return len(addresses)


@app.get("/bounces")
async def bounces(request: Request) -> list[str]:
    """Tell what came back; who asks first has somebody look from then on."""
    state = request.app.state
    if state.watch is None:
        state.watch = asyncio.create_task(watch_mailbox(state.bounced))
    return sorted(state.bounced)
