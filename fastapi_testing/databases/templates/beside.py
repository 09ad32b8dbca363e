"""How a template is made and removed, which outlives the event loops of classes."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy.engine import URL, Engine
from sqlalchemy.util import greenlet_spawn

from fastapi_testing.databases.provision.address import DRIVERS
from fastapi_testing.databases.provision.engines import make_engine, make_sync_engine

__all__ = ["Beside"]

_T = TypeVar("_T")


class Beside:
    """
    Runs what connects to a server: with a synchronous driver as it is, else on an event loop of its own.

    Args:
        given: The database beside which something is done.
    """

    def __init__(self, given: URL) -> None:
        sync = DRIVERS[given.get_backend_name()][given.get_driver_name()][0]
        driver = sync or given.get_driver_name()
        self._loop = None if sync else asyncio.new_event_loop()
        self.url: URL = given.set(drivername=f"{given.get_backend_name()}+{driver}")
        """That database, with the driver that is used here."""

    def make(self, url: URL, options: dict[str, Any]) -> Engine:
        """Make an engine, for what is run."""
        return make_sync_engine(url, options) if self._loop is None else make_engine(url, options).sync_engine

    def run(self, call: Callable[[], _T]) -> _T:
        """Call something."""
        if self._loop is None:
            return call()
        return self._loop.run_until_complete(greenlet_spawn(call))

    def close(self) -> None:
        """Close the event loop."""
        if self._loop is not None:
            # A connection is closed in the turn after the one it ended in.
            self._loop.run_until_complete(asyncio.sleep(0))
            self._loop.close()
