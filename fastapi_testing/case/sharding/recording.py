"""
What the classes of a run take, and what becomes of its tests, measured where it is asked for.

Theory of operation. The suites that ``load_tests`` returns are of a class of their own then, and otherwise not: without
the variables, nothing is called for a test. A class is timed from before its set-up to after its last cleanup; the
clean-up by which the end is seen is the first that is added, and so the last that is called. The fixtures of a module
are nobody's. unittest tears the last class down when the outermost suite ends, which may be one around these: what was
measured is written when no class is open any more.

A class counts if all its tests have run: with ``-k`` or ``--failing``, or where a run breaks off, it keeps what it had.
"""

import atexit
import os
import sys
import threading
import unittest
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi_testing.case.sharding.bazel import REPORT, RanTest, write_report
from fastapi_testing.case.sharding.timings import Taken, changing, now
from fastapi_testing.case.sharding.units import is_loose, unit_of
from fastapi_testing.errors import ConfigurationError
from fastapi_testing.server.clock import RealClock

__all__ = ["Recording", "TimedSuite"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


@dataclass(frozen=True)
class Recording:
    """
    Where a run writes what it measures.

    Args:
        path: The file of timings, if there is one.
        is_shard: Whether the run is one of a part of the suite.
        report: The file for Bazel's report, if there is one.
    """

    path: Path | None
    is_shard: bool = False
    report: Path | None = None

    @classmethod
    def report_of_environment(cls) -> Path | None:
        """Return the file for Bazel's report, if Bazel asks for one."""
        file = os.environ.get(REPORT)
        return Path(file).absolute() if file else None


@dataclass
class _Span:
    """A class that is being timed."""

    case: type[unittest.TestCase]
    start: float
    tests: int = 0


@dataclass
class _Stopwatch:
    """What a run measures."""

    recording: Recording
    result: Any
    is_over: bool = False
    _open: _Span | None = None
    _broken: type[unittest.TestCase] | None = None
    _closed: dict[type[unittest.TestCase], list[_Span]] = field(default_factory=dict)
    _ran: list[RanTest] = field(default_factory=list)
    _test_began: float | None = None

    def begin(self, case: type[unittest.TestCase]) -> None:
        """Begin with a class, unless it has begun, or its set-up has just failed."""
        if case is self._broken or self.is_open(case):
            return
        self._broken = None
        span = self._open = _Span(case, RealClock.now())
        # That of unittest itself: a class of this package would have its event loop, and a limit, for it.
        unittest.TestCase.addClassCleanup.__func__(case, self._end, span)  # type: ignore[attr-defined]

    def is_open(self, case: type[unittest.TestCase]) -> bool:
        """Whether a class is being timed."""
        return self._open is not None and self._open.case is case

    def begin_test(self, test: unittest.TestCase) -> None:
        """Count a test that is about to run, and take note of it where there is to be a report."""
        if self._open is not None and self.is_open(type(test)):
            self._open.tests += 1
        if self.recording.report is not None:
            self._ran.append(RanTest(test.id()))
            self._test_began = RealClock.now()

    def refuse(self, case: type[unittest.TestCase]) -> None:
        """Take no tests of a class, as it is not set up."""
        self._broken = case

    def end_test(self) -> None:
        """End the test that has begun, if one has."""
        if self._test_began is not None:
            self._ran[-1].seconds = RealClock.now() - self._test_began
            self._test_began = None

    def end(self, *, is_broken: bool) -> None:
        """End the run of these suites."""
        self.end_test()
        self.is_over = True
        if self._open is None or is_broken:
            self._write()
        if self.recording.report is not None:
            self._report()
            # What fails around these suites, such as the fixtures of a module, is known at the very end.
            atexit.register(self._report_again)

    def _end(self, span: _Span) -> None:
        if span is self._open:
            self._open = None
            span.start = RealClock.now() - span.start  # from here on, what it took
            self._closed.setdefault(span.case, []).append(span)
            if self.is_over:
                self._write()

    def _write(self) -> None:
        times = {
            unit_of(case): Taken(now(), sum(span.start for span in spans))
            for case, spans in self._closed.items()
            if sum(span.tests for span in spans) >= max(1, len(unittest.TestLoader().getTestCaseNames(case)))
        }
        self._closed.clear()
        if self.recording.path is None or not times:
            return
        try:
            with changing(self.recording.path) as timings:
                timings.record(times, is_shard=self.recording.is_shard)
        except (OSError, ConfigurationError) as exc:
            _tell(f"the times of this run are not in {self.recording.path}: {exc}")

    def _report(self) -> None:
        assert self.recording.report is not None  # noqa: S101 - or nobody calls this
        try:
            write_report(self.recording.report, self._ran, self.result)
        except OSError as exc:
            _tell(f"the report of this run is not in {self.recording.report}: {exc}")

    def _report_again(self) -> None:
        assert self.recording.report is not None  # noqa: S101 - as above
        if self.recording.report.exists():
            self._report()


class _Running(threading.local):
    """The stopwatch of the run that is under way, in each thread its own; a test may run a suite of its own."""

    stopwatch: _Stopwatch | None = None


_running = _Running()


class TimedSuite(unittest.TestSuite):
    """A suite whose classes are timed while it runs; it can be sent to another process."""

    def __init__(self, tests: Iterable[Any] = (), *, recording: Recording | None = None) -> None:
        super().__init__(tests)
        self._recording = recording

    def run(self, result: Any, debug: bool = False) -> Any:  # noqa: FBT001, FBT002 - unittest's
        outer = _running.stopwatch
        if self._recording is None or (outer is not None and outer.result is result):
            return super().run(result, debug)
        stopwatch = _running.stopwatch = _Stopwatch(self._recording, result)
        is_broken = True
        try:
            super().run(result, debug)
            is_broken = bool(getattr(result, "shouldStop", False))
        finally:
            _running.stopwatch = outer
            stopwatch.end(is_broken=is_broken)
        return result

    def _tearDownPreviousClass(self, test: Any, result: Any) -> None:
        if _running.stopwatch is not None:
            _running.stopwatch.end_test()
        super()._tearDownPreviousClass(test, result)  # type: ignore[misc]

    def _handleClassSetUp(self, test: Any, result: Any) -> None:
        stopwatch, case = _running.stopwatch, type(test)
        # Where a module is not set up, none of its classes is, and no test of theirs is run.
        if stopwatch is None or getattr(result, "_moduleSetUpFailed", False):
            super()._handleClassSetUp(test, result)  # type: ignore[misc]
            return
        is_timed = issubclass(case, unittest.TestCase) and not is_loose(case) and not _is_skipped(case)
        if is_timed:
            stopwatch.begin(case)
        super()._handleClassSetUp(test, result)  # type: ignore[misc]
        if is_timed and not stopwatch.is_open(case):
            stopwatch.refuse(case)
        else:
            stopwatch.begin_test(test)


def _is_skipped(case: type[unittest.TestCase]) -> bool:
    """Whether a class is skipped as a whole: unittest calls no fixture of it."""
    return bool(getattr(case, "__unittest_skip__", False))


def _tell(what: str) -> None:
    print(f"fastapi_testing: {what}", file=sys.stderr)  # noqa: T201 - the tests have run, and nobody asks any more
