"""`python -m unittest`, with each of its options."""

import re
import sys
from typing import ClassVar

from tests.processes import EXAMPLES
from tests.runners.case import CLOSED, ProjectCase, shown


class DiscoveryTests(ProjectCase):
    """The whole suite, run once."""

    code: ClassVar[int]
    printed: ClassVar[str]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.code, cls.printed = cls.run_python("-W", "error", "-m", "unittest", "discover", "-v")

    def test_counts(self) -> None:
        """Every outcome is counted as what it is."""
        self.assertEqual(self.code, 1, self.printed)
        self.assertRegex(self.printed, r"\nRan 1[45] tests in ")  # Python 3.12.1 leaves out a test that is skipped
        counts = "failures=5, errors=2, skipped=2, expected failures=1, unexpected successes=1"
        self.assertTrue(self.printed.endswith(f"\nFAILED ({counts})\n"))

    def test_names(self) -> None:
        """Each test is named, with the first line of its docstring and how it ended."""
        name = r"test_pass \(suite.test_outcomes.OutcomeTests.test_pass\)"
        self.assertRegex(self.printed, rf"(?m)^{name}\nA price is right. \.\.\. ok$")
        name = r"test_skip \(suite.test_outcomes.OutcomeTests.test_skip\)"
        self.assertRegex(self.printed, rf"(?m)^{name}\nNothing is run. \.\.\. skipped 'sold out'$")
        self.assertRegex(
            self.printed, r"(?m)^test_buy_many_1_three \(suite.test_orders.OrderTests.test_buy_many_1_three\)$"
        )

    def test_failures(self) -> None:
        """They show the exchange after the test's line, and no frame of the framework."""
        pattern = r"(?m)^(?:ERROR|FAIL): (\w+) \(suite.*?\)((?: \(.*\))?)\n.*\n-+\n((?s:.*?))\n\n(?:=|-)"
        printed = {f"{name}{item}": text for name, item, text in re.findall(pattern, self.printed)}
        self.assert_failures(printed)

    def test_failing_class_set_up(self) -> None:
        """The class is named, and the app's own line, and what came of it."""
        self.assertRegex(self.printed, r"(?m)^setUpClass \(suite.test_outcomes.ClosedTests\) \.\.\. ERROR$")
        _, _, text = self.printed.partition("\nERROR: setUpClass (suite.test_outcomes.ClosedTests)\n")
        text, _, _ = text.partition("\n\n=====")
        self.assertEqual(self.shown(text.lstrip("-\n")), shown(CLOSED))


class OptionTests(ProjectCase):
    """Parts of the suite."""

    def run_unittest(self, *arguments: str) -> tuple[int, str]:
        """Run unittest with warnings as errors."""
        return self.run_python("-W", "error", "-m", "unittest", *arguments)

    def test_names_and_buffer(self) -> None:
        """``-k`` chooses by name, also tests that parameterized has made; ``-b`` hides what passing tests print."""
        code, printed = self.run_unittest("-b", "-k", "many", "-k", "PlainTests")
        self.assertEqual(code, 0, printed)
        self.assertRegex(printed, r"\A\.\.\.\n-+\nRan 3 tests in .*\n\nOK\n\Z")

    def test_failfast_and_locals(self) -> None:
        """``-f`` stops with the first failure, and ``--locals`` shows the variables of the test and no others."""
        names = [f"suite.test_outcomes.OutcomeTests.{name}" for name in ("test_fail", "test_server_error")]
        code, printed = self.run_unittest("-f", "--locals", *names)
        self.assertEqual(code, 1)
        self.assertRegex(printed, r"\nRan 1 test in .*\n\nFAILED \(failures=1\)\n\Z")
        self.assertEqual(re.findall(r"(?m)^    (\w+) = ", printed), ["response", "self"])
        self.assertIn("\n    response = <Response [200 OK]>\n", printed)

    def test_lazy_imports(self) -> None:
        """``-X lazy_imports=all`` runs the same, from Python 3.15 on; those before take no notice of it."""
        options = ["-X", "lazy_imports=all", "-W", "error", "-m", "unittest"]
        code, printed = self.run_python(*options, folder=EXAMPLES / "quickstart")
        self.assertEqual(code, 0, printed)
        self.assertRegex(printed, r"\nRan 2 tests in .*\n\nOK\n\Z")

    def test_durations(self) -> None:
        """``--durations`` lists the slowest tests, on the versions of Python that have it."""
        _, printed = self.run_unittest("--durations", "2", "-v", "-k", "PlainTests")
        has_it = sys.version_info >= (3, 12)
        self.assertIn("\nSlowest test durations\n" if has_it else "unrecognized arguments: --durations", printed)
