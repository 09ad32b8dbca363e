"""Tests that do not end, and what is said of them."""

import asyncio
import bdb
import contextlib
import io
import os
import signal
import sys
import threading
import time
import unittest
from collections.abc import Callable
from types import FrameType
from typing import Any
from unittest import mock

import freezegun
import requests
from fastapi import FastAPI

from fastapi_testing import AsyncServerTestCase
from fastapi_testing.server.threads import lookout
from tests.case import failing
from tests.case.failing import failures, line_of
from tests.resources import held_resources
from tests.running import outcomes, run_classes
from tests.timing import MS

LIMIT = 100 * MS

FREEZE = 700 * MS
"""The limit of tests that have to come to a certain point before it: a busy machine may take half a second of it."""

ADVICE = (
    "Server and tests share the event loop: while one of them blocks it, the other stands still. "
    "Use self.client instead of a blocking client, await instead of time.sleep(), asyncio.to_thread() for the rest."
)

IN_FLIGHT = f"""\
in flight: GET /never, in tests.case.failing.never, at:
  File "{failing.__file__}", line {line_of("await asyncio.Event().wait()")}, in never
    await asyncio.Event().wait()"""


class HangTests(unittest.TestCase):
    """Tests that wait, while the event loop turns."""

    maxDiff = None

    def hung(self, test: Any, **attributes: Any) -> str:
        """Run a test that hangs, and return its failure."""
        (text,) = failures(test, **{"test_timeout": LIMIT, "leaks": "ignore"} | attributes)
        return text

    def test_report(self) -> None:
        """The failure shows where the test waits, the requests in flight with their handlers, and open WebSockets."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.ws.connect("/chat")
            await case.client.get("/never", timeout=None)

        line = test.__code__.co_firstlineno
        self.assertEqual(
            self.hung(test, test_timeout=FREEZE),
            f"AssertionError: not ended within {FREEZE:g} s; the test waits at:\n"
            f'  File "{__file__}", line {line + 2}, in test\n'
            '    await case.client.get("/never", timeout=None)\n'
            f"{IN_FLIGHT}\n"
            "open: WebSocket /chat, in tests.case.failing.chat, at:\n"
            f'  File "{failing.__file__}", line {line_of("await websocket.receive_text()")}, in chat\n'
            "    await websocket.receive_text()",
        )

    def test_hooks(self) -> None:
        """Each hook of a test has the same time."""

        async def hang(_: AsyncServerTestCase) -> None:
            await asyncio.Event().wait()

        self.assertIn("in hang\n    await asyncio.Event().wait()", self.hung(lambda _: None, asyncSetUp=hang))

    def test_environment(self) -> None:
        """The limit may come from the environment."""

        async def test(_: AsyncServerTestCase) -> None:
            await asyncio.Event().wait()

        with mock.patch.dict(os.environ, FASTAPI_TESTING_TEST_TIMEOUT=str(LIMIT)):
            self.assertIn(f"not ended within {LIMIT:g} s", self.hung(test, test_timeout=None))

    def test_frozen_clock(self) -> None:
        """A test for which time stands still is ended all the same, and settles."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.client.get("/plain")
            await asyncio.Event().wait()

        # Not in the test: to stop the time takes freezegun a walk through all modules. On a slow machine that is a call
        # that blocks too long, and interrupted half-way it would leave the time standing for the rest of the run.
        with freezegun.freeze_time("2020-01-01"):
            text = self.hung(test)
        self.assertIn(f"not ended within {LIMIT:g} s", text)

    def test_own_exception(self) -> None:
        """What a test makes of its cancellation is the cause of the failure."""

        async def test(_: AsyncServerTestCase) -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise LookupError("my own") from None

        text = self.hung(test)
        self.assertIn("LookupError: my own\n", text)
        self.assertIn("The above exception was the direct cause of the following exception", text)

    def test_swallowed(self) -> None:
        """A test that swallows its cancellation fails nevertheless."""

        async def test(_: AsyncServerTestCase) -> None:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

        self.assertIn(f"not ended within {LIMIT:g} s", self.hung(test))

    def test_swallowed_again(self) -> None:
        """One that does it again and again is cancelled until it ends; the report is printed, as it may never do."""
        terminal = io.StringIO()

        async def test(_: AsyncServerTestCase) -> None:
            while not terminal.getvalue():
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()

        with mock.patch.object(sys, "__stderr__", terminal):
            # In one statement: coverage on 3.11 misses the line after a coroutine that an exception was thrown into.
            self.assertEqual(self.hung(test).removeprefix("AssertionError: "), terminal.getvalue().strip())

    def test_sub_test(self) -> None:
        """A part of a test that hangs ends the whole of it, and is told once."""
        asked = []

        async def test(case: AsyncServerTestCase) -> None:
            for number in range(2):  # pragma: no branch - the first is the last
                with case.subTest(number=number):
                    asked.append(number)
                    await asyncio.Event().wait()

        line = test.__code__.co_firstlineno + 4
        self.assertEqual(
            self.hung(test),
            f"AssertionError: not ended within {LIMIT:g} s; the test waits at:\n"
            f'  File "{__file__}", line {line}, in test\n'
            "    await asyncio.Event().wait()",
        )
        self.assertEqual(asked, [0])

    def test_thread_of_a_handler(self) -> None:
        """A handler that is no coroutine is shown in its thread."""
        gate = threading.Event()
        app = FastAPI()

        @app.get("/")
        def wait_for_gate() -> None:
            gate.wait()

        async def test(case: AsyncServerTestCase) -> None:
            case.addCleanup(gate.set)
            await case.client.get("/", timeout=None)

        line = wait_for_gate.__code__.co_firstlineno + 2
        self.assertIn(
            "a thread of a handler that is no coroutine, at:\n"
            f'  File "{__file__}", line {line}, in wait_for_gate\n    gate.wait()',
            self.hung(test, app=app, test_timeout=FREEZE),  # by then the thread has to be there
        )

    def test_in_time(self) -> None:
        """Tests that end in time pass: async, sync, failing, and cancelled by themselves."""

        class Case(failing.FailingCase):
            test_timeout = 60.0

            async def test_async(self) -> None:
                self.assertStatus(await self.client.get("/plain"), 200)

            def test_sync(self) -> None: ...

            async def test_failing(self) -> None:
                self.fail("my own")

            async def test_cancelled(self) -> None:
                with self.assertRaises(asyncio.CancelledError):
                    raise asyncio.CancelledError

        before = held_resources()
        self.assertEqual(outcomes(run_classes(Case)), {"test_failing": "AssertionError: my own"})
        self.assertEqual(held_resources(), before)

    def test_cancelled_from_outside(self) -> None:
        """A cancellation that is not the time-out's stays one."""

        class Case(failing.FailingCase):
            test_timeout = 60.0

            async def test(self) -> None:
                raise asyncio.CancelledError

        self.assertEqual(outcomes(run_classes(Case)), {"test": "asyncio.exceptions.CancelledError"})

    def test_a_test_of_that_name(self) -> None:
        """A test that is called test_timeout is no limit, and does not hide the one of a base class."""

        async def hang(_: AsyncServerTestCase) -> None:
            await asyncio.Event().wait()

        base = type("Base", (failing.FailingCase,), {"test_timeout": LIMIT, "leaks": "ignore"})
        case = type("Case", (base,), {"test_timeout": hang})
        self.assertIn("test_timeout", outcomes(run_classes(case)))

    def test_wrong_limits(self) -> None:
        """What is no positive number of seconds is refused."""
        for wrong in (0, -1.0, "soon", ()):
            with self.subTest(wrong=wrong):
                self.assertEqual(
                    self.hung(lambda _: None, test_timeout=wrong),
                    f"ValueError: test_timeout must be a positive number of seconds, got {wrong!r}",
                )
        with mock.patch.dict(os.environ, FASTAPI_TESTING_TEST_TIMEOUT="soon"):
            self.assertEqual(
                self.hung(lambda _: None, test_timeout=None),
                "ValueError: FASTAPI_TESTING_TEST_TIMEOUT must be a positive number of seconds, got 'soon'",
            )


class BlockTests(unittest.TestCase):
    """Tests and handlers that block the event loop."""

    maxDiff = None

    def setUp(self) -> None:
        self.enterContext(mock.patch.object(lookout, "_GRACE", 20 * MS))

    def blocked(self, test: Any, **attributes: Any) -> str:
        """Run a test that blocks, and return its failure."""
        (text,) = failures(test, **{"test_timeout": LIMIT, "leaks": "ignore"} | attributes)
        return text

    def test_blocking_client(self) -> None:
        """A blocking request to the test's own server is interrupted, and the line named."""

        async def test(case: AsyncServerTestCase) -> None:
            requests.get(f"{case.server.url}/never", timeout=60)  # noqa: ASYNC210 - that is what is tested

        line = test.__code__.co_firstlineno
        self.assertEqual(
            self.blocked(test),
            f"AssertionError: not ended within {LIMIT:g} s; the event loop is blocked at:\n"
            f'  File "{__file__}", line {line + 1}, in test\n'
            '    requests.get(f"{case.server.url}/never", timeout=60)  # noqa: ASYNC210 - that is what is tested\n'
            f"{ADVICE}",
        )

    def test_sync_test(self) -> None:
        """A test that is no coroutine, during which no loop turns, is named itself."""

        def test(_: AsyncServerTestCase) -> None:
            time.sleep(60)

        self.assertEqual(
            self.blocked(test),
            f"AssertionError: not ended within {LIMIT:g} s; the test is at:\n"
            f'  File "{__file__}", line {test.__code__.co_firstlineno + 1}, in test\n    time.sleep(60)',
        )

    def test_own_server(self) -> None:
        """Where such a test waits for its own server, it is told what to write instead."""

        def test(case: AsyncServerTestCase) -> None:
            requests.get(f"{case.server.url}/plain", timeout=60)

        self.assertEqual(
            self.blocked(test, test_timeout=FREEZE),
            f"AssertionError: not ended within {FREEZE:g} s; the test is at:\n"
            f'  File "{__file__}", line {test.__code__.co_firstlineno + 1}, in test\n'
            '    requests.get(f"{case.server.url}/plain", timeout=60)\n'
            "The call goes to the test's own server, which cannot answer while the call holds its event loop. Make the "
            "test `async def` and use `await self.client.get(...)`, or `await asyncio.to_thread(...)` with the call, "
            "or make the class a ServerTestCase, whose server has a thread of its own.",
        )

    def test_sub_test(self) -> None:
        """A part of a test that blocks ends the whole of it."""

        def test(case: AsyncServerTestCase) -> None:
            for number in range(2):  # pragma: no branch - the first is the last
                with case.subTest(number=number):
                    time.sleep(60)

        line = f"line {test.__code__.co_firstlineno + 3}, in test\n    time.sleep(60)"
        self.assertTrue(self.blocked(test).endswith(line))

    def test_handler(self) -> None:
        """A handler that blocks is named, and so is its request."""
        app = FastAPI()

        @app.get("/")
        async def sleep() -> None:
            time.sleep(60)  # noqa: ASYNC251 - that is what is tested

        async def test(case: AsyncServerTestCase) -> None:
            await case.client.get("/", timeout=None)

        name = f"{__name__}.BlockTests.test_handler.<locals>.sleep"
        self.assertEqual(
            self.blocked(test, app=app, test_timeout=FREEZE),
            f"AssertionError: not ended within {FREEZE:g} s; the event loop is blocked at:\n"
            f'  File "{__file__}", line {sleep.__code__.co_firstlineno + 2}, in sleep\n'
            "    time.sleep(60)  # noqa: ASYNC251 - that is what is tested\n"
            f"in flight: GET /, in {name}, running\n"
            f"{ADVICE}",
        )

    def test_debugger(self) -> None:
        """A test that has stopped in a debugger when its time is over may take as long as it likes."""

        async def test(case: AsyncServerTestCase) -> None:
            stop_until(lambda: watch_of(case).is_excused)
            await asyncio.sleep(LIMIT)  # by then, the timer of the same length has been run
            await case.client.get("/plain")

        self.assertEqual(failures(test, test_timeout=LIMIT), [])

    def test_without_signals(self) -> None:
        """Where nothing can interrupt the call, the report is printed meanwhile, and the test fails after it."""
        terminal = io.StringIO()

        def test(_: AsyncServerTestCase) -> None:
            while not terminal.getvalue():
                time.sleep(MS)

        with mock.patch.object(lookout, "_SIGNALS", ()), mock.patch.object(sys, "__stderr__", terminal):
            text = self.blocked(test)
        self.assertEqual(terminal.getvalue().strip(), text.removeprefix("AssertionError: "))

    def test_not_in_the_main_thread(self) -> None:
        """A run in another thread does without signals too."""
        terminal = io.StringIO()
        texts = []

        async def test(_: AsyncServerTestCase) -> None:
            while not terminal.getvalue():
                time.sleep(MS)  # noqa: ASYNC251 - that is what is tested

        with mock.patch.object(sys, "__stderr__", terminal):
            thread = threading.Thread(target=lambda: texts.append(self.blocked(test)))
            thread.start()
            thread.join()
        self.assertIn("the event loop is blocked", texts[0])

    def test_signals_come_back(self) -> None:
        """The program's signal handlers are its own before and after, and those that are taken are left alone."""
        taken = signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGUSR2, taken)
        numbers = (signal.SIGUSR2, signal.SIGUSR1, signal.SIGALRM)
        before = [signal.getsignal(number) for number in numbers]
        self.test_sync_test()
        self.assertEqual([signal.getsignal(number) for number in numbers], before)

    def test_between_two_tasks(self) -> None:
        """A call that blocks the loop outside of any task is not interrupted, and named when it is over."""

        async def test(_: AsyncServerTestCase) -> None:
            asyncio.get_running_loop().call_soon(block_until_told)
            await asyncio.sleep(0)
            await asyncio.sleep(0)

        def block_until_told() -> None:
            end = time.monotonic() + 5
            while not terminal.getvalue() and time.monotonic() < end:
                time.sleep(MS)

        terminal = io.StringIO()
        with mock.patch.object(sys, "__stderr__", terminal):
            self.assertIn("the event loop is blocked at:", self.blocked(test))

    def test_signal_out_of_turn(self) -> None:
        """A signal that somebody else sends interrupts nothing."""

        async def test(_: AsyncServerTestCase) -> None:
            signal.raise_signal(signal.SIGUSR2)

        self.assertEqual(failures(test, test_timeout=60.0), [])


class Debugger(bdb.Bdb):
    """Waits in the hands of a debugger, as at a prompt, and traces nothing."""

    def __init__(self, holds: Callable[[], bool]) -> None:
        super().__init__()
        self.reset()
        self.holds = holds

    def user_line(self, frame: FrameType) -> None:  # noqa: ARG002 - its name is given
        while not self.holds():
            time.sleep(MS)


def stop_until(holds: Callable[[], bool]) -> None:
    """Stop here in a debugger until something holds."""
    Debugger(holds).dispatch_line(sys._getframe())


def watch_of(case: AsyncServerTestCase) -> Any:
    """Return what the watchdog watches."""
    assert case._framework_watchdog is not None
    return case._framework_watchdog._watch
