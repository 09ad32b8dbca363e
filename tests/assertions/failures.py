"""How the tests of assertions look at failures: to the letter."""

import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["FailureAssertions", "run_failing"]


class FailureAssertions(unittest.TestCase):
    """Asserts that assertions fail."""

    maxDiff = None

    @contextmanager
    def assertFails(self, message: str) -> Iterator[None]:
        """Fail unless the body fails with this message."""
        with self.assertRaises(AssertionError) as caught:
            yield
        self.assertEqual(str(caught.exception), message)


def run_failing(base: type[unittest.TestCase], test: Callable[..., object], **attributes: object) -> str:
    """Run a function as the only test of a case that must fail, and return what unittest prints of it."""
    case = type("Case", (base,), {"test": test, **attributes})
    result = unittest.TestResult()
    case("test").run(result)
    ((_, text),) = result.failures
    return text
