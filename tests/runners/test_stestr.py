"""stestr, whose workers send their results as subunit streams to testtools' results."""

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import ClassVar

from fastapi_testing.case.sharding.sources import Sources
from tests.processes import environment
from tests.runners.case import ProjectCase


class StestrTests(ProjectCase):
    """The whole suite in two workers, run once; then what failed."""

    code: ClassVar[int]
    printed: ClassVar[str]
    last_code: ClassVar[int]
    last_printed: ClassVar[str]
    """The same from what stestr has kept of the run: what the workers print meanwhile is not in between."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.code, cls.printed = cls.run_python("-m", "stestr", "run", "--concurrency", "2")
        cls.last_code, cls.last_printed = cls.run_python("-m", "stestr", "last")
        command = [sys.executable, "-m", "stestr", "last", "--subunit"]
        with (cls.folder / "last.subunit").open("wb") as stream:
            subprocess.run(command, cwd=cls.folder, env=environment(), stdout=stream, timeout=120, check=False)

    def test_counts(self) -> None:
        """Every outcome is counted as what it is, now and by ``stestr last``."""
        counts = "(?s)Ran: 16 tests .* Passed: 6\n.* Skipped: 2\n.* Expected Fail: 1\n"
        counts += ".* Unexpected Success: 1\n.* Failed: 6\n"
        self.assertEqual(self.code, 1)
        self.assertRegex(self.printed, counts)
        self.assertEqual(self.last_code, 1)
        self.assertRegex(self.last_printed, counts)

    def test_failures(self) -> None:
        """They show the exchange after the test's line, and no frame of the framework."""
        self.assert_failures(dict(captured(self.last_printed)))

    def test_failing_class_set_up(self) -> None:
        """The class is named, and the error of the app's lifespan."""
        self.assertRegex(self.last_printed, r"(?m)^\{\d\} setUpClass \(suite.test_outcomes.ClosedTests\) .* FAILED$")
        self.assertIn("failed in its startup: LookupError: the kiosk is closed\n", self.last_printed)

    def test_classes_stay_together(self) -> None:
        """With ``parallel_class``, the tests of a class share a worker, and so a server."""
        # Not at the start of a line alone: what another worker prints may stand before it.
        found = re.findall(r"\{(\d)\} suite\.test_orders\.OrderTests\.(\w+)", self.printed)
        self.assertEqual(len({name for _, name in found}), 4)
        self.assertEqual(len({worker for worker, _ in found}), 1)

    def test_seconds_of_classes(self) -> None:
        """A plan for shards can be made from what ``stestr last --subunit`` prints."""
        classes = ["suite.test_orders.OrderTests", "suite.test_outcomes.OutcomeTests"]
        self.assertEqual([*Sources.read(str(self.folder / "last.subunit")).seconds_of(classes)], classes)

    def test_run_failing(self) -> None:
        """``--failing`` runs the tests that failed, and no others."""
        code, printed = self.run_python("-m", "stestr", "run", "--failing", "--serial")
        self.assertEqual(code, 1)
        self.assertEqual(
            sorted(re.findall(r"(?m)^\{0\} suite\.test_outcomes\.\w+\.(\w+) .* FAILED$", printed)),
            ["test_background_error", "test_error", "test_fail", "test_server_error", "test_sub_tests"],
        )
        self.assertRegex(printed, "(?s)Ran: 5 tests .* Passed: 0\n.* Failed: 5\n")


def captured(printed: str) -> Iterator[tuple[str, str]]:
    """Yield the name of each failed test, or sub-test, and the text of its failure."""
    for name, texts in re.findall(r"(?ms)^\{\d\} \S+\.(test_\w+) \[[^\n]* FAILED\n(.*?)(?=^\{|^=====)", printed):
        for item, text in re.findall(r"Captured traceback( \(.*?\))?:\n~+\n((?s:.*?))(?=Captured|\Z)", texts):
            yield f"{name}{item}", text
