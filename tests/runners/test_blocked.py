"""A test that blocks its event loop for ever: it is told on the terminal, whatever the runner does with output."""

import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

from tests.processes import environment
from tests.timing import MS

TEST = f"""
    import threading
    from fastapi_testing import AsyncServerTestCase

    class BlockedTests(AsyncServerTestCase):
        blocked_after = {500 * MS}

        async def test_blocked(self):
            print("a word of the test's own")
            threading.Event().wait()
"""


class BlockedTests(unittest.TestCase):
    """Runs that do not end."""

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (self.folder / "test_it.py").write_text(textwrap.dedent(TEST), "utf-8")

    def first_report(self, *arguments: str) -> str:
        """Run Python until it has printed the report, and return the first line of it."""
        command = [sys.executable, *arguments]
        with subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment(),
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            lines = iter(process.stderr.readline, "")
            report = next((line.strip() for line in lines if "test_blocked: the event loop" in line), "nothing")
            process.kill()
        return report

    def test_unittest(self) -> None:
        """Under unittest it comes at once, also with ``-b``."""
        for options in ([], ["-b"]):
            with self.subTest(options=options):
                self.check("-m", "unittest", *options, "test_it")

    def test_pytest(self) -> None:
        """The capture of pytest lets it through as well."""
        self.check("-m", "pytest", "-q", "-p", "no:cacheprovider")

    def check(self, *arguments: str) -> None:
        """Check that the report is seen."""
        self.assertEqual(
            self.first_report(*arguments),
            f"test_it.BlockedTests.test_blocked: the event loop has been blocked for {500 * MS:g} s, at:",
        )
