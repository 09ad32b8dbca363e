"""What the tests of the runners have in common: a copy of the project, and how its failures have to look."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import ClassVar

from tests.processes import environment

__all__ = ["CLOSED", "FAILURES", "ProjectCase", "shown"]

FAILURES = {
    "test_fail": """
        Traceback (most recent call last):
        File "suite/test_outcomes.py", in test_fail
        self.assertJsonEqual(response, 3)
        AssertionError: GET /prices/paper: JSON differs at $: expected 3, got 2; got 200 OK
    """,
    "test_server_error": """
        Traceback (most recent call last):
        File "suite/test_outcomes.py", in test_server_error
        self.assertStatus(response, 200)
        AssertionError: GET /prices/book: expected status 200, got 500 Internal Server Error; \
body: Internal Server Error
        the app raised, for GET /prices/book, in kiosk.price:
        Traceback (most recent call last):
        File "kiosk.py", in price
        raise LookupError(f"no price for {item}")
        LookupError: no price for book
    """,
    "test_background_error": """
        AssertionError: the app raised what no response could show; where that is meant, expect it with \
assertServerRaises(): the app raised, for POST /deliveries, in kiosk.deliver:
        Traceback (most recent call last):
        File "kiosk.py", in work
        raise LookupError("no van")
        LookupError: no van
    """,
    "test_sub_tests (item='magazine')": """
        Traceback (most recent call last):
        File "suite/test_outcomes.py", in test_sub_tests
        self.assertJsonEqual(await self.client.get(f"/prices/{item}"), price)
        AssertionError: GET /prices/magazine: JSON differs at $: expected 6, got 5; got 200 OK
        asked in this test:
        GET /prices/paper: 200 OK, in kiosk.price
        GET /prices/magazine: 200 OK, in kiosk.price
    """,
    "test_error": """
        Traceback (most recent call last):
        File "suite/test_outcomes.py", in test_error
        self.assertEqual(response.json()["price"], 2)
        TypeError: 'int' object is not subscriptable
        asked in this test:
        GET /prices/paper: 200 OK, in kiosk.price
    """,
}
"""The failures of the project's suite: the test's line comes last, the exchange follows, and no other line is there."""

CLOSED = """
    Traceback (most recent call last):
    File "kiosk.py", in closed
    raise LookupError("the kiosk is closed")
    LookupError: the kiosk is closed

    The above exception was the direct cause of the following exception:

    fastapi_testing.errors.ServerStartupError: the lifespan of FastAPI 'FastAPI' failed in its startup: LookupError: \
the kiosk is closed
"""
"""What is printed of a class whose app does not start: the app's line, and none of what called it."""


_OF_THIS_RUN = ("TEST_", "COVERAGE", "CI_NODE_", "CIRCLE_NODE_", "BUILDKITE_PARALLEL_", "JOB_COMPLETION_", "XML_")


class ProjectCase(unittest.TestCase):
    """A copy of the project in a folder of its own, as runners write files."""

    maxDiff = None
    folder: ClassVar[Path]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory())).resolve()
        shutil.copytree(Path(__file__).parent / "project", cls.folder, dirs_exist_ok=True)

    @classmethod
    def run_python(cls, *arguments: str, folder: Path | None = None, **variables: str) -> tuple[int, str]:
        """Run Python in the project, and return its exit code and what it prints."""
        # The suite that these tests are part of may itself be a shard, or be told where its database is.
        inherited = {name: value for name, value in environment().items() if not name.startswith(_OF_THIS_RUN)}
        # Unbuffered, what it prints and what the runner writes are in their order.
        run = subprocess.run(
            [sys.executable, *arguments],
            cwd=folder or cls.folder,
            env=inherited | {"PYTHONUNBUFFERED": "1"} | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        return run.returncode, run.stdout

    def assert_failures(self, printed: dict[str, str]) -> None:
        """Assert that failures look right, to the letter."""
        for name, text in FAILURES.items():
            self.assertEqual(self.shown(printed[name]), shown(text))

    def shown(self, text: str) -> str:
        """Return the lines of a failure without the folder of the project."""
        return shown(text.replace(f"{self.folder}{os.sep}", ""))


def shown(text: str) -> str:
    """Return the lines of a failure, but the numbers of lines, and what each Python or runner lays out in its way."""
    lines = (re.sub(r", line \d+, in", ", in", line.strip()) for line in text.splitlines())
    return "\n".join(line for line in lines if line.strip("~^"))
