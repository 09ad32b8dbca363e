"""
The limits of a class: what its hooks and cleanups may take, beside its tests.

Theory of operation. A class has one watchdog, from before anything of the class runs to after its last cleanup. It
looks after one call at a time: a hook of the class, then each hook of a test and the test itself, then a cleanup. What
is called within such a call is in its time, but for what has a limit of its own, such as the start of a server: the
limit is paused meanwhile.

Whoever calls ``setUpClass`` and ``tearDownClass`` is unittest, or pytest, and what users write there stands around what
this package does there. So a class that has such a function in its body gets one around it, and one that
inherits it from a mixin in front of the case gets one that calls it.

Where nothing limits a hook, a long one is told, and goes on.
"""

import functools
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from types import CodeType
from typing import Any, ClassVar, TypeVar

from fastapi_testing.case.guards.hangs import choose_hook_timeout, choose_test_timeout
from fastapi_testing.case.guards.hook_timer import HookTimer
from fastapi_testing.case.guards.terminal import print_now
from fastapi_testing.case.guards.watchdog import SyncWatchdog, TestTimeout, Watchdog
from fastapi_testing.case.loops.awaiting import call_and_await
from fastapi_testing.case.loops.class_case import AsyncClassTestCase
from fastapi_testing.case.loops.class_loop import ClassLoop
from fastapi_testing.case.loops.kept_context import KeptContext
from fastapi_testing.case.mistakes.bodies import UNITTESTS, is_ours, unwrapped
from fastapi_testing.case.mistakes.checked_case import CheckedCase
from fastapi_testing.case.mistakes.hooks import is_asynchronous
from fastapi_testing.server.recording.libraries import is_packages
from fastapi_testing.server.recording.recorder import Recorder
from fastapi_testing.server.recording.stacks import name_of

__all__ = ["AsyncClassLimits", "ClassLimits", "describe_cleanup", "leave_in_time"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_T = TypeVar("_T")

_HOOKS = ("setUpClass", "tearDownClass")
"""Those which a class calls that is no test case of this package's."""

_MORE_TIME = "A hook may take as long as a test; hook_timeout = SECONDS on the class gives hooks a time of their own."

_NOTICE = 30.0
"""Seconds after which a hook without a limit is told."""


class _MixinsHook(classmethod):  # type: ignore[type-arg]  # it takes none before Python 3.14
    """A hook that a class was given by this package, so that the one of a mixin in front of the case has a limit."""


def _mixins_hook(case: "type[ClassLimits]", name: str) -> "_MixinsHook | None":
    """Return what calls the hook of a mixin; None where the first one is that of a class with limits, or unittest's."""
    owner = next(base for base in case.__mro__ if name in vars(base))
    if issubclass(owner, ClassLimits) or is_ours(owner) or owner in UNITTESTS:
        return None

    def hook(cls: "type[ClassLimits]", *args: Any, **kwargs: Any) -> Any:
        return getattr(super(case, cls), name)(*args, **kwargs)

    return _MixinsHook(hook)


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
        for name in _HOOKS:
            if isinstance(vars(cls).get(name), _MixinsHook):  # the copy of a class has that of the class
                delattr(cls, name)
        super().__init_subclass__(**kwargs)
        cls._framework_watchdog = None
        for name in _HOOKS:
            own = vars(cls).get(name, _mixins_hook(cls, name))
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
            report, cause = cls._report_of_hook(exc), exc.__cause__
        raise cls.failureException(report) from cause

    @classmethod
    async def _await_hook(cls, who: str, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """Await a hook of the class on the event loop of another thread, with the same limit."""
        seconds, is_ended = cls._hook_seconds or _NOTICE, cls._hook_seconds is not None
        timer = HookTimer(f"{who} of {cls.__qualname__}", seconds, _tell_main_thread, is_ended=is_ended)
        try:
            return await timer.run(coroutine)
        except TestTimeout as exc:
            report, cause = cls._report_of_hook(exc), exc.__cause__
        raise cls.failureException(report) from cause

    @classmethod
    def _report_of_hook(cls, timeout: TestTimeout) -> str:
        return str(timeout) if cls.hook_timeout is not None else f"{timeout}\n{_MORE_TIME}"

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

    def _call_as_hook(self, who: str, function: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Run for a test, and in its context, what a class otherwise does in a hook of its own, and so in its time."""
        # Where tests have a limit, all that they run is in time.
        awaited = function if self._test_seconds is not None else lambda: self._in_time(function())
        result: _T = self._call_hook(who, partial(super()._call, awaited))
        return result

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


def _tell_main_thread(report: str) -> None:
    print_now(report, threading.main_thread().ident or 0)


def describe_cleanup(function: Callable[..., Any], args: tuple[Any, ...]) -> str | None:
    """Return what reports call a class cleanup; None for one of the framework's own."""
    called, *rest = (function, *args) if function is not call_and_await else args
    kept = getattr(called, "__self__", None)
    if isinstance(kept, KeptContext):
        called, rest = type(kept.context).__aexit__, [kept.context]
    code = getattr(unwrapped(called), "__code__", None)
    if getattr(called, "__name__", "") in ("__exit__", "__aexit__") and rest:  # of a context that was entered
        generator = getattr(rest[0], "gen", None)  # of one that contextlib has made
        called = type(rest[0]) if generator is None else generator
        code = getattr(generator, "ag_code", None) or getattr(generator, "gi_code", code)
    is_frameworks = isinstance(code, CodeType) and is_packages(code.co_filename)
    return None if is_frameworks else f"the class cleanup {name_of(called)}()"


def _limited(own: "classmethod[Any, Any, Any]", name: str) -> "classmethod[Any, Any, Any]":
    """Return a hook of a class's own within its time."""

    @functools.wraps(own.__func__)
    def hook(cls: type[ClassLimits], *args: Any, **kwargs: Any) -> Any:
        if name == "setUpClass":
            cls._begin_limits()
        return cls._call_hook(name, partial(own.__get__(None, cls), *args, **kwargs))

    return type(own)(hook)
