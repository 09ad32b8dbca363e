"""The example projects in docs/examples: each runs as its reader would run it, and leaves nothing behind."""

import os
import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "docs" / "examples"

ELSEWHERE = {"browser", "migrating", "tutorial"}
"""The example that needs a browser, and those of several suites, which test_migrating and test_tutorial run."""

PASSED = re.compile(r"^Ran [1-9]\d* tests? .*\n\nOK(?: \(skipped=\d+\))?\n\Z", re.MULTILINE)
SKIPPED = re.compile(r"^.* \.\.\. skipped (['\"].*['\"])$", re.MULTILINE)


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
        run = subprocess.run(
            [sys.executable, "-W", "error", "-m", "unittest", "-v"],
            cwd=folder,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT), "no_proxy": "127.0.0.1"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        self.assertRegex(run.stderr[-2000:], PASSED)
        self.assertEqual(run.returncode, 0)
        self.assertEqual(files(folder), before)
        if reasons := sorted(set(SKIPPED.findall(run.stderr))):
            self.skipTest("; ".join(reasons))  # pragma: no cover - where a program is missing


def files(folder: Path) -> set[Path]:
    """Return the files of a folder, but those that Python itself makes."""
    return {path for path in folder.rglob("*") if "__pycache__" not in path.parts}
