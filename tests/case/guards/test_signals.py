"""The signal that ends what blocks: whose it is, and where it comes too late."""

import contextlib
import os
import signal
import sys
import time
import unittest
from collections.abc import AsyncIterator
from typing import Any
from unittest import mock

from fastapi import FastAPI

from fastapi_testing import AsyncServerTestCase, ServerTestCase
from fastapi_testing.case.guards.class_limits import ClassLimits
from fastapi_testing.server.threads import lookout
from tests.case import failing
from tests.case.failing import failures
from tests.case.guards.test_blocking import Terminal
from tests.case.guards.test_hangs import watch_of
from tests.running import run_classes
from tests.server.threads.test_lookout import SlowWatchdog
from tests.timing import MS

LIMIT = 100 * MS


def wait_for_look(watch: Any) -> None:
    """Wait until somebody has looked at what is watched."""
    last = watch._next
    while watch._next == last:
        time.sleep(MS)


class SignalTests(unittest.TestCase):
    """Tests and hooks in whose time a signal comes, or cannot."""

    maxDiff = None

    def setUp(self) -> None:
        self.enterContext(mock.patch.object(lookout, "_GRACE", 20 * MS))
        self.addCleanup(signal.signal, signal.SIGUSR2, signal.getsignal(signal.SIGUSR2))

    def blocked(self, test: Any) -> str:
        """Run a test that blocks until something is printed, and return its failure."""
        (text,) = failures(test, test_timeout=LIMIT, leaks="ignore", blocked_after=0)
        return text

    def test_handler_of_the_app(self) -> None:
        """A handler of a signal that the app sets when it starts is called: no limit that ends takes it away."""
        received: list[int] = []

        @contextlib.asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            before = signal.signal(signal.SIGUSR2, lambda number, _: received.append(number))
            yield
            signal.signal(signal.SIGUSR2, before)

        async def test(_: AsyncServerTestCase) -> None:
            os.kill(os.getpid(), signal.SIGUSR2)

        for limit in (None, 60.0):
            with self.subTest(limit=limit):
                received.clear()
                self.assertEqual(failures(test, app=FastAPI(lifespan=lifespan), test_timeout=limit), [])
                self.assertEqual(received, [signal.SIGUSR2])

    def test_c_code(self) -> None:
        """A call of C code, which takes no signal, is told of once while it goes on, and the test fails after it."""
        terminal = Terminal()

        def test(case: AsyncServerTestCase) -> None:
            signals = {signal.SIGUSR2, signal.SIGUSR1, signal.SIGALRM}
            signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # C code takes none either, before it returns
            try:
                terminal.block()
                for _ in range(2):
                    wait_for_look(watch_of(case))
            finally:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)

        with mock.patch.object(sys, "__stderr__", terminal):
            text = self.blocked(test)
        self.assertIn("terminal.block()", text)
        self.assertEqual(text, f"AssertionError: {terminal.getvalue().strip()}")

    def test_handler_of_the_test(self) -> None:
        """A handler that a test sets for the signal gets none of a limit's; what goes on is told of."""
        received: list[int] = []
        terminal = Terminal()

        def test(_: AsyncServerTestCase) -> None:
            signal.signal(signal.SIGUSR2, lambda number, _: received.append(number))
            terminal.block()

        with mock.patch.object(sys, "__stderr__", terminal):
            text = self.blocked(test)
        self.assertEqual(text, f"AssertionError: {terminal.getvalue().strip()}")
        self.assertEqual(received, [])
        signal.raise_signal(signal.SIGUSR2)
        self.assertEqual(received, [signal.SIGUSR2])

    def test_end_of_a_hook(self) -> None:
        """Where it comes when a hook has failed just now, the hook fails in time's name, and the run goes on."""

        class Case(ServerTestCase):
            app = failing.app
            hook_timeout = LIMIT

            @classmethod
            def setUpClass(cls) -> None:
                raise LookupError("my own")

            def test(self) -> None:
                raise NotImplementedError  # pragma: no cover - the class is not set up

        class Next(unittest.TestCase):
            def test(self) -> None: ...

        with mock.patch.object(ClassLimits, "_watchdog_class", SlowWatchdog):
            result = run_classes(Case, Next)
        self.assertIn("LookupError: my own", result.errors[0][1])
        self.assertIn(f"AssertionError: not ended within {LIMIT:g} s; setUpClass of ", result.errors[0][1])
        self.assertEqual(result.testsRun, 1)
