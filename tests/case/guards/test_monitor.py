"""The thread that looks at an event loop."""

import asyncio
import io
import sys
import threading
import unittest
from typing import Any
from unittest import mock

from fastapi import FastAPI

from fastapi_testing.case.guards import monitor
from fastapi_testing.case.guards.monitor import Hold, LoopMonitor
from fastapi_testing.case.guards.own_server import waits_for
from fastapi_testing.case.guards.terminal import print_now
from tests.case.guards.test_blocking import LIMIT, BlamingCase, SharedCase, Terminal, hold_until_blamed, run
from tests.timing import MS

INTERVAL = 10.0
"""Seconds between two looks, of a monitor that is not started: the tests look themselves."""


class LookTests(unittest.TestCase):
    """What a look sees of a loop on another thread, and how much of the time between two looks counts."""

    def setUp(self) -> None:
        self.told: list[Hold] = []
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.addCleanup(self.loop.close)
        self.addCleanup(self.thread.join)
        self.addCleanup(self.loop.call_soon_threadsafe, self.loop.stop)
        self.monitor = LoopMonitor(lambda: (self.loop, self.thread.ident or 0), INTERVAL, self.told.append)

    def hold(self) -> None:
        """Have the loop wait in a callback."""
        self.begun.clear()
        self.go_on.clear()
        self.loop.call_soon_threadsafe(self._wait)
        self.begun.wait()
        self.addCleanup(self.go_on.set)

    def _wait(self) -> None:
        self.begun.set()
        self.go_on.wait()

    def seconds(self) -> list[float]:
        """Return how long the holds were that have been told."""
        return [hold.seconds for hold in self.told]

    def test_same_callback(self) -> None:
        """The time between two looks at the same callback counts, and that before the first does not."""
        self.hold()
        self.monitor._look(INTERVAL, 0.0)
        self.assertEqual(self.seconds(), [])
        self.monitor._look(INTERVAL, 0.0)
        self.monitor._look(INTERVAL, 0.0)
        self.assertEqual(self.seconds(), [2 * INTERVAL, 2 * INTERVAL])
        self.assertIs(self.told[0], self.told[1])

    def test_two_callbacks(self) -> None:
        """Two callbacks of the same kind are not taken for one."""
        for _ in range(2):
            self.hold()
            self.monitor._look(INTERVAL, 0.0)
            self.go_on.set()
        self.assertEqual(self.seconds(), [])

    def test_idle(self) -> None:
        """A loop that waits is not held."""
        for _ in range(3):
            self.monitor._look(INTERVAL, 0.0)
        self.assertEqual(self.seconds(), [])

    def test_late_look(self) -> None:
        """When the whole process has stood still, only so much counts as looks are apart, or as it has worked."""
        self.hold()
        self.monitor._look(INTERVAL, 0.0)
        self.monitor._look(100 * INTERVAL, 0.0)
        self.monitor._look(100 * INTERVAL, 50 * INTERVAL)
        self.assertEqual(sum(self.seconds()[-1:]), 52 * INTERVAL)

    def test_late_first_look(self) -> None:
        """A look that C code has held up counts what the process has worked meanwhile, but for the pause before it."""
        self.hold()
        self.monitor._look(100 * INTERVAL, 1000 * INTERVAL)
        self.assertEqual(self.seconds(), [99 * INTERVAL])

    def test_late_first_look_beside_threads(self) -> None:
        """Where handlers work in threads, it may be they that have held it up: nothing counts."""
        self.hold()
        with mock.patch.object(monitor, "frames_of_workers", return_value=[[sys._getframe()]]):
            self.monitor._look(100 * INTERVAL, 1000 * INTERVAL)
        self.assertEqual(self.seconds(), [0.0])

    def test_look_that_fails(self) -> None:
        """A look that fails is told on the terminal, and the next one is taken all the same."""
        looks = threading.Semaphore(0)

        def fail() -> Any:
            looks.release()
            raise LookupError("no seat")

        terminal = io.StringIO()
        with mock.patch.object(sys, "__stderr__", terminal):
            watching = LoopMonitor(fail, MS, self.told.append)
            watching.start()
            looks.acquire()
            looks.acquire()
            watching.close()
        self.assertIn("LookupError: no seat\n", terminal.getvalue())

    def test_no_loop(self) -> None:
        """Where no loop is open, nothing is held."""
        nowhere = LoopMonitor(lambda: (None, 0), INTERVAL, self.told.append)
        nowhere._look(INTERVAL, 0.0)
        nowhere._look(INTERVAL, 0.0)
        self.assertEqual(self.seconds(), [])

    def test_keys(self) -> None:
        """A callback is compared with callbacks only."""
        self.hold()
        self.monitor._look(INTERVAL, 0.0)
        assert self.monitor._hold is not None
        self.assertNotEqual(self.monitor._hold.key, "another")


@unittest.skipIf(sys.platform == "win32", "there is no uvloop")
class OtherLoopTests(BlamingCase):
    """A loop whose callbacks cannot be seen."""

    def setUp(self) -> None:
        super().setUp()
        import uvloop  # noqa: PLC0415 - where there is one

        self.factory = uvloop.new_event_loop

    def test_blocked(self) -> None:
        """What blocks it is told with its line."""

        async def test(case: SharedCase) -> None:
            case.block()

        text, outcome = run(test, loop_factory=self.factory)
        self.assertIn("Case.test: the event loop has been blocked for", text)
        self.assertIn("in test\n    case.block()\n", text)
        self.assertEqual(outcome, {})

    def test_handler(self) -> None:
        """A handler that holds it fails the test."""
        app = FastAPI()

        @app.get("/")
        async def hold() -> None:
            hold_until_blamed()

        async def test(case: SharedCase) -> None:
            await case.client.get("/")

        _, outcome = run(
            test, loop_factory=self.factory, app=app, blocked_after=0, blocking="fail", blocking_threshold=LIMIT
        )
        self.assertEqual(outcome, {"test": f"blocking_threshold is {LIMIT:g} s"})

    def test_turning(self) -> None:
        """As long as it turns, nothing is told."""
        told: list[Hold] = []
        with asyncio.Runner(loop_factory=self.factory) as runner:
            loop = runner.get_loop()
            look = LoopMonitor(lambda: (loop, threading.get_ident()), INTERVAL, told.append)._look

            async def turn() -> None:
                for _ in range(4):
                    await asyncio.to_thread(look, INTERVAL, 0.0)
                    await asyncio.sleep(0)

            runner.run(turn())
        self.assertEqual(told, [])

    def test_closed(self) -> None:
        """One that is closed in the moment of the look is none."""
        loop = mock.Mock(spec=asyncio.AbstractEventLoop)
        loop.is_running.return_value = True
        loop.call_soon_threadsafe.side_effect = RuntimeError("Event loop is closed")
        told: list[Hold] = []
        look = LoopMonitor(lambda: (loop, 0), INTERVAL, told.append)._look
        with mock.patch.object(asyncio, "current_task", return_value=None):
            look(INTERVAL, 0.0)
        self.assertEqual(told, [])


class OwnServerTests(unittest.TestCase):
    """Whom a thread waits for."""

    def test_nobody(self) -> None:
        """A thread without a socket, or one that has ended, waits for no server."""
        thread = threading.Thread(target=Terminal().flush)
        thread.start()
        thread.join()
        self.assertFalse(waits_for(thread.ident or 0, [("127.0.0.1", 1)]))
        self.assertFalse(waits_for(threading.get_ident(), [("127.0.0.1", 1)]))


class TerminalTests(unittest.TestCase):
    """Where pytest keeps the terminal to itself."""

    def print_in(self, **local: Any) -> str:
        """Print while a function of pytest's has such local variables, and return what comes on the terminal."""
        terminal = Terminal()
        code = "def run(print_now, thread, item=None, request=None):\n    print_now('words', thread)"
        module: dict[str, Any] = {"__name__": "_pytest.runner"}
        exec(code, module)  # noqa: S102 - a function that passes for one of pytest's
        with mock.patch.object(sys, "__stderr__", terminal):
            module["run"](print_now, threading.get_ident(), **local)
        return terminal.getvalue()

    def test_capture(self) -> None:
        """Its capture is suspended meanwhile, whether a test runs or a fixture."""
        plugin = mock.MagicMock()
        config = mock.Mock(pluginmanager=mock.Mock(getplugin={"capturemanager": plugin}.get))
        for name in ("item", "request"):
            with self.subTest(name=name):
                self.assertEqual(self.print_in(**{name: mock.Mock(config=config)}), "\nwords\n")
                plugin.global_and_fixture_disabled.return_value.__exit__.assert_called_once()
                plugin.reset_mock()

    def test_no_capture(self) -> None:
        """Where it captures nothing, nothing has to be done."""
        config = mock.Mock(pluginmanager=mock.Mock(getplugin={}.get))
        for item in (None, mock.Mock(config=config)):
            self.assertEqual(self.print_in(item=item), "\nwords\n")
