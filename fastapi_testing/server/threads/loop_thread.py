"""An event loop that turns on a thread of its own, and the calls that other threads make to it."""

import asyncio
import atexit
import contextlib
import threading
import warnings
from collections.abc import Callable, Coroutine
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Self, TypeVar

from fastapi_testing.errors import ServerError, ServerNotRunningError
from fastapi_testing.server.cancelling import cancel_tasks
from fastapi_testing.server.clock import unfreeze
from fastapi_testing.server.recording.stacks import stack_of_thread, traceback_of_users
from fastapi_testing.server.threads.calls import Call
from fastapi_testing.server.threads.interrupting import interrupt_main_thread

__all__ = ["LoopThread"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_T = TypeVar("_T")

_START_TIMEOUT = 30.0
"""Seconds that the thread has to make its event loop, which is a matter of microseconds unless its factory hangs."""

_STOP_TIMEOUT = 10.0
"""Seconds that the thread itself has, which may wait for threads of its own."""

_PATIENCE = 1.0
"""Seconds after which who waits for something with a limit of its own looks whether the event loop turns at all."""


class LoopThread:
    """
    An event loop on a daemon thread of its own, from :meth:`start` to :meth:`stop`, or in a ``with`` block.

    One that is still running when the interpreter exits is stopped then.

    Args:
        name: How errors name what runs on it.
        loop_factory: Makes the event loop, such as ``uvloop.new_event_loop``; None for asyncio's default.
    """

    def __init__(self, name: str, *, loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None) -> None:
        self._title = name
        self._loop_factory = loop_factory
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: Callable[[], object]  # ends the loop, from any thread
        self._thread: threading.Thread | None = None
        self._changing = threading.Lock()  # one start or stop at a time
        self.calls: set[Call[Any]] = set()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self._title}, {'running' if self.is_running else 'stopped'}>"

    @property
    def is_running(self) -> bool:
        """Whether the thread runs, and takes calls."""
        return self._loop is not None

    def start(self) -> None:
        """
        Start the thread.

        Raises:
            ServerError: If it runs already.
        """
        with self._changing:
            if self.is_running:
                raise ServerError(f"cannot start {self!r}: it has been started already; stop it first")
            self._begin()

    def ensure_started(self) -> None:
        """Start the thread if it does not run."""
        with self._changing:
            if not self.is_running:
                self._begin()

    def stop(self) -> None:
        """
        Stop the thread, from any other; one that is stopped stays so.

        Raises:
            ServerError: If it is called on the thread itself.
        """
        if self.is_current():
            raise ServerError(f"cannot stop {self!r} from its own event loop: call stop() on another thread")
        with self._changing:
            atexit.unregister(self.stop)
            if self.is_running:
                self._close()

    def run(self, coroutine: Coroutine[Any, Any, _T], timeout: float | None = None, name: str | None = None) -> _T:
        """
        Run a coroutine on the event loop, and wait for its result.

        It sees the context variables of the caller. When the wait is interrupted, as by Ctrl-C, it is cancelled.

        Args:
            coroutine: What a coroutine function returns when it is called.
            timeout: Seconds that it may take; None for no limit.
            name: What its task is called; None for asyncio's own name.

        Raises:
            TimeoutError: If it takes longer; it is cancelled, and the error names the line at which it waits.
            ServerNotRunningError: If the thread does not run, or is stopped meanwhile.
            ServerError: If it is called on the event loop itself, which would wait for itself.
            TypeError: If it is not given a coroutine.
        """
        return self.begin(coroutine, name).wait(timeout)

    def finish(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """
        Run a coroutine that has a limit of its own, as :meth:`run` does; it needs a loop that turns.

        Raises:
            LoopBlockedError: If the event loop does not turn.
        """
        return self.begin(coroutine).wait(patience=_PATIENCE)

    def begin(self, coroutine: Coroutine[Any, Any, _T], name: str | None = None) -> Call[_T]:
        """
        Run a coroutine on the event loop, and return what the caller waits on; raises what :meth:`run` does.

        Args:
            coroutine: What a coroutine function returns when it is called.
            name: What its task is called; None for asyncio's own name.
        """
        if not asyncio.iscoroutine(coroutine):
            raise TypeError(f"a coroutine is needed, got {coroutine!r}: call a coroutine function")
        try:
            return Call(self, self._reachable_loop(), coroutine, name)
        except BaseException:
            coroutine.close()  # or Python would warn that nobody awaited it
            raise

    def is_current(self) -> bool:
        """Tell whether the caller is on the thread itself."""
        return threading.current_thread() is self._thread

    def seat(self) -> tuple[asyncio.AbstractEventLoop | None, int]:
        """Return the event loop, None where the thread does not run, and the identifier of the thread."""
        thread = self._thread
        return self._loop, 0 if thread is None else thread.ident or 0

    def whereabouts(self) -> str:
        """Return where the thread stands, in a traceback's words, on lines of their own."""
        thread = self._thread
        return "" if thread is None else "".join(f"\n{line}" for line in stack_of_thread(thread.ident or 0))

    def not_running(self) -> ServerNotRunningError:
        """Return what to raise where the thread would have to run."""
        return ServerNotRunningError(f"{self._title} is not running: enter it with `with`, or call its start()")

    def own_loop(self) -> ServerError:
        """Return what to raise where the thread itself waits for what is to be done on it."""
        return ServerError(
            f"{self._title} was called on its own event loop, which would wait for itself without end: "
            f"await what is asynchronous, or make this call in a plain `def` handler, or a thread"
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def _reachable_loop(self) -> asyncio.AbstractEventLoop:
        loop = self._loop
        if loop is None:
            raise self.not_running()
        if self.is_current():
            raise self.own_loop()
        return loop

    def _begin(self) -> None:
        self._open()
        atexit.register(self.stop)

    def _open(self) -> None:
        opened: SimpleQueue[BaseException | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._main, args=(opened,), name=self._title, daemon=True)
        self._thread.start()
        try:
            failure = opened.get(timeout=_START_TIMEOUT)
        except Empty:
            where = self.whereabouts()
            raise ServerError(f"{self._title} cannot start: its event loop is not made at:{where}") from None
        if failure is not None:
            self._join()
            raise failure

    def _close(self) -> None:
        self._loop = None
        self._end()
        self._join()

    def _join(self) -> None:
        assert self._thread is not None  # noqa: S101 - it was started
        self._thread.join(_STOP_TIMEOUT)
        if self._thread.is_alive():
            warnings.warn(
                f"the thread of {self._title} has not ended after {_STOP_TIMEOUT:g} s; it is at:{self.whereabouts()}",
                RuntimeWarning,
                stacklevel=4,
            )
        self._thread = None

    def _main(self, opened: SimpleQueue[BaseException | None]) -> None:
        try:
            runner = asyncio.Runner(loop_factory=self._loop_factory)
            unfreeze(runner.get_loop())
        except BaseException as exc:  # noqa: BLE001 - raised by start()
            opened.put(exc)
            return
        try:
            with runner:
                loop = runner.get_loop()
                turning = loop.create_task(self._turn(loop, opened))
                while not turning.done():
                    self._run(loop, turning)
        finally:  # also where a warning about a task that does not end is an error
            for call in list(self.calls):
                call.abandon()

    def _run(self, loop: asyncio.AbstractEventLoop, turning: "asyncio.Task[None]") -> None:
        """Run the loop until it is to end, or the app leaves it: it goes on then, as others have work on it."""
        try:
            with contextlib.suppress(SystemExit):  # of a task of the app's, which keeps it
                loop.run_until_complete(turning)
        except KeyboardInterrupt as exc:
            self._interrupt_run(exc)
        except RuntimeError as exc:
            if turning.done():
                raise
            self._tell_of_stop(loop, exc)

    def _interrupt_run(self, interruption: KeyboardInterrupt) -> None:
        """Have the main thread raise what a task of the app has raised: it ends the run, as Ctrl-C does."""
        interruption.__traceback__ = traceback_of_users(interruption)
        told = [call.break_off(interruption) for call in list(self.calls) if call.is_main_threads]
        if not any(told):
            interrupt_main_thread()

    def _tell_of_stop(self, loop: asyncio.AbstractEventLoop, stopped: RuntimeError) -> None:
        """Tell those who wait for something on the loop that it was stopped, or asyncio's log where nobody does."""
        note = f"something called stop() on the event loop of {self._title}"
        told = [call.break_off(_with_note(RuntimeError(*stopped.args), note)) for call in list(self.calls)]
        if not any(told):
            loop.call_exception_handler({"message": f"{note}, which goes on"})

    async def _turn(self, loop: asyncio.AbstractEventLoop, opened: SimpleQueue[BaseException | None]) -> None:
        ending = asyncio.Event()
        self._end = partial(loop.call_soon_threadsafe, ending.set)
        self._loop = loop
        opened.put(None)
        await ending.wait()
        await cancel_tasks(asyncio.all_tasks() - {asyncio.current_task()})


def _with_note(error: RuntimeError, note: str) -> RuntimeError:
    error.add_note(note)
    return error
