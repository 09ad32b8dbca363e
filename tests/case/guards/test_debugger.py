"""Somebody who looks for a mistake in a debugger: no limit counts meanwhile, on whatever thread it stops."""

import asyncio
import threading
import unittest
from typing import Any
from unittest import mock

from fastapi import BackgroundTasks, FastAPI

from fastapi_testing import AsyncServerTestCase, Client, Server, ServerTestCase
from fastapi_testing.case.guards import hook_timer
from fastapi_testing.client.wrappers.settling import Settling
from fastapi_testing.server.threads import lookout
from fastapi_testing.server.threads.loop_thread import LoopThread
from tests.case import failing
from tests.case.guards.test_hangs import stop_until
from tests.running import run_classes
from tests.timing import MS

LIMIT = 50 * MS

LOOK = 5 * MS
"""The time between two looks."""

FOREVER = 60.0


def outlast(case: Any) -> None:
    """Stop in a debugger until it was seen, and go on for longer than what is watched may take."""
    watch = case._framework_watchdog._watch
    stop_until(lambda: watch.is_excused)
    watch.deadline = watch._next = 0.0
    if watch.task is not None:
        watch.task.get_loop().call_soon_threadsafe(case._framework_watchdog._expire, watch, watch.task)
    threading.Event().wait(10 * LOOK)


class HandlerTests(unittest.TestCase):
    """A handler that stops in a debugger."""

    def setUp(self) -> None:
        self.enterContext(mock.patch.object(lookout, "_LOOK", LOOK))

    def served(self, base: Any, *, is_async: bool) -> None:
        """Run a test of a handler that stops until its limit is no more, and goes on for longer than that was."""
        app = FastAPI()

        @app.get("/async")
        async def coroutine() -> str:
            outlast(case)
            await asyncio.sleep(10 * LOOK)
            return "done"

        @app.get("/plain")
        def plain() -> str:
            outlast(case)
            return "done"

        path = "/async" if is_async else "/plain"

        async def ask(self: AsyncServerTestCase) -> None:
            self.assertJsonEqual(await self.client.get(path), "done")

        def ask_plainly(self: ServerTestCase) -> None:
            self.assertJsonEqual(self.client.get(path), "done")

        test = ask if base is AsyncServerTestCase else ask_plainly
        attributes = {"app": app, "test": test, "timeout": None, "settle_timeout": FOREVER, "blocked_after": 0}
        case = type("Case", (base,), {"test_timeout": FOREVER, **attributes})
        result = run_classes(case)
        self.assertEqual([text for _, text in result.errors + result.failures], [])

    def test_coroutine(self) -> None:
        """A coroutine, on the thread of the event loop, in both kinds of case."""
        for base in (AsyncServerTestCase, ServerTestCase):
            with self.subTest(base.__name__):
                self.served(base, is_async=True)

    def test_function(self) -> None:
        """A plain function, on a thread of its own, in both kinds of case."""
        for base in (AsyncServerTestCase, ServerTestCase):
            with self.subTest(base.__name__):
                self.served(base, is_async=False)


class HookTests(unittest.TestCase):
    """A hook of a class that stops in a debugger."""

    def setUp(self) -> None:
        self.enterContext(mock.patch.object(lookout, "_LOOK", LOOK))

    def test_hook(self) -> None:
        """It may take as long as it likes, in both kinds of case."""
        went_on: list[str] = []

        def tear_down(cls: Any) -> None:
            outlast(cls)
            went_on.append(cls.__mro__[1].__name__)

        for base in (AsyncServerTestCase, ServerTestCase):
            attributes = {"app": failing.app, "hook_timeout": FOREVER, "tearDownClass": classmethod(tear_down)}
            result = run_classes(type("Case", (base,), {"test": lambda _: None, "blocked_after": 0, **attributes}))
            self.assertNotIn("not ended within", "".join(text for _, text in result.errors))
        self.assertEqual(went_on, ["AsyncServerTestCase", "ServerTestCase"])

    def test_create_app(self) -> None:
        """So may the making of an app beside the tests: time counts neither while it stands still nor meanwhile."""

        async def wait() -> str:
            with mock.patch.object(hook_timer, "is_debugging", lambda: True):
                await asyncio.sleep(3 * LIMIT)
            return "made"

        timer = hook_timer.HookTimer("create_app", LIMIT, self.fail, is_ended=True)
        self.assertEqual(asyncio.run(timer.run(wait())), "made")


class WaitTests(unittest.IsolatedAsyncioTestCase):
    """What else waits for somebody."""

    async def test_settle(self) -> None:
        """A request is settled, and so is a server, once what is debugged has ended."""
        gate, looks = asyncio.Event(), []
        app = FastAPI()

        @app.get("/")
        async def handle(tasks: BackgroundTasks) -> None:
            tasks.add_task(gate.wait)

        def is_debugging() -> bool:
            looks.append(1)
            gate.set()
            return True

        async with Server(app) as server, Client(server.url, timeout=None) as client:
            with mock.patch("fastapi_testing.server.recording.settle.is_debugging", is_debugging):
                asking = asyncio.create_task(client.get("/", extensions={"settle": False}))
                await asking
                await server.settle(timeout=LIMIT)
                self.assertEqual(len(looks), 1)
                gate.clear()
                async with Client(server.url, settling=Settling(True, LIMIT, False)) as other:  # noqa: FBT003
                    await other.get("/")
                self.assertEqual(len(looks), 2)

    def test_calls(self) -> None:
        """Who waits for an event loop on another thread waits on, with a limit and without one."""
        gate = threading.Event()
        looks: list[int] = []

        def is_debugging() -> bool:
            looks.append(1)
            if len(looks) > 1:
                gate.set()
            return True

        async def block() -> str:
            gate.wait()
            return "done"

        self.enterContext(mock.patch("fastapi_testing.server.threads.calls.is_debugging", is_debugging))
        self.enterContext(mock.patch("fastapi_testing.server.threads.calls._GRACE", 10 * MS))
        with LoopThread("the loop") as loop:
            self.assertEqual(loop.run(block(), 10 * MS), "done")
            gate.clear()
            looks.clear()
            self.assertEqual(loop.begin(block()).wait(patience=10 * MS), "done")
