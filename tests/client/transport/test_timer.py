"""The timer of a connection, on a clock that the test moves."""

import unittest
import unittest.mock
from collections.abc import Callable
from typing import Any

from fastapi_testing.client.transport.timer import Watchdog


class Clock:
    """What a watchdog takes of an event loop."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        """Return the time."""
        return self.now

    def call_at(self, when: float, callback: Callable[[], None]) -> Any:
        """Set a timer."""
        timer = (when, callback)
        self.timers.append(timer)
        return unittest.mock.Mock(cancel=lambda: self.timers.remove(timer))

    def move_to(self, now: float) -> None:
        """Let time pass, and call what is due."""
        self.now = now
        due = [timer for timer in self.timers if timer[0] <= now]
        for timer in due:
            self.timers.remove(timer)
            timer[1]()


class WatchdogTests(unittest.TestCase):
    """Waits, and how they end."""

    def setUp(self) -> None:
        """Make a watchdog."""
        self.clock = Clock()
        self.expired: list[float] = []
        loop: Any = self.clock
        self.watchdog = Watchdog(loop, lambda: self.expired.append(self.clock.now))

    def test_expires(self) -> None:
        """A wait that takes too long expires once."""
        self.watchdog.start(5)
        self.clock.move_to(104)
        self.clock.move_to(105)
        self.clock.move_to(200)
        self.assertEqual(self.expired, [105])

    def test_late(self) -> None:
        """What ends a wait is late once its time is over, be the timer's turn still to come; with a debugger, never."""
        with unittest.mock.patch("fastapi_testing.client.transport.timer.has_debugger", return_value=False) as debugger:
            self.assertFalse(self.watchdog.is_late())
            self.watchdog.start(5)
            self.clock.now = 104.9
            self.assertFalse(self.watchdog.is_late())
            self.clock.now = 105
            self.assertTrue(self.watchdog.is_late())
            debugger.return_value = True
            self.assertFalse(self.watchdog.is_late())

    def test_one_timer(self) -> None:
        """Waits one after the other share a timer, which is set again for the one that still lasts."""
        for now in (100, 101, 102):
            self.clock.now = now
            self.watchdog.start(5)
            self.assertEqual([when for when, _ in self.clock.timers], [105])
        self.clock.move_to(105)
        self.assertEqual([when for when, _ in self.clock.timers], [107])
        self.clock.move_to(107)
        self.assertEqual(self.expired, [107])

    def test_stopped(self) -> None:
        """A wait that ended does not expire, and its timer is not set again."""
        self.watchdog.start(5)
        self.watchdog.stop()
        self.clock.move_to(105)
        self.assertEqual((self.expired, self.clock.timers), ([], []))

    def test_sooner(self) -> None:
        """A wait that is shorter than the timer moves it."""
        self.watchdog.start(5)
        self.watchdog.start(1)
        self.assertEqual([when for when, _ in self.clock.timers], [101])
        self.clock.move_to(101)
        self.assertEqual(self.expired, [101])

    def test_closed(self) -> None:
        """A closed watchdog has no timer."""
        self.watchdog.close()
        self.watchdog.start(5)
        self.watchdog.close()
        self.assertEqual(self.clock.timers, [])
