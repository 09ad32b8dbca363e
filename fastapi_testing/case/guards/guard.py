"""
What a test opened and what the app did for it: closed at its end, reported, and put back as it was.

Theory of operation
-------------------

A guard looks after one test, in three steps. Each is taken once, and the third also where the second fails:

#. ``begin()``, before the test's own set-up: the overrides are noted, and the recorders of the servers that it may
   speak to start over. From then on every server that it starts or has a client of is watched as well.
#. ``leave()``, after all of its own cleanups, in this order:

   a. Its clients are closed: an open stream would keep the app busy.
   b. The tasks that it started itself are cancelled: what they hold open would, too.
   c. The app gets ``settle_timeout`` to end its calls, here and on other threads, since it may not be done.
   d. What is left is cancelled, here and then elsewhere.

#. ``judge()``: overrides are put back, recorders no longer report here, and what the test has not expected is told:
   first what the app should have raised and did not, then what it raised unseen, then what was left.

Whose a task is decides when it ends. *The test's*: no server has started it. *The app's*: it, or what started it,
answers a connection (``serving``). *At home*: the lifespan has started it, or it runs this code. What ran before the
test is nobody's here: ``tasks`` does not return it.

On Ctrl-C (``cut_short()``) the steps are the same, but there is no time for the app, and no word of leaks.

What is never so:

* A task at home, or one that ran before the test, is cancelled.
* A leak is told twice: what does not end when it is cancelled is let go of (``cancel_tasks``).
* A leak that is an error, as a warning or a failure, hides what the app raised.
* A wait has no limit: it has ``settle_timeout``, or that of the cancelling.
"""

import asyncio
import contextlib
import functools
import inspect
import threading
import warnings
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from types import CodeType
from typing import Any, Literal, Protocol

from fastapi_testing.case.guards.leftovers import Leftovers, name_for
from fastapi_testing.case.guards.server_errors import ServerRaises, describe_unseen, release_logs
from fastapi_testing.masking import mask
from fastapi_testing.server.cancelling import cancel_tasks
from fastapi_testing.server.recording.ends import cancel_elsewhere, ends_of
from fastapi_testing.server.recording.exchange import is_servers
from fastapi_testing.server.recording.owners import library_of
from fastapi_testing.server.recording.recorder import Recorder, recorders
from fastapi_testing.server.recording.stacks import describe_task
from fastapi_testing.server.routing.finding import apps_with_overrides

__all__ = ["Leaks", "OverridesGuard", "TestGuard", "code_of"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

Leaks = Literal["warn", "fail", "ignore"]
"""What to do about the tasks that a test leaves."""


_GRACE = 0.1
"""Seconds that a library has to end the tasks it has started for itself, once what they were for has ended."""

_Cancel = Callable[[set["asyncio.Task[Any]"]], Awaitable[None]]


class _Closable(Protocol):
    async def aclose(self) -> None: ...


class TestGuard:
    """
    Looks after one test: what the app does for it, and what it leaves on the event loop.

    Args:
        test: Its id, for reports.
        tasks: Returns the tasks on the event loop that have been started since the test began, and have not ended.
        settle_timeout: Seconds that the app's calls may take once the test is done.
        background_tasks: The modules and functions whose tasks may stay.

    Attributes:
        recorders: Of the servers that the test, or the app for it, may speak to: those that run beside the app's own,
            and those that the test starts or has a client of.
        has_failed: Whether something in the test has failed, or was skipped: who runs it keeps the test then.
        deferred: What the test expects the app to raise, and the app had not raised when the test went on.
    """

    __test__ = False  # for pytest

    def __init__(
        self,
        test: str,
        tasks: Callable[[], set["asyncio.Task[Any]"]],
        settle_timeout: float,
        background_tasks: Sequence[str] = (),
    ) -> None:
        self.recorders: list[Recorder] = []
        self.has_failed: bool = False
        self.deferred: list[ServerRaises] = []
        self._test = test
        self._tasks = tasks
        self._settle_timeout = settle_timeout
        self._leftovers = Leftovers(background_tasks, test.partition(".")[0])
        self._leaks: list[str] = []
        self._names: set[str] = set()
        self._strangers: list[str] = []
        self._libraries: set[str] = set()
        self._interrupted = False

    def watch(self, recorder: Recorder) -> None:
        """See to what a server's app does for the test, from now on."""
        if recorder not in self.recorders:
            self.recorders.append(recorder)
            recorder.start_over()
            recorder.reports = True

    def begin(self, app: Any, recorder: Recorder, others: Collection[object] = ()) -> None:
        """
        Begin with the app that is served: what is overridden in it now will be so again when the test is judged.

        Args:
            app: The app.
            recorder: The server's.
            others: Recorders of servers that go on for other classes, on the same event loop.
        """
        self._overrides = OverridesGuard(app)
        self.watch(recorder)
        self._loop = recorder.loop
        for other in list(recorders.values()):  # of services that the app calls, which the class or the module started
            if (other.loop is recorder.loop and other not in others) or _is_free_and_ours(other):
                self.watch(other)

    def note_failure(self) -> None:
        """Take note that something in the test fails, or is skipped."""
        self.has_failed = True

    def let_go(self) -> None:
        """
        Let go of the app, and of what it did but for the text of it; once the test is over, and told.

        Of a test that has passed, nobody keeps anything.
        """
        if self.has_failed:
            for recorder in self.recorders:
                recorder.let_go()
        self.recorders.clear()
        self.deferred.clear()
        self._overrides = OverridesGuard(None)

    def leftovers(self) -> set["asyncio.Task[Any]"]:
        """Return the tasks that the test, or the app for it, started and left, and that have to end."""
        return self._leftovers.left(self._tasks())

    def found(self) -> bool:
        """Tell whether there is anything that has to end, or to be told of."""
        return bool(self._tasks() | self._unfinished_elsewhere())

    def strangers(self) -> set["asyncio.Task[Any]"]:
        """Return the tasks that a library, which nobody has named, started for itself meanwhile."""
        return self._leftovers.strangers(self._tasks() | self._unfinished_elsewhere())

    def cut_short(self, interruption: KeyboardInterrupt) -> None:
        """Note on Ctrl-C what is in flight, which has no more time then, and is reported by that."""
        for recorder in self.recorders:
            for exchange in recorder.in_flight:
                interruption.add_note(f"in flight: {mask(exchange.whereabouts)}")
        self._interrupted = True
        self._settle_timeout = 0.0

    def elsewhere(self) -> set["asyncio.Task[Any]"]:
        """Return the tasks in which servers on other threads answer the test, or go on with that."""
        return self._leftovers.left(self._unfinished_elsewhere())

    async def leave(self, clients: Iterable[_Closable]) -> None:
        """
        Close what the test opened, end what it left running, and wait for the app; to be awaited on the server's loop.

        Its own tasks end first: what they hold open, such as a request, keeps the app busy.
        """
        try:
            async with contextlib.AsyncExitStack() as stack:  # closes the others too if one fails
                for client in clients:
                    stack.push_async_callback(client.aclose)
        finally:
            await asyncio.sleep(0)  # what the test has cancelled itself ends in the loop's next turn
            await self._cancel({task for task in self.leftovers() if _is_tests(task)})
            await self._wait_for_app()
            await self._cancel(self.leftovers())
            await self._cancel(self.elsewhere(), cancel_elsewhere)
            await self._look_at_libraries()

    def judge(self, leaks: Leaks, method: Callable[..., Any]) -> str:
        """
        Put the overrides back; return what the app did that nobody has seen, and what the test left where that fails.

        Args:
            leaks: What to do about the tasks it left; a warning is given at the line of its method.
            method: The test's method.
        """
        self._overrides.restore()
        for recorder in self.recorders:
            recorder.reports = False
        troubles = [deferred.describe() for deferred in self.deferred if not deferred.is_fulfilled()]
        troubles += describe_unseen(self.recorders)
        release_logs(self.recorders)
        try:
            troubles += _report_leaks(self._describe_leaks() + self._describe_strangers(), leaks, method)
        except Warning as warning:  # with warnings as errors, it must not hide the rest
            if not troubles:
                raise
            troubles.append(str(warning))
        return "\n".join(troubles)

    async def _wait_for_app(self) -> None:
        now = asyncio.get_running_loop().time
        deadline = now() + self._settle_timeout
        while (busy := self._busy()) and now() < deadline:  # what they ask of another server comes after
            await asyncio.wait(ends_of(busy), timeout=deadline - now())
            await asyncio.sleep(0)  # what they have cancelled ends in the loop's next turn

    def _busy(self) -> set["asyncio.Task[Any]"]:
        started = self._tasks()
        current = [item for recorder in self.recorders for item in recorder.current.items()]
        answering = {task for task, exchange in current if not exchange.is_given_up}
        return answering & started | self.elsewhere() | {task for task in started if _closes_generator(task)}

    async def _cancel(self, tasks: set["asyncio.Task[Any]"], cancel: _Cancel = cancel_tasks) -> None:
        if tasks:
            left = [task for task in tasks if not _shakes_hands(task)]
            self._leaks += sorted(f"\n  {_describe(task, self.recorders)}" for task in left)
            self._names |= {*filter(None, map(name_for, left))}
            for recorder in self.recorders:
                recorder.abandon(tasks)
            await cancel(tasks)

    def _describe_leaks(self) -> list[str]:
        if self._interrupted or not self._leaks:
            return []
        what = "a task" if len(self._leaks) == 1 else f"{len(self._leaks)} tasks"
        hint = f"\nwhere it is meant to stay until the class ends: {_naming(self._names)}" if self._names else ""
        return [mask(f"{self._test} left {what} running, cancelled now:{''.join(self._leaks)}{hint}")]

    async def _look_at_libraries(self) -> None:
        strangers = self.strangers()
        if strangers and not self._interrupted:
            await asyncio.wait(ends_of(strangers), timeout=_GRACE)
            running = [task for task in strangers if not task.done()]
            self._strangers = sorted(f"\n  {describe_task(task)}" for task in running)
            self._libraries = {*filter(None, map(library_of, running))}

    def _describe_strangers(self) -> list[str]:
        if not self._strangers:
            return []
        what = "a task" if len(self._strangers) == 1 else f"{len(self._strangers)} tasks"
        left = f"{self._test} left {what} running that a library started for itself, to end with the class"
        hint = f"close what they are for in the test; where they are meant to stay: {_naming(self._libraries)}"
        return [f"{left}:{''.join(self._strangers)}\n{hint}"]

    def _unfinished_elsewhere(self) -> set["asyncio.Task[Any]"]:
        others = [recorder for recorder in self.recorders if recorder.loop is not self._loop]
        return set().union(*(recorder.unfinished() for recorder in others))


class OverridesGuard:
    """
    Remembers the dependency overrides of an app, and of the apps mounted in it, to bring them back.

    Args:
        app: The app that is served; one without ``dependency_overrides`` has none.
    """

    def __init__(self, app: Any) -> None:
        self._before = [
            (each, each.dependency_overrides, dict(each.dependency_overrides)) for each in apps_with_overrides(app)
        ]

    def restore(self) -> None:
        """Bring the overrides back as they were; a dict that was replaced is itself again."""
        for app, overrides, before in self._before:
            app.dependency_overrides = overrides
            if overrides != before:
                overrides.clear()
                overrides.update(before)


def _is_free_and_ours(recorder: Recorder) -> bool:
    """Tell whether this thread has started a server on another thread, and no test around this one looks after it."""
    return recorder.starter is threading.current_thread() and not recorder.reports


def _shakes_hands(task: "asyncio.Task[Any]") -> bool:
    """Tell whether the loop itself started a task, for the TLS handshake with a client of a server."""
    return is_servers(task) and getattr(task.get_coro(), "__name__", "") == "_accept_connection2"


def _is_tests(task: "asyncio.Task[Any]") -> bool:
    """Tell whether it is the test itself that started a task."""
    return not is_servers(task) and not _closes_generator(task)


def _closes_generator(task: "asyncio.Task[Any]") -> bool:
    """Tell whether the loop itself started a task, to close an asynchronous generator that nobody holds any more."""
    return type(task.get_coro()).__name__ == "async_generator_athrow"


def _report_leaks(leaks: list[str], how: Leaks, method: Callable[..., Any]) -> list[str]:
    """Warn of leaks, at the line of the test's method; return them as a failure instead where they are one."""
    if leaks and how == "warn":
        code = code_of(method)
        warnings.warn_explicit("\n".join(leaks), ResourceWarning, code.co_filename, code.co_firstlineno)
    return leaks if how == "fail" else []


def _naming(names: Iterable[str]) -> str:
    """Return the class attribute that names what may stay."""
    return f"background_tasks = ({', '.join(f'{name!r}' for name in sorted(names))},)".replace("'", '"')


def code_of(method: Callable[..., Any]) -> CodeType:
    """Return the code of a test's method, within what decorates it, and of one that functools.partialmethod made."""
    function = inspect.unwrap(method)
    while isinstance(function, functools.partial):
        function = inspect.unwrap(function.func)
    code: CodeType = function.__code__
    return code


def _describe(task: "asyncio.Task[Any]", recorders: Iterable[Recorder]) -> str:
    answering = next((recorder for recorder in recorders if task in recorder.tasks()), None)
    return describe_task(task) if answering is None else answering.describe(task)
