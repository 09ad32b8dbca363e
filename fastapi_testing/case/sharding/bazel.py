"""Bazel's report of a run: JUnit's XML, in the file that XML_OUTPUT_FILE names."""

import re
import unittest
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["REPORT", "RanTest", "write_report"]

# https://bazel.build/reference/test-encyclopedia#initial-conditions
REPORT = "XML_OUTPUT_FILE"

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no document of XML 1.0 can have."""

_OUTCOMES = (
    ("failures", "failure"),
    ("errors", "error"),
    ("skipped", "skipped"),
    ("expectedFailures", "skipped"),  # that is what JUnit's format has for it
    ("unexpectedSuccesses", "failure"),
)
"""The lists of a result, and what JUnit's format calls that which is in them."""

_FIXTURE = re.compile(r"(\w+) \((.+)\)")
"""How unittest calls a set-up that has failed."""


@dataclass
class RanTest:
    """A test that has run, by its id, and its seconds."""

    id: str
    seconds: float = 0.0


def write_report(path: Path, tests: list[RanTest], result: unittest.TestResult) -> None:
    """
    Write what tests have run, and how each ended.

    Raises:
        OSError: If the file cannot be written.
    """
    from xml.etree import ElementTree as ET  # noqa: PLC0415 - few runs have a need of it

    suite = ET.Element("testsuite", name="unittest", tests=str(len(tests)))
    cases: dict[str, ET.Element] = {}
    for test in tests:
        owner, _, name = test.id.rpartition(".")
        cases[test.id] = _case(ET, suite, owner, name, test.seconds)
    counts = {"failure": 0, "error": 0, "skipped": 0}
    for test_id, tag, text in _outcomes(result):
        if test_id not in cases:
            fixture = _FIXTURE.fullmatch(test_id)
            owner, name = fixture.group(2, 1) if fixture else test_id.rpartition(".")[::2]
            cases[test_id] = _case(ET, suite, owner, name, 0.0)
        counts[tag] += 1
        lines = text.strip().splitlines() or [""]
        ET.SubElement(cases[test_id], tag, message=lines[-1]).text = text
    suite.set("failures", str(counts["failure"]))
    suite.set("errors", str(counts["error"]))
    suite.set("skipped", str(counts["skipped"]))
    suite.set("time", f"{sum(test.seconds for test in tests):.3f}")
    root = ET.Element("testsuites")
    root.append(suite)
    ET.ElementTree(root).write(path, "utf-8", xml_declaration=True)


def _case(etree: Any, suite: Any, owner: str, name: str, seconds: float) -> Any:
    return etree.SubElement(suite, "testcase", classname=_clean(owner), name=_clean(name), time=f"{seconds:.3f}")


def _outcomes(result: unittest.TestResult) -> Iterator[tuple[str, str, str]]:
    """Yield the test, what JUnit's format calls its outcome, and the text; of parts of a test, each."""
    for attribute, tag in _OUTCOMES:
        for item in getattr(result, attribute, ()):
            test, text = item if isinstance(item, tuple) else (item, "unexpected success")
            case: Any = getattr(test, "test_case", test)  # of a part, the test that it is in
            part = test.id().removeprefix(case.id()).strip()
            yield case.id(), tag, _clean(f"{part}\n{text}" if part else text)


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)
