"""The task of a test that has entered a context: task groups, time-outs, scopes."""

import asyncio
import contextlib
import signal
import sys
import unittest
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from functools import partial
from typing import Any

import anyio
from fastapi import FastAPI

from fastapi_testing import AsyncClassTestCase, AsyncServerTestCase, Server
from tests.case.loops.test_leaving import interrupt_thrice, interrupt_twice
from tests.loops import LOOPS
from tests.running import outcomes, run_classes
from tests.timing import MS

Run = Callable[[], Coroutine[Any, Any, None]]

variable: ContextVar[str] = ContextVar("variable", default="")

CANCELLED = (
    "cancelled, as by a task group, a time-out or a scope that was entered with enterAsyncContext(): a task group "
    "tells what has failed in it where it is left; a time-out or a scope tells nothing more"
)


@contextlib.asynccontextmanager
async def anyio_group(run: Run = anyio.sleep_forever) -> AsyncIterator[None]:
    """Run a function in a task group of anyio's."""
    async with anyio.create_task_group() as group:
        group.start_soon(run)
        variable.set("entered")
        yield
        group.cancel_scope.cancel()


@contextlib.asynccontextmanager
async def asyncio_group(run: Run = anyio.sleep_forever) -> AsyncIterator[None]:
    """Run a function in a task group of asyncio's."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run())
        variable.set("entered")
        yield
        task.cancel()


GROUPS = (anyio_group, asyncio_group)


async def fail() -> None:
    """Fail in a moment."""
    await asyncio.sleep(MS)
    raise ValueError("in the group")


class Entering(AsyncServerTestCase):
    """The base of those that enter a context in a hook."""

    app = FastAPI()
    enter: Callable[[], AbstractAsyncContextManager[object]] = anyio_group
    tasks: list[object]
    called: list[str]
    loop: asyncio.AbstractEventLoop

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.tasks = []
        cls.called = []

    def note(self) -> None:
        """Note the task that is running."""
        self.tasks.append(asyncio.current_task())

    async def asyncSetUp(self) -> None:
        self.addAsyncCleanup(self.clean)
        await self.enterAsyncContext(type(self).enter())
        self.note()

    async def asyncTearDown(self) -> None:
        self.called.append("tearDown")
        self.note()

    async def clean(self) -> None:
        """Note where the first cleanup runs, which comes last."""
        self.called.append("cleanup")
        self.note()


def made(attributes: dict[str, Any]) -> type[Entering]:
    """Return a class with these attributes."""
    return type("Case", (Entering,), attributes)


def run_with(test: Callable[..., Any], **attributes: Any) -> tuple[type[Entering], unittest.TestResult]:
    """Run a class with this test."""
    case = made({"test": test, **attributes})
    return case, run_classes(case)


class ContextTests(unittest.TestCase):
    """What a test enters."""

    maxDiff = None

    def test_hook(self) -> None:
        """What a hook has entered is left in the same task, in which everything that is awaited runs."""

        async def test(self: Entering) -> None:
            self.note()
            self.assertEqual((await self.client.get("/")).status_code, 404)
            self.assertEqual(variable.get(), "entered")
            with self.subTest("a part"):
                await asyncio.sleep(0)

        for factory in LOOPS:
            for enter in GROUPS:
                with self.subTest(loop=factory, enter=enter.__name__):
                    case, result = run_with(test, enter=staticmethod(enter), loop_factory=factory)
                    self.assertEqual(outcomes(result), {})
                    self.assertEqual(len(case.tasks), 4)
                    self.assertEqual(len(set(case.tasks)), 1)

    def test_test(self) -> None:
        """So is what the test itself enters, twice, and what a function of its calls."""

        async def enter(self: AsyncClassTestCase) -> None:
            await self.enterAsyncContext(anyio_group())

        class Case(AsyncClassTestCase):
            async def test(self) -> None:
                await enter(self)
                await self.enterAsyncContext(asyncio_group())
                self.addCleanup(seen.append, variable)

        seen: list[object] = []
        self.assertEqual(outcomes(run_classes(Case)), {})
        self.assertEqual(seen, [variable])

    def test_task_of_the_test(self) -> None:
        """A task that the test has started is not the test's."""

        class Case(AsyncClassTestCase):
            async def test(self) -> None:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self.enterAsyncContext(contextlib.AsyncExitStack()))
                self.addAsyncCleanup(self.note)
                self.task = asyncio.current_task()

            async def note(self) -> None:
                seen.append(asyncio.current_task() is self.task)

        seen: list[bool] = []
        self.assertEqual(outcomes(run_classes(Case)), {})
        self.assertEqual(seen, [False])

    def test_failures(self) -> None:
        """What fails in a group ends the test at once, and is told where the group is left."""

        async def test(_: Entering) -> None:
            await asyncio.Event().wait()

        for enter in GROUPS:
            with self.subTest(enter=enter.__name__):
                case, result = run_with(test, enter=partial(enter, fail))
                texts = [text for _, text in result.errors]
                self.assertIn("await asyncio.Event().wait()\n", texts[0])
                self.assertIn(f"\n{CANCELLED}\n", texts[0])
                self.assertIn("ValueError: in the group\n", texts[-1])
                self.assertEqual(case.called, ["tearDown", "cleanup"])

    def test_failure_between_hooks(self) -> None:
        """What fails in a group as a hook ends, ends the test, and no cleanup."""

        async def set_up(self: Entering) -> None:
            await Entering.asyncSetUp(self)
            await asyncio.sleep(0)

        async def fail_at_once() -> None:
            raise ValueError("in the group")

        async def test(_: Entering) -> None:
            await asyncio.Event().wait()

        for factory in LOOPS:
            for enter in GROUPS:
                with self.subTest(loop=factory, enter=enter.__name__):
                    attributes = {"loop_factory": factory, "asyncSetUp": set_up}
                    case, result = run_with(test, enter=partial(enter, fail_at_once), **attributes)
                    texts = [text for _, text in result.errors]
                    self.assertIn("CancelledError", texts[0])
                    self.assertIn("ValueError: in the group\n", texts[-1])
                    self.assertEqual(case.called, ["tearDown", "cleanup"])

    def test_plain_test_that_turns_the_loop(self) -> None:
        """What fails in a group while a plain test turns the loop itself is told where the group is left."""

        def test(self: Entering) -> None:
            self.loop.run_until_complete(asyncio.sleep(5 * MS))

        async def set_up(self: Entering) -> None:
            await Entering.asyncSetUp(self)
            self.loop = asyncio.get_running_loop()

        _, result = run_with(test, enter=partial(asyncio_group, fail), asyncSetUp=set_up)
        self.assertIn("ValueError: in the group\n", result.errors[-1][1])

    def test_alone(self) -> None:
        """So it is in a test that is debugged, where the class ends with what it raises."""

        async def test(_: Entering) -> None:
            raise ValueError("of the test")

        case = made({"test": test, "enter": contextlib.AsyncExitStack})
        suite = unittest.defaultTestLoader.loadTestsFromTestCase(case)
        with self.assertRaisesRegex(ValueError, "of the test"):
            suite.debug()

    def test_timeout(self) -> None:
        """A time-out that a hook has entered is the test's."""

        async def test(_: Entering) -> None:
            await asyncio.Event().wait()

        _, result = run_with(test, enter=staticmethod(lambda: asyncio.timeout(5 * MS)))
        ((_, text),) = result.errors
        self.assertIn(f"CancelledError\n{CANCELLED}\n", text)

    def test_own_exceptions(self) -> None:
        """What the test raises is the test's own error, and ends no more of it than elsewhere."""

        async def leave(_: Entering) -> None:
            sys.exit(3)

        async def skip(self: Entering) -> None:
            self.skipTest("why")

        for test, expected in ((leave, "SystemExit: 3"), (skip, "why")):
            with self.subTest(test.__name__):
                case, result = run_with(test)
                self.assertEqual(outcomes(result), {"test": expected})
                self.assertEqual(case.called, ["tearDown", "cleanup"])

    def test_hook_that_fails(self) -> None:
        """A hook that fails after it has entered a context leaves it."""

        async def fail_in_hook(self: Entering) -> None:
            await Entering.asyncSetUp(self)
            sys.exit(3)

        case, result = run_with(lambda _: None, asyncSetUp=fail_in_hook)
        self.assertEqual(outcomes(result), {"test": "SystemExit: 3"})
        self.assertEqual((case.called, len(set(case.tasks))), (["cleanup"], 1))

    def test_limit(self) -> None:
        """The time of a test ends it, and what comes after it has its own."""

        async def test(_: Entering) -> None:
            await asyncio.Event().wait()

        case, result = run_with(test, test_timeout=100 * MS)
        ((_, text),) = result.failures
        self.assertIn("not ended within 0.1 s; the test waits at:", text)
        self.assertIn("await asyncio.Event().wait()\n", text)
        self.assertEqual(case.called, ["tearDown", "cleanup"])

    def test_tasks(self) -> None:
        """The task is none that the test has left; those that it has are cancelled as ever."""

        async def test(self: Entering) -> None:
            self.tasks.append(asyncio.create_task(anyio.sleep_forever(), name="left"))
            await asyncio.sleep(0)

        _, result = run_with(test, leaks="fail")
        ((_, text),) = result.failures
        self.assertIn("'left'", text)
        self.assertEqual(text.count("waits at"), 1, text)

    def test_server_of_a_test(self) -> None:
        """A server that a test enters is one context among them."""

        async def test(self: Entering) -> None:
            other = await self.enterAsyncContext(Server(FastAPI(title="other")))
            self.assertEqual(
                (await self.new_client(server=other).get("/openapi.json")).json()["info"]["title"], "other"
            )

        _, result = run_with(test, server_scope="test")
        self.assertEqual(outcomes(result), {})


async def stop(_: Entering) -> None:
    """Stop the event loop."""
    asyncio.get_running_loop().stop()
    await asyncio.Event().wait()


async def interrupt_then() -> None:
    """Return, and have KeyboardInterrupt raised in the same turn of the event loop."""
    loop = asyncio.get_running_loop()
    returning = loop.create_future()

    def interrupt() -> None:
        raise KeyboardInterrupt

    def wake() -> None:
        returning.set_result(None)
        loop.call_soon(interrupt)

    loop.call_soon(wake)
    await returning


class LeavingTests(unittest.TestCase):
    """What leaves the event loop while the task stays."""

    def setUp(self) -> None:
        self.app = FastAPI()

        @self.app.get("/exit")
        async def leave() -> None:
            async def exit_app() -> None:
                sys.exit(3)

            await asyncio.wait([asyncio.create_task(exit_app())])

    def test_interrupt(self) -> None:
        """Ctrl-C ends the test, in the hook that enters or later; its contexts are left, in its task."""

        async def interrupt(_: Entering) -> None:
            signal.raise_signal(signal.SIGINT)
            await asyncio.Event().wait()

        async def interrupt_hook(self: Entering) -> None:
            await Entering.asyncSetUp(self)
            await interrupt(self)

        for factory in LOOPS:
            for attributes in ({"test": interrupt}, {"test": lambda _: None, "asyncSetUp": interrupt_hook}):
                case = made({"loop_factory": factory, **attributes})
                with self.subTest(loop=factory, attributes=attributes):
                    with self.assertRaises(KeyboardInterrupt):
                        run_classes(case)
                    self.assertEqual((case.called, len(set(case.tasks))), (["cleanup"], 1))

    def test_second_interrupt(self) -> None:
        """Pressed while the test takes its time to end, Ctrl-C ends it at once."""
        for factory in LOOPS:
            case = made({"test": interrupt_twice, "loop_factory": factory})
            with self.subTest(loop=factory):
                with self.assertRaises(KeyboardInterrupt) as caught:
                    run_classes(case)
                self.assertIn("left at ", caught.exception.__notes__[0])
                self.assertEqual((case.called, len(set(case.tasks))), (["cleanup"], 1))

    def test_interrupt_that_a_test_handles(self) -> None:
        """Where somebody else has a handler for it, that one is called."""
        called: list[int] = []

        async def test(_: Entering) -> None:
            signal.raise_signal(signal.SIGINT)

        before = signal.signal(signal.SIGINT, lambda number, _: called.append(number))
        self.addCleanup(signal.signal, signal.SIGINT, before)
        _, result = run_with(test)
        self.assertEqual((outcomes(result), called), ({}, [signal.SIGINT]))

    def test_handler_of_the_test(self) -> None:
        """A handler that a test sets is not taken away."""

        async def test(_: Entering) -> None:
            signal.signal(signal.SIGINT, signal.SIG_IGN)

        self.addCleanup(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT))
        _, result = run_with(test)
        self.assertEqual((outcomes(result), signal.getsignal(signal.SIGINT)), ({}, signal.SIG_IGN))

    def test_stop(self) -> None:
        """A loop that something stops is the test's error, at its line."""
        for factory in LOOPS:
            with self.subTest(loop=factory):
                case, result = run_with(stop, loop_factory=factory)
                ((_, text),) = result.errors
                self.assertIn("something called stop() on the event loop: left at ", text)
                self.assertEqual((case.called, len(set(case.tasks))), (["tearDown", "cleanup"], 1))

    def test_left_in_the_call_that_enters(self) -> None:
        """So it is with what is stopped, or interrupted twice, in the very call that enters."""
        for factory in LOOPS:
            for leave in (stop, interrupt_twice):

                async def set_up(self: Entering, leave: Callable[[Entering], Any] = leave) -> None:
                    await Entering.asyncSetUp(self)
                    await leave(self)

                case = made({"test": lambda _: None, "asyncSetUp": set_up, "loop_factory": factory})
                with self.subTest(loop=factory, leave=leave.__name__):
                    if leave is interrupt_twice:
                        with self.assertRaises(KeyboardInterrupt) as caught:
                            run_classes(case)
                        notes = caught.exception.__notes__
                    else:
                        notes = [text for _, text in run_classes(case).errors]
                    self.assertEqual(len(notes), 1, notes)
                    self.assertIn("left at ", notes[0])
                    self.assertEqual((case.called, len(set(case.tasks))), (["cleanup"], 1))

    def test_interrupt_of_what_has_ended(self) -> None:
        """Ctrl-C that comes when a hook or the test has just ended ends the run, as elsewhere."""

        async def end(_: Entering) -> None:
            asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGINT)

        async def set_up(self: Entering) -> None:
            await Entering.asyncSetUp(self)
            await end(self)

        for factory in LOOPS:
            for attributes in ({"test": end}, {"test": lambda _: None, "asyncSetUp": set_up}):
                case = made({"loop_factory": factory, **attributes})
                with self.subTest(loop=factory, attributes=attributes), self.assertRaises(KeyboardInterrupt):
                    run_classes(case)

    def test_third_interrupt(self) -> None:
        """Pressed while it is ended for the second one, it is not waited for any longer."""
        with self.assertRaises(KeyboardInterrupt):
            run_classes(made({"test": interrupt_thrice, "enter": contextlib.AsyncExitStack}))

    def test_hook_that_does_not_end(self) -> None:
        """One that swallows what ends it, in the call that enters, is let go of."""

        async def set_up(self: Entering) -> None:
            await Entering.asyncSetUp(self)
            asyncio.get_running_loop().stop()
            while True:
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()

        _, result = run_with(lambda _: None, asyncSetUp=set_up, enter=contextlib.AsyncExitStack)
        self.assertIn("cancelled, but not ended after 1 s: it waits at ", result.errors[0][1])

    def test_exit_of_the_app(self) -> None:
        """An app that exits is told, and the test goes on."""

        async def test(self: Entering) -> None:
            with self.assertServerRaises(SystemExit):
                await self.client.get("/exit")
            self.called.append("on")

        case, result = run_with(test, app=self.app)
        self.assertEqual(outcomes(result), {})
        self.assertEqual(case.called, ["on", "tearDown", "cleanup"])

    def test_exit_of_the_app_where_a_test_enters(self) -> None:
        """After an exit in the very call that enters a context, the task ends with that, as elsewhere."""

        async def test(self: Entering) -> None:
            await self.enterAsyncContext(asyncio_group())
            with self.assertServerRaises(SystemExit):
                await self.client.get("/exit")

        async def set_up(_: Entering) -> None: ...

        case, result = run_with(test, app=self.app, asyncSetUp=set_up)
        self.assertEqual(outcomes(result), {})
        self.assertEqual(case.called, ["tearDown"])

    def test_interrupt_as_the_hook_ends(self) -> None:
        """Ctrl-C in the moment in which the hook has its outcome ends the run."""

        async def enter(self: Entering) -> None:
            await Entering.asyncSetUp(self)
            await interrupt_then()

        case = made({"test": lambda _: None, "asyncSetUp": enter})
        with self.assertRaises(KeyboardInterrupt):
            run_classes(case)
        self.assertEqual((case.called, len(set(case.tasks))), (["cleanup"], 1))

    def test_interrupt_as_the_test_ends(self) -> None:
        """The same in the moment in which the test has ended."""

        async def test(_: Entering) -> None:
            await interrupt_then()

        case = made({"test": test})
        with self.assertRaises(KeyboardInterrupt):
            run_classes(case)
        self.assertEqual((case.called, len(set(case.tasks))), (["cleanup"], 1))

    def test_test_that_does_not_end(self) -> None:
        """One that swallows what ends it is let go of, and told, and the class ends."""

        async def test(_: Entering) -> None:
            asyncio.get_running_loop().stop()
            while True:
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()

        _, result = run_with(test, enter=contextlib.AsyncExitStack)
        text = result.errors[0][1]
        self.assertIn("cancelled, but not ended after 1 s: it waits at ", text)

    def test_cancelled_in_between(self) -> None:
        """What cancels the task while it waits for the next hook ends nothing."""

        async def test(self: Entering) -> None:
            task = asyncio.current_task()
            assert task is not None
            loop: Any = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, task.cancel)

        case, result = run_with(test)
        self.assertEqual(outcomes(result), {})
        self.assertEqual(case.called, ["tearDown", "cleanup"])
