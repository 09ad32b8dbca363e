"""What a test sees of an app from behind, and the app from the test."""

import asyncio

__all__ = ["Backstage"]


class Backstage:
    """
    Where an app says what it does, and waits for what the test does.

    Attributes:
        events: What the app's lifespan, and its work in the background, has done.
        gate: What a stream waits for in its middle.
        trouble: What the app raises as it starts.
    """

    def __init__(self, trouble: Exception | None = None) -> None:
        self.events: list[str] = []
        self.gate = asyncio.Event()
        self.trouble = trouble

    async def start(self) -> None:
        """Start, or fail to."""
        if self.trouble is not None:
            raise self.trouble
        self.events.append("started")

    async def stop(self) -> None:
        """Stop."""
        self.events.append("stopped")

    async def work(self) -> None:
        """Do something that takes more than one turn of the loop."""
        for _ in range(5):
            await asyncio.sleep(0)
        self.events.append("worked")
