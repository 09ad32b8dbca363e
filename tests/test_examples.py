"""The example projects in docs/examples: each runs as its reader would run it, and leaves nothing behind."""

import shutil
import unittest
from pathlib import Path

from tests.downstream.suite import Outcome, Project, run_suite
from tests.processes import EXAMPLES, side_by_side

ELSEWHERE = {"browser", "coverage", "migrating", "sharding", "songs", "tutorial"}
"""
The example that needs a browser, those of several suites, and those whose whole suite another test runs.

They are for test_migrating and test_tutorial, test_howto (coverage), runners/test_sharding, and downstream (songs).
"""


class ExampleTests(unittest.TestCase):
    """One folder after the other."""

    def test_every_example(self) -> None:
        """Its suite passes with warnings as errors and writes nothing beside it; what it skips is skipped here, too."""
        folders = sorted(path for path in EXAMPLES.glob("[!.]*/") if path.name not in ELSEWHERE)
        before = [*map(files, folders)]
        for folder, outcome, files_before in zip(folders, side_by_side(run_example, folders), before, strict=True):
            with self.subTest(example=folder.name):
                self.assert_passed(outcome)
                self.assertEqual(files(folder), files_before)

    @unittest.skipUnless(shutil.which("chromium") and shutil.which("chromedriver"), "no chromium with a chromedriver")
    def test_browser(self) -> None:
        """So does the one that needs a browser; .ci/run installs it, and lets no test be skipped."""
        folder = EXAMPLES / "browser"
        before = files(folder)
        self.assert_passed(run_example(folder))
        self.assertEqual(files(folder), before)

    def assert_passed(self, outcome: Outcome) -> None:
        """Assert that a suite has passed, and skip what it has skipped."""
        self.assertEqual(outcome.trouble, "", outcome.output)
        if outcome.reasons:
            self.skipTest("; ".join(outcome.reasons))  # pragma: no cover - where a program is missing


def run_example(folder: Path) -> Outcome:
    """Run the suite of a folder."""
    project = Project(folder.name, folder, options=("-W", "error"))
    return run_suite(project, timeout=120, no_proxy="127.0.0.1")


def files(folder: Path) -> set[Path]:
    """Return the files of a folder, but those that Python itself makes."""
    return {path for path in folder.rglob("*") if "__pycache__" not in path.parts}
