"""Runners that are no unittest's own, and count what they run: nose2, trial, zope.testrunner and Django's."""

import os
import re
from pathlib import Path
from typing import ClassVar

from tests.processes import environment
from tests.runners.case import FAILURES, ProjectCase, shown

MANAGE = """
import os
import sys

import django
from django.test.runner import DiscoverRunner

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
    django.setup()
    options = {name: int(value) for name, _, value in (option.partition("=") for option in sys.argv[1:])}
    sys.exit(DiscoverRunner(interactive=False, **options).run_tests(["suite"]) > 0)
"""

SUMMARY = (
    r"Ran 1\d tests in .*\n\n"
    r"FAILED \(failures=5, errors=2, skipped=2, expected failures=1, unexpected successes=1\)"
)


class OtherRunnerCase(ProjectCase):
    """The whole suite, run once; Python 3.12.1 does not count skipped tests as run."""

    def assert_run(self, arguments: tuple[str, ...], summary: str) -> str:
        """Check that the suite has failed, and how the runner sums it up; return what it has printed."""
        path = os.pathsep.join([str(self.folder), environment().get("PYTHONPATH", "")]).rstrip(os.pathsep)
        code, printed = self.run_python(*arguments, PYTHONPATH=path)
        self.assertEqual(code, 1, printed)
        self.assertRegex(printed, summary)
        return printed

    def assert_shown(self, printed: str) -> None:
        """Check that a failure looks right, to the letter."""
        self.assertIn(shown(FAILURES["test_fail"]).strip(), self.shown(printed))


class Nose2Tests(OtherRunnerCase):
    """nose2, which looks at all attributes of a class."""

    def test_outcomes(self) -> None:
        """Every outcome is counted as what it is."""
        self.assert_shown(self.assert_run(("-m", "nose2"), SUMMARY))


class TrialTests(OtherRunnerCase):
    """trial, which sets no class up: each test has a server of its own."""

    modules: ClassVar[tuple[str, ...]] = ("suite.test_orders", "suite.test_outcomes")

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        # It breaks off at an expected failure of unittest's (Twisted 26.10).
        path = cls.folder / "suite" / "test_outcomes.py"
        path.write_text(path.read_text("utf-8").replace("    @unittest.expectedFailure\n", ""), "utf-8")

    def test_outcomes(self) -> None:
        """Every outcome is counted as what it is, but that parts of a test are none of their own."""
        summary = r"FAILED \(skips=2, failures=5, errors=2, successes=7\)"
        self.assert_run(("-m", "twisted.trial", *self.modules), summary)


class ZopeTests(OtherRunnerCase):
    """zope.testrunner, which sets no class up either."""

    def test_outcomes(self) -> None:
        """Every outcome is counted as what it is."""
        path = str(self.folder)
        arguments = ("-m", "zope.testrunner", f"--test-path={path}", "-s", "suite", "--tests-pattern", "^test_")
        printed = self.assert_run(arguments, r"Ran 1\d tests with 6 failures, 2 errors and 2 skipped")
        self.assertIn("AssertionError: GET /prices/paper: JSON differs at $: expected 3, got 2; got 200 OK", printed)


class DjangoTests(OtherRunnerCase):
    """Django's runner, in two processes, which send it what has failed."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        Path(cls.folder / "manage.py").write_text(MANAGE, "utf-8")
        # A module: processes that are no forks, as on Linux since Python 3.14, know nothing of settings.configure().
        Path(cls.folder / "settings.py").write_text("DATABASES = {}\n", "utf-8")

    def test_outcomes(self) -> None:
        """Every outcome is counted as what it is; a part of a test that fails there is no error of pickling."""
        printed = self.assert_run(("manage.py", "parallel=2", "shuffle=1"), SUMMARY)
        self.assertEqual(len(re.findall(r"(?m)^FAIL: test_sub_tests .*item='(?:magazine|book)'\)$", printed)), 2)
        self.assertIn(
            "\nAssertionError: GET /prices/paper: JSON differs at $: expected 3, got 2; got 200 OK\n", printed
        )
