"""Reports in JUnit's XML, which CI servers read."""

from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree as ET

__all__ = ["outcomes", "texts"]


def outcomes(reports: Iterable[Path]) -> dict[str, str]:
    """Return how each test ended, by its name: ``failure``, ``error``, ``skipped``, or nothing if it passed."""
    return {_name(case): " ".join(sorted({child.tag for child in case})) for case in _cases(reports)}


def texts(reports: Iterable[Path]) -> dict[str, str]:
    """Return the text of each failure and error, by the test's name."""
    return {
        _name(case): child.text or "" for case in _cases(reports) for child in case if child.tag in ("failure", "error")
    }


def _cases(reports: Iterable[Path]) -> Iterable[ET.Element]:
    for report in reports:
        yield from ET.parse(report).iter("testcase")  # noqa: S314 - made by the test


def _name(case: ET.Element) -> str:
    return case.attrib["name"]
