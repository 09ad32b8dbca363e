"""What is told of code that holds the event loop of a class up: on the terminal meanwhile, and in a test's outcome."""

import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from fastapi_testing.case.guards.guard import code_of
from fastapi_testing.case.guards.hangs import describe_standstill
from fastapi_testing.case.guards.monitor import Hold, LoopMonitor, Seat
from fastapi_testing.case.guards.terminal import print_now
from fastapi_testing.server.recording.exchange import exchange_of
from fastapi_testing.server.recording.recorder import recorders
from fastapi_testing.server.recording.stacks import format_stack, runs_users

__all__ = ["BlockGuard", "Blocking", "check_blocking"]

Blocking = Literal["warn", "fail", "ignore"]
"""What to do about handlers that hold the event loop up."""

_LOOKS = 4
"""Looks at the event loop in the shortest time that counts."""

_SHOWN = 5
"""Holds that a report shows."""


def check_blocking(case: Any) -> None:
    """
    Check what a class says of code that holds the event loop up.

    Raises:
        ValueError: If an attribute is none of what it may be.
    """
    if case.blocking not in ("warn", "fail", "ignore"):
        raise ValueError(f"blocking must be 'warn', 'fail' or 'ignore', got {case.blocking!r}")
    if not _is_number(case.blocked_after) or not case.blocked_after >= 0:
        raise ValueError(f"blocked_after must be a number of seconds, 0 for no report, got {case.blocked_after!r}")
    if not _is_number(case.blocking_threshold) or not case.blocking_threshold > 0:
        raise ValueError(f"blocking_threshold must be a positive number of seconds, got {case.blocking_threshold!r}")


@dataclass
class _Blame:
    """A request whose handler has held the loop up."""

    hold: Hold
    name: str
    stack: list[str]

    def __str__(self) -> str:
        return "\n".join([f"the event loop was held up for {self.hold.seconds:.2f} s by {self.name}, at:", *self.stack])


class BlockGuard:
    """
    Looks after the event loop of one class: tells who blocks it, and which handlers hold it for too long.

    Args:
        case: The class.
        is_shared: Whether the tests run on the loop as well, and not beside it.

    Attributes:
        seat: Returns the event loop, and its thread.

    Raises:
        ValueError: If an attribute of the class is none of what it may be.
    """

    def __init__(self, case: Any, *, is_shared: bool) -> None:
        check_blocking(case)
        self.seat: Callable[[], Seat] = _nowhere
        self._name = f"{case.__module__}.{case.__qualname__}"
        self._limit: float = case.blocked_after or float("inf")
        self._how: Blocking = case.blocking
        self._threshold: float = float("inf") if case.blocking == "ignore" else case.blocking_threshold
        self._is_shared = is_shared
        self._runner = threading.get_ident()
        self._test: Any = None
        self._told: Hold | None = None
        self._blames: list[_Blame] = []
        shortest = min(self._limit, self._threshold)
        self._monitor = LoopMonitor(self._sit, shortest / _LOOKS, self._take) if shortest < float("inf") else None

    def start(self) -> None:
        """Begin to look at the loop, where the class wants it."""
        if self._monitor is not None:
            self._monitor.start()

    def close(self) -> None:
        """End it."""
        if self._monitor is not None:
            self._monitor.close()
        self.seat = _nowhere  # the class stays, and would hold its loop

    def begin(self, test: Any) -> None:
        """Take note of the test that begins."""
        if self._monitor is not None:
            self._test = self._monitor.test = test
            self._blames = []

    def judge(self, method: Callable[..., Any], troubles: str) -> str:
        """
        End the test; return its troubles and, where that fails, which of its requests have held the loop up.

        Args:
            method: The test's method, at whose line a warning is given.
            troubles: What is wrong with the test besides.
        """
        if self._monitor is None:
            return troubles
        with self._monitor.looking:
            self._test = self._monitor.test = None
            blames, self._blames = self._blames, []
        if not blames:
            return troubles
        text = self._describe_blames(blames)
        if self._how == "warn":
            code = code_of(method)
            try:
                warnings.warn_explicit(text, RuntimeWarning, code.co_filename, code.co_firstlineno)
            except RuntimeWarning:  # with warnings as errors, it must not hide the rest
                if not troubles:
                    raise
            else:
                return troubles
        return "\n".join(filter(None, [troubles, text]))

    def _sit(self) -> Seat:
        return self.seat()

    def _describe_blames(self, blames: list[_Blame]) -> str:
        shown, omitted = blames[:_SHOWN], len(blames) - _SHOWN
        more = [f"and {omitted} times more"] if omitted > 0 else []
        return "\n".join([*map(str, shown), *more, f"blocking_threshold is {self._threshold:g} s"])

    def _take(self, hold: Hold) -> None:
        if hold.seconds >= self._limit and hold is not self._told:
            self._told = hold
            print_now(self._describe(hold), self._runner)
        if hold.seconds >= self._threshold and not any(blame.hold is hold for blame in self._blames[-1:]):
            self._blame(hold)

    def _describe(self, hold: Hold) -> str:
        who = f"{self._name}, before or after its tests" if self._test is None else self._test.id()
        servers = {address: each for address, each in recorders.copy().items() if each.loop is hold.loop}
        stack = format_stack([*hold.stack])
        return describe_standstill(who, self._limit, hold.thread, stack, servers, is_shared=self._is_shared)

    def _blame(self, hold: Hold) -> None:
        exchange = None if hold.task is None else exchange_of(hold.task)
        # Without a line of the app's own, it is more likely the machine that has too much to do.
        if exchange is not None and exchange.kind != "lifespan" and runs_users(hold.stack):
            self._blames.append(_Blame(hold, exchange.name, format_stack([*hold.stack])))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _nowhere() -> Seat:
    return None, 0  # pragma: no cover - a look that comes before the loop is known, or after the class
