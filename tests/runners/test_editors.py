"""The editors, which run a test by its id, with runners and results of their own."""

import json
import re
from pathlib import Path
from typing import ClassVar

from tests.runners.case import FAILURES, ProjectCase, shown

SCRIPTS = Path(__file__).parent / "scripts"

OUTCOMES = "suite.test_outcomes.OutcomeTests"
MANY = "suite.test_orders.OrderTests.test_buy_many_1_three"


class EditorCase(ProjectCase):
    """What is the same for every editor."""

    def assert_ends_with_failures(self, printed: dict[str, str]) -> None:
        """Assert that failures end as they should; editors show the frames of unittest, and of the case, before."""
        for name, text in FAILURES.items():
            expected = shown(text).removeprefix("Traceback (most recent call last):\n")
            self.assertEqual(self.shown(printed[name])[-len(expected) :], expected)


class PyCharmTests(EditorCase):
    """PyCharm reads messages for TeamCity."""

    def test_one_test(self) -> None:
        """A test that is run by its id has its class set up, its server and its database."""
        code, printed = self.run_python(str(SCRIPTS / "as_pycharm.py"), MANY)
        self.assertEqual(code, 0, printed)
        self.assertIn("##teamcity[testCount", printed)
        self.assertRegex(printed, rf"(?m)^##teamcity\[testFinished .* name='{re.escape(MANY)} \(")
        self.assertNotIn("testFailed", printed)

    def test_failures(self) -> None:
        """Each is told under its test's name, and ends with the test's line and the exchange."""
        # The runner itself fails on Python 3.12.1 if a test is skipped by a decorator.
        chosen = [*(name.partition(" ")[0] for name in FAILURES), "test_skip_within", "test_expected_failure"]
        code, printed = self.run_python(str(SCRIPTS / "as_pycharm.py"), *(f"{OUTCOMES}.{name}" for name in chosen))
        self.assertEqual(code, 1)
        failed = re.findall(r"(?m)^##teamcity\[testFailed .*? details='(.*?)' flowId='[\w.]+\.(\w+) \(", printed)
        texts = {name: unescape(text) for text, name in failed}
        magazine, _ = re.findall(r"(?m)^##teamcity\[testStdErr .*\.test_sub_tests \(.* out='(.*)'\]$", printed)
        self.assert_ends_with_failures({**texts, "test_sub_tests (item='magazine')": unescape(magazine)})
        self.assertEqual(len(re.findall(r"(?m)^##teamcity\[testIgnored ", printed)), 2)


class VSCodeTests(EditorCase):
    """VS Code gets a document for each outcome."""

    sent: ClassVar[dict[str, dict[str, str]]]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        pipe = cls.folder / "pipe"
        cls.run_python(str(SCRIPTS / "as_vscode.py"), MANY, OUTCOMES, TEST_RUN_PIPE=str(pipe))
        sent = [json.loads(line) for line in pipe.read_text("utf-8").splitlines()]
        cls.sent = {each["test"].rpartition(f"{OUTCOMES}.")[2]: each for each in sent}

    def test_outcomes(self) -> None:
        """Every outcome is told as what it is."""
        self.assertEqual(
            {name: each["outcome"] for name, each in self.sent.items()},
            {
                MANY: "success",
                "test_background_error": "failure",
                "test_error": "error",
                "test_expected_failure": "expected-failure",
                "test_fail": "failure",
                "test_pass": "success",
                "test_server_error": "failure",
                "test_skip": "skipped",
                "test_skip_within": "skipped",
                "test_sub_tests (item='book')": "subtest-failure",
                "test_sub_tests (item='magazine')": "subtest-failure",
                "test_sub_tests (item='paper')": "subtest-success",
                "test_unexpected_success": "unexpected-success",
            },
        )

    def test_failures(self) -> None:
        """They end with the test's line and the exchange, which is the message that the editor shows beside it."""
        self.assert_ends_with_failures({name: each["traceback"] for name, each in self.sent.items()})
        message = "<class 'AssertionError'> GET /prices/paper: JSON differs at $: expected 3, got 2; got 200 OK"
        self.assertEqual(self.sent["test_fail"]["message"], message)


def unescape(text: str) -> str:
    """Return what a message for TeamCity says."""
    return re.sub(r"\|(.)", lambda match: "\n" if match[1] == "n" else match[1], text)
