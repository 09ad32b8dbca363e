"""The event loops that tests run on: asyncio's own, and uvloop's where there is one."""

import asyncio
from collections.abc import Callable

__all__ = ["LOOPS"]

try:
    import uvloop
except ImportError:  # pragma: no cover - not for Windows
    LOOPS: list[Callable[[], asyncio.AbstractEventLoop] | None] = [None]
else:
    LOOPS = [None, uvloop.new_event_loop]
