# ruff: noqa: INP001 - run as a script
"""
Runs tests by their ids as VS Code does.

It discovers all tests first, which puts the folder on the path; then it loads those that are asked for, and runs them
with a result of its own, which formats the exceptions itself and sends them to the editor by a pipe; here, by a file.
"""

import json
import os
import sys
import traceback
import unittest
from pathlib import Path
from typing import Any


class EditorResult(unittest.TextTestResult):
    """Sends each outcome to the editor."""

    def addSuccess(self, test: unittest.TestCase) -> None:
        super().addSuccess(test)
        self.send(test, "success")

    def addError(self, test: unittest.TestCase, err: Any) -> None:
        super().addError(test, err)
        self.send(test, "error", err)

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        super().addFailure(test, err)
        self.send(test, "failure", err)

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        super().addSkip(test, reason)
        self.send(test, "skipped")

    def addExpectedFailure(self, test: unittest.TestCase, err: Any) -> None:
        super().addExpectedFailure(test, err)
        self.send(test, "expected-failure", err)

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:
        super().addUnexpectedSuccess(test)
        self.send(test, "unexpected-success")

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: Any) -> None:
        super().addSubTest(test, subtest, err)
        self.send(subtest, "subtest-failure" if err else "subtest-success", err)

    def send(self, test: unittest.TestCase, outcome: str, err: Any = None) -> None:
        """Send the outcome of a test."""
        text = "".join(traceback.format_exception(*err)) if err else ""
        message = f"{err[0]} {err[1]}" if err else ""
        sent = {"test": test.id(), "outcome": outcome, "message": message, "traceback": text}
        with Path(os.environ["TEST_RUN_PIPE"]).open("a", encoding="utf-8") as pipe:
            pipe.write(f"{json.dumps(sent)}\n")


unittest.TestLoader().discover(".", "test*.py")
suite = unittest.TestLoader().loadTestsFromNames(sys.argv[1:])
unittest.TextTestRunner(resultclass=EditorResult).run(suite)  # type: ignore[arg-type]  # a wider stream in typeshed
