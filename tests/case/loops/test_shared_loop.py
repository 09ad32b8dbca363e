"""One event loop for several classes: who shares it, what a class leaves on it, and its end."""

import asyncio
import contextvars
import os
import signal
import sys
import threading
import time
import unittest
import unittest.mock
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from fastapi_testing import AsyncClassTestCase
from fastapi_testing.case.loops import shared_loop
from fastapi_testing.case.loops.executor import SharedExecutor
from fastapi_testing.case.loops.share import close_all, close_modules
from fastapi_testing.case.loops.shared_loop import SharedLoop
from tests.processes import ROOT, run_python
from tests.resources import held_resources
from tests.running import outcomes, run_classes
from tests.timing import MS

Factory = Callable[[], asyncio.AbstractEventLoop]

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


def default_loop() -> asyncio.AbstractEventLoop:
    """Make asyncio's own loop, for these tests alone."""
    return asyncio.new_event_loop()


def uvloops() -> asyncio.AbstractEventLoop:
    """Make a loop of uvloop's."""
    import uvloop  # noqa: PLC0415 - not on Windows

    return uvloop.new_event_loop()


FACTORIES: tuple[Factory, ...] = (default_loop, uvloops)

FORK = """
from fastapi_testing.case.loops.share import close_all
from tests.case.loops.test_shared_loop import Sharing, made, use_a_thread
from tests.processes import in_fork
from tests.running import outcomes, run_classes


def passes(**attributes):
    return not outcomes(run_classes(made(**attributes)))


def run_one():
    close_all()
    is_well = passes() and Sharing.loops[0] is not Sharing.loops[1]
    close_all()
    return is_well and not Sharing.loops[0].is_closed()


assert passes()
assert in_fork(run_one)
assert passes(test=use_a_thread)  # which wakes the loop from another thread
assert Sharing.loops[0] is Sharing.loops[1]
"""


class Sharing(AsyncClassTestCase):
    """The base of the cases that are run inside a test; each notes the loop it has."""

    loop_scope = "run"
    loop_factory = staticmethod(default_loop)
    loops: ClassVar[list[asyncio.AbstractEventLoop]] = []

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        await super().asyncSetUpClass()
        cls.loops.append(asyncio.get_running_loop())


def made(**attributes: Any) -> type[Sharing]:
    """Return a class that shares a loop."""
    return type("Case", (Sharing,), {"__module__": __name__, "test": lambda _: None, **attributes})


async def use_a_thread(_: Any) -> None:
    """Be a test that has something done in a thread."""
    await asyncio.to_thread(int)


class SharedLoopCase(unittest.TestCase):
    """The base of the tests: it closes what they have opened."""

    def setUp(self) -> None:
        Sharing.loops.clear()
        self.addCleanup(close_modules)
        for factory in FACTORIES:
            self.addCleanup(self.close, factory)

    def close(self, factory: Factory) -> None:
        """Close a loop that was shared, if it is open."""
        SharedLoop.for_class(__name__, None, factory).close()

    def run_classes(self, *cases: type[unittest.TestCase]) -> None:
        """Run classes, which have to pass."""
        self.assertEqual(outcomes(run_classes(*cases)), {})

    def on_each(self) -> list[dict[str, Any]]:
        """Return what a class says to run on each kind of loop."""
        return [{"loop_factory": staticmethod(factory)} for factory in FACTORIES]


class WhoTests(SharedLoopCase):
    """Who shares a loop."""

    def test_run(self) -> None:
        """Classes of several modules share the loop of the run, which goes on after them."""
        self.run_classes(*(made(__module__=f"no module {name}") for name in "abc"))
        self.assertEqual((len(Sharing.loops), len({*Sharing.loops})), (3, 1))
        self.assertFalse(Sharing.loops[0].is_closed())
        self.close(default_loop)
        self.assertTrue(Sharing.loops[0].is_closed())

    def test_module(self) -> None:
        """Those of a module share that of the module, which is closed when it ends."""
        cases = [made(__module__=name, loop_scope="module") for name in ("no module", "no module", __name__)]
        self.run_classes(*cases)
        first, second, third = Sharing.loops
        self.assertIs(first, second)
        self.assertIsNot(first, third)
        self.assertTrue(first.is_closed() and third.is_closed())

    def test_module_without_cleanups(self) -> None:
        """Where nobody calls the cleanups of a module, the first class of another one closes its loop."""
        for name in "ab":
            case = made(__module__=f"no module {name}", loop_scope="module")
            case.setUpClass()
            case.tearDownClass()
            case.doClassCleanups()
        self.assertEqual([loop.is_closed() for loop in Sharing.loops], [True, False])
        unittest.doModuleCleanups()
        self.assertTrue(Sharing.loops[1].is_closed())

    def test_class(self) -> None:
        """A class may have its own, which is closed with it."""
        self.run_classes(made(loop_scope="class"), made(loop_scope="class"))
        self.assertEqual((len({*Sharing.loops}), [loop.is_closed() for loop in Sharing.loops]), (2, [True, True]))

    def test_other_factories(self) -> None:
        """Another factory makes another loop."""
        self.run_classes(made(), made(loop_factory=staticmethod(uvloops)), made())
        self.assertEqual(len({*Sharing.loops}), 2)

    def test_threads(self) -> None:
        """Another thread has another loop, which is closed by the next class once the thread has ended."""
        self.run_classes(made())
        thread = threading.Thread(target=self.run_classes, args=[made()])
        thread.start()
        thread.join()
        own, others = Sharing.loops
        self.assertIsNot(own, others)
        self.assertFalse(others.is_closed())
        self.run_classes(made())
        self.assertEqual((others.is_closed(), own.is_closed()), (True, False))

    def test_loop_of_a_thread_that_goes_on(self) -> None:
        """The loop of a thread that has not ended is no other's to close."""
        told, may_end = threading.Event(), threading.Event()

        def run() -> None:
            self.run_classes(made(loop_scope="module", __module__="no module a"))
            SharedLoop.for_class("no module a", None, default_loop)
            told.set()
            may_end.wait()

        thread = threading.Thread(target=run)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(may_end.set)
        told.wait()
        before = SharedLoop.for_class("no module a", None, uvloops)
        close_all()
        self.assertTrue(before.runner.get_loop().is_closed())
        may_end.set()
        thread.join()
        close_all()

    def test_other_values(self) -> None:
        """What is no scope is refused by name."""
        told = outcomes(run_classes(made(loop_scope="session")))
        text = "ValueError: loop_scope must be 'run', 'module' or 'class', got 'session'"
        self.assertEqual(told, {"setUpClass": text})

    def test_suite_within_a_test(self) -> None:
        """A test that runs a suite lends it its own loop, and keeps its tasks and generators."""
        for attributes in self.on_each():

            async def count() -> AsyncIterator[int]:
                yield 1
                yield 2

            async def begin(case: Any) -> None:
                case.numbers, case.may_end = count(), asyncio.Event()
                case.task = asyncio.create_task(case.may_end.wait())
                await anext(case.numbers)

            def test(case: Any) -> None:
                self.run_classes(*(made(**case.own) for _ in range(2)))
                unittest.doModuleCleanups()

            async def go_on(case: Any) -> None:
                case.may_end.set()
                self.assertTrue(await case.task)
                self.assertEqual(await anext(case.numbers), 2)
                await case.numbers.aclose()

            Sharing.loops.clear()
            own = {"loop_scope": "module", **attributes}
            self.run_classes(made(asyncSetUp=begin, test=test, asyncTearDown=go_on, own=own, **own))
            self.assertEqual((len(Sharing.loops), len({*Sharing.loops})), (3, 1))

    def test_closed_by_a_test(self) -> None:
        """A loop that somebody has closed is nobody's any more: the next class has a new one."""
        self.run_classes(made())
        Sharing.loops[0].close()
        self.run_classes(made())
        self.assertIsNot(*Sharing.loops)

    def test_threads_shut_down_by_an_app(self) -> None:
        """With its threads, a loop is over: the next class has a new one."""

        async def test(_: Any) -> None:
            await asyncio.get_running_loop().shutdown_default_executor()

        for attributes in self.on_each():
            Sharing.loops.clear()
            self.run_classes(made(test=test, **attributes), made(test=use_a_thread, **attributes))
            self.assertIsNot(*Sharing.loops)

    @unittest.skipUnless(hasattr(os, "fork"), "needs fork()")
    def test_fork(self) -> None:
        """The child of a fork has a loop of its own, and leaves that of its parent alone."""
        run = run_python("-W", "error", "-c", FORK, folder=ROOT)
        self.assertEqual((run.returncode, run.stdout), (0, ""))


class BorrowedTests(SharedLoopCase):
    """What a class finds on a loop that others had before, and what it leaves."""

    def test_settings(self) -> None:
        """Debug mode, handlers, task factory and executor are as they were, whatever a class has made of them."""
        found: list[object] = []

        def factory(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
            return asyncio.Task(coroutine, loop=loop, **options)

        async def look(_: Any) -> None:
            loop = asyncio.get_running_loop()
            name = await asyncio.to_thread(lambda: threading.current_thread().name)
            settings = (loop.get_debug(), loop.get_exception_handler(), loop.get_task_factory())
            found.append((*settings, loop.slow_callback_duration, name.partition("_")[0]))

        async def change(_: Any) -> None:
            loop = asyncio.get_running_loop()
            self.assertTrue(loop.get_debug())
            loop.set_exception_handler(lambda *_: None)  # pragma: no cover - nothing goes wrong
            loop.set_task_factory(factory)
            loop.slow_callback_duration = 7.0
            loop.set_default_executor(SharedExecutor())
            loop.add_signal_handler(signal.SIGUSR1, print)
            loop.add_signal_handler(signal.SIGINT, print)  # as the client of engineio does

        for number, handler in ((signal.SIGUSR1, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
            self.addCleanup(signal.signal, number, signal.signal(number, handler))
        for attributes in self.on_each():
            found.clear()
            changing = made(test=change, loop_debug=True, **attributes)
            self.run_classes(made(test=look, **attributes), changing, made(test=look, **attributes))
            self.assertEqual(found[0], found[1])
            self.assertEqual(signal.getsignal(signal.SIGUSR1), signal.SIG_DFL)
            self.assertEqual(signal.getsignal(signal.SIGINT), signal.default_int_handler)

    def test_context(self) -> None:
        """A context variable that a class sets is not seen by the next."""

        class First(Sharing):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                variable.set("first")

            async def test(self) -> None:
                self.assertEqual(variable.get(), "first")

        async def test(_: Any) -> None:
            self.assertEqual(variable.get(), "unset")

        self.run_classes(First, made(test=test))

    def test_current_loop(self) -> None:
        """Sync code of a class finds its loop, if it is asyncio's own, and there is none afterwards."""

        def test(_: Any) -> None:
            self.assertIs(asyncio.get_event_loop(), Sharing.loops[-1])

        case = made(test=test, loop_factory=None, loop_scope="module")
        self.run_classes(case, made(test=test, loop_factory=None, loop_scope="module"))
        with self.assertRaises(RuntimeError), warnings.catch_warnings(action="ignore"):
            asyncio.get_event_loop()

    def test_tasks(self) -> None:
        """The tasks of a class are cancelled at its end, and what they raise then is told to its own handler."""
        tasks: list[asyncio.Task[Any]] = []
        told: list[str] = []

        async def fail() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                raise LookupError("in the task")

        class First(Sharing):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["message"]))
                tasks.extend(map(asyncio.create_task, (asyncio.Event().wait(), fail())))
                await asyncio.sleep(0)

            async def test(self) -> None: ...

        async def test(_: Any) -> None:
            self.assertEqual([task.done() for task in tasks], [True, True])

        self.run_classes(First, made(test=test))
        self.assertEqual(told, ["unhandled exception while a test's leftover task was cancelled"])

    def test_generators(self) -> None:
        """Asynchronous generators that a class leaves are closed at its end; the loop takes more of them then."""
        kept: list[Any] = []
        ended: list[str] = []
        told: list[Any] = []

        async def numbers(name: str) -> AsyncIterator[int]:
            try:
                yield 1
            finally:
                await asyncio.sleep(0)
                ended.append(name)
                if name == "bad":
                    raise LookupError("no more numbers")

        async def begin(_: Any) -> None:
            asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
            kept[:] = [numbers(name) for name in ("good", "bad", "whole")]
            self.assertEqual([await anext(each) for each in kept], [1, 1, 1])
            async for _ in kept[2]:
                pass  # pragma: no cover - there are no more

        async def look(_: Any) -> None:
            self.assertEqual(sorted(ended), ["bad", "good", "whole"])
            self.assertEqual([number async for number in numbers("later")], [1])

        for attributes in self.on_each():
            ended.clear()
            told.clear()
            with warnings.catch_warnings():  # of asyncio, where a loop has shut its generators down
                warnings.simplefilter("error")
                self.run_classes(made(test=begin, **attributes), made(test=look, **attributes))
            (context,) = told
            start = "an error occurred during closing of asynchronous generator <async_generator object "
            self.assertTrue(context["message"].startswith(start), context)
            self.assertEqual((str(context["exception"]), context["asyncgen"]), ("no more numbers", kept[1]))

    def test_exit_of_an_app(self) -> None:
        """A generator that begins after something has left the loop is closed as well."""
        hooks: list[Any] = []

        async def test(_: Any) -> None:
            hooks.append(sys.get_asyncgen_hooks().firstiter)

        self.run_classes(made(test=test))
        self.assertEqual(hooks[0].__name__, "_note_generator")
        self.assertIsNone(sys.get_asyncgen_hooks().firstiter)

    def test_generators_without_a_hook(self) -> None:
        """A loop that does not look at generators itself is none the worse for it."""
        seen: list[Any] = []

        async def numbers() -> AsyncIterator[int]:
            yield 1

        async def test(case: Any) -> None:
            loop = case._class_loop
            sys.set_asyncgen_hooks(firstiter=None)
            loop._enter()
            seen.append(numbers())
            await anext(seen[0])
            await seen[0].aclose()

        self.run_classes(made(test=test))

    def test_threads(self) -> None:
        """What a class has left running in a thread is waited for, and the next class has the same threads."""
        threads: list[threading.Thread] = []
        done: list[str] = []
        may_end = threading.Event()

        def work() -> None:
            may_end.wait()
            done.append("work")
            raise LookupError("nobody looks at it")

        async def leave(_: Any) -> None:
            threads.append(await asyncio.to_thread(threading.current_thread))
            loop = asyncio.get_running_loop()
            self.future = loop.run_in_executor(None, work)
            self.future.add_done_callback(lambda future: future.cancelled() or future.exception())
            loop.call_later(MS, may_end.set)

        async def look(_: Any) -> None:
            self.assertEqual(done, ["work"])
            self.assertTrue(threads[0].is_alive())

        for attributes in self.on_each():
            may_end.clear()
            done.clear()
            threads.clear()
            self.run_classes(made(test=leave, **attributes), made(test=look, **attributes))

    def test_cancelled_call(self) -> None:
        """A call in a thread that is cancelled before it begins is no trouble."""
        may_end = threading.Event()

        async def leave(_: Any) -> None:
            loop = asyncio.get_running_loop()
            busy = [loop.run_in_executor(None, may_end.wait) for _ in range(100)]
            loop.call_later(MS, busy[-1].cancel)
            loop.call_later(2 * MS, may_end.set)

        self.run_classes(made(test=leave))

    def test_wait_that_is_broken_off(self) -> None:
        """A wait for a thread that is interrupted leaves the thread alone, and the next class has others."""
        may_end = threading.Event()
        self.addCleanup(may_end.set)
        shared = SharedLoop.for_class(__name__, None, default_loop)
        view = shared.lend()
        before = shared.executor

        async def leave() -> None:
            asyncio.get_running_loop().run_in_executor(None, may_end.wait)
            asyncio.get_running_loop().call_later(MS, asyncio.current_task().cancel)  # type: ignore[union-attr]
            await view.leave()

        with self.assertRaises(asyncio.CancelledError):
            view.run(leave(), view.context)
        view.close()
        self.assertIsNot(shared.executor, before)
        self.run_classes(made())
        may_end.set()

    def test_nothing_is_left(self) -> None:
        """Sixty classes leave no more descriptors, threads and tasks than ten."""

        async def fill(_: Any) -> None:
            await asyncio.gather(*(asyncio.to_thread(time.sleep, 5 * MS) for _ in range(50)))  # all threads of a loop

        async def test(_: Any) -> None:
            await asyncio.gather(*(asyncio.to_thread(int) for _ in range(3)))

        cases = [made(test=test) for _ in range(60)]
        self.run_classes(made(test=fill), *cases[:10])
        descriptors, threads = held_resources()
        self.run_classes(*cases)
        self.assertEqual(held_resources()[0], descriptors)
        self.assertLessEqual(held_resources()[1], threads)
        self.assertEqual(asyncio.all_tasks(Sharing.loops[0]), set())


class EndTests(SharedLoopCase):
    """The end of a loop that is shared."""

    def test_in_silence(self) -> None:
        """What an app has left is ended, in a bounded time, and nothing is said of it."""
        ended: list[str] = []

        async def stubborn() -> None:
            while True:
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    ended.append("cancelled")

        async def numbers() -> AsyncIterator[int]:
            try:
                yield 1
            finally:
                ended.append("closed")
                await asyncio.Event().wait()

        async def begin() -> tuple[Any, ...]:
            generator = numbers()
            await anext(generator)
            task = asyncio.create_task(stubborn())
            await asyncio.sleep(0)
            return task, generator

        for factory in FACTORIES:
            with self.subTest(factory=factory.__name__), self.short_grace():
                ended.clear()
                shared = SharedLoop.for_class(__name__, None, factory)
                with warnings.catch_warnings(), self.assertNoLogs("asyncio"):
                    warnings.simplefilter("error")
                    left = shared.runner.run(begin())
                    shared.close()
                    self.assertTrue(shared.runner.get_loop().is_closed())
                    self.assertEqual(sorted(ended), ["cancelled", "closed"])
                    shared._end()  # once more, by nobody's fault
                    left[0]._log_destroy_pending = False
                    del left

    @contextmanager
    def short_grace(self) -> Iterator[None]:
        """Have what is left no long time to end."""
        with unittest.mock.patch.object(shared_loop, "_GRACE", 10 * MS):
            yield
