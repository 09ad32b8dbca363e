"""The clock by which the framework's own time-outs run, whatever a test does to the time."""

import asyncio
import time

__all__ = ["RealClock", "unfreeze"]


class RealClock:
    """
    The monotonic clock, held where freezegun does not find it.

    freezegun replaces :func:`time.monotonic` in the namespace of every module, but not in classes; time-machine leaves
    it alone.
    """

    now: "staticmethod[[], float]" = staticmethod(time.monotonic)


def unfreeze(loop: asyncio.AbstractEventLoop) -> None:
    """
    Have an event loop look at the real clock, so that its time-outs end also while the test's clock stands still.

    A loop that has a clock of its own, as uvloop's and those that simulate time, keeps it.
    """
    if getattr(type(loop), "time", None) is asyncio.BaseEventLoop.time:
        loop.time = RealClock.now  # type: ignore[method-assign]
