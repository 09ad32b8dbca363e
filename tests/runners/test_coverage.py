"""coverage.py, which has to see the app's code as the server runs it."""

import json
import tempfile
import unittest
from pathlib import Path
from typing import Any, ClassVar

from coverage import CoverageData

from tests.processes import EXAMPLES, run_python
from tests.runners.case import ProjectCase


class CoverageTests(ProjectCase):
    """The whole suite, measured once with branches."""

    measured: ClassVar[dict[str, Any]]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        options = ["--branch", "--source=.", "--data-file=measured"]
        cls.run_python("-m", "coverage", "run", *options, "-m", "unittest", "-k", "OrderTests", "-k", "test_pass")
        cls.run_python("-m", "coverage", "json", "--data-file=measured", "-o", "measured.json")
        cls.measured = json.loads(cls.folder.joinpath("measured.json").read_text("utf-8"))["files"]["kiosk.py"]

    def test_handlers(self) -> None:
        """A route that a request has reached is covered; one that none has reached is not."""
        lines = self.lines()
        self.assertIn(lines["return 2"], self.measured["executed_lines"])
        self.assertIn(lines["return 5"], self.measured["missing_lines"])

    def test_branches(self) -> None:
        """Of a condition in a route, the way that was taken is told from the other."""
        lines = self.lines()
        taken = [lines['if item == "paper":'], lines["return 2"]]
        other = [lines['if item == "paper":'], lines['if item == "magazine":']]
        self.assertIn(taken, self.measured["executed_branches"])
        self.assertIn(other, self.measured["missing_branches"])

    def test_after_a_database(self) -> None:
        """Lines after a query are covered too, though SQLAlchemy runs it in a greenlet."""
        self.assertIn(
            self.lines()["return len((await session.scalars(select(Order))).all())"], self.measured["executed_lines"]
        )

    def lines(self) -> dict[str, int]:
        """Return the number of each line of the app."""
        source = self.folder.joinpath("kiosk.py").read_text("utf-8")
        return {line.strip(): number for number, line in enumerate(source.splitlines(), 1)}


class ContextTests(unittest.TestCase):
    """The contexts of the example."""

    def test_contexts(self) -> None:
        """A line that two tests have run, by their requests, has the contexts of both."""
        with tempfile.TemporaryDirectory() as folder:
            measured = str(Path(folder, "measured"))
            options = ["--source=fares", f"--data-file={measured}"]
            run = run_python(
                "-m",
                "coverage",
                "run",
                *options,
                "-m",
                "unittest",
                "contexts",
                folder=EXAMPLES / "coverage",
                COVERAGE_CORE="ctrace",
            )
            self.assertEqual(run.returncode, 0, run.stdout)
            data = CoverageData(measured)
            data.read()
            (file,) = data.measured_files()
            source = Path(file).read_text("utf-8").splitlines()
            number = source.index("    fare = 1.5 + zones") + 1
            contexts = data.contexts_by_lineno(file)[number]
            data.close()
        self.assertEqual({*contexts}, {"contexts.FareTests.test_one_zone", "contexts.FareTests.test_two_zones"})
