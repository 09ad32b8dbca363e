"""The runners that people use, each run as they run it."""

import unittest
from pathlib import Path

from tests.runners.case import RUNS, SuiteCase

__all__ = ["load_tests"]


def load_tests(loader: unittest.TestLoader, _: unittest.TestSuite, pattern: str | None) -> unittest.TestSuite:
    """Load the tests, and have each class's run of the suite begin while the one before it is waited for."""
    suite = loader.discover(str(Path(__file__).parent), pattern or "test*.py")
    RUNS.plan(suite, SuiteCase)
    return suite
