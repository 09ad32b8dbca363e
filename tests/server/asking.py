"""What tests have a server, or its event loop, do."""

import asyncio
import threading

import httpx

__all__ = ["forever", "get", "running_loop"]


def get(url: str) -> int:
    """Return the status of a request by a client that knows nothing of the server."""
    return httpx.get(url, trust_env=False).status_code


async def forever(started: threading.Event | None = None) -> None:
    """Wait for what does not come."""
    if started is not None:
        started.set()
    await asyncio.Event().wait()


async def running_loop() -> asyncio.AbstractEventLoop:
    """Return the loop."""
    return asyncio.get_running_loop()
