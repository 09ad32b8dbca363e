"""Handlers that are no coroutines: they run in threads, which nothing can cancel."""

import asyncio
import contextvars
from types import FrameType

from fastapi_testing.server.clock import RealClock
from fastapi_testing.server.recording.exchange import Exchange, current_exchange
from fastapi_testing.server.recording.stacks import format_frames, frames_of_workers

__all__ = ["abandoned_threads"]

_WHAT = "nothing can cancel a thread, and the process does not exit before this one is done:"

_PAUSE = 0.01
"""Seconds between two looks at threads; nothing tells when one of a pool has become idle."""


async def abandoned_threads(grace: float) -> list[str]:
    """
    Return one text for each thread that still runs a handler whose call has ended, because it was cancelled.

    Args:
        grace: Seconds that they have to come to their end.
    """
    deadline = RealClock.now() + grace
    while (found := _abandoned_threads()) and RealClock.now() < deadline:  # noqa: ASYNC110 - as it says
        await asyncio.sleep(_PAUSE)
    return found


def _abandoned_threads() -> list[str]:
    exchanges = ((_exchange_in(frames), frames) for frames in frames_of_workers())
    return [
        "\n".join([f"{_WHAT} {exchange.name}, at:", *format_frames(frames)])
        for exchange, frames in exchanges
        if exchange is not None and exchange.ended_at is not None
    ]


def _exchange_in(frames: list[FrameType]) -> Exchange | None:
    """Return the exchange in whose context a thread runs: a context tells its variables to who holds it."""
    held = (value for frame in frames for value in frame.f_locals.values() if isinstance(value, contextvars.Context))
    return next((context[current_exchange] for context in held if current_exchange in context), None)
