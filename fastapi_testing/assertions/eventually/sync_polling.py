"""What a plain test can claim of a state that changes by itself."""

import inspect
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from fastapi_testing.assertions.describing.masked import MaskedFailures
from fastapi_testing.assertions.eventually.polling import Look, check_timeout, pauses
from fastapi_testing.server.clock import RealClock

__all__ = ["SyncEventuallyAssertions"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_T = TypeVar("_T")


class SyncEventuallyAssertions(MaskedFailures):
    """The assertions of :class:`~fastapi_testing.EventuallyAssertions`, for tests that are no coroutines."""

    def assertEventually(self, probe: Callable[[], _T], timeout: float = 5.0, msg: Any = None) -> _T:
        """
        Fail unless something comes to hold in time.

        ::

            self.assertEventually(lambda: worker.is_idle)
            self.assertEventually(self.job_is_done)  # a method that asserts

        Args:
            probe: Looks whether it holds. It does not hold yet if it raises :exc:`AssertionError`, or returns something
                false. None counts as true, as functions that assert return it, but not of a lambda. Any other exception
                goes through.
            timeout: Seconds after which nobody looks again. The probe is called once at least.
            msg: What to say besides.

        Returns:
            What the probe returned in the end.

        Raises:
            TypeError: If the probe is asynchronous.
            ValueError: If ``timeout`` is not positive.
        """
        check_timeout(timeout)
        if inspect.iscoroutinefunction(probe):
            raise TypeError(f"{probe!r} is a coroutine function: give lambda: self.run_async(...)")
        look = Look(probe)
        for _ in _until(RealClock.now() + timeout):
            with look.looking():
                if look.holds(value := probe()):
                    return value
        return self.fail(self._formatMessage(msg, look.describe(timeout)))


def _until(deadline: float) -> Iterator[None]:
    """Yield once at least, and then again and again with pauses."""
    pause = pauses()
    while True:
        yield
        left = deadline - RealClock.now()
        if left <= 0:
            return
        time.sleep(min(next(pause), left))
