"""One timer for the many waits of a connection."""

import asyncio
from collections.abc import Callable

from fastapi_testing.server.recording.stacks import has_debugger

__all__ = ["Watchdog"]


class Watchdog:
    """
    Calls back when a wait has taken too long.

    A timer of the event loop for each wait costs more than many a wait takes. This one sets a timer that is found to
    be of no more use when it rings, and moves it only where a wait has to end sooner than the timer rings.

    Args:
        loop: The event loop.
        expired: What to call, once for a wait that took too long.
    """

    __slots__ = ("_due", "_expired", "_loop", "_rings", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, expired: Callable[[], None]) -> None:
        self._loop = loop
        self._expired = expired
        self._due: float | None = None
        self._rings = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self, seconds: float) -> None:
        """Begin a wait, or begin it again, which may take so many seconds."""
        self._due = self._loop.time() + seconds
        if self._timer is None or self._due < self._rings:
            self._set_timer(self._due)

    def is_late(self) -> bool:
        """
        Tell whether the wait has taken too long by now, for what ends it.

        A loop that was blocked takes what has come meanwhile before it looks at its timers, and a client on a machine
        of its own would have given up. A debugger blocks the loop as well: where there is one, nobody is late.
        """
        return self._due is not None and self._loop.time() >= self._due and not has_debugger()

    def stop(self) -> None:
        """End the wait."""
        self._due = None

    def close(self) -> None:
        """End the wait, and leave no timer behind."""
        self._due = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self, rings: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings = rings
        self._timer = self._loop.call_at(rings, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._due is None:
            return
        if self._loop.time() < self._due:
            self._set_timer(self._due)
        else:
            self._due = None
            self._expired()
