"""
A thread that looks on while another one works, and ends what takes too long there.

Theory of operation. What is watched has a limit. Once that is over, and again whenever as much time has passed, the
looking thread asks for a report of where things stand. There is one where nothing else ends what is watched: the event
loop there does not turn, or there is none. Then a signal is sent, whose handler raises :exc:`Interrupted` where the
main thread stands: in the very line that blocks. What goes on nevertheless is told on stderr, such as a call of C code
that takes no signal before it returns.

Python runs handlers of signals in the main thread only, and Windows has none of these signals. There the report is
printed, and who has watched raises once the call returns.

What is never so: a limit counts after a debugger has stopped any thread of the process meanwhile; something is
interrupted that has no limit, or between two tasks, in the loop's own code, or where it is over and about to say so; a
handler that the program has set meanwhile gets a signal, or is taken away.
"""

import asyncio
import contextlib
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

from fastapi_testing.server.cancelling import Interrupted
from fastapi_testing.server.clock import RealClock
from fastapi_testing.server.recording.stacks import is_debugging, stack_of_thread

__all__ = ["Lookout", "LoopLimit", "Watch"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_GRACE = 0.2
"""Seconds that an event loop has to answer, once the time is over, before it counts as blocked."""

_LOOK = 0.25
"""Seconds between two looks for a debugger, at the most."""

_RETRY = 0.005
"""Seconds after which a signal is sent again that has come in the midst of asyncio."""

_RETRIES = 20
"""Signals of which the last one interrupts whatever it meets; after as many in a row that met nothing, none is sent."""

_SIGNALS = ("SIGUSR2", "SIGUSR1", "SIGALRM")
"""What may interrupt a blocking call; the first that the program itself does not use."""


class Watch:
    """
    Something that is watched.

    Args:
        seconds: How long it may take.
        is_ended: Whether it is ended then; else it is only told, once.

    Attributes:
        deadline: When its time is over.
        report: Where it stood when it was ended; None before.
        is_told: Whether it was told that it goes on nevertheless; once is enough.
        is_excused: Whether nothing is to be done about it any more, such as since a debugger has stopped it.
        over: Set at its end.
    """

    def __init__(self, seconds: float, *, is_ended: bool = True) -> None:
        self.seconds = seconds
        self.is_ended = is_ended
        self.deadline: float = RealClock.now() + seconds
        self.report: str | None = None
        self.is_told: bool = False
        self.is_excused: bool = False
        self.over: threading.Event = threading.Event()
        self._next = self.deadline

    def left(self) -> float:
        """Return the seconds until somebody has to look at it."""
        return max(self.deadline, self._next) - RealClock.now()

    def extend(self, seconds: float) -> None:
        """Give it so many seconds from now on."""
        self.deadline = self._next = RealClock.now() + seconds

    def looked_at(self) -> None:
        """Take note that somebody has; it is looked at again after as long a time."""
        self._next = RealClock.now() + self.seconds


class Lookout:
    """
    The looking thread; it looks at the thread that has made it.

    Args:
        shortest: The shortest limit of all that it will watch.
        interrupts: Whether it ends anything.

    Attributes:
        avoided: How often the signal has come at the last time, before it was let through.
    """

    avoided: int = 0

    def __init__(self, shortest: float, *, interrupts: bool = True) -> None:
        self._watch: Watch | None = None
        self._interval = min(shortest, _LOOK)
        self._closed = threading.Event()
        self._landed = threading.Event()
        self._watched_thread = threading.get_ident()
        self._signal = _choose_signal() if interrupts else None
        if self._signal is not None:
            self._previous = signal.signal(self._signal, self._interrupt)
        self._thread = _start_thread(self._look_on)

    def close(self) -> None:
        """End the thread, and give the signal back."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join(_GRACE + 1)  # it looks on for a moment at what it has interrupted
        if self._signal is not None and self._handles(self._signal):
            signal.signal(self._signal, self._previous)

    def _describe(self, watch: Watch) -> str | None:
        """Return where it stands; None where it is ended in another way."""
        raise NotImplementedError  # pragma: no cover - each kind says it

    def _tell(self, report: str) -> None:
        print(f"\n{report}", file=sys.__stderr__, flush=True)

    def _look_on(self) -> None:
        # What begins while this sleeps has its limit after it wakes, as no limit is shorter: nobody has to wake it.
        pause = self._interval
        while not self._closed.wait(pause):
            watch, pause = self._watch, self._interval
            if watch is None or watch.is_excused:
                continue
            if is_debugging():
                watch.is_excused = True
            elif (left := watch.left()) > 0:
                pause = min(left, pause)
            else:
                self._look_at(watch)
                watch.looked_at()

    def _look_at(self, watch: Watch) -> None:
        if (report := self._describe(watch)) is None or watch.over.is_set():
            return
        if not watch.is_ended:
            watch.is_excused = True
            self._tell(report)
            return
        report = watch.report = watch.report or report
        if self._signal is not None:
            self._send(self._signal, watch)
        if not watch.over.wait(_GRACE) and not watch.is_told:
            watch.is_told = True
            self._tell(report)

    def _send(self, number: signal.Signals, watch: Watch) -> None:
        """
        Send the signal, again where it came in the midst of asyncio, whose transports take any exception.

        A call that is stuck in C code lets no handler run. The last signal has it run once that returns.
        """
        self._landed.clear()
        self.avoided = missed = 0
        while missed < _RETRIES and self._handles(number) and not watch.over.is_set():
            avoided = self.avoided
            signal.pthread_kill(self._watched_thread, number)
            if self._landed.wait(_RETRY) or self.avoided >= _RETRIES:
                return
            missed = missed + 1 if self.avoided == avoided else 0

    def _handles(self, number: signal.Signals) -> bool:
        """Tell whether the signal is still handled here, and not by what the app or a hook has set meanwhile."""
        return signal.getsignal(number) == self._interrupt

    def _answers(self, loop: asyncio.AbstractEventLoop, watch: Watch) -> bool:
        """Tell whether an event loop turns, or what is watched is over by now."""
        answered = threading.Event()
        with contextlib.suppress(RuntimeError):  # it was closed just now
            loop.call_soon_threadsafe(answered.set)
        return answered.wait(_GRACE) or watch.over.is_set()

    def _may_interrupt(self) -> bool:
        """Tell, in the main thread, whether what stands there may be ended by an exception."""
        return True

    def _interrupt(self, _: int, frame: FrameType | None) -> None:
        if self._landed.is_set():  # sent again at the very moment
            return
        self.avoided += 1
        if self.avoided < _RETRIES and frame is not None and self._avoids(str(frame.f_globals.get("__name__"))):
            return
        self._landed.set()
        watch = self._watch
        if watch is not None and watch.report is not None and self._may_interrupt():
            raise Interrupted

    def _avoids(self, module: str) -> bool:
        """
        Tell whether nothing is interrupted in a module: in asyncio, and where the watch itself is ended.

        An exception there would leave the block or the call that had to make an error of it.
        """
        return module.startswith("asyncio.") or module in (__name__, type(self).__module__)


class LoopLimit(Lookout):
    """
    Ends what blocks the running event loop, in a ``with`` block whose awaits have the same limit.

    It does so on the main thread. Who has an event loop on another thread looks at it from outside.

    Args:
        seconds: How long the block may take.
        what: What has not been done by then; the report begins with it.
        error: Makes of a report what is raised.
    """

    def __init__(self, seconds: float, what: str, error: Callable[[str], Exception]) -> None:
        self.seconds = seconds
        self._what = what
        self._error = error
        self._loop = asyncio.get_running_loop()
        self._is_on_main_thread = threading.current_thread() is threading.main_thread()
        super().__init__(seconds, interrupts=self._is_on_main_thread)

    def too_late(self, where: str) -> Exception:
        """Return what to raise of what has not ended in time, and is not blocked."""
        return self._error(f"{self._what} within {self.seconds:g} s: {where}")

    def is_excused(self) -> bool:
        """Tell whether a debugger has stopped the block, so that no limit counts any more."""
        return self._own.is_excused or is_debugging()

    def __enter__(self) -> Self:
        self._own = self._watch = Watch(self.seconds)
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._watch = None
        self._own.over.set()
        self.close()
        if self._own.report is not None and not isinstance(exc, KeyboardInterrupt):
            raise self._error(self._own.report) from None

    def _describe(self, watch: Watch) -> str | None:
        if not self._is_on_main_thread or self._answers(self._loop, watch):
            return None
        where = "".join(f"\n{line}" for line in stack_of_thread(self._watched_thread))
        return f"{self._what} within {self.seconds:g} s: the event loop is blocked at:{where}"

    def _may_interrupt(self) -> bool:
        return asyncio.current_task(self._loop) is not None


def _choose_signal() -> signal.Signals | None:
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "pthread_kill"):
        return None
    signals = (getattr(signal, name) for name in _SIGNALS)
    return next((each for each in signals if signal.getsignal(each) is signal.SIG_DFL), None)


def _start_thread(function: Callable[[], None]) -> threading.Thread | None:
    """Start a thread; None where there can be none, as from Python 3.12 on when the interpreter exits."""
    thread = threading.Thread(target=function, name="fastapi_testing lookout", daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return None
    return thread
