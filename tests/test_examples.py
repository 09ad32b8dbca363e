"""The example projects in docs/examples: each runs as its reader would run it, and leaves nothing behind."""

import shutil
import unittest
from pathlib import Path

from tests.downstream.suite import Project, run_suite
from tests.examples import EXAMPLES

ELSEWHERE = {"browser", "migrating", "tutorial"}
"""The example that needs a browser, and those of several suites, which test_migrating and test_tutorial run."""


class ExampleTests(unittest.TestCase):
    """One folder after the other."""

    def test_every_example(self) -> None:
        """Its suite passes with warnings as errors and writes nothing beside it; what it skips is skipped here, too."""
        for folder in sorted(path for path in EXAMPLES.glob("[!.]*/") if path.name not in ELSEWHERE):
            with self.subTest(example=folder.name):
                self.run_example(folder)

    @unittest.skipUnless(shutil.which("chromium") and shutil.which("chromedriver"), "no chromium with a chromedriver")
    def test_browser(self) -> None:
        """So does the one that needs a browser; .ci/run installs it, and lets no test be skipped."""
        self.run_example(EXAMPLES / "browser")

    def run_example(self, folder: Path) -> None:
        """Run the suite of a folder."""
        before = files(folder)
        project = Project(folder.name, folder, options=("-W", "error"))
        outcome = run_suite(project, timeout=120, no_proxy="127.0.0.1")
        self.assertEqual(outcome.trouble, "", outcome.output)
        self.assertEqual(files(folder), before)
        if outcome.reasons:
            self.skipTest("; ".join(outcome.reasons))  # pragma: no cover - where a program is missing


def files(folder: Path) -> set[Path]:
    """Return the files of a folder, but those that Python itself makes."""
    return {path for path in folder.rglob("*") if "__pycache__" not in path.parts}
