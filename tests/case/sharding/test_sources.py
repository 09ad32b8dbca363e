"""What FASTAPI_TESTING_TIMINGS can name, and what a plan is made from then."""

import contextlib
import io
import os
import tempfile
import unittest
import warnings
from pathlib import Path
from typing import ClassVar
from unittest import mock

from fastapi_testing import ConfigurationError
from fastapi_testing.case.sharding.plan import Plan
from fastapi_testing.case.sharding.shard import Shard
from fastapi_testing.case.sharding.sources import Sources
from fastapi_testing.case.sharding.units import each_of
from tests.case.sharding.environments import environment
from tests.case.sharding.test_loading import ids, make_suite
from tests.case.sharding.test_reports import PYTEST, stream_of

UNIT = "tests.test_a.ATests"

MISSING = (
    "expected a file that is there, as all shards have to plan by the same times: a run of the whole suite writes it, "
    "and a file with {} in it stands for none yet"
)


def timings_of(**seconds: float) -> str:
    """Return the text of a file of timings, of classes and, with ``measured_`` before their names, what shards say."""
    of = {
        key: ", ".join(
            f'"{__name__}.{name.removeprefix("measured_")}": {{"seconds": {value}, "at": "2026-11-29T13:14:15Z"}}'
            for name, value in seconds.items()
            if name.startswith("measured_") == (key == "measured")
        )
        for key in ("classes", "measured")
    }
    return f'{{"version": 1, "classes": {{{of["classes"]}}}, "measured": {{{of["measured"]}}}}}'


class SourcesCase(unittest.TestCase):
    """A folder that the test is in."""

    files: ClassVar[dict[str, bytes]] = {}

    def setUp(self) -> None:
        super().setUp()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(contextlib.chdir(folder))
        for name, content in self.files.items():
            path = Path(name)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)

    def read(self, given: str, *, is_shard: bool = True) -> Sources:
        """Read what the environment names."""
        with environment(FASTAPI_TESTING_TIMINGS=given):
            sources = Sources.from_environment(is_shard=is_shard)
        assert sources is not None
        return sources

    def assert_refused(self, given: str, message: str) -> None:
        """Assert that a shard is not run, and why."""
        with self.assertRaises(ConfigurationError) as caught:
            self.read(given)
        self.assertEqual(str(caught.exception), message)


class NamesTests(SourcesCase):
    """Files, folders and patterns."""

    files: ClassVar[dict[str, bytes]] = {
        "timings.json": timings_of(A=1.0, measured_B=2.0).encode(),
        "bom.json": b"\xef\xbb\xbf" + timings_of(C=3.0).encode(),
        "reports/pytest.xml": PYTEST,
        "reports/last.subunit": stream_of(("b.B.test", "inprogress", 0.0), ("b.B.test", "success", 7.0)),
        "reports/notes.txt": b"to be left alone",
        "other/pytest.xml": PYTEST.replace(b"1.250", b"9.250"),
        "other/coverage.lcov": b"TN:",
        "empty/notes.txt": b"",
        "coverage/coverage.xml": b"<coverage/>",
    }

    def test_nothing(self) -> None:
        """Without the variable, or where it is empty, there is nothing to read."""
        for variables in [{}, {"FASTAPI_TESTING_TIMINGS": ""}]:
            with environment(**variables):
                self.assertIsNone(Sources.from_environment(is_shard=True))

    def test_timings(self) -> None:
        """A file of a run's is read and written; what shards have measured is not in the plan of the next one."""
        sources = self.read("timings.json")
        self.assertEqual(sources.written, Path("timings.json"))
        self.assertEqual(sources.seconds_of([f"{__name__}.A", f"{__name__}.B"]), {f"{__name__}.A": 1.0})

    def test_several_files(self) -> None:
        """Several files are read and not written, so that what shards have measured counts; a BOM does no harm."""
        sources = self.read(os.pathsep.join(["timings.json", "bom.json"]))
        self.assertIsNone(sources.written)
        seconds = {f"{__name__}.A": 1.0, f"{__name__}.B": 2.0, f"{__name__}.C": 3.0}
        self.assertEqual(sources.seconds_of(seconds), seconds)

    def test_one_by_a_pattern(self) -> None:
        """A pattern is never written to, even where it is for one file."""
        self.assertIsNone(self.read("tim*.json").written)

    def test_report(self) -> None:
        """A report of another runner is not written."""
        sources = self.read("reports/pytest.xml")
        self.assertIsNone(sources.written)
        self.assertEqual(sources.seconds_of([UNIT]), {UNIT: 2.0})

    def test_folder_and_pattern(self) -> None:
        """A folder is read with the reports in it; of two reports of a test, the longer time counts."""
        self.assertEqual(self.read("reports").seconds_of([UNIT, "b.B"]), {UNIT: 2.0, "b.B": 7.0})
        self.assertEqual(self.read("*/pytest.xml").seconds_of([UNIT]), {UNIT: 10.0})
        self.assertEqual(self.read("**/py*.xml").seconds_of([UNIT]), {UNIT: 10.0})

    def test_measured_before_reported(self) -> None:
        """What this package has measured, with the set-up of the class, counts before the report of another runner."""
        Path("own.json").write_text('{"version": 1, "classes": {"b.B": {"seconds": 8, "at": ""}}}', "utf-8")
        self.assertEqual(self.read(f"own.json{os.pathsep}reports").seconds_of([UNIT, "b.B"]), {UNIT: 2.0, "b.B": 8.0})

    def test_names_of_other_roots(self) -> None:
        """A report may count folders above the top of the tests, or none of them; what is not clear is not known."""
        sources = self.read("reports")
        names = ["test_a.ATests", "shop.tests.test_a.ATests", "ATests", "shop.BTests"]
        self.assertEqual(sources.seconds_of(names), dict.fromkeys(names[:3], 2.0))
        sources.tests["other.test_a.ATests", "test"] = 1.0
        self.assertEqual(sources.seconds_of(names[:1]), {})

    def test_new_file(self) -> None:
        """A run of the whole suite makes the file; a shard has to find it, as the other shards do."""
        self.assertEqual(self.read("new.json", is_shard=False).written, Path("new.json"))
        self.assert_refused("new.json", f"environment: FASTAPI_TESTING_TIMINGS = 'new.json': {MISSING}")
        with self.assertRaises(ConfigurationError):
            self.read("new.xml", is_shard=False)

    def test_mistakes(self) -> None:
        """What is not there, or cannot be read, fails the shard, and says what it is."""
        key = "environment: FASTAPI_TESTING_TIMINGS = "
        suffixes = "expected a folder that has files whose names end on .json, .subunit, .xml"
        self.assert_refused("empty", f"{key}'empty': {suffixes}")
        self.assert_refused("*.xml", f"{key}'*.xml': expected a pattern of files that are there")
        self.assert_refused(
            "new.xml", f"{key}'new.xml': expected a file that is there; one that runs write ends on .json"
        )
        self.assert_refused(
            "reports/notes.txt",
            "reports/notes.txt: expected timings in JSON, a report in JUnit's XML, or a subunit stream",
        )
        path = Path("coverage", "coverage.xml")
        self.assert_refused(
            "coverage", f"{path}: expected a report in JUnit's XML, <testsuites> or <testsuite>, got <coverage>"
        )
        with mock.patch.object(Path, "read_bytes", side_effect=PermissionError(13, "Permission denied")):
            self.assert_refused("timings.json", "timings.json: expected a file that can be read (Permission denied)")


class PlanTests(SourcesCase):
    """The plan of a suite of which something is known."""

    def plan(self, sources: Sources, index: int = 0, **counts: int) -> tuple[Plan, list[str], str]:
        """Return the plan for classes with so many tests, the tests of the shard, and what is printed."""
        suite = make_suite(counts)
        for test in each_of(suite):
            type(test).__module__ = __name__
        with contextlib.redirect_stderr(io.StringIO()) as printed:
            plan = Plan.make(suite, Shard(index, 2), sources)
        return plan, ids(plan.select(suite, unittest.TestSuite)), printed.getvalue()

    def read_text(self, text: str) -> Sources:
        """Read a file with this text."""
        Path("timings.json").write_text(text, "utf-8")
        return self.read("timings.json")

    def test_by_seconds(self) -> None:
        """A class with one slow test is in one shard, those with many quick ones are in the other; a line says so."""
        sources = self.read_text(timings_of(Slow=9.0, A=1.0, B=2.0, C=3.0))
        shards = [self.plan(sources, index, Slow=1, A=5, B=5, C=5, New=1) for index in range(2)]
        (_, first, printed), (plan, second, _) = sorted(shards, key=lambda shard: len(shard[1]))
        self.assertEqual(first, [f"{__name__}.Slow.test_0"])
        self.assertEqual(len(second), 16)
        self.assertEqual(plan.weights[f"{__name__}.New"], 2500)
        line = r"shard [01] of 2: 1 of 5 classes, about 9.0 of 17.5 s; plan [0-9a-f]{8}; 1 not known\n"
        self.assertRegex(printed, rf"\A{line}\Z")

    def test_all_known(self) -> None:
        """Where all classes are known, nothing is said of others, and all shards tell of the same plan."""
        sources = self.read_text(timings_of(A=1.0, B=2.0))
        printed = [self.plan(sources, index, A=1, B=1)[2] for index in range(2)]
        prints = {line.rpartition("; ")[2] for line in printed}
        self.assertEqual(len(prints), 1)
        self.assertRegex(prints.pop(), r"\Aplan [0-9a-f]{8}\n\Z")

    def test_none_yet(self) -> None:
        """Without times, classes are dealt out by their numbers of tests, as where there is no file."""
        plan, _, printed = self.plan(self.read_text("{}"), A=3, B=1, C=1, D=1)
        self.assertEqual(plan.weights, {})
        self.assertRegex(printed, r"\Ashard 0 of 2: [13] of 4 classes, by their numbers of tests; plan [0-9a-f]{8}\n\Z")

    def test_foreign_file(self) -> None:
        """A file that knows none of the classes is warned of: it is somebody else's."""
        sources = self.read_text('{"version": 1, "classes": {"shop.Tests": {"seconds": 1, "at": ""}}}')
        with warnings.catch_warnings(record=True, action="always") as caught:
            self.plan(sources, A=1)
        what = "FASTAPI_TESTING_TIMINGS=timings.json knows none of these classes"
        messages = [str(warning.message) for warning in caught]
        self.assertEqual(messages, [f"{what}: they are shared out by their numbers of tests"])
