"""Suites of pytest that use the standalone front end, run as their users run them."""

import subprocess
import unittest
from pathlib import Path

from tests.processes import EXAMPLES, ROOT, run_python, side_by_side


class PytestTests(unittest.TestCase):
    """One folder after the other, with warnings as errors."""

    def test_suites(self) -> None:
        """
        A suite under pytest-asyncio that was written for this API passes.

        So do the examples, under pytest-asyncio, under anyio's plugin, and as unittest has them.
        """
        counts = {ROOT / "tests" / "standalone" / "suites": 5, EXAMPLES / "standalone": 9}
        for (folder, count), run in zip(counts.items(), side_by_side(run_pytest, counts), strict=True):
            with self.subTest(folder.name):
                self.assertEqual(run.returncode, 0, run.stdout[-2000:])
                self.assertRegex(run.stdout, rf"\n{count} passed in ")

    def test_program(self) -> None:
        """The example that is a plain program runs."""
        run = run_python("-W", "error", "check_shop.py", folder=EXAMPLES / "standalone")
        self.assertEqual(run.returncode, 0, run.stdout[-2000:])
        self.assertRegex(run.stdout, r"^http://127\.0\.0\.1:\d+ sells {'name': 'apple'}\n$")


def run_pytest(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the tests of a folder with warnings as errors."""
    plugins = ["-p", "asyncio", "-p", "anyio", "-p", "no:cacheprovider"]
    return run_python("-m", "pytest", "-q", "-W", "error", *plugins, folder=folder)
