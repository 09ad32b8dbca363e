"""unittest-parallel, which pickles modules, classes or tests and sends them to its workers."""

import re
from typing import ClassVar

from tests.runners.case import ProjectCase


class ModuleTests(ProjectCase):
    """A worker gets a module."""

    options: ClassVar[tuple[str, ...]] = ("--level", "module")
    suites: ClassVar[int] = 2
    code: ClassVar[int]
    printed: ClassVar[str]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.code, cls.printed = cls.run_python("-m", "unittest_parallel", "-j", "2", *cls.options)

    def test_counts(self) -> None:
        """Every outcome is counted as what it is."""
        self.assertEqual(self.code, 8, self.printed)  # as many as there are errors and failures
        self.assertIn(f"Running {self.suites} test suites (16 total tests) across 2 workers\n", self.printed)
        counts = "failures=5, errors=2, skipped=2, expected failures=1, unexpected successes=1"
        self.assertRegex(self.printed, rf"\nRan 1[45] tests in .*\n\nFAILED \({counts}\)\n\Z")

    def test_failures(self) -> None:
        """They show the exchange after the test's line, and no frame of the framework."""
        pattern = r"(?m)^=+\n(\w+) \(suite.*?\)((?: \(.*\))?)\n.*\n-+\n((?s:.*?))\n\n(?==|-)"
        self.assert_failures({f"{name}{item}": text for name, item, text in re.findall(pattern, self.printed)})


class ClassTests(ModuleTests):
    """A worker gets a class."""

    options: ClassVar[tuple[str, ...]] = ("--level", "class")
    suites: ClassVar[int] = 4


class TestTests(ModuleTests):
    """A worker gets a test, and sets its class up for it."""

    options: ClassVar[tuple[str, ...]] = ("--level", "test")
    suites: ClassVar[int] = 16
