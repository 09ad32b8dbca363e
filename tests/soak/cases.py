"""Running tests of the framework within a row."""

import unittest
from collections.abc import Iterator

__all__ = ["StreamedSuite", "run_suite", "run_test", "troubles"]


class StreamedSuite(unittest.TestSuite):
    """A suite whose tests are made one after the other, while it runs."""

    _cleanup = False  # there is no list to take them out of

    def __init__(self, tests: Iterator[unittest.TestCase]) -> None:
        super().__init__()
        self._stream = tests

    def __iter__(self) -> Iterator[unittest.TestCase]:
        return self._stream


def troubles(result: unittest.TestResult) -> tuple[str, ...]:
    """Return the text of each error and failure."""
    return tuple(text for _, text in [*result.errors, *result.failures])


def run_suite(suite: unittest.TestSuite) -> unittest.TestResult:
    """Run a suite as unittest does, and return the result."""
    result = unittest.TestResult()
    suite.run(result)
    return result


def run_test(test: unittest.TestCase) -> tuple[str, ...]:
    """Run one test in its class; return what failed."""
    return troubles(run_suite(unittest.TestSuite([test])))
