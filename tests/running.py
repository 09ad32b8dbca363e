"""Running a test class inside a test, to look at its result."""

import re
import unittest
from collections.abc import Iterator
from typing import Any

__all__ = ["outcomes", "run_classes", "without_carets", "without_exchanges"]


def run_classes(*classes: type[unittest.TestCase]) -> unittest.TestResult:
    """Run test classes one after the other, as `python -m unittest` does, and return the result."""
    result = unittest.TestResult()
    # The default loader would leave out what a -k of the whole run does not name.
    suites = [unittest.TestLoader().loadTestsFromTestCase(cls) for cls in classes]
    unittest.TestSuite(suites).run(result)
    return result


def outcomes(result: unittest.TestResult) -> dict[str, str]:
    """Return the last line of each error and failure, and the reason of each skip, by the test's short name."""
    return {_name(test): _last_line(text) for test, text in _troubles(result)}


def _troubles(result: unittest.TestResult) -> Iterator[tuple[Any, str]]:
    yield from result.errors
    yield from result.failures
    yield from result.skipped


def _name(test: unittest.TestCase) -> str:
    """Return ``test_name``, or ``setUpClass`` for what unittest calls ``setUpClass (module.Class)``."""
    return test.id().partition(" ")[0].rpartition(".")[2]


def without_exchanges(text: str) -> str:
    """Return the text of a failure without the list of what the test has asked, which is its end."""
    return re.sub(r"\nasked in this test[^\n]*:(\n  [^\n]*)+\Z", "", text.rstrip())


def without_carets(text: str) -> str:
    """Return a traceback without the lines that underline: each Python does so in its own way."""
    return re.sub(r"(?m)^ *[~^]+\n", "", text)


def _last_line(text: str) -> str:
    return without_exchanges(text).rpartition("\n")[2]
