"""Whole processes: an import, and the run of a test suite."""

import compileall
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import perf_counter

from tests.benchmarks.peers import ASGI_TRANSPORT, OURS, OURS_ON_HTTPX2, TEST_CLIENT, TEST_CLIENT_NEEDS
from tests.benchmarks.row import Batch, Contender, Row, Target
from tests.benchmarks.rows import suites

__all__ = ["ROWS"]

_ROOT = Path(__file__).parents[3]
_TIMEOUT = 600

_PARTS = "its parts"
_SERVER_PER_TEST = "a server for each test"


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python where it finds this repository, and return what it printed."""
    env = os.environ | {"PYTHONPATH": str(_ROOT)}
    # Installed packages are compiled. Were this one compiled anew in each process, its import would take longer for it.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    completed = subprocess.run(
        [sys.executable, *arguments], env=env, capture_output=True, text=True, timeout=_TIMEOUT, check=False
    )
    if completed.returncode:
        raise RuntimeError(f"{arguments} exited with {completed.returncode}:\n{completed.stderr[-2000:]}")
    return completed


def _import(modules: str, number: int) -> float:
    """Import modules in new processes; each says how long that took, the start of Python left out."""
    code = f"from time import perf_counter; start = perf_counter(); import {modules}; print(perf_counter() - start)"
    return sum(float(_run("-c", code).stdout) for _ in range(number))


def _import_contender(name: str, modules: str) -> Contender:
    @contextmanager
    def opened() -> Iterator[Batch]:
        yield partial(_import, modules)

    return Contender(name=name, opened=opened, number=1)


def _run_suite(folder: Path, style: suites.Style, tests: int) -> float:
    """Run a suite of so many tests as a process of its own; it is written and compiled before the clock runs."""
    suite = folder / str(tests)
    if not suite.exists():
        suites.write_suite(suite, style, tests)
        compileall.compile_dir(suite, quiet=1)
    start = perf_counter()
    completed = _run("-m", "unittest", "discover", "-s", str(suite))
    seconds = perf_counter() - start
    assert f"Ran {tests} test" in completed.stderr, completed.stderr[-2000:]
    return seconds


def _suite_contender(
    name: str, style: suites.Style, tests: int = 100 * suites.TESTS_IN_CLASS, needs: tuple[str, ...] = ()
) -> Contender:
    @contextmanager
    def opened() -> Iterator[Batch]:
        with tempfile.TemporaryDirectory() as folder:
            yield partial(_run_suite, Path(folder), style)

    return Contender(name=name, opened=opened, number=tests, needs=needs)


ROWS = (
    Row(
        name="import",
        title="Importing the package",
        unit="an import",
        contenders=(
            _import_contender(OURS, "fastapi_testing"),
            _import_contender(_PARTS, "fastapi, uvicorn, httpx, websockets"),
        ),
        targets=(Target(peer=_PARTS, at_most=1.1),),
        note="Its parts: `import fastapi, uvicorn, httpx, websockets`.",
    ),
    Row(
        name="suite",
        title="A suite of 100 classes of 10 tests, as a process",
        unit="a test",
        contenders=(
            _suite_contender(OURS, suites.OURS),
            _suite_contender(ASGI_TRANSPORT, suites.ASGI_TRANSPORT),
            _suite_contender(TEST_CLIENT, suites.TEST_CLIENT, needs=TEST_CLIENT_NEEDS),
            _suite_contender(OURS_ON_HTTPX2, suites.OURS_ON_HTTPX2, needs=("httpx2",)),
            _suite_contender(_SERVER_PER_TEST, suites.SERVER_PER_TEST, tests=10 * suites.TESTS_IN_CLASS),
        ),
        targets=(Target(peer=ASGI_TRANSPORT, at_most=0.5), Target(peer=_SERVER_PER_TEST, at_most=0.05)),
        rounds=5,
        note="One request a test; all times are per test. With a server for each test the suite would take minutes:"
        " there it has 10 classes, and the start of the process weighs ten times as much on each test.",
    ),
)
