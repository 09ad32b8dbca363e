"""What a shard has whole: classes, and tests that are of no class of the user's."""

import unittest
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["SuiteClass", "each_of", "is_loose", "rebuilt", "unit_of", "unit_of_test"]

SuiteClass = Callable[[Any], unittest.TestSuite]


def each_of(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    """Yield the tests of a suite."""
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from each_of(test)
        else:
            yield test


def is_loose(case: type) -> bool:
    """Whether the tests of a class have nothing in common, as its user has not made it: doctests, for instance."""
    return case.__module__.partition(".")[0] in ("unittest", "doctest", "fastapi_testing")


def unit_of(case: type) -> str:
    """Return the name of a class."""
    return f"{case.__module__}.{case.__qualname__}"


def unit_of_test(test: unittest.TestCase) -> str | None:
    """Return the name of what stays together: the test's class, or the test itself where the class is no user's."""
    case = type(test)
    if issubclass(case, unittest.loader._FailedTest):  # type: ignore[attr-defined]  # noqa: SLF001 - there is no other name
        return None
    return test.id() if is_loose(case) else unit_of(case)


def rebuilt(
    suite: unittest.TestSuite, suite_class: SuiteClass, keeps: Callable[[unittest.TestCase], bool]
) -> unittest.TestSuite:
    """Return the tests of a suite that are to be kept, in the order and the suites they were in."""

    def pick(suite: unittest.TestSuite) -> Iterator[unittest.TestCase | unittest.TestSuite]:
        for test in suite:
            if isinstance(test, unittest.TestSuite):
                yield suite_class(list(pick(test)))
            elif keeps(test):
                yield test

    return suite_class(list(pick(suite)))
