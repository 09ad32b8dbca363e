"""The example projects in docs/examples: each runs as its reader would run it, and leaves nothing behind."""

import re
import shutil
import subprocess
import unittest
from pathlib import Path

from tests.processes import EXAMPLES, run_python, side_by_side

ELSEWHERE = {"browser", "migrating", "tutorial"}
"""The example that needs a browser, and those of several suites, which test_migrating and test_tutorial run."""

PASSED = re.compile(r"^Ran [1-9]\d* tests? .*\n\nOK(?: \(skipped=\d+\))?\n\Z", re.MULTILINE)
SKIPPED = re.compile(r"^.* \.\.\. skipped (['\"].*['\"])$", re.MULTILINE)


class ExampleTests(unittest.TestCase):
    """One folder after the other."""

    def test_every_example(self) -> None:
        """Its suite passes with warnings as errors and writes nothing beside it; what it skips is skipped here, too."""
        folders = sorted(path for path in EXAMPLES.glob("[!.]*/") if path.name not in ELSEWHERE)
        before = [*map(files, folders)]
        for folder, run, files_before in zip(folders, side_by_side(run_suite, folders), before, strict=True):
            with self.subTest(example=folder.name):
                self.assert_passed(run)
                self.assertEqual(files(folder), files_before)

    @unittest.skipUnless(shutil.which("chromium") and shutil.which("chromedriver"), "no chromium with a chromedriver")
    def test_browser(self) -> None:
        """So does the one that needs a browser; .ci/run installs it, and lets no test be skipped."""
        folder = EXAMPLES / "browser"
        before = files(folder)
        self.assert_passed(run_suite(folder))
        self.assertEqual(files(folder), before)

    def assert_passed(self, run: subprocess.CompletedProcess[str]) -> None:
        """Assert that a suite has passed, and skip what it has skipped."""
        self.assertRegex(run.stdout[-2000:], PASSED)
        self.assertEqual(run.returncode, 0)
        if reasons := sorted(set(SKIPPED.findall(run.stdout))):
            self.skipTest("; ".join(reasons))  # pragma: no cover - where a program is missing


def run_suite(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the suite of a folder."""
    return run_python("-W", "error", "-m", "unittest", "-v", folder=folder, no_proxy="127.0.0.1")


def files(folder: Path) -> set[Path]:
    """Return the files of a folder, but those that Python itself makes."""
    return {path for path in folder.rglob("*") if "__pycache__" not in path.parts}
