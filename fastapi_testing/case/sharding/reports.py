"""What tests took by the reports of other runners: JUnit's XML, and subunit streams."""

import io
import re
from importlib import import_module
from pathlib import Path
from typing import Any

from fastapi_testing.errors import ConfigurationError

__all__ = ["Tests", "read_junit", "read_subunit"]

Tests = dict[tuple[str, str], float]
"""The seconds of each test, by its class and its name."""

_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")
"""As Surefire writes more than 999 seconds."""

_SUBUNIT = "a subunit stream, and to read it python-subunit, which is not installed: pip install python-subunit"


def read_junit(text: bytes, path: Path) -> Tests:
    """
    Read a report in JUnit's XML, of any runner.

    Raises:
        ConfigurationError: If it is none.
    """
    from xml.etree import ElementTree as ET  # noqa: PLC0415 - few runs have a need of it

    try:
        root = ET.fromstring(text)  # noqa: S314 - of the user's own runner; expat bounds how far entities grow
    except ET.ParseError as exc:
        raise ConfigurationError(str(path), f"a well-formed report in JUnit's XML ({exc})") from None
    if root.tag not in ("testsuites", "testsuite"):
        raise ConfigurationError(str(path), f"a report in JUnit's XML, <testsuites> or <testsuite>, got <{root.tag}>")
    tests: Tests = {}
    for case in root.iter("testcase"):
        _add(tests, case.get("classname", ""), case.get("name", ""), _seconds(case.get("time", "0"), path))
    return tests


def read_subunit(stream: bytes, path: Path) -> Tests:
    """
    Read a subunit stream of version 2, as ``stestr last --subunit`` prints it.

    Raises:
        ConfigurationError: If it is none, or python-subunit is not installed.
    """
    try:
        subunit = import_module("subunit")
    except ImportError:
        raise ConfigurationError(str(path), _SUBUNIT) from None
    clock = _SubunitClock(path)
    subunit.ByteStreamToStreamResult(io.BytesIO(stream)).run(clock)
    return clock.tests


class _SubunitClock:
    """Takes the events of a stream as testtools' StreamResult does."""

    def __init__(self, path: Path) -> None:
        self.tests: Tests = {}
        self._path = path
        self._begun: dict[str, Any] = {}

    def status(
        self, *, test_id: str | None = None, test_status: str | None = None, timestamp: Any = None, **event: Any
    ) -> None:
        """Take an event."""
        if event.get("file_name") == "Parser Error" and test_id == "subunit.parser":
            why = bytes(event["file_bytes"]).decode(errors="replace")
            raise ConfigurationError(str(self._path), f"a whole subunit stream ({why})")
        if test_id is None or test_status in (None, "exists") or timestamp is None:
            return
        if test_status == "inprogress":
            self._begun[test_id] = timestamp
        elif (begun := self._begun.pop(test_id, None)) is not None:
            # After its id, a test may have attributes in brackets, or its parameters.
            owner, _, name = re.split(r"[\[( ]", test_id, maxsplit=1)[0].rpartition(".")
            _add(self.tests, owner, name, max(0.0, (timestamp - begun).total_seconds()))


def _add(tests: Tests, owner: str, name: str, seconds: float) -> None:
    """Add what one test took, or its next part or attempt, to what it took so far."""
    if owner:
        tests[owner, name] = tests.get((owner, name), 0.0) + seconds


def _seconds(text: str, path: Path) -> float:
    number = text.replace(",", "") if _THOUSANDS.fullmatch(text) else text
    try:
        seconds = float(number)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise ConfigurationError(str(path), f"seconds in each time of a <testcase>, got {text!r}")
    return seconds
