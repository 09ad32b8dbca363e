"""Promises of the packaging files that only a test can hold together."""

import configparser
import re
import tomllib
import unittest
from pathlib import Path

ROOT = Path(__file__).parent.parent


class PackagingTests(unittest.TestCase):
    """setup.cfg, pyproject.toml and README.rst."""

    def test_lower_bounds_are_tested(self) -> None:
        """What tox installs as the lowest versions is what setup.cfg promises."""
        setup = configparser.ConfigParser()
        setup.read(ROOT / "setup.cfg", encoding="utf-8")
        promised = setup["options"]["install_requires"].replace(">=", "==").split()
        # FastAPI's own bound admits 1; which 2 it is, is left to FastAPI and to what the tests need besides.
        promised.remove("pydantic==2.0")
        tox = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["tox"]
        self.assertEqual(tox["env"]["lowest"]["deps"], promised)

    def test_example_in_the_readme(self) -> None:
        """The README shows a file that the suite runs, to the letter."""
        readme = (ROOT / "README.rst").read_text("utf-8")
        found = re.search(
            r"^\.\. quickstart: (\S+)\n\n\.\. code-block:: python\n\n((?: {4}.*\n|\n)+)", readme, re.MULTILINE
        )
        assert found is not None
        shown = re.sub(r"^ {4}", "", found[2], flags=re.MULTILINE).strip()
        self.assertEqual(shown, (ROOT / found[1]).read_text("utf-8").strip())

    def test_times_in_the_readme(self) -> None:
        """What the README says of a test's time is what the chart of the benchmarks shows."""
        chart = (ROOT / "docs" / "explanation" / "performance.svg").read_text("utf-8").partition("as a process<")[2]
        drawn = [1 / float(ratio) for ratio in re.findall(r">([\d.]+)x", chart)[:3]]
        readme = (ROOT / "README.rst").read_text("utf-8").partition("time of a test")[2]
        shown = [float(ratio) for ratio in re.findall(r"- ([\d.]+)x\n", readme)]
        rounded = [float(f"{ratio:.0f}" if ratio > 10 else f"{ratio:.1f}") for ratio in drawn]
        self.assertEqual(shown, [1, *rounded], "README.rst differs from performance.svg: correct its last row")
