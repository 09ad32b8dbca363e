"""What a run writes of its classes, and what it leaves out."""

import atexit
import contextlib
import io
import itertools
import json
import pickle
import tempfile
import unittest
import warnings
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock
from xml.etree import ElementTree as ET

from fastapi_testing import shard_tests
from fastapi_testing.case.sharding.recording import Recording, TimedSuite
from fastapi_testing.case.sharding.units import rebuilt
from fastapi_testing.server.clock import RealClock
from tests.case.sharding import cases
from tests.case.sharding.environments import environment

HERE = f"{cases.__name__}."


def suite_of(recording: Recording | None, *cases: type[unittest.TestCase]) -> unittest.TestSuite:
    """Return a suite of classes whose times are written."""
    loader = unittest.TestLoader()
    loaded = unittest.TestSuite(loader.loadTestsFromTestCase(case) for case in cases)
    return rebuilt(loaded, partial(TimedSuite, recording=recording), lambda _: True)


class RecordingCase(unittest.TestCase):
    """A folder for what runs write."""

    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.path = self.folder / "timings.json"
        self.report = self.folder / "test.xml"
        self.registered: list[Any] = []
        self.enterContext(mock.patch.object(atexit, "register", self.registered.append))

    def freeze(self) -> None:
        """Have the clock of the recording go by a second with each step of a test, and stand still otherwise."""
        seconds = [0.0]
        cases.FirstTests.clock = map(partial(seconds.__setitem__, 0), map(float, itertools.count(1)))
        self.enterContext(mock.patch.object(RealClock, "now", lambda: seconds[0]))

    def written(self, key: str = "classes") -> dict[str, float]:
        """Return the seconds of classes, without the name of this module, that are in the file."""
        document = json.loads(self.path.read_text("utf-8")) if self.path.exists() else {}
        return {name.removeprefix(HERE): taken["seconds"] for name, taken in document.get(key, {}).items()}


class TimesTests(RecordingCase):
    """The times of classes."""

    def test_whole_class(self) -> None:
        """A class takes what its set-up, tests, tear-down and cleanups take, and nothing of the next one."""
        self.freeze()
        suite_of(Recording(self.path), cases.FirstTests, cases.SecondTests).run(unittest.TestResult())
        self.assertEqual(self.written(), {"FirstTests": 4.0, "SecondTests": 4.0})

    def test_within_another_suite(self) -> None:
        """Unittest tears the last class down at the end of the suite around: that is in its time as well."""
        self.freeze()
        suite = unittest.TestSuite([suite_of(Recording(self.path), cases.FirstTests, cases.SecondTests)])
        suite.run(unittest.TestResult())
        self.assertEqual(self.written(), {"FirstTests": 4.0, "SecondTests": 4.0})

    def test_served_classes(self) -> None:
        """Classes with a server are timed with its start, asynchronous and synchronous ones, and pass as ever."""
        result = unittest.TestResult()
        suite_of(Recording(self.path), cases.ServedTests, cases.PlainServedTests).run(result)
        self.assertEqual((result.testsRun, result.errors, result.failures), (2, [], []))
        times = self.written()
        self.assertEqual([*times], ["PlainServedTests", "ServedTests"])
        self.assertGreater(min(times.values()), 0)

    def test_shard(self) -> None:
        """A shard leaves what plans are made from as it is."""
        self.freeze()
        suite_of(Recording(self.path, is_shard=True), cases.FirstTests).run(unittest.TestResult())
        self.assertEqual(self.written(), {})
        self.assertEqual(self.written("measured"), {"FirstTests": 4.0})

    def test_mixed_classes(self) -> None:
        """Of a class whose tests come in two goes, as in a random order, both are counted."""
        self.freeze()
        tests = [
            cases.FirstTests("test_one"),
            cases.SecondTests("test_one"),
            cases.FirstTests("test_two"),
            cases.SecondTests("test_two"),
        ]
        TimedSuite(tests, recording=Recording(self.path)).run(unittest.TestResult())
        self.assertEqual(self.written(), {"FirstTests": 6.0, "SecondTests": 6.0})

    def test_part_of_a_class(self) -> None:
        """A class of which not all tests have run keeps the time that it had."""
        self.freeze()
        TimedSuite([cases.FirstTests("test_one")], recording=Recording(self.path)).run(unittest.TestResult())
        self.assertFalse(self.path.exists())

    def test_no_set_up(self) -> None:
        """A class that was not set up has no time; that its tests were quick would be wrong tomorrow."""
        result = unittest.TestResult()
        suite_of(Recording(self.path), cases.FailedSetUpTests, cases.SkippedTests).run(result)
        self.assertEqual((len(result.errors), len(result.skipped)), (1, 1))
        self.assertFalse(self.path.exists())

    def test_module_that_is_not_set_up(self) -> None:
        """Nor has one whose module was not set up: its tests have not run, and a report does not say so."""
        result = unittest.TestResult()
        with mock.patch.object(cases, "setUpModule", side_effect=LookupError("no network"), create=True):
            suite_of(Recording(self.path, report=self.report), cases.FirstTests).run(result)
        self.assertEqual((len(result.errors), result.testsRun), (1, 0))
        self.assertFalse(self.path.exists())
        (case,) = ET.parse(self.report).iter("testcase")  # noqa: S314 - just made
        self.assertEqual(case.attrib["name"], "setUpModule")

    def test_interrupted(self) -> None:
        """With Ctrl-C, the classes that were at their end have their times."""
        self.freeze()
        suite = suite_of(Recording(self.path), cases.FirstTests, cases.SecondTests)
        with (
            mock.patch.object(cases.SecondTests, "test_one", side_effect=KeyboardInterrupt),
            self.assertRaises(KeyboardInterrupt),
        ):
            suite.run(unittest.TestResult())
        self.assertEqual(self.written(), {"FirstTests": 4.0})
        cases.SecondTests.doClassCleanups()

    def test_stopped(self) -> None:
        """So have they with ``-f``, where the class that broke off keeps the time that it had."""
        self.freeze()
        result = unittest.TestResult()
        result.failfast = True
        suite = unittest.TestSuite([suite_of(Recording(self.path), cases.FirstTests, cases.SecondTests)])
        with mock.patch.object(cases.SecondTests, "test_one", side_effect=AssertionError):
            suite.run(result)
        self.assertEqual(result.testsRun, 3)
        self.assertEqual(self.written(), {"FirstTests": 4.0})

    def test_clean_ups_that_come_late(self) -> None:
        """A class that keeps its clean-ups for later has no time: nobody knows when it has ended."""
        self.freeze()
        with mock.patch.object(cases.SecondTests, "doClassCleanups"):
            suite_of(Recording(self.path), cases.SecondTests, cases.FirstTests).run(unittest.TestResult())
        cases.SecondTests.doClassCleanups()
        self.assertEqual(self.written(), {"FirstTests": 4.0})

    def test_suite_within_a_test(self) -> None:
        """A test that runs a suite of its own is timed as any other, and its suite by itself."""
        self.freeze()
        inner = self.folder / "inner.json"

        class OuterTests(unittest.TestCase):
            def test(self) -> None:
                suite_of(Recording(inner), cases.FirstTests).run(unittest.TestResult())

        suite_of(Recording(self.path), OuterTests).run(unittest.TestResult())
        self.assertEqual([*self.written().values()], [4.0])
        self.assertIn(f"{HERE}FirstTests", inner.read_text("utf-8"))

    def test_not_asked_for(self) -> None:
        """A suite that was made without a recording runs as any other."""
        self.freeze()
        result = unittest.TestResult()
        suite_of(None, cases.FirstTests).run(result)
        self.assertEqual(result.testsRun, 2)

    def test_other_process(self) -> None:
        """A suite can be sent to a worker, which writes into the same file."""
        self.freeze()
        suite = pickle.loads(pickle.dumps(suite_of(Recording(self.path), cases.FirstTests)))  # noqa: S301 - just made
        suite.run(unittest.TestResult())
        self.assertEqual(self.written(), {"FirstTests": 4.0})

    def test_file_that_cannot_be_written(self) -> None:
        """The run goes on, and a line says that its times are lost."""
        self.freeze()
        path = self.folder / "nowhere" / "timings.json"
        result = unittest.TestResult()
        with contextlib.redirect_stderr(io.StringIO()) as printed:
            suite_of(Recording(path), cases.FirstTests).run(result)
        self.assertEqual(result.testsRun, 2)
        self.assertTrue(
            printed.getvalue().startswith(f"fastapi_testing: the times of this run are not in {path}: [Errno 2]")
        )


class ReportTests(RecordingCase):
    """Bazel's report."""

    def reported(self) -> dict[str, tuple[str | None, list[tuple[str, str | None]]]]:
        """Return the class of each test in the report, by its name, and how it ended."""
        return {
            case.attrib["name"]: (
                case.attrib["classname"].removeprefix(HERE),
                [(child.tag, child.get("message")) for child in case],
            )
            for case in ET.parse(self.report).iter("testcase")  # noqa: S314 - just made
        }

    def test_outcomes(self) -> None:
        """Each test is in it, and how it ended; a class that was not set up, too; and what XML cannot have is not."""
        suite_of(Recording(None, report=self.report), cases.OutcomesTests, cases.FailedSetUpTests).run(
            unittest.TestResult()
        )
        part = "AssertionError: {} != 2"
        self.assertEqual(
            self.reported(),
            {
                "test_error": ("OutcomesTests", [("error", "LookupError: no price")]),
                "test_expected": ("OutcomesTests", [("skipped", "AssertionError: as ever")]),
                "test_fail": ("OutcomesTests", [("failure", "AssertionError: a \ufffd of bytes")]),
                "test_parts": ("OutcomesTests", [("failure", part.format(0)), ("failure", part.format(1))]),
                "test_skip": ("OutcomesTests", [("skipped", "not today")]),
                "test_unexpected": ("OutcomesTests", [("failure", "unexpected success")]),
                "setUpClass": ("FailedSetUpTests", [("error", "LookupError: no database")]),
            },
        )
        (suite,) = ET.parse(self.report).iter("testsuite")  # noqa: S314 - just made
        counts = [suite.attrib[name] for name in ("tests", "failures", "errors", "skipped")]
        self.assertEqual(counts, ["6", "4", "2", "2"])
        texts = [failure.text or "" for failure in suite.iter("failure")]
        self.assertEqual([text.partition("\n")[0] for text in texts if "item" in text], ["(item=0)", "(item=1)"])

    def test_seconds(self) -> None:
        """A test has the seconds that it took, without its class."""
        self.freeze()
        suite_of(Recording(None, report=self.report), cases.FirstTests).run(unittest.TestResult())
        times = [case.attrib["time"] for case in ET.parse(self.report).iter("testcase")]  # noqa: S314 - just made
        self.assertEqual(times, ["1.000", "1.000"])

    def test_written_once_more(self) -> None:
        """At the end of the process it is written again, with what has failed around the suites."""
        result = unittest.TestResult()
        suite_of(Recording(None, report=self.report), cases.SkippedTests).run(result)
        (write,) = self.registered
        result.errors.append((unittest.suite._ErrorHolder("tearDownModule (tests)"), "LookupError: gone"))  # type: ignore[attr-defined]
        result.errors.append((unittest.suite._ErrorHolder("something"), ""))  # type: ignore[attr-defined]
        write()
        self.assertEqual(self.reported()["tearDownModule"], ("tests", [("error", "LookupError: gone")]))
        self.assertEqual(self.reported()["something"], ("", [("error", "")]))
        self.report.unlink()
        write()
        self.assertFalse(self.report.exists(), "somebody has taken it away")

    def test_file_that_cannot_be_written(self) -> None:
        """The run goes on, and a line says that there is no report."""
        path = self.folder / "nowhere" / "test.xml"
        with contextlib.redirect_stderr(io.StringIO()) as printed:
            suite_of(Recording(None, report=path), cases.SkippedTests).run(unittest.TestResult())
        self.assertTrue(
            printed.getvalue().startswith(f"fastapi_testing: the report of this run is not in {path}: [Errno")
        )


class LoadedTests(RecordingCase):
    """What ``load_tests`` makes, by the environment."""

    def load(self, suite_class: Any = unittest.TestSuite, **variables: str) -> unittest.TestSuite:
        """Load a module that has one class."""
        loader = unittest.TestLoader()
        loader.suiteClass = suite_class
        suite = unittest.TestSuite([loader.loadTestsFromTestCase(cases.FirstTests)])
        with environment(**variables), contextlib.redirect_stderr(io.StringIO()):
            return shard_tests("__main__")(loader, suite, None)

    def test_nothing_is_asked_for(self) -> None:
        """Then the suites are unittest's own, and nothing of this package is called while they run."""
        for variables in [{}, {"TEST_TOTAL_SHARDS": "1", "TEST_SHARD_INDEX": "0"}]:
            self.assertIs(type(self.load(**variables)), unittest.TestSuite)

    def test_timings(self) -> None:
        """A run writes its times where the variable says, also if its tests go to another folder."""
        self.freeze()
        with contextlib.chdir(self.folder):
            suite = self.load(FASTAPI_TESTING_TIMINGS="timings.json")
        suite.run(unittest.TestResult())
        self.assertEqual(self.written(), {"FirstTests": 4.0})

    def test_shard(self) -> None:
        """A shard writes what it has measured, and one of one counts as the whole."""
        self.freeze()
        self.path.write_text("{}", "utf-8")
        for total, key in [("2", "measured"), ("1", "classes")]:
            for index in range(int(total)):
                variables = {"TEST_TOTAL_SHARDS": total, "TEST_SHARD_INDEX": str(index)}
                self.load(FASTAPI_TESTING_TIMINGS=str(self.path), **variables).run(unittest.TestResult())
            self.assertEqual([*self.written(key)], ["FirstTests"])

    def test_report(self) -> None:
        """Bazel's file is asked for by its variable."""
        self.freeze()
        self.load(XML_OUTPUT_FILE=str(self.report)).run(unittest.TestResult())
        self.assertEqual(self.report.read_text("utf-8").count("<testcase "), 2)

    def test_other_suites(self) -> None:
        """Suites of a loader with its own are left to it, and a warning says that nothing is timed."""

        class OwnSuite(unittest.TestSuite):
            pass

        with warnings.catch_warnings(record=True, action="always") as caught:
            suite = self.load(OwnSuite, XML_OUTPUT_FILE=str(self.report))
        self.assertNotIsInstance(suite, TimedSuite)
        messages = [str(warning.message) for warning in caught]
        self.assertEqual(messages, [f"the tests are not timed, as their loader makes suites of {OwnSuite!r}"])
