"""unittest-xml-reporting."""

from pathlib import Path
from typing import ClassVar

from fastapi_testing.case.sharding.sources import Sources
from tests.runners.case import ProjectCase
from tests.runners.junit import outcomes, texts


class XMLTests(ProjectCase):
    """The whole suite, run once."""

    code: ClassVar[int]
    reports: ClassVar[list[Path]]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.code, _ = cls.run_python("-m", "xmlrunner", "discover", "-o", "reports")
        cls.reports = sorted(cls.folder.glob("reports/*.xml"))

    def test_outcomes(self) -> None:
        """Every outcome is reported as what it is, each sub-test on its own."""
        self.assertEqual(self.code, 1)
        self.assertEqual(
            outcomes(self.reports),
            {
                "setUpClass (suite.test_outcomes.ClosedTests)": "error",
                "test_background_error": "failure",
                "test_buy": "",
                "test_buy_many_0_one": "",
                "test_buy_many_1_three": "",
                "test_buy_two": "",
                "test_error": "error",
                "test_expected_failure": "skipped",  # that is what JUnit's format has for it
                "test_fail": "failure",
                "test_pass": "",
                "test_print": "system-out",
                "test_server_error": "failure",
                "test_skip": "skipped",
                "test_skip_within": "skipped",
                "test_sub_tests (item='book')": "failure",
                "test_sub_tests (item='magazine')": "failure",
                "test_unexpected_success": "error",
            },
        )

    def test_seconds_of_classes(self) -> None:
        """A plan for shards can be made from the folder of the reports."""
        classes = ["suite.test_orders.OrderTests", "suite.test_outcomes.OutcomeTests"]
        self.assertEqual([*Sources.read(str(self.folder / "reports")).seconds_of(classes)], classes)

    def test_failures(self) -> None:
        """They show the exchange after the test's line, and no frame of the framework."""
        self.assert_failures(texts(self.reports))
