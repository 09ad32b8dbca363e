"""
Plays the part of each CI engine: runs its jobs, with the variables that it gives them.

Prints whether the jobs of each engine have run all tests, and each test once. The jobs plan by the seconds that the
classes took in a run of the whole suite before.
"""

import contextlib
import io
import os
import re
import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path
from unittest import mock

TOTAL = 3

TIMINGS = "FASTAPI_TESTING_TIMINGS"

ENGINES: dict[str, Callable[[int, Path], dict[str, str]]] = {
    "Bazel": lambda index, folder: {
        "TEST_TOTAL_SHARDS": str(TOTAL),
        "TEST_SHARD_INDEX": str(index),
        "TEST_SHARD_STATUS_FILE": str(folder / f"status-{index}"),
        "XML_OUTPUT_FILE": str(folder / f"test-{index}.xml"),
    },
    "GitLab": lambda index, _: {
        "CI_JOB_NAME": f"tests {index + 1}/{TOTAL}",
        "CI_NODE_INDEX": str(index + 1),
        "CI_NODE_TOTAL": str(TOTAL),
    },
    "CircleCI": lambda index, _: {"CIRCLE_NODE_INDEX": str(index), "CIRCLE_NODE_TOTAL": str(TOTAL)},
    "Buildkite": lambda index, _: {"BUILDKITE_PARALLEL_JOB": str(index), "BUILDKITE_PARALLEL_JOB_COUNT": str(TOTAL)},
    "GitHub": lambda index, _: {
        "TEST_SHARD_INDEX": str(index),
        "TEST_TOTAL_SHARDS": str(TOTAL),
    },  # by the workflow's file
    "Kubernetes": lambda index, _: {
        "JOB_COMPLETION_INDEX": str(index),
        "TEST_TOTAL_SHARDS": str(TOTAL),
    },  # by the Job's
}


class Result(unittest.TestResult):
    """Keeps the ids of the tests that have run."""

    def __init__(self) -> None:
        super().__init__()
        self.ran: list[str] = []

    def startTest(self, test: unittest.TestCase) -> None:
        self.ran.append(test.id())
        super().startTest(test)


def run_job(variables: dict[str, str], folder: Path) -> tuple[list[str], str]:
    """Do what ``python -m unittest discover`` does in a job; return the tests that have run, and the plan's name."""
    result = Result()
    others = [name for make in ENGINES.values() for name in make(0, folder)]
    printed = io.StringIO()
    with mock.patch.dict(os.environ), contextlib.redirect_stderr(printed):
        for name in others:
            os.environ.pop(name, None)
        os.environ |= variables | {TIMINGS: str(folder / "timings.json")}
        unittest.TestLoader().discover(".").run(result)
    if not result.wasSuccessful():
        raise SystemExit(f"a job has failed: {result.errors + result.failures}")
    return result.ran, "".join(re.findall(r"plan (\w+)", printed.getvalue()))


def main() -> None:
    """Run the whole suite, then the jobs of each engine."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole, _ = run_job({}, folder)
        print(f"alone: {len(whole)} tests")
        for engine, make in ENGINES.items():
            jobs = [run_job(make(index, folder), folder) for index in range(TOTAL)]
            plans = len({plan for _, plan in jobs})
            ran = sorted(test for tests, _ in jobs for test in tests)
            complete = "all tests, each once" if ran == sorted(whole) else f"other tests: {ran}"
            print(f"{engine}: {TOTAL} jobs by {plans} plan ran {complete}")
        print("files:", *sorted(path.name for path in folder.iterdir()))


if __name__ == "__main__":
    main()
