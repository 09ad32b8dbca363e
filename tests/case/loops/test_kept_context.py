"""Contexts of a class: task groups, time-outs, scopes."""

import asyncio
import contextlib
import sys
import unittest
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

from fastapi import FastAPI

from fastapi_testing import AsyncClassTestCase, AsyncServerTestCase
from tests.case.loops.test_staying import GROUPS, anyio_group, fail, variable
from tests.loops import LOOPS
from tests.running import outcomes, run_classes
from tests.timing import MS


def made(
    enter: Callable[[], Any], test: Callable[..., Any] | None = None, **attributes: Any
) -> type[AsyncServerTestCase]:
    """Return a class that enters a context, with two tests."""

    class Case(AsyncServerTestCase):
        app = FastAPI()

        @classmethod
        async def asyncSetUpClass(cls) -> None:
            await super().asyncSetUpClass()
            await cls.enterAsyncClassContext(enter())

        async def test_first(self) -> None:
            if test is not None:
                await test()

        async def test_second(self) -> None:
            self.assertEqual((await self.client.get("/")).status_code, 404)

    for name, value in attributes.items():
        setattr(Case, name, value)
    return Case


class KeptContextTests(unittest.TestCase):
    """``enterAsyncClassContext()``."""

    maxDiff = None

    def test_groups(self) -> None:
        """A group is left in the task that has entered it, and what it sets in the context is there for the tests."""
        seen: list[str] = []

        async def look() -> None:
            seen.append(variable.get())

        for factory in LOOPS:
            for scope in ("class", "run"):
                for enter in GROUPS:
                    with self.subTest(loop=factory, scope=scope, enter=enter.__name__):
                        case = made(enter, look, loop_factory=factory, loop_scope=scope, leaks="fail")
                        self.assertEqual(outcomes(run_classes(case)), {})
        self.assertEqual(set(seen), {"entered"})

    def test_failures(self) -> None:
        """What fails in a group meanwhile ends no test, and is told where the group is left."""
        for enter in GROUPS:
            with self.subTest(enter=enter.__name__):
                case = made(partial(enter, fail), lambda: asyncio.sleep(10 * MS))
                ((_, text),) = run_classes(case).errors
                self.assertIn("ValueError: in the group\n", text)

    def test_set_up_that_fails(self) -> None:
        """What ``__aenter__`` raises is the class's error, at the line that enters."""

        @contextlib.asynccontextmanager
        async def broken() -> AsyncIterator[None]:
            raise ValueError("cannot be entered")
            yield  # pragma: no cover - it has raised

        ((_, text),) = run_classes(made(broken)).errors
        self.assertIn("in asyncSetUpClass\n", text)
        self.assertIn("ValueError: cannot be entered\n", text)

    def test_clean_up_that_takes_time(self) -> None:
        """What is cancelled as it enters or leaves is waited for, as what awaits the context itself is."""

        @contextlib.asynccontextmanager
        async def first() -> AsyncIterator[None]:
            yield
            called.append("first")

        @contextlib.asynccontextmanager
        async def slow_to_enter() -> AsyncIterator[None]:
            try:
                await asyncio.Event().wait()
                yield  # pragma: no cover - it is cancelled
            finally:
                await asyncio.sleep(MS)
                called.append("entering")

        @contextlib.asynccontextmanager
        async def slow_to_leave() -> AsyncIterator[None]:
            try:
                yield
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(MS)
                called.append("leaving")

        class Case(AsyncServerTestCase):
            app = FastAPI()
            hook_timeout = 100 * MS
            enter: Any

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                await super().asyncSetUpClass()
                await cls.enterAsyncClassContext(first())
                await cls.enterAsyncClassContext(cls.enter())

            async def test(self) -> None: ...

        called: list[str] = []
        for enter, expected in ((slow_to_enter, ["entering", "first"]), (slow_to_leave, ["leaving", "first"])):
            with self.subTest(enter.__name__):
                called.clear()
                Case.enter = staticmethod(enter)
                result = run_classes(Case)
                ((_, text),) = [*result.errors, *result.failures]
                self.assertIn("not ended within 0.1 s", text)
                self.assertEqual(called, expected)

    def test_enter_that_is_cancelled(self) -> None:
        """What a hook's own time-out cancels as it enters has its clean-up, and its error where it makes one."""

        @contextlib.asynccontextmanager
        async def slow() -> AsyncIterator[None]:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise ConnectionError("gave up") from None
            yield  # pragma: no cover - it has raised

        class Case(AsyncClassTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                async with asyncio.timeout(MS):
                    await cls.enterAsyncClassContext(slow())

            async def test(self) -> None: ...

        self.assertEqual(outcomes(run_classes(Case)), {"setUpClass": "ConnectionError: gave up"})

    def test_cancelled_by_itself(self) -> None:
        """``CancelledError`` of the context's own is the class's error, with its line."""

        @contextlib.asynccontextmanager
        async def cancelled() -> AsyncIterator[None]:
            raise asyncio.CancelledError
            yield  # pragma: no cover - it has raised

        ((_, text),) = run_classes(made(cancelled)).errors
        self.assertIn("in cancelled\n    raise asyncio.CancelledError\n", text)
        self.assertIn("RuntimeError: the task of a context that the class has entered was cancelled\n", text)

    def test_exit(self) -> None:
        """``sys.exit()`` as it is left is the class's error, and ends no run."""

        @contextlib.asynccontextmanager
        async def leaving() -> AsyncIterator[None]:
            yield
            sys.exit(3)

        ((_, text),) = run_classes(made(leaving)).errors
        self.assertIn("RuntimeError: a class cleanup of made.<locals>.Case has called sys.exit(3)\n", text)

    def test_other_loop(self) -> None:
        """It is refused on another event loop than the class's."""

        class Case(AsyncClassTestCase):
            @classmethod
            def setUpClass(cls) -> None:
                super().setUpClass()
                asyncio.run(cls.enterAsyncClassContext(anyio_group()))

            async def test(self) -> None: ...

        told = outcomes(run_classes(Case))["setUpClass"]
        self.assertIn(
            "RuntimeError: enterAsyncClassContext() of KeptContextTests.test_other_loop.<locals>.Case is ", told
        )
        self.assertIn(" is awaited on another event loop than the class's: await it in asyncSetUpClass()", told)

    def test_task_that_is_cancelled(self) -> None:
        """Where something cancels the task itself, the class is told that where it leaves."""

        @contextlib.asynccontextmanager
        async def timed() -> AsyncIterator[None]:
            tasks.append(asyncio.current_task())
            yield

        async def cancel() -> None:
            (task,) = tasks
            task.cancel()

        tasks: list[Any] = []
        ((_, text),) = run_classes(made(timed, cancel)).errors
        self.assertIn("RuntimeError: the task of a context that the class has entered was cancelled\n", text)

    def test_limits(self) -> None:
        """A context that takes too long is ended, to be entered as to be left, and its line is named."""

        @contextlib.asynccontextmanager
        async def slow_to_enter() -> AsyncIterator[None]:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append("enter")
            yield  # pragma: no cover - it is cancelled

        @contextlib.asynccontextmanager
        async def slow_to_leave() -> AsyncIterator[None]:
            yield
            try:
                await asyncio.Event().wait()
            finally:
                ended.append("leave")

        ended: list[str] = []
        for enter, who in ((slow_to_enter, "asyncSetUpClass"), (slow_to_leave, "slow_to_leave() of ")):
            with self.subTest(enter.__name__):
                result = run_classes(made(enter, hook_timeout=100 * MS))
                ((_, text),) = [*result.errors, *result.failures]
                self.assertIn("not ended within 0.1 s; ", text)
                self.assertIn(who, text)
                self.assertIn(f"in {enter.__name__}\n    await asyncio.Event().wait()\n", text)
        self.assertEqual(ended, ["enter", "leave"])

    def test_context_that_a_test_enters(self) -> None:
        """A test may enter one for its class: that is no task which the test has left."""

        async def work() -> None:
            names.append(asyncio.current_task())
            await asyncio.Event().wait()

        class Case(AsyncClassTestCase):
            async def test_first(self) -> None:
                await self.enterAsyncClassContext(anyio_group(work))

            async def test_second(self) -> None:
                await asyncio.sleep(0)
                (task,) = names
                self.assertEqual((task.done(), task.cancelling()), (False, 0))

        names: list[Any] = []
        self.assertEqual(outcomes(run_classes(Case)), {})
