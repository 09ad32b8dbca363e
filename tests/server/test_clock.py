"""Time-outs while a test has stopped the time."""

import asyncio
import unittest

import freezegun
import time_machine

from fastapi_testing.server.clock import RealClock, unfreeze
from tests.timing import MS


class FrozenTests(unittest.TestCase):
    """An event loop that was unfrozen."""

    def check(self) -> None:
        """A time-out ends."""
        before = RealClock.now()
        with asyncio.Runner() as runner:
            unfreeze(runner.get_loop())
            with self.assertRaises(TimeoutError):
                runner.run(asyncio.wait_for(asyncio.Event().wait(), 5 * MS))
        self.assertGreater(RealClock.now(), before)

    def test_freezegun(self) -> None:
        """Under freezegun, which stops the monotonic clock too."""
        with freezegun.freeze_time("2020-01-01"):
            self.check()

    def test_time_machine(self) -> None:
        """Under time-machine."""
        with time_machine.travel(0, tick=False):
            self.check()

    def test_loop_with_a_clock_of_its_own(self) -> None:
        """A loop that says itself what time it is keeps its clock."""

        class Loop(asyncio.SelectorEventLoop):
            def time(self) -> float:
                return 1.0

        loop = Loop()
        unfreeze(loop)
        self.assertEqual(loop.time(), 1.0)
        loop.close()
