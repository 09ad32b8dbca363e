"""The thread that looks on while another one works."""

import asyncio
import io
import signal
import sys
import threading
import time
import types
import unittest
from unittest import mock

from fastapi_testing import ServerShutdownError
from fastapi_testing.case.guards.watchdog import SyncWatchdog, TestTimeout, _Call
from fastapi_testing.server.threads import lookout
from fastapi_testing.server.threads.lookout import Lookout, LoopLimit
from tests.timing import MS

LIMIT = 50 * MS

IN_ASYNCIO = """
def spin(limit):
    while not limit.avoided:
        pass
"""


class SlowLimit(LoopLimit):
    """One whose end takes until a signal comes."""

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: types.TracebackType | None
    ) -> None:
        wait_for_signal(self)
        super().__exit__(exc_type, exc, traceback)


class SlowWatchdog(SyncWatchdog):
    """One that takes as long to note the end of a call."""

    def _end(self, watch: _Call) -> None:
        wait_for_signal(self)
        super()._end(watch)


def wait_for_signal(lookout: Lookout) -> None:
    """Wait for one that interrupts nothing."""
    while not lookout.avoided:
        pass


class SignalTests(unittest.IsolatedAsyncioTestCase):
    """Where the signal comes."""

    def setUp(self) -> None:
        self.enterContext(mock.patch.object(lookout, "_GRACE", 20 * MS))
        self.enterContext(mock.patch.object(sys, "__stderr__", io.StringIO()))  # where it takes some more time

    async def test_in_asyncio(self) -> None:
        """One that comes in the midst of asyncio, which would take the exception for its own, is sent again."""
        made = types.ModuleType("asyncio.made")
        exec(IN_ASYNCIO, vars(made))  # noqa: S102 - the module's name is what counts
        came: list[str] = []
        with self.assertRaises(ServerShutdownError), LoopLimit(LIMIT, "not done", ServerShutdownError) as limit:
            try:
                made.spin(limit)
                came.append("out of it")
                time.sleep(60)  # noqa: ASYNC251 - that is what is tested
            except asyncio.CancelledError:
                came.append("interrupted")
        self.assertEqual(came, ["out of it", "interrupted"])

    async def test_nowhere_else(self) -> None:
        """Of many, the last one interrupts even that."""
        made = types.ModuleType("asyncio.made")
        exec(IN_ASYNCIO.replace("limit.avoided", "False"), vars(made))  # noqa: S102 - as above
        with self.assertRaises(ServerShutdownError), LoopLimit(LIMIT, "not done", ServerShutdownError) as limit:
            made.spin(limit)

    async def test_out_of_turn(self) -> None:
        """One that somebody else sends interrupts nothing."""
        with LoopLimit(60.0, "not done", ServerShutdownError):
            signal.raise_signal(signal.SIGUSR2)

    async def test_again(self) -> None:
        """One that comes again, at the moment at which the first has interrupted, does not interrupt what follows."""
        came: list[str] = []
        with self.assertRaises(ServerShutdownError), LoopLimit(LIMIT, "not done", ServerShutdownError):
            try:
                time.sleep(60)  # noqa: ASYNC251 - that is what is tested
            except asyncio.CancelledError:
                signal.raise_signal(signal.SIGUSR2)
                came.append("went on")
        self.assertEqual(came, ["went on"])

    async def test_end_of_a_block(self) -> None:
        """One that comes where a block is over leaves the error to the block."""
        with self.assertRaises(ServerShutdownError), SlowLimit(LIMIT, "not done", ServerShutdownError):
            pass

    def test_end_of_a_call(self) -> None:
        """One that comes where a call is over leaves the failure to the call, and what it has raised is the cause."""

        def fail() -> None:
            raise LookupError("my own")

        watchdog = SlowWatchdog(LIMIT)
        self.addCleanup(watchdog.close)
        with self.assertRaises(TestTimeout) as caught:
            watchdog.call(fail, LIMIT)
        self.assertIsInstance(caught.exception.__cause__, LookupError)


class StartTests(unittest.IsolatedAsyncioTestCase):
    """Where no thread can be started."""

    async def test_no_thread(self) -> None:
        """Where there can be no thread any more, what is watched is done without, and the signal is given back."""
        before = signal.getsignal(signal.SIGUSR2)
        done: list[str] = []
        refused = RuntimeError("can't create new thread at interpreter shutdown")
        with (
            mock.patch.object(threading.Thread, "start", side_effect=refused),
            LoopLimit(60.0, "not done", ServerShutdownError),
        ):
            done.append("done")
        self.assertEqual(done, ["done"])
        self.assertEqual(signal.getsignal(signal.SIGUSR2), before)
