"""
The event loop that classes share, and what each of them leaves on it.

Theory of operation
-------------------

What an app makes at the top of a module, such as a pool of connections or a lock, belongs to the loop on which it is
first used, and lives as long as the process does. So does the loop: classes with the same ``loop_factory`` borrow it,
one after the other, or one within another where a test runs a suite itself.

A class that gives it back has ended what it began: its tasks are cancelled, its asynchronous generators closed, and its
calls in other threads waited for. What a server began that goes on is that server's, and stays (``serving`` says whose
a task, a generator or a call is). Then the loop has the settings that it had.

At the end of the process nothing is told: an app need not close in its tests what it does not close in production.
"""

import asyncio
import contextlib
import sys
import warnings
from collections.abc import AsyncGenerator, Callable, Collection, Iterable
from concurrent.futures import Future
from typing import Any
from weakref import WeakKeyDictionary

from fastapi_testing.case.loops.class_loop import ClassLoop, make_runner
from fastapi_testing.case.loops.executor import SharedExecutor
from fastapi_testing.case.loops.settings import LoopSettings
from fastapi_testing.case.loops.share import Share
from fastapi_testing.server.cancelling import cancel_tasks
from fastapi_testing.server.recording.exchange import server_of, serving

__all__ = ["BorrowedLoop", "SharedLoop"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_LoopFactory = Callable[[], asyncio.AbstractEventLoop]
_Generator = AsyncGenerator[Any, Any]

_GRACE = 1.0
"""Seconds that what is left at the end of the process has to end, once it is cancelled."""


class SharedLoop(Share):
    """
    An event loop from the first class that borrows it to the end of its module, or of the process.

    Args:
        factory: Makes it; None for asyncio's default.

    Attributes:
        runner: The loop's.
        executor: The loop's own threads.
        guests: The servers on the loop that go on when the class that has started them ends.
        generators: The asynchronous generators of theirs that go on, too.
        at_first: The settings with which it was made.
        lent: To whom it is lent just now; a class whose cleanups nobody calls, as after Ctrl-C, never gives it back.
    """

    def __init__(self, factory: _LoopFactory | None) -> None:
        # Runner itself would set the loop as the thread's, for good.
        self.runner: asyncio.Runner = make_runner(factory or asyncio.new_event_loop, debug=False)
        self.at_first: LoopSettings = LoopSettings(self.runner.get_loop())
        self.guests: set[object] = set()
        self.generators: WeakKeyDictionary[_Generator, object] = WeakKeyDictionary()
        self.lent: list[BorrowedLoop] = []
        self._is_default = factory is None
        self.renew_executor()

    @classmethod
    def for_class(cls, here: str, module: str | None, factory: _LoopFactory | None) -> "SharedLoop":
        """
        Return the loop that a class is to borrow.

        Args:
            here: The module of the class.
            module: The module whose classes share it; None for those of the run.
            factory: Makes the loop.
        """
        return cls.of(here, module, "event loop", [factory], lambda: cls(factory))

    def lend(self, *, debug: bool = False) -> "BorrowedLoop":
        """
        Lend the loop, until it is closed.

        Args:
            debug: Whether it is in debug mode meanwhile, where it is not by itself.
        """
        self._close_with_module()
        if self._is_default:  # for sync code that asks for the loop of its thread
            asyncio.set_event_loop(self.runner.get_loop())
        self.lent.append(BorrowedLoop(self, debug=debug))
        return self.lent[-1]

    def take_back(self, borrowed: "BorrowedLoop") -> None:
        """Take note that one who had it is done."""
        self.lent.remove(borrowed)
        if self._is_default and not self.lent:
            asyncio.set_event_loop(None)

    def renew_executor(self) -> None:
        """Give the loop other threads: those that it had never end."""
        self.executor: SharedExecutor = SharedExecutor()
        self.runner.get_loop().set_default_executor(self.executor)

    def _is_open(self) -> bool:
        return not (self.runner.get_loop().is_closed() or self.executor.is_shut)  # by the app, with which it ends

    def _is_in_use(self) -> bool:
        return bool(self.lent or self.guests)

    def _end(self) -> None:
        loop = self.runner.get_loop()
        if not loop.is_closed():
            loop.set_exception_handler(_say_nothing)
            with contextlib.suppress(Exception):
                self.runner.run(_end_all())
            with warnings.catch_warnings(action="ignore", category=ResourceWarning):  # uvloop's, of what is left open
                loop.close()  # and not the runner, which would wait for what does not end


class BorrowedLoop(ClassLoop):
    """
    The event loop that a class shares with others; what the class leaves on it ends, and the loop goes on.

    Args:
        shared: Whose it is.
        debug: Whether it is in debug mode meanwhile.
    """

    def __init__(self, shared: SharedLoop, *, debug: bool) -> None:
        super().__init__(shared.runner)
        self.shared: SharedLoop = shared
        self._generators: WeakKeyDictionary[_Generator, object] = WeakKeyDictionary()
        self._before: set[object] = {*self.tasks(), *shared.executor.running}
        loop = shared.runner.get_loop()
        self._settings = LoopSettings(loop)
        if debug:
            loop.set_debug(True)

    @property
    def guests(self) -> Collection[object]:
        """The recorders of servers on it that go on when the class ends."""
        return self.shared.guests

    def take_over(self, server: object) -> None:
        """Take it for one's own what a server has left that does not go on."""
        self.shared.guests.discard(server)
        self._before -= {task for task in self.tasks() if server_of(task) is server}
        self._before -= {call for call, owner in self.shared.executor.running.copy().items() if owner is server}
        self._generators.update((each, owner) for each, owner in self.shared.generators.items() if owner is server)

    async def leave(self) -> None:
        """End what the class has left: tasks, generators and calls in threads."""
        if not self.shared.guests:
            self._settings.remove_signal_handlers()
        tasks = {task for task in self.tasks() if self._is_left(task, server_of(task))}
        await cancel_tasks(tasks - {asyncio.current_task()})
        await self._close_generators()
        running = self.shared.executor.running.copy()
        await self._wait_for([call for call, owner in running.items() if self._is_left(call, owner)])

    def close(self, *, as_at_first: bool = False) -> None:
        """
        Give the loop back as it was; where a server is on it that goes on, the settings are that server's.

        Args:
            as_at_first: Whether it is to be as it was made: a server has ended that has had it to itself.
        """
        try:
            self.cancel({task for task in self.tasks() if self._is_left(task, server_of(task))})
        finally:
            if not self.shared.guests:
                (self.shared.at_first if as_at_first else self._settings).restore(self.shared.executor)
            self.shared.take_back(self)

    def _is_left(self, what: object, owner: object) -> bool:
        return what not in self._before and owner not in self.shared.guests

    def _enter(self) -> None:
        """Look at the asynchronous generators that begin, before the loop itself does, which tells nobody of them."""
        self._loops_own = sys.get_asyncgen_hooks().firstiter
        sys.set_asyncgen_hooks(firstiter=self._note_generator)  # until the loop stops, and puts back what was there

    def _note_generator(self, generator: _Generator) -> None:
        self._generators[generator] = serving.get()
        if self._loops_own is not None:
            self._loops_own(generator)

    async def _close_generators(self) -> None:
        begun, guests = list(self._generators.items()), self.shared.guests
        self.shared.generators.update((each, owner) for each, owner in begun if owner in guests)
        left = [each for each, owner in begun if owner not in guests]
        outcomes = await asyncio.gather(*(each.aclose() for each in left), return_exceptions=True)
        for generator, outcome in zip(left, outcomes, strict=True):
            if isinstance(outcome, Exception):
                message = (
                    f"an error occurred during closing of asynchronous generator {generator!r}"  # as asyncio's own
                )
                context = {"message": message, "exception": outcome, "asyncgen": generator}
                asyncio.get_running_loop().call_exception_handler(context)

    async def _wait_for(self, calls: Iterable[Future[Any]]) -> None:
        """Wait for calls in threads, as a loop does before it is closed."""
        ends = [asyncio.wrap_future(call) for call in calls]
        for end in ends:
            end.add_done_callback(_look_at)
        try:
            if ends:
                await asyncio.wait(ends)
        except BaseException:
            self.shared.renew_executor()
            raise


async def _end_all() -> None:
    """End what is left at the end of the process, and give it no long time for that."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=_GRACE)
    async with asyncio.timeout(_GRACE):
        await asyncio.get_running_loop().shutdown_asyncgens()


def _look_at(end: "asyncio.Future[Any]") -> None:
    """Look at what has become of a call, or asyncio would log that nobody did."""
    with contextlib.suppress(asyncio.CancelledError):
        end.exception()


def _say_nothing(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Stand for the exception handler of a loop that ends with the process."""
