"""The thread that looks on while another one works."""

import asyncio
import io
import signal
import sys
import time
import types
import unittest
from unittest import mock

from fastapi_testing import ServerShutdownError
from fastapi_testing.server.threads import lookout
from fastapi_testing.server.threads.lookout import LoopLimit
from tests.timing import MS

LIMIT = 50 * MS

IN_ASYNCIO = """
def spin(limit):
    while not limit.avoided:
        pass
"""


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
