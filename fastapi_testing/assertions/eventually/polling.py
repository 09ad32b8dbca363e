"""What a test can claim of a state that changes by itself."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, overload
from unittest.util import safe_repr

from fastapi_testing.assertions.describing.describe import cut
from fastapi_testing.assertions.describing.masked import MaskedFailures
from fastapi_testing.server.recording.stacks import message_of

__all__ = ["EventuallyAssertions", "Look", "check_timeout", "pauses"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_T = TypeVar("_T")

_sleep = asyncio.sleep  # a test may have put a mock in its place by the time that it is called

_FIRST_PAUSE = 0.001
_LONGEST_PAUSE = 0.05
"""Seconds between two looks: soon at first, then ever more seldom."""


class EventuallyAssertions(MaskedFailures):
    """Assertions that wait, for any test case whose tests are coroutines."""

    @overload
    async def assertEventually(
        self, probe: Callable[[], Awaitable[_T]], timeout: float = 5.0, msg: Any = None
    ) -> _T: ...

    @overload
    async def assertEventually(self, probe: Callable[[], _T], timeout: float = 5.0, msg: Any = None) -> _T: ...

    async def assertEventually(self, probe: Callable[[], Any], timeout: float = 5.0, msg: Any = None) -> Any:
        """
        Fail unless something comes to hold in time.

        ::

            await self.assertEventually(lambda: worker.is_idle)
            await self.assertEventually(self.job_is_done)  # a method that asserts

        What the test can wait for, it had better wait for; a request that is awaited is over, background tasks and
        all.

        Args:
            probe: Looks whether it holds: a function, or one that is a coroutine. It does not hold yet if it raises
                :exc:`AssertionError`, or returns something false. None counts as true, as functions that assert
                return it, but not of a lambda. Any other exception goes through.
            timeout: Seconds that it may take. The probe is called once at least.
            msg: What to say besides.

        Returns:
            What the probe returned in the end.

        Raises:
            TypeError: If ``probe`` is not callable, such as a coroutine, which could not be called again.
            ValueError: If ``timeout`` is not positive.
        """
        check_timeout(timeout)
        look = Look(probe)
        try:
            async with asyncio.timeout(timeout) as limit:
                return await look.until_it_holds(limit)
        except TimeoutError:
            if not limit.expired():  # the probe's own
                raise
        return self.fail(self._formatMessage(msg, look.describe(timeout)))


class Look:
    """
    Looks again and again, and remembers what it saw last.

    Args:
        probe: What looks.

    Raises:
        TypeError: If it is not callable.
    """

    def __init__(self, probe: Callable[[], Any]) -> None:
        _check_probe(probe)
        self._probe = probe
        self._is_lambda = getattr(probe, "__name__", "") == "<lambda>"
        self._seen = ""
        self._is_looking = False

    async def until_it_holds(self, limit: asyncio.Timeout) -> Any:
        """Return what the probe returned when it held; for coroutines."""
        pause = pauses()
        while True:
            with self.looking():
                if self.holds(value := await self._call()):
                    return value
            if limit.expired():  # the probe has made a failure of its cancellation, which comes only once
                raise TimeoutError
            await _sleep(next(pause))

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Take note of how the probe fails within the block, which is one look."""
        self._is_looking = True
        try:
            yield
        except AssertionError as exc:
            self._seen = f"failed: {said}" if (said := message_of(exc)) else "failed, and did not say why"
        self._is_looking = False

    def holds(self, value: Any) -> bool:
        """Take note of what the probe returned, and tell whether it holds."""
        self._seen = f"returned {cut(safe_repr(value))}"
        return bool(value) or (value is None and not self._is_lambda)

    def describe(self, timeout: float) -> str:
        """Return what was expected, what was seen last, and whether the last look has come to no end."""
        if not self._is_looking:
            seen = f"at last it {self._seen}"
        elif self._seen:
            seen = f"the last look did not return; the one before {self._seen}"
        else:
            seen = "it did not return"
        return f"expected {_name(self._probe)} to hold within {timeout:g} s; {seen}"

    async def _call(self) -> Any:
        value = self._probe()
        return await value if inspect.isawaitable(value) else value


def check_timeout(timeout: float) -> None:
    """Check that something can come to hold in so many seconds."""
    if not timeout > 0:
        raise ValueError(f"timeout must be a positive number of seconds, got {timeout!r}")


def pauses() -> Iterator[float]:
    """Yield the seconds between two looks."""
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(2 * pause, _LONGEST_PAUSE)


def _check_probe(probe: Any) -> None:
    if callable(probe):
        return
    if inspect.iscoroutine(probe):
        probe.close()  # or Python warns that nobody has awaited it
    raise TypeError(
        f"assertEventually() takes a function, to call it again and again, got {probe!r}: put 'lambda:' before it"
    )


def _name(probe: Callable[[], Any]) -> str:
    name: str = getattr(probe, "__qualname__", repr(probe))
    return name.rpartition("<locals>.")[2]
