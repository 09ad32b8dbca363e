"""Running the unittest suite of a folder in a process of its own, and reading what came of it."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import fastapi_testing
from tests.processes import environment as variables

__all__ = ["Outcome", "Project", "run_suite"]

PACKAGE = Path(fastapi_testing.__file__).parent

_TOTAL = re.compile(r"^Ran (\d+) tests? in ", re.MULTILINE)
_VERDICT = re.compile(r"^(?:OK|FAILED|NO TESTS RAN)(?: \(([a-z]+.*=\d+)\))?$", re.MULTILINE)
_REASON = re.compile(r"^.* \.\.\. skipped (['\"].*['\"])$", re.MULTILINE)


@dataclass(frozen=True)
class Project:
    """
    A folder with a unittest suite.

    Attributes:
        name: What it is called in the report.
        folder: Where its owner runs the suite.
        start: The folder within it from which tests are looked for.
        options: Options of Python.
        python: The Python to run it with: one that has what the suite needs, but for this package.
    """

    name: str
    folder: Path
    start: str = "."
    options: tuple[str, ...] = ()
    python: str = sys.executable


@dataclass(frozen=True)
class Outcome:
    """
    What came of a suite.

    Attributes:
        tests: How many were run.
        failures: How many failed, those included that passed unexpectedly.
        errors: How many had an error.
        skipped: How many were skipped.
        seconds: How long it took, with the start of Python.
        trouble: Why it has not passed, in words; empty where it has.
        output: All that it printed.
    """

    tests: int
    failures: int
    errors: int
    skipped: int
    seconds: float
    trouble: str
    output: str

    @property
    def reasons(self) -> list[str]:
        """Why tests were skipped, each reason once."""
        return sorted(set(_REASON.findall(self.output)))


def run_suite(project: Project, *, timeout: float = 600.0, **environment: str) -> Outcome:
    """
    Run a suite with the package of this checkout, whichever is installed beside what it needs.

    Args:
        project: Whose suite it is.
        timeout: Seconds that it may take.
        **environment: Variables that it sees besides those of this process.
    """
    begun = time.perf_counter()
    command = [project.python, *project.options, "-m", "unittest", "discover", "-v", "-s", project.start]
    # What it prints goes to a file: from a pipe, one would wait for processes that the suite has left behind.
    with _only_the_package() as path, tempfile.TemporaryFile() as printed:
        try:
            code: int | None = subprocess.run(
                command,
                cwd=project.folder,
                # Nothing is left in a checkout that is somebody else's.
                env=variables(**{"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"} | environment),
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                timeout=timeout,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            code = None
        printed.seek(0)
        output = printed.read().decode("utf-8", "backslashreplace").replace(os.linesep, "\n")
    return _read(output, code, time.perf_counter() - begun, timeout)


@contextmanager
def _only_the_package() -> Iterator[str]:
    """Make a folder for ``PYTHONPATH`` that has the package and nothing else: a suite has ``tests`` of its own."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / PACKAGE.name).symlink_to(PACKAGE, target_is_directory=True)
        yield folder


def _read(output: str, code: int | None, seconds: float, timeout: float) -> Outcome:
    """Read the two lines with which unittest ends; a suite that runs others in its tests prints them last."""
    tests = int(next(reversed(_TOTAL.findall(output)), 0))
    verdict = next(reversed(_VERDICT.findall(output)), "")
    counts = {name: int(count) for name, count in re.findall(r"([a-z ]+)=(\d+)", verdict)}
    counts = {name.strip(): count for name, count in counts.items()}
    if code is None:
        trouble = f"not ended within {timeout:g} s"
    elif not tests:
        trouble = "no test was run"
    else:
        trouble = "" if code == 0 else f"exit status {code}"
    failures = counts.get("failures", 0) + counts.get("unexpected successes", 0)
    return Outcome(tests, failures, counts.get("errors", 0), counts.get("skipped", 0), seconds, trouble, output)
