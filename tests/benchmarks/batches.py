"""From one operation to a batch: repeated, and timed as a whole."""

import asyncio
import unittest
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from time import perf_counter

from tests.benchmarks.row import Batch

__all__ = ["AsyncOperation", "Operation", "asynchronous", "repeat", "repeat_plain", "synchronous", "time_suite"]

Operation = Callable[[], object]
AsyncOperation = Callable[[], Awaitable[object]]


def synchronous(opened: Callable[[], AbstractContextManager[Operation]]) -> Callable[[], AbstractContextManager[Batch]]:
    """Make batches of the operation that a context manager yields."""

    @contextmanager
    def batches() -> Iterator[Batch]:
        with opened() as operation:
            yield lambda number: repeat_plain(operation, number)

    return batches


def asynchronous(
    opened: Callable[[], AbstractAsyncContextManager[AsyncOperation]],
) -> Callable[[], AbstractContextManager[Batch]]:
    """
    Make batches of the coroutine function that an asynchronous context manager yields.

    Each contender has an event loop of its own, which stands still while the others have their turn. The clock runs
    inside the loop: entering it is not measured.
    """

    @contextmanager
    def batches() -> Iterator[Batch]:
        with asyncio.Runner(debug=False) as runner:
            context = opened()
            operation = runner.run(context.__aenter__())
            try:
                yield lambda number: runner.run(repeat(operation, number))
            finally:
                runner.run(context.__aexit__(None, None, None))

    return batches


def repeat_plain(operation: Operation, number: int) -> float:
    """Do an operation that waits a number of times, and return the seconds that all of them took."""
    start = perf_counter()
    for _ in range(number):
        operation()
    return perf_counter() - start


async def repeat(operation: AsyncOperation, number: int) -> float:
    """Do an operation a number of times, and return the seconds that all of them took."""
    start = perf_counter()
    for _ in range(number):
        await operation()
    return perf_counter() - start


def time_suite(tests: Iterable[unittest.TestCase]) -> float:
    """Run tests, which have to pass, with the set-up and the end of their classes; return the seconds that took."""
    suite = unittest.TestSuite(tests)
    number = suite.countTestCases()
    result = unittest.TestResult()
    start = perf_counter()
    suite.run(result)
    seconds = perf_counter() - start
    assert (result.testsRun, result.wasSuccessful()) == (number, True), result.errors + result.failures
    return seconds
