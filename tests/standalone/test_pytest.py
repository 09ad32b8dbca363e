"""Suites of pytest that use the standalone front end, run as their users run them."""

import os
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


class PytestTests(unittest.TestCase):
    """One folder after the other, with warnings as errors."""

    def test_suite_written_for_it(self) -> None:
        """A suite under pytest-asyncio that was written for this API passes."""
        self.assert_passes(ROOT / "tests" / "standalone" / "suites", 5)

    def test_examples(self) -> None:
        """The examples pass under pytest-asyncio, under anyio's plugin, and as unittest has them."""
        self.assert_passes(ROOT / "docs" / "examples" / "standalone", 9)

    def test_program(self) -> None:
        """The example that is a plain program runs."""
        printed = self.run_python("-W", "error", "check_shop.py", folder=ROOT / "docs" / "examples" / "standalone")
        self.assertRegex(printed, r"^http://127\.0\.0\.1:\d+ sells {'name': 'apple'}\n$")

    def assert_passes(self, folder: Path, count: int) -> None:
        """Assert that so many tests pass, and nothing else happens."""
        printed = self.run_python("-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", folder=folder)
        self.assertRegex(printed, rf"\n{count} passed in ")

    def run_python(self, *arguments: str, folder: Path) -> str:
        """Run Python in a folder, and return what it prints."""
        run = subprocess.run(
            [sys.executable, *arguments],
            cwd=folder,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        self.assertEqual(run.returncode, 0, run.stdout[-2000:])
        return run.stdout
