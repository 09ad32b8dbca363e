"""A greenhouse: what the guide on the lifespan starts and stops."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

from fastapi import FastAPI, Request


class Device:
    """A pump, a lamp: something that is switched on, and has to be switched off."""

    def __init__(self, name: str, *, works: bool = True, stops: bool = True) -> None:
        self.name = name
        self.works = works
        self.stops = stops
        self.is_on = False

    @asynccontextmanager
    async def on(self) -> AsyncIterator[None]:
        """Switch it on for a while."""
        if not self.works:
            raise ConnectionError(f"the {self.name} does not answer")
        self.is_on = True
        try:
            yield
        finally:
            self.is_on = False
        if not self.stops:
            raise TimeoutError(f"the {self.name} goes on and on")


class State(TypedDict):
    """What requests find in their state."""

    devices: list[Device]


def create_app(pump: Device, lamp: Device) -> FastAPI:
    """Make the app of a greenhouse: its devices are on while it runs."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[State]:
        async with pump.on(), lamp.on():
            yield {"devices": [pump, lamp]}

    app = FastAPI(lifespan=lifespan)

    @app.get("/devices")
    async def list_devices(request: Request) -> list[str]:
        devices: list[Device] = request.state.devices
        return [device.name for device in devices if device.is_on]

    return app
