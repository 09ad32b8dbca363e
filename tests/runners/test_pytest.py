"""pytest, in one process and in several."""

from typing import ClassVar

from fastapi_testing.case.sharding.sources import Sources
from tests.processes import run_python
from tests.runners.case import FAILURES, ProjectCase, shown
from tests.runners.junit import outcomes, texts


class PytestTests(ProjectCase):
    """The whole suite, run once."""

    options: ClassVar[tuple[str, ...]] = ()
    with_few_plugins: ClassVar[str] = ""  # it has all that are installed, as with users
    code: ClassVar[int]
    printed: ClassVar[str]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        options = ["-q", "-p", "no:cacheprovider", "--junitxml=report.xml", *cls.options]
        cls.code, cls.printed = cls.run_python(
            "-m", "pytest", *options, PYTEST_DISABLE_PLUGIN_AUTOLOAD=cls.with_few_plugins
        )

    def test_seconds_of_classes(self) -> None:
        """A plan for shards can be made from the report."""
        classes = ["suite.test_orders.OrderTests", "suite.test_outcomes.OutcomeTests"]
        self.assertEqual([*Sources.read(str(self.folder / "report.xml")).seconds_of(classes)], classes)

    def test_outcomes(self) -> None:
        """Every test ends as it does under unittest."""
        self.assertEqual(self.code, 1, self.printed)
        self.assertEqual(
            outcomes([self.folder / "report.xml"]),
            {
                "test_background_error": "failure",
                "test_buy": "",
                "test_buy_many_0_one": "",
                "test_buy_many_1_three": "",
                "test_buy_two": "",
                "test_error": "failure",
                "test_expected_failure": "skipped",  # that is what JUnit's format has for it
                "test_fail": "failure",
                "test_never_run": "error",
                "test_pass": "",
                "test_print": "",
                "test_server_error": "failure",
                "test_skip": "skipped",
                "test_skip_within": "skipped",
                "test_sub_tests": "failure",
                "test_unexpected_success": "failure",
            },
        )

    def test_failures(self) -> None:
        """They show the test's line and the exchange, and no line of the framework."""
        printed = texts([self.folder / "report.xml"])
        for name in ("test_fail", "test_server_error", "test_error"):
            with self.subTest(name):
                _, _, expected = shown(FAILURES[name]).split("\n", 2)
                self.assertEqual(self.marked(printed[name], ">", "E"), expected)
                self.assertNotIn("fastapi_testing", printed[name])

    def test_failure_without_a_line(self) -> None:
        """What no line of the test has caused says so, and shows the app's own line."""
        name = "test_background_error"
        printed = texts([self.folder / "report.xml"])
        self.assertEqual(self.marked(printed[name], "E"), shown(FAILURES[name]))

    def marked(self, printed: str, *marks: str) -> str:
        """Return the lines that pytest marks."""
        lines = self.shown(printed).splitlines()
        return shown("\n".join(line[1:] for line in lines if line.partition(" ")[0] in marks))

    def test_sub_tests(self) -> None:
        """Each failing one is told on its own."""
        for item in ("magazine", "book"):
            self.assertRegex(self.printed, rf"""(?m)^SUBFAILED\(item="?'{item}'"?\) .*::test_sub_tests""")

    def test_failing_class_set_up(self) -> None:
        """The class's tests are errors, and tell the error of the app's lifespan."""
        self.assertIn(" ERROR at setup of ClosedTests.test_never_run ", self.printed)
        self.assertIn("failed in its startup: LookupError: the kiosk is closed\n", self.printed)

    def test_logs(self) -> None:
        """What the server has logged of an exception is printed with the failure, in the app's own lines."""
        self.assertRegex(
            self.shown(self.printed),
            r"ERROR +uvicorn.error:\w+.py:\d+ Exception in ASGI application\nTraceback \(most recent call last\):\n"
            r'File "kiosk.py", in price\nraise LookupError\(f"no price for \{item\}"\)\nLookupError: no price for book',
        )
        self.assertNotIn("starlette", self.printed)


class XdistTests(PytestTests):
    """The whole suite in two processes, which share the tests of a class among them."""

    options: ClassVar[tuple[str, ...]] = ("-p", "xdist", "-n", "2")
    with_few_plugins: ClassVar[str] = "1"


class DebuggerTests(ProjectCase):
    """Its debugger, opened where a test has failed."""

    maxDiff = None

    def test_frames(self) -> None:
        """The test, its client and the frames of what the app has raised are there to be looked at."""
        looks = {
            "self.app.title": "'kiosk'",
            "self.server.exchanges[-1].exception": "LookupError('no price for book')",
            "self.server.exchanges[-1].exception.__traceback__ is not None": "True",
            "self.client.base_url.host": "'127.0.0.1'",
            "response.status_code": "500",
        }
        typed = "".join(f"p {look}\n" for look in looks)
        options = ("-q", "-p", "no:cacheprovider", "--pdb", "-k", "test_server_error")
        finished = run_python("-m", "pytest", *options, folder=self.folder, typed=f"{typed}q\n")
        printed = [line.removeprefix("(Pdb) ") for line in finished.stdout.splitlines() if line.startswith("(Pdb)")]
        self.assertEqual(printed[: len(looks)], [*looks.values()], finished.stdout)
