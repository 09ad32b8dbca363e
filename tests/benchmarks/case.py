"""From one operation to a batch for this framework: in a test, as its users have it."""

import unittest
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager

from fastapi_testing import AsyncServerTestCase, ServerTestCase
from tests.benchmarks.app import app as benchmarked_app
from tests.benchmarks.batches import AsyncOperation, Operation, repeat, repeat_plain
from tests.benchmarks.row import Batch

__all__ = ["in_plain_test", "in_test"]


def in_test(
    opened: Callable[[AsyncServerTestCase], AbstractAsyncContextManager[AsyncOperation]],
) -> Callable[[], AbstractContextManager[Batch]]:
    """
    Make batches of the coroutine function that a context manager yields, each in a test of a class of its own.

    Whatever the test case puts around its clients is measured with them. The clock does not run while the class is
    set up, nor for the first operation, which opens a connection.

    Args:
        opened: Makes the context manager of the test case.
    """

    def run_class(number: int) -> float:
        times: list[float] = []

        class Tests(AsyncServerTestCase):
            app = benchmarked_app

            async def test_batch(self) -> None:
                async with opened(self) as operation:
                    await operation()
                    times.append(await repeat(operation, number))

        _run(Tests("test_batch"))
        return times[0]

    @contextmanager
    def batches() -> Iterator[Batch]:
        yield run_class

    return batches


def in_plain_test(operation_of: Callable[[ServerTestCase], Operation]) -> Callable[[], AbstractContextManager[Batch]]:
    """
    Make batches of an operation that waits, in the same way: each in a plain test of a class of its own.

    Args:
        operation_of: Makes the operation of the test case.
    """

    def run_class(number: int) -> float:
        times: list[float] = []

        class Tests(ServerTestCase):
            app = benchmarked_app

            def test_batch(self) -> None:
                operation = operation_of(self)
                operation()
                times.append(repeat_plain(operation, number))

        _run(Tests("test_batch"))
        return times[0]

    @contextmanager
    def batches() -> Iterator[Batch]:
        yield run_class

    return batches


def _run(test: unittest.TestCase) -> None:
    result = unittest.TestResult()
    unittest.TestSuite([test]).run(result)
    if not result.wasSuccessful():
        raise RuntimeError([*result.errors, *result.failures][0][1])
