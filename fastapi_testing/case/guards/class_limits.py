"""
The limits of a class: what its hooks and cleanups may take, beside its tests.

Theory of operation. A class has one watchdog, from before anything of the class runs to after its last cleanup. It
looks after one call at a time: a hook of the class, then each hook of a test and the test itself, then a cleanup. What
is called within such a call is in its time, but for what has a limit of its own, such as the start of a server: the
limit is paused meanwhile.

Whoever calls ``setUpClass`` and ``tearDownClass`` is unittest, or pytest, and what users write there stands around what
this package does there. So a class that has such a function in its body gets one around it.

Where nothing limits a hook, a long one is told, and goes on.
"""

import asyncio
import functools
import inspect
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any, ClassVar, TypeVar

from fastapi_testing.case.guards.hangs import choose_hook_timeout, choose_test_timeout, describe_hang
from fastapi_testing.case.guards.terminal import print_now
from fastapi_testing.case.guards.watchdog import SyncWatchdog, TestTimeout, Watchdog
from fastapi_testing.case.loops.awaiting import call_and_await
from fastapi_testing.case.loops.class_case import AsyncClassTestCase
from fastapi_testing.case.loops.class_loop import ClassLoop
from fastapi_testing.case.mistakes.checked_case import CheckedCase
from fastapi_testing.case.mistakes.hooks import is_asynchronous
from fastapi_testing.server.cancelling import cancel_tasks
from fastapi_testing.server.recording.libraries import is_packages
from fastapi_testing.server.recording.recorder import Recorder
from fastapi_testing.server.recording.stacks import is_debugging, name_of

__all__ = ["AsyncClassLimits", "ClassLimits", "describe_cleanup", "leave_in_time"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_T = TypeVar("_T")

_NOTICE = 30.0
"""Seconds after which a hook without a limit is told."""

_LOOK = 0.25
"""Seconds between two looks for a debugger, at the most."""


class ClassLimits(CheckedCase):
    """A test case whose tests, hooks and cleanups have an end, where the class or the environment sets a limit."""

    test_timeout: ClassVar[float | None] = None
    """Seconds that a test may take, and each of its hooks; None for FASTAPI_TESTING_TEST_TIMEOUT, or no limit."""

    hook_timeout: ClassVar[float | None] = None
    """
    Seconds that each hook of the class may take, ``create_app``, and each of its cleanups; None for as long as a test.
    """

    _watchdog_class: ClassVar[type[SyncWatchdog]] = SyncWatchdog
    _framework_watchdog: ClassVar[SyncWatchdog | None] = None  # of a class itself, and not of one that it inherits from
    _test_seconds: ClassVar[float | None] = None
    _hook_seconds: ClassVar[float | None] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._framework_watchdog = None
        for name in ("setUpClass", "tearDownClass"):
            own = vars(cls).get(name)
            if isinstance(own, classmethod) and not is_asynchronous(own):
                setattr(cls, name, _limited(own, name))

    @classmethod
    def _begin_checks(cls) -> None:
        cls._begin_limits()
        super()._begin_checks()

    @classmethod
    def _begin_limits(cls) -> None:
        """Begin to look after the class, where nobody does yet; its last cleanup ends that."""
        if cls._framework_watchdog is not None:
            return
        cls._test_seconds, cls._hook_seconds = choose_test_timeout(cls), choose_hook_timeout(cls)
        limits = [seconds for seconds in (cls._test_seconds, cls._hook_seconds) if seconds is not None]
        cls._framework_watchdog = cls._watchdog_class(*(limits or [_NOTICE]), interrupts=bool(limits))
        cls.addClassCleanup(cls._end_limits)

    @classmethod
    def _end_limits(cls) -> None:
        watchdog, cls._framework_watchdog = cls._framework_watchdog, None
        assert watchdog is not None  # noqa: S101 - it has begun
        watchdog.close()

    @classmethod
    def _call_hook(cls, who: str, call: Callable[[], _T]) -> _T:
        """Make a call within the time of a hook, and fail if it takes longer; where there is no limit, tell."""
        watchdog = cls._framework_watchdog
        if watchdog is None:
            return call()
        seconds, is_ended = cls._hook_seconds or _NOTICE, cls._hook_seconds is not None
        try:
            return watchdog.call(call, seconds, who=f"{who} of {cls.__qualname__}", is_ended=is_ended)
        except TestTimeout as exc:
            report, cause = str(exc), exc.__cause__
        raise cls.failureException(report) from cause

    @classmethod
    async def _await_hook(cls, who: str, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """Await a hook of the class on the event loop of another thread, with the same limit."""
        seconds = cls._hook_seconds or _NOTICE
        task = asyncio.ensure_future(coroutine)
        try:
            if not await _ends_within(seconds, task):
                report = describe_hang(f"{who} of {cls.__qualname__}", seconds, task, ())
                if cls._hook_seconds is not None:
                    raise cls.failureException(report)
                print_now(report, threading.main_thread().ident or 0)
            return await task
        finally:
            if not task.done():
                await cancel_tasks({task})

    def _within(self, call: Callable[[], _T]) -> _T:
        """Make a call within the time of a test, and fail the test if it takes longer."""
        assert self._framework_watchdog is not None  # noqa: S101 - the class is set up
        assert self._test_seconds is not None  # noqa: S101 - where there is no limit, this is not called
        try:
            return self._framework_watchdog.call(call, self._test_seconds, self._seen_recorders())
        except TestTimeout as exc:
            report, cause = str(exc), exc.__cause__
        raise self.failureException(report) from cause

    def _seen_recorders(self) -> Sequence[Recorder]:
        """Return the recorders of the servers whose requests in flight the report of a test shows."""
        return ()

    @classmethod
    @contextmanager
    def _unlimited(cls) -> Iterator[None]:
        """Do in a hook what has a limit of its own."""
        with nullcontext() if cls._framework_watchdog is None else cls._framework_watchdog.paused():
            yield


class AsyncClassLimits(ClassLimits, AsyncClassTestCase):
    """The same on the event loop of a class: what awaits is cancelled there."""

    _watchdog_class: ClassVar[type[SyncWatchdog]] = Watchdog
    _framework_watchdog: ClassVar[Watchdog | None] = None

    @classmethod
    def _run_class_hook(cls, name: str) -> None:
        cls._call_hook(name, partial(super()._run_class_hook, name))

    @classmethod
    def _call_class_cleanup(cls, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        who = describe_cleanup(function, args) or "the end"
        cls._call_hook(who, partial(super()._call_class_cleanup, function, *args, **kwargs))

    @classmethod
    def _in_time(cls, coroutine: Coroutine[Any, Any, _T]) -> Coroutine[Any, Any, _T]:
        return coroutine if cls._framework_watchdog is None else cls._framework_watchdog.run(coroutine)

    @classmethod
    def _open_class_loop(cls) -> ClassLoop:
        class_loop = super()._open_class_loop()
        assert cls._framework_watchdog is not None  # noqa: S101 - the set-up of the class has begun with it
        cls._framework_watchdog.loop = class_loop.runner.get_loop()
        return class_loop

    @classmethod
    def _take_over_blocks(cls, after: float) -> None:
        """Leave it to somebody else to tell of what blocks the event loop, where that is sooner."""
        assert cls._framework_watchdog is not None  # noqa: S101 - as above
        cls._framework_watchdog.tells_blocks = not 0 < after <= _NOTICE

    def _call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self._test_seconds is None:
            return super()._call(function, *args, **kwargs)
        return self._within(partial(super()._call, function, *args, **kwargs))

    def _run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        return super()._run(coroutine if self._test_seconds is None else self._in_time(coroutine))


def leave_in_time(class_loop: ClassLoop, seconds: float | None, who: str) -> None:
    """
    End all that is on an event loop which several classes have shared, with the limit of a hook.

    Raises:
        TestTimeout: If it takes longer; where there is no limit, that is told.
    """
    limit = seconds or _NOTICE
    watchdog = Watchdog(limit, interrupts=seconds is not None)
    watchdog.loop = class_loop.runner.get_loop()
    leave = partial(class_loop.run, watchdog.run(class_loop.leave()), class_loop.context)
    try:
        watchdog.call(leave, limit, who=who, is_ended=seconds is not None)
    finally:
        watchdog.close()


async def _ends_within(seconds: float, task: "asyncio.Task[Any]") -> bool:
    """Tell whether a task ends in time, where the time in a debugger does not count."""
    left = seconds
    while not task.done() and left > 0:
        pause = min(left, _LOOK)
        await asyncio.wait([task], timeout=pause)
        # A debugger on this thread holds this up too: however long it does, that counts as one pause.
        left -= 0 if is_debugging() else pause
    return task.done()


def describe_cleanup(function: Callable[..., Any], args: tuple[Any, ...]) -> str | None:
    """Return what reports call a class cleanup; None for one of the framework's own."""
    called, *rest = (function, *args) if function is not call_and_await else args
    code = getattr(inspect.unwrap(called), "__code__", None)
    if getattr(called, "__name__", "") in ("__exit__", "__aexit__") and rest:  # of a context that was entered
        generator = getattr(rest[0], "gen", None)  # of one that contextlib has made
        called = type(rest[0]) if generator is None else generator
        code = getattr(generator, "ag_code", None) or getattr(generator, "gi_code", code)
    is_ours = code is not None and is_packages(code.co_filename)
    return None if is_ours else f"the class cleanup {name_of(called)}()"


def _limited(own: "classmethod[Any, Any, Any]", name: str) -> "classmethod[Any, Any, Any]":
    """Return a hook of a class's own within its time."""

    @functools.wraps(own.__func__)
    def hook(cls: type[ClassLimits]) -> Any:
        if name == "setUpClass":
            cls._begin_limits()
        return cls._call_hook(name, own.__get__(None, cls))

    return classmethod(hook)
