"""One event loop for test classes, with hooks, cleanups and contexts that are asynchronous."""

import asyncio
import contextlib
import contextvars
import inspect
import unittest
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar, Literal, ParamSpec, TypeVar

from fastapi_testing.case.loops.awaiting import await_if_needed, call_and_await
from fastapi_testing.case.loops.class_loop import ClassLoop, make_runner
from fastapi_testing.case.loops.kept_context import KeptContext, is_kept
from fastapi_testing.case.loops.run_end import end_with_run
from fastapi_testing.case.loops.running import (
    EndingOnUsersLine,
    call_cleanups,
    closing_class_on,
    keeps_text,
    part_of_a_test,
    run_alone,
    runs_alone,
    warn_of_result,
)
from fastapi_testing.case.loops.share import close_modules
from fastapi_testing.case.loops.shared_loop import SharedLoop
from fastapi_testing.case.loops.staying import StayingTask
from fastapi_testing.case.mistakes.checked_case import CheckedCase

__all__ = ["AsyncClassTestCase", "LoopScope"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_P = ParamSpec("_P")
_T = TypeVar("_T")

LoopScope = Literal["run", "module", "class"]
"""Who shares an event loop."""

# What this module needs of the standard library that is not documented. Should a release of Python rename it, the
# import says so, instead of every test.
_PRIVATE_NAMES = (
    "_setupAsyncioRunner",
    "_tearDownAsyncioRunner",
    "_callSetUp",
    "_callTestMethod",
    "_callTearDown",
    "_callCleanup",
)


def check_standard_library(case: type[unittest.TestCase]) -> None:
    """
    Check that a test case has the private names of :class:`unittest.IsolatedAsyncioTestCase` overridden here.

    Raises:
        ImportError: If one is missing.
    """
    missing = [name for name in _PRIVATE_NAMES if not hasattr(case, name)]
    if missing:
        raise ImportError(f"this Python's unittest.{case.__name__} has no {', '.join(missing)}")


check_standard_library(unittest.IsolatedAsyncioTestCase)

_EMPTY_HOOKS = {
    name: getattr(unittest.IsolatedAsyncioTestCase, name)
    for name in ("setUp", "asyncSetUp", "asyncTearDown", "tearDown")
}
"""Those of the standard library; who patches them, has them called."""


class AsyncClassTestCase(CheckedCase, unittest.IsolatedAsyncioTestCase):
    """
    A test case whose class hooks, tests and cleanups all run on one event loop, which classes may share.

    :class:`unittest.IsolatedAsyncioTestCase` makes a loop for each test, in debug mode; here, a connection pool or a
    server that :meth:`asyncSetUpClass` opens is there for every test of the class. With ``loop_scope = "run"``, what an
    app opens at the top of a module is there for every class.

    A test runs in a copy of the context (:mod:`contextvars`) in which the class was set up. Tasks that a test
    started and left are cancelled at its end.
    """

    loop_factory: ClassVar[Callable[[], asyncio.AbstractEventLoop] | None] = None
    """
    Makes the event loop, such as ``uvloop.new_event_loop``; None for asyncio's default. Only classes with the same one
    share a loop.
    """

    loop_debug: ClassVar[bool] = False
    """Whether the loop is in asyncio's debug mode; it is also where PYTHONASYNCIODEBUG or ``-X dev`` says so."""

    loop_scope: ClassVar[LoopScope] = "class"
    """
    Whether each class has an event loop of its own, or the classes of a module share one, or those of the whole run
    that have the same ``loop_factory``.
    """

    _class_loop: ClassVar[ClassLoop | None] = None
    _framework_interrupted: ClassVar[bool] = False
    _framework_context: contextvars.Context
    _framework_tasks_before: set[asyncio.Task[Any]]
    _framework_staying: StayingTask | None = None
    _framework_cleanups: int = 0
    _cleanups: list[Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._class_loop = None

    @classmethod
    def setUpClass(cls) -> None:
        """Open the class's event loop and run :meth:`asyncSetUpClass` on it."""
        super().setUpClass()
        cls._begin_checks()
        cls._framework_interrupted = False
        cls._class_loop = cls._open_class_loop()
        cls.addClassCleanup(cls._close_class_loop)
        cls._run_class_hook("asyncSetUpClass")

    @classmethod
    def tearDownClass(cls) -> None:
        """Run :meth:`asyncTearDownClass`; the class cleanups come after it, and the event loop's end after them."""
        if not cls._framework_interrupted:  # else everything is closed; pytest calls this nevertheless
            cls._run_class_hook("asyncTearDownClass")
        super().tearDownClass()

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        """
        Prepare what all tests of the class share.

        If it raises, no test is run, :meth:`asyncTearDownClass` neither, but the class cleanups are. Raising
        :exc:`unittest.SkipTest` skips the class.
        """

    @classmethod
    async def asyncTearDownClass(cls) -> None:
        """Undo what :meth:`asyncSetUpClass` did; see :meth:`addAsyncClassCleanup` for the safer way."""

    @classmethod
    def addAsyncClassCleanup(
        cls, function: Callable[_P, Awaitable[Any]], /, *args: _P.args, **kwargs: _P.kwargs
    ) -> None:
        """
        Add a function to be called and awaited after :meth:`asyncTearDownClass`, last added first.

        It is called also if :meth:`asyncSetUpClass` fails. Functions added by :meth:`addClassCleanup` keep their
        place in the same order.

        Raises:
            RuntimeError: If the class is not set up; in a ``setUpClass`` of your own, call ``super()`` first.
        """
        cls._running_class_loop("addAsyncClassCleanup()")
        cls.addClassCleanup(call_and_await, function, *args, **kwargs)

    @classmethod
    def addClassCleanup(cls, function: Callable[_P, Any], /, *args: _P.args, **kwargs: _P.kwargs) -> None:
        """Add a function as :mod:`unittest` does; where it returns an awaitable, that is awaited."""
        super().addClassCleanup(cls._call_class_cleanup, function, *args, **kwargs)

    def addAsyncCleanup(self, func: Callable[_P, Any], /, *args: _P.args, **kwargs: _P.kwargs) -> None:
        """Add a function as :mod:`unittest` does, to be called on the event loop, coroutine function or not."""
        self.addCleanup(call_and_await, func, *args, **kwargs)

    async def enterAsyncContext(self, cm: AbstractAsyncContextManager[_T]) -> _T:
        """
        Enter an asynchronous context manager, and exit it as a cleanup, as :mod:`unittest` does, in the same task.

        What else of the test is awaited runs in this task, too: what a task group or a time-out cancels is the test.

        Returns:
            What its ``__aenter__`` returns.

        Raises:
            TypeError: If it is not an asynchronous context manager.
        """
        if self._framework_staying is not None:
            self._framework_staying.enter()
        return await super().enterAsyncContext(cm)

    @classmethod
    async def enterAsyncClassContext(cls, context: AbstractAsyncContextManager[_T]) -> _T:
        """
        Enter an asynchronous context manager, and exit it as a class cleanup, both in one task of its own.

        What ends it before, such as a task of its task group that fails, is raised by the cleanup.

        Returns:
            What its ``__aenter__`` returns.

        Raises:
            TypeError: If it is not an asynchronous context manager.
            RuntimeError: If this is awaited on another event loop than the class's.
        """
        class_loop = cls._running_class_loop("enterAsyncClassContext()")
        if asyncio.get_running_loop() is not class_loop.runner.get_loop():
            raise RuntimeError(
                f"enterAsyncClassContext() of {cls.__qualname__} is awaited on another event loop than the class's: "
                f"await it in asyncSetUpClass()"
            )
        kept = KeptContext(context, class_loop.context, f"context of {cls.__module__}.{cls.__qualname__}")
        result = await kept.enter()
        cls.addAsyncClassCleanup(kept.leave)
        return result

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        if self._runs_alone(result):
            return run_alone(self, self.defaultTestResult() if result is None else result)
        if self._framework_ends_with_run:
            end_with_run(result)
        try:
            with closing_class_on(type(self), KeyboardInterrupt):
                try:
                    return super().run(result)
                except KeyboardInterrupt as exc:
                    self._cut_short(exc)
                    raise
                finally:
                    self._give_up_staying()
        finally:
            if keeps_text(result):
                self._let_go()

    def debug(self) -> None:
        if self._runs_alone(None) and _does_not_override_set_up(type(self)):
            unittest.TestSuite([self]).debug()
            return
        # Whatever a test raises here goes past the suite, which then calls no hook of the class.
        with closing_class_on(type(self), BaseException):
            try:
                super().debug()
            finally:
                self._give_up_staying()

    @contextlib.contextmanager
    def subTest(self, *args: Any, **params: Any) -> Iterator[None]:
        is_end = self._running_class_loop(self.id()).is_ended_by
        part = part_of_a_test(super().subTest(*args, **params), is_end)
        with part, EndingOnUsersLine(self.failureException), self._checking_part():
            yield

    def _prepare_test(self) -> None:
        """Do what has to be done before ``setUp``, whether or not the user's own calls ``super()``."""

    def _cut_short(self, interruption: KeyboardInterrupt) -> None:  # noqa: ARG002 - for those who override it
        """Call the cleanups of a test that is interrupted, which unittest does not."""
        call_cleanups(self)

    def _give_up_staying(self) -> None:
        staying, self._framework_staying = self._framework_staying, None
        if staying is not None:
            staying.give_up()

    def _setupAsyncioRunner(self) -> None:
        """Override the standard library's: the class has a runner already."""
        if self._class_loop is not None:
            self._class_loop.tests += 1
            self._framework_context = self._class_loop.context.copy()
            self._framework_tasks_before = self._class_loop.tasks()

    def _tearDownAsyncioRunner(self) -> None:
        """Override the standard library's: the class's runner is not the test's to close."""
        if self._class_loop is not None:
            self._class_loop.tests -= 1

    def _leftover_tasks(self) -> set[asyncio.Task[Any]]:
        """Return the tasks that were started since the test began, and have not ended."""
        left = self._running_class_loop(self.id()).tasks() - self._framework_tasks_before
        if not left:
            return left
        stays = self._framework_staying.task if self._framework_staying is not None else None
        return {task for task in left if task is not stays and not is_kept(task)}

    def _callSetUp(self) -> None:
        class_loop = self._running_class_loop(self.id())
        self._unawaited.begin(self._testMethodName)
        # The first cleanup is the last one: what goes wrong in it is this test's error.
        self.addCleanup(self._end_tasks, class_loop)
        self._prepare_test()
        self._framework_staying, self._framework_cleanups = StayingTask(), len(self._cleanups)
        self._call_unless_empty("setUp")
        self._call_unless_empty("asyncSetUp")

    def _end_tasks(self, class_loop: ClassLoop) -> None:
        """Cancel what the test has left, and drop what it has forgotten to await."""
        class_loop.cancel(self._leftover_tasks())
        self._drop_held()

    def _callTestMethod(self, method: Callable[[], Any]) -> None:
        staying = self._framework_staying
        assert staying is not None  # noqa: S101 - the set-up has made it
        staying.is_test = True
        try:
            warn_of_result(self, method, self._call(method))
        finally:
            staying.is_test = False

    def _callTearDown(self) -> None:
        self._call_unless_empty("asyncTearDown")
        self._call_unless_empty("tearDown")

    def _callCleanup(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        staying = self._framework_staying
        if staying is not None and staying.task is not None and len(self._cleanups) < self._framework_cleanups:
            class_loop = self._running_class_loop(self.id())
            class_loop.run(staying.end(), class_loop.context)  # all of the test's own have been called
        self._call(function, *args, **kwargs)

    def _call_unless_empty(self, name: str) -> None:
        """
        Call a hook that somebody has overridden.

        A run of the loop for nothing costs a third of an empty test; what is around each call, a fortieth.
        """
        hook = getattr(self, name)
        if getattr(hook, "__func__", None) is not _EMPTY_HOOKS[name]:
            self._call(hook)

    def _call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a function in the test's context; an asynchronous one, on the class's loop."""
        with EndingOnUsersLine(self.failureException):
            try:
                if inspect.iscoroutinefunction(function):
                    result = self._run(function(*args, **kwargs))
                else:
                    result = self._framework_context.run(function, *args, **kwargs)
                    if result is not None:
                        result = await_if_needed(result, self._run)
            except BaseException as exc:
                self._check_call(function, exc)
                raise
            if self._unawaited.dropped:
                self._check_call(function)
            return result

    def _run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """Run a coroutine on the class's loop, in the test's context, in a task that has the test's name."""
        name = self.id()
        class_loop = self._running_class_loop(name)
        return class_loop.run(coroutine, self._framework_context, name, self._framework_staying)

    def _runs_alone(self, result: unittest.TestResult | None) -> bool:
        return self._class_loop is None and runs_alone(self, result)

    @classmethod
    def _running_class_loop(cls, what: str) -> ClassLoop:
        if cls._class_loop is None:
            raise RuntimeError(
                f"{what} needs the event loop of {cls.__qualname__}, which is not open: call super().setUpClass() "
                f"first in its setUpClass(), and run single tests in a unittest.TestSuite"
            )
        return cls._class_loop

    @classmethod
    def _run_class_hook(cls, name: str) -> None:
        class_loop = cls._running_class_loop(f"{name}()")
        cls._unawaited.begin("")
        with closing_class_on(cls, BaseException, but=Exception), EndingOnUsersLine(Exception):
            try:
                title = f"{name} ({cls.__module__}.{cls.__qualname__})"  # as unittest names those of its own
                class_loop.run(cls._in_time(getattr(cls, name)()), class_loop.context, title)
            except SystemExit as exc:  # unittest would end the run by it, without a word of what has failed before
                raise RuntimeError(f"{name} of {cls.__qualname__} has called sys.exit({exc.code!r})") from exc
            cls._check_hook()

    @classmethod
    def _call_class_cleanup(cls, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        if inspect.iscoroutinefunction(function):
            cls._run_for_class(function(*args, **kwargs))
        elif (result := function(*args, **kwargs)) is not None:
            await_if_needed(result, cls._run_for_class)

    @classmethod
    def _run_for_class(cls, coroutine: Coroutine[Any, Any, _T]) -> _T:
        class_loop = cls._running_class_loop("a class cleanup")
        try:
            return class_loop.run(cls._in_time(coroutine), class_loop.context)
        except SystemExit as exc:  # unittest would end the run by it, without a word of what has failed before
            raise RuntimeError(f"a class cleanup of {cls.__qualname__} has called sys.exit({exc.code!r})") from exc

    @classmethod
    def _open_class_loop(cls) -> ClassLoop:
        return cls._choose_class_loop()

    @classmethod
    def _choose_class_loop(cls) -> ClassLoop:
        scope = cls._choose_loop_scope()
        if scope == "class":
            return ClassLoop(make_runner(cls.loop_factory, debug=cls.loop_debug))
        return cls._shared_loop(scope).lend(debug=cls.loop_debug)

    @classmethod
    def _choose_loop_scope(cls) -> LoopScope:
        if cls.loop_scope not in ("run", "module", "class"):
            raise ValueError(f"loop_scope must be 'run', 'module' or 'class', got {cls.loop_scope!r}")
        return cls.loop_scope

    @classmethod
    def _shared_loop(cls, scope: LoopScope) -> SharedLoop:
        module = None if scope == "run" else cls.__module__
        return SharedLoop.for_class(cls.__module__, module, cls.loop_factory)

    @classmethod
    def _close_class_loop(cls) -> None:
        class_loop = cls._running_class_loop("its end")
        cls._class_loop = None
        try:
            class_loop.run(cls._in_time(class_loop.leave()), class_loop.context)
        finally:
            class_loop.close()
            if cls._framework_interrupted:  # unittest calls no module cleanups then
                close_modules()

    @classmethod
    def _in_time(cls, coroutine: Coroutine[Any, Any, _T]) -> Coroutine[Any, Any, _T]:
        """Return what runs a coroutine of the class within its time."""
        return coroutine


def _does_not_override_set_up(cls: type[AsyncClassTestCase]) -> bool:
    return cls.setUpClass.__func__ is AsyncClassTestCase.setUpClass.__func__  # type: ignore[attr-defined]
