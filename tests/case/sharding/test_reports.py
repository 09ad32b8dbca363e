"""Reports of other runners: what is read of each, and what is refused."""

import datetime as dt
import io
import sys
import unittest
from pathlib import Path
from unittest import mock

import subunit

from fastapi_testing import ConfigurationError
from fastapi_testing.case.sharding.reports import read_junit, read_subunit

NOON = dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC)
PATH = Path("report")

PYTEST = b"""<?xml version="1.0" encoding="utf-8"?>
<testsuites name="pytest tests"><testsuite name="pytest" errors="0" failures="1" skipped="1" tests="4" time="3.4">
<testcase classname="tests.test_a.ATests" name="test_one" time="1.250" />
<testcase classname="tests.test_a.ATests" name="test_two" time="0.250"><failure message="no">no</failure></testcase>
<testcase classname="tests.test_a.ATests" name="test_two" time="0.500" />
<testcase classname="" name="tests.test_b" time="0.000"><error message="collection failure">no</error></testcase>
</testsuite></testsuites>"""

SUREFIRE = b"""<testsuite name="shop.OrderTest" tests="2" time="1,234.5">
<testcase name="pays" classname="shop.OrderTest" time="1,234.5"/><testcase name="later" classname="shop.OrderTest"/>
</testsuite>"""


class JUnitTests(unittest.TestCase):
    """JUnit's XML."""

    def test_pytests(self) -> None:
        """The attempts of a test are added up, and what is of no class is left out."""
        self.assertEqual(
            read_junit(PYTEST, PATH),
            {("tests.test_a.ATests", "test_one"): 1.25, ("tests.test_a.ATests", "test_two"): 0.75},
        )

    def test_surefires(self) -> None:
        """More than 999 seconds have a comma, and what was skipped has no time."""
        expected = {("shop.OrderTest", "pays"): 1234.5, ("shop.OrderTest", "later"): 0.0}
        self.assertEqual(read_junit(SUREFIRE, PATH), expected)

    def test_mistakes(self) -> None:
        """What is no report is refused, and says what is wrong with it."""
        time = '<testsuite><testcase classname="a.A" name="t" time="%s"/></testsuite>'
        for text, message in [
            ("<testsuite>", "a well-formed report in JUnit's XML (no element found: line 1, column 11)"),
            ("<coverage/>", "a report in JUnit's XML, <testsuites> or <testsuite>, got <coverage>"),
            (time % "soon", "seconds in each time of a <testcase>, got 'soon'"),
            (time % "1,5", "seconds in each time of a <testcase>, got '1,5'"),
            (time % "-1", "seconds in each time of a <testcase>, got '-1'"),
            (time % "nan", "seconds in each time of a <testcase>, got 'nan'"),
        ]:
            with self.subTest(text), self.assertRaises(ConfigurationError) as caught:
                read_junit(text.encode(), PATH)
            self.assertEqual(str(caught.exception), f"report: expected {message}")


def stream_of(*events: tuple[str, str, float | None]) -> bytes:
    """Return a subunit stream of tests, each with what happened to it, and after how many seconds."""
    stream = io.BytesIO()
    result = subunit.StreamResultToBytes(stream)
    for test_id, status, after in events:
        at = None if after is None else NOON + dt.timedelta(seconds=after)
        result.status(test_id=test_id, test_status=status, timestamp=at)
    result.status(file_name="log", file_bytes=b"what a worker prints", timestamp=NOON)
    return stream.getvalue()


class SubunitTests(unittest.TestCase):
    """Streams, as ``stestr last --subunit`` prints them."""

    def test_stream(self) -> None:
        """A test takes from its begin to its end, whichever tests of other workers come between."""
        stream = stream_of(
            ("tests.test_a.ATests.test_one", "exists", 0.0),
            ("tests.test_a.ATests.test_one", "inprogress", 0.0),
            ("tests.test_b.BTests.test_two[slow]", "inprogress", 0.5),
            ("tests.test_a.ATests.test_one", "success", 1.5),
            ("tests.test_b.BTests.test_two[slow]", "fail", 4.5),
            ("tests.test_b.BTests.test_three", "skip", 4.5),
            ("tests.test_b.BTests.test_four", "inprogress", None),
        )
        expected = {("tests.test_a.ATests", "test_one"): 1.5, ("tests.test_b.BTests", "test_two"): 4.0}
        self.assertEqual(read_subunit(stream, PATH), expected)

    def test_clock_that_is_set_back(self) -> None:
        """A test that ends before it begins has taken no time."""
        stream = stream_of(("a.A.test", "inprogress", 2.0), ("a.A.test", "success", 1.0))
        self.assertEqual(read_subunit(stream, PATH), {("a.A", "test"): 0.0})

    def test_broken_stream(self) -> None:
        """A stream that is cut off is refused, as nobody knows what would have followed."""
        stream = stream_of(("a.A.test", "inprogress", 0.0), ("a.A.test", "success", 1.0))
        with self.assertRaises(ConfigurationError) as caught:
            read_subunit(stream[:-9], PATH)
        self.assertRegex(
            str(caught.exception),
            r"\Areport: expected a whole subunit stream \(Short read - got \d+ bytes, wanted \d+ bytes\)\Z",
        )

    def test_not_installed(self) -> None:
        """The error says what is needed."""
        with mock.patch.dict(sys.modules, subunit=None), self.assertRaises(ConfigurationError) as caught:
            read_subunit(b"\xb3", PATH)
        self.assertEqual(
            str(caught.exception),
            "report: expected a subunit stream, and to read it python-subunit, which is not installed: pip install "
            "python-subunit",
        )
