"""
Looks at an event loop from a thread beside it, and knows what holds it up.

Theory of operation. Every so often, the thread looks at the frames of the thread on which the loop turns. That costs
the loop nothing but the moment in which the look has the GIL. One look tells what the loop is at:

- nothing, as it waits for sockets and timers, or as nobody runs it and no code of the user's runs either;
- one callback, a step of a task for one, which asyncio runs from a ``Handle``. The same handle at two looks in a row is
  one callback that has not ended, while the frames of a coroutine stay the same over all of its awaits;
- code of the user's that is no coroutine, such as a ``setUp``, while nobody runs the loop: the same function of the
  same test at two looks;
- on a loop of another maker, which has no such handles, a beat: something it was asked to call and has not called yet.

What is the same at two looks has held the loop in between. As the looks themselves come late on a busy machine, or in a
process that was stopped for a while, the time between two of them counts only as far as the process was at work.
"""

import asyncio
import contextlib
import itertools
import os
import sys
import threading
import time
import traceback
import unittest
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from traceback import FrameSummary
from types import CodeType, FrameType
from typing import Any

from fastapi_testing.case.loops import class_case
from fastapi_testing.server.clock import RealClock
from fastapi_testing.server.recording.libraries import is_users
from fastapi_testing.server.recording.stacks import (
    frames_of_thread,
    frames_of_workers,
    is_in_debugger,
    places,
)

__all__ = ["Hold", "LoopMonitor", "Seat"]

Seat = tuple[asyncio.AbstractEventLoop | None, int]
"""An event loop and the thread that it turns on; there is no loop where none is open."""

_RUN = asyncio.Handle._run.__code__  # noqa: SLF001 - asyncio's callbacks have no other mark

_LAST_LOOK = 5.0
"""Seconds that the last look may take, which may print."""

_CALLERS = {class_case.__file__, unittest.suite.__file__}
"""What calls hooks, tests and cleanups."""


class _ProcessClock:
    """The processor's time that the process has had, held where freezegun does not find it."""

    now: "staticmethod[[], float]" = staticmethod(time.process_time)


@dataclass(eq=False)
class Hold:
    """
    One uninterrupted stretch of time in which the event loop has not turned.

    Attributes:
        loop: The loop.
        thread: The thread of the loop.
        key: What it is at, which the next look compares.
        task: The task that runs, if one does.
        stack: Where the thread was seen last, innermost first.
        seconds: How long it is, as far as it was seen.
        is_excused: Whether a debugger has had the thread in its hands.
    """

    loop: asyncio.AbstractEventLoop
    thread: int
    key: object
    task: "asyncio.Task[Any] | None" = None
    stack: Sequence[FrameSummary] = ()
    seconds: float = 0.0
    is_excused: bool = False

    def end(self) -> None:
        """Let go of the test, and of what runs in it."""
        self.key = self.task = None


class _Beat:
    """What a loop is asked to call."""

    answered = False

    def answer(self) -> None:
        self.answered = True


class _Callback:
    """
    A callback that a loop has begun.

    Most handles are run once, and are not held here: they would hold what the test has let go. That of a socket is run
    again and again, in a new frame each time: there the frame is held, as another may come to the same address.
    """

    def __init__(self, handle: asyncio.Handle, frame: FrameType) -> None:
        self._handle = weakref.ref(handle)
        owner = getattr(handle._callback, "__self__", None)  # type: ignore[attr-defined]  # noqa: SLF001 - documented
        is_sockets = isinstance(owner, asyncio.BaseTransport | asyncio.AbstractEventLoop)
        self._frame = frame if is_sockets else None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Callback):
            return NotImplemented
        handle = self._handle()
        return handle is not None and handle is other._handle() and self._frame is other._frame

    __hash__ = None  # type: ignore[assignment]  # it is compared with the next one only


class LoopMonitor:
    """
    A thread that looks at an event loop, from :meth:`start` to :meth:`close`.

    Args:
        seat: Returns the loop, and its thread.
        interval: Seconds between two looks.
        tell: Called, on the monitor's thread, with what holds the loop; after each look at which it still does.

    Attributes:
        test: The test that runs, to tell its functions from those of the next.
        looking: Held during a look: who holds it knows what was seen so far.
    """

    def __init__(self, seat: Callable[[], Seat], interval: float, tell: Callable[[Hold], None]) -> None:
        self.test: object = None
        self.looking: threading.Lock = threading.Lock()
        self._seat = seat
        self._interval = interval
        self._tell = tell
        self._hold: Hold | None = None
        self._beat = _Beat()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="fastapi_testing monitor", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._closed.set()
        self._thread.join(_LAST_LOOK)
        if self._hold is not None:
            self._hold.end()

    def _look_on(self) -> None:
        clock, processor = RealClock.now, _ProcessClock.now
        last, worked = clock(), processor()
        while not self._closed.wait(self._interval):
            with self.looking:
                now, work = clock(), processor()
                try:
                    self._look(now - last, work - worked)
                except Exception:  # noqa: BLE001 - one look is lost, and the class is still looked after
                    traceback.print_exc(file=sys.__stderr__)
                last, worked = now, work

    def _look(self, elapsed: float, worked: float) -> None:
        before, hold = self._hold, self._see()
        late = elapsed > 2 * self._interval
        if before is not None and before is not hold:
            before.end()
        self._hold = hold
        if hold is None or (hold is not before and not late):
            return
        # Up to here nothing lets go of the GIL: what was seen belongs together.
        if hold is before:
            hold.seconds += min(elapsed, max(2 * self._interval, worked)) if late else elapsed
        elif not frames_of_workers():
            # C code that holds the GIL, as sum(range(10**8)) does, holds up this thread as well. It has asked for the
            # GIL all the while, and gets it as soon as that code is done, before the function around it goes on.
            hold.seconds = max(0.0, min(elapsed - self._interval, worked))
        if hold.is_excused or is_in_debugger(hold.thread):
            hold.is_excused = True
        else:
            self._tell(hold)

    def _see(self) -> Hold | None:
        """Return what holds the loop at this moment, the same object as before where it still does."""
        loop, thread = self._seat()
        frames = [] if loop is None else frames_of_thread(thread)
        key = None if loop is None else self._key(loop, frames)
        if loop is None or key is None:
            return None
        hold = self._hold
        if hold is None or hold.key != key:
            hold = Hold(loop, thread, key)
        hold.task = asyncio.current_task(loop)
        hold.stack = places(frames)
        return hold

    def _key(self, loop: asyncio.AbstractEventLoop, frames: list[FrameType]) -> object:
        """Return what the loop is at, to be compared with what it is at the next time; None for nothing."""
        if not loop.is_running():
            code = _called_by_case(frames)
            return None if code is None else (self.test, code)
        if isinstance(loop, asyncio.BaseEventLoop):
            return _callback(frames)
        if self._beat.answered or self._hold is None:
            self._beat = _Beat()
            with contextlib.suppress(RuntimeError):  # it was closed just now
                loop.call_soon_threadsafe(self._beat.answer)
        return self._beat


def _callback(frames: list[FrameType]) -> _Callback | None:
    frame = next((frame for frame in reversed(frames) if frame.f_code is _RUN), None)
    handle = None if frame is None else frame.f_locals.get("self")
    return None if frame is None or handle is None else _Callback(handle, frame)


def _called_by_case(frames: list[FrameType]) -> CodeType | None:
    """Return the code of the user's own that unittest, or who runs it, has called and that has not returned."""
    called = itertools.takewhile(lambda frame: not _calls_users(frame.f_code), frames)
    codes = [frame.f_code for frame in called if is_users(frame.f_code.co_filename)]
    return codes[-1] if codes else None


def _calls_users(code: CodeType) -> bool:
    file = code.co_filename
    return (
        file in _CALLERS
        or (file == unittest.case.__file__ and code.co_name.startswith("do"))  # doClassCleanups
        or f"{os.sep}_pytest{os.sep}" in file
    )
