"""
The tasks that apps start while they answer: seen as they are made, so that none of them fails without a word.

So are those that a library starts for itself, which nobody could tell from the app's or the test's later on.
"""

import asyncio
import functools
import logging
import os
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from types import FrameType
from typing import Any, ClassVar, cast
from weakref import WeakKeyDictionary, ref

import anyio

from fastapi_testing.server.recording.ends import is_an_end
from fastapi_testing.server.recording.exchange import Exchange, current_exchange
from fastapi_testing.server.recording.kept import drop_frames, last_line_of, size_of_failure
from fastapi_testing.server.recording.libraries import is_frameworks, is_users
from fastapi_testing.server.recording.stacks import app_traceback

__all__ = ["TaskFailure", "TaskWatch", "librarys_tasks", "starters", "was_not_retrieved"]

librarys_tasks: WeakKeyDictionary["asyncio.Task[Any]", str] = WeakKeyDictionary()
"""The tasks that a line of an installed library has started, and the name of its module."""

starters: WeakKeyDictionary["asyncio.Task[Any]", "ref[asyncio.Task[Any]]"] = WeakKeyDictionary()
"""The tasks that another one has started, calls of the app aside, and which one has."""

_OWN_REFERENCES = 2
"""Of a task that nobody else has: that of its failure, and the one with which :func:`sys.getrefcount` looks at it."""

_STARTERS = (*(f"{Path(package.__path__[0])}{os.sep}" for package in (asyncio, anyio)), __file__)
"""Whose lines start tasks for others."""


class TaskFailure:
    """
    The exception of a task that the app started while it answered, and whose end it did not look at.

    asyncio calls it an exception that was never retrieved, once the task is collected as garbage. It is told like the
    exception of an exchange, whose attributes this has as far as they make sense.

    Args:
        exchange: What the app was answering.
        task: The task.
        endpoint: The name of its coroutine.

    Attributes:
        endpoint: The same.
        expected: Whether it has been expected, or told already.
    """

    expected: bool = False
    is_handed_over: bool = False

    def __init__(self, exchange: Exchange, task: "asyncio.Task[Any]", endpoint: str) -> None:
        self.exchange = exchange
        self.endpoint = endpoint
        self._task: asyncio.Task[Any] | None = task
        self._exception = task._exception  # noqa: SLF001 - exception() would count as a look
        self._text: str | None = None
        self._was_error: bool | None = None

    def __str__(self) -> str:
        return f"a task that {self.exchange} started"

    @property
    def error(self) -> BaseException | None:
        """The exception; None if the app has looked at it meanwhile, or where it is forgotten."""
        is_seen = not self.expected and self._task is not None and not was_not_retrieved(self._task)
        return None if is_seen else self._exception

    @property
    def is_error(self) -> bool:
        """Whether it is an error, and not how a task ends whose client has gone."""
        if self._was_error is not None:
            return self._was_error
        return self.error is not None and not is_an_end(self.error)

    @property
    def was_missed(self) -> bool:
        """Whether nobody has seen it."""
        return self.is_error and not self.expected

    @property
    def app_traceback(self) -> str:
        """The traceback without the frames of frameworks."""
        text = "" if self._exception is None else app_traceback(self._exception)
        return text if self._text is None else self._text

    @property
    def log_records(self) -> Collection[logging.LogRecord]:
        """What was logged while the app answered, and by what it started."""
        return self.exchange.log_records

    @property
    def size(self) -> int:
        """About how many bytes are kept of it."""
        return size_of_failure(self._text, self._exception)

    def expect(self) -> None:
        """Take note that it has been seen; asyncio then says nothing of it."""
        self.expected = True
        if self._task is not None:
            self._task.exception()

    def condense(self) -> bool:
        """
        Let go of the frames of the exception, and of the task; tell whether that was possible.

        Who has the task may look at its exception yet. Where nobody else has it, nobody will.
        """
        if self._task is None or sys.getrefcount(self._task) > _OWN_REFERENCES:
            return False
        self._was_error = self.is_error
        self._text = self.app_traceback
        self._task.exception()  # or asyncio would log it now
        self._task = None
        drop_frames(cast("BaseException", self._exception))
        return True

    def forget(self) -> None:
        """Keep no more than a line of it."""
        self._text = last_line_of(self.app_traceback)
        self._exception = None


class _TaskFactory:
    """
    Makes an event loop's tasks as they were made before, and shows them to the exchange in which they are.

    Attributes:
        before: What made the tasks before; None for the event loop itself.
        installed: What the event loop has. Where tasks are eager, it is a factory of asyncio's own kind: by that anyio
            knows that a task of a group must not begin before the group has it.
        is_watching: Whether it shows the tasks; otherwise it only makes them, for one that was put around it.
    """

    def __init__(self, before: Callable[..., Any] | None) -> None:
        constructor = _constructor_of(before)
        self.before = before
        self.is_watching = True
        self._make = before if constructor is None else _made_by(constructor)
        self.installed: Callable[..., Any] = self
        if constructor is not None:
            self.installed = asyncio.create_eager_task_factory(self._construct)  # type: ignore[attr-defined, unused-ignore]

    # Each request is a task: one function for all of it, which saves it half of a percent.
    def __call__(self, loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
        if self._make is None:
            task: Any = asyncio.Task(coroutine, loop=loop, **options)
            if task._source_traceback:  # noqa: SLF001 - in debug mode; the loop leaves its own frame out, too
                del task._source_traceback[-2:]  # noqa: SLF001
        else:
            task = self._make(loop, coroutine, **options)
        if not self.is_watching:
            return task
        exchange = current_exchange.get()
        if exchange is not None:
            exchange.watch(task, coroutine)
        starter = asyncio.current_task(loop)
        if starter is not None or exchange is not None:  # else a request of uvicorn's, or the test itself
            _note_starter(task, starter, sys._getframe(1))  # noqa: SLF001 - documented
        return task

    def _construct(self, coroutine: Any, *, loop: asyncio.AbstractEventLoop, **options: Any) -> Any:
        """Make a task as a constructor of eager tasks does, for asyncio, or for anyio, which wants one that is not."""
        return self(loop, coroutine, **options)


class _Watch:
    """
    The factories that an event loop was given while servers run on it, of which the last one watches.

    Attributes:
        servers: How many servers run.
        apps: What the last app that has set a factory in its startup has set; it is there as long as servers are.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.servers = 0
        self.apps: Callable[..., Any] | None = None
        self._factories: list[_TaskFactory] = []
        self.renew(loop)

    def renew(self, loop: asyncio.AbstractEventLoop) -> None:
        """Watch the tasks of the factory that there is, unless that is done."""
        current = loop.get_task_factory()
        if self._factories:
            last = self._factories[-1]
            if current is last.installed:
                return
            last.is_watching = False  # the program's own may have been put around it
        self._factories.append(_TaskFactory(current))
        loop.set_task_factory(self._factories[-1].installed)

    def programs_own(self, current: Callable[..., Any] | None) -> Callable[..., Any] | None:
        """Return the factory of the program's that is behind one; a program may have put an earlier one back."""
        for factory in reversed(self._factories):
            if current is factory.installed:
                current = factory.before
        return current

    def remove(self, loop: asyncio.AbstractEventLoop) -> None:
        """Leave the event loop with the program's own factory, which it may have set meanwhile."""
        self._factories[-1].is_watching = False
        own = self.programs_own(loop.get_task_factory())
        is_apps = own is not None and own is self.apps
        loop.set_task_factory(self._factories[0].before if is_apps else own)


class TaskWatch:
    """Watches the tasks of an event loop for as long as at least one server runs on it."""

    _watches: ClassVar[WeakKeyDictionary[asyncio.AbstractEventLoop, _Watch]] = WeakKeyDictionary()

    @classmethod
    def begin(cls) -> None:
        """Take note that a server is about to start on the running loop."""
        loop = asyncio.get_running_loop()
        if loop not in cls._watches:
            cls._watches[loop] = _Watch(loop)
        cls._watches[loop].servers += 1

    @classmethod
    def renew(cls) -> None:
        """Go on to watch where an app has just set a factory of its own in its startup; that makes the tasks."""
        loop = asyncio.get_running_loop()
        watch, current = cls._watches[loop], loop.get_task_factory()
        watch.renew(loop)
        if loop.get_task_factory() is not current:
            watch.apps = current

    @classmethod
    def end(cls) -> None:
        """Take note that a server on the running loop has stopped."""
        loop = asyncio.get_running_loop()
        watch = cls._watches[loop]
        watch.servers -= 1
        if watch.servers == 0:
            del cls._watches[loop]
            watch.remove(loop)

    @classmethod
    def factory_of(cls, loop: asyncio.AbstractEventLoop) -> Callable[..., Any] | None:
        """Return what an event loop makes its tasks by, whether or not it is watched."""
        watch, current = cls._watches.get(loop), loop.get_task_factory()
        return current if watch is None else watch.programs_own(current)

    @classmethod
    def set_factory_of(cls, loop: asyncio.AbstractEventLoop, factory: Callable[..., Any] | None) -> None:
        """Have an event loop make its tasks so, or as an app that is served on it has said, and go on to watch it."""
        watch = cls._watches.get(loop)
        if watch is not None and watch.apps is not None:
            factory = watch.apps
        if cls.factory_of(loop) is not factory:
            loop.set_task_factory(factory)
            if watch is not None:
                watch.renew(loop)


def _constructor_of(factory: Callable[..., Any] | None) -> Callable[..., Any] | None:
    """
    Return what a factory of :func:`asyncio.create_eager_task_factory` makes its tasks with; None for any other.

    Python has them since 3.12. They are known in the same way in which anyio knows them.
    """
    eager = getattr(asyncio, "eager_task_factory", None)
    if eager is None or getattr(factory, "__code__", None) is not eager.__code__:
        return None
    constructor: Callable[..., Any] = factory.__closure__[0].cell_contents  # type: ignore[union-attr, index]
    return constructor


def _made_by(constructor: Callable[..., Any]) -> Callable[..., Any]:
    def make(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
        return constructor(coroutine, loop=loop, **options)

    return make


def was_not_retrieved(task: "asyncio.Task[Any]") -> bool:
    """Tell whether a task has failed and nobody has looked at that; asyncio itself asks so before it logs it."""
    return task._log_traceback  # noqa: SLF001


def _note_starter(task: "asyncio.Task[Any]", starter: "asyncio.Task[Any] | None", frame: FrameType | None) -> None:
    """Take note of which task has started one, and whether it did so in a line of a library's."""
    if starter is not None:
        starters[task] = ref(starter)
    while frame is not None and _starts_for_others(frame.f_code.co_filename):
        frame = frame.f_back
    file = "" if frame is None else frame.f_code.co_filename
    if frame is not None and not is_users(file) and not is_frameworks(file):
        librarys_tasks[task] = str(frame.f_globals.get("__name__"))


@functools.cache
def _starts_for_others(file: str) -> bool:
    return file.startswith(_STARTERS)
