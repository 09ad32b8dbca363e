"""The event loop of a test class, and the end of the tasks on it."""

import asyncio
import contextvars
from collections.abc import Callable, Collection, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

from fastapi_testing.case.loops.leaving import run_to_its_end
from fastapi_testing.case.loops.staying import StayingTask
from fastapi_testing.server.cancelling import Interrupted, cancel_tasks
from fastapi_testing.server.clock import unfreeze

__all__ = ["ClassLoop", "make_runner"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_T = TypeVar("_T")


def make_runner(factory: Callable[[], asyncio.AbstractEventLoop] | None, *, debug: bool) -> asyncio.Runner:
    """Make an event loop, of a factory's or of asyncio's; where ``debug`` is false, the environment decides on it."""
    # Runner's None lets PYTHONASYNCIODEBUG and -X dev decide.
    runner = asyncio.Runner(debug=True if debug else None, loop_factory=factory)
    unfreeze(runner.get_loop())
    return runner


class ClassLoop:
    """
    The event loop of a class, and the context in which its hooks run.

    Args:
        runner: The loop's; closed with it.

    Attributes:
        tests: How many of the class's are being run.
    """

    def __init__(self, runner: asyncio.Runner) -> None:
        self.runner = runner
        self.context: contextvars.Context = contextvars.copy_context()
        self.tests: int = 0

    @property
    def guests(self) -> Collection[object]:
        """The recorders of servers on it that go on when the class ends."""
        return ()

    def run(
        self,
        coroutine: Coroutine[Any, Any, _T],
        context: contextvars.Context,
        name: str = "",
        staying: StayingTask | None = None,
    ) -> _T:
        """
        Run a coroutine; its exception shows its own frames, and none of asyncio's.

        Args:
            coroutine: What to run.
            context: Where to.
            name: What its task is called, for those who look at the tasks; asyncio's own name where it is empty.
            staying: The task of a test, where the coroutine is one of a test that may enter a context; else None.
        """
        staying = staying or StayingTask()
        result, exc = run_to_its_end(self.runner, coroutine, context, name, self._enter, staying=staying)
        try:
            if exc is not None:
                raise exc
        finally:
            del exc  # the exception's traceback leads to this frame: no cycle is left
        return cast("_T", result)

    def _enter(self) -> None:
        """Prepare the loop, on it, as it begins to run."""

    def tasks(self) -> set[asyncio.Task[Any]]:
        """Return the tasks on the loop that have not ended."""
        return asyncio.all_tasks(self.runner.get_loop())

    def is_ended_by(self, exception: asyncio.CancelledError) -> bool:
        """Tell whether it ends the very task that is running, as Ctrl-C does, and is not of something it awaits."""
        task = asyncio.current_task(self.runner.get_loop())
        return isinstance(exception, Interrupted) or (task is not None and task.cancelling() > 0)

    def cancel(self, tasks: set[asyncio.Task[Any]]) -> None:
        """Cancel tasks, and wait for their end."""
        if tasks:
            self.run(cancel_tasks(tasks), self.context)

    async def leave(self) -> None:
        """Cancel what is left, and end what else the loop waits for before it is closed: generators and threads."""
        loop, current = self.runner.get_loop(), asyncio.current_task()
        await cancel_tasks({task for task in self.tasks() if task is not current})
        await loop.shutdown_asyncgens()
        try:
            await loop.shutdown_default_executor()
        except BaseException:
            loop.set_default_executor(ThreadPoolExecutor())  # or the loop's end would wait for the other one again
            raise

    def close(self) -> None:
        """Close the loop."""
        try:
            self.cancel(self.tasks())  # one that did not end in time, and that Runner.close() would wait for
        finally:
            self.runner.close()
