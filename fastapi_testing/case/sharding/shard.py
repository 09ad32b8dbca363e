"""Which part of a suite a machine runs: the variables by which the engines of CI tell it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

__all__ = ["Shard"]


@dataclass(frozen=True)
class _Pair:
    """The two variables of an engine."""

    index: str
    total: str
    first: int = 0
    engine: str = ""

    def read(self) -> tuple[int, int]:
        """Return the index, counted from 0, and the total."""
        index, total = (self._number(variable, os.environ.get(variable)) for variable in (self.index, self.total))
        if not self.first <= index < total + self.first:
            raise ValueError(f"{self.index} is {index} and {self.total} is {total}: {self._rule}")
        return index - self.first, total

    @property
    def _rule(self) -> str:
        if self.first:
            return f"{self.engine} counts from {self.first}, so the index has to be from {self.first} to their number"
        return "shards are counted from 0, so the index has to be less than their number"

    def _number(self, variable: str, value: str | None) -> int:
        if value is None:
            raise ValueError(f"{variable} is not set: {self.index} and {self.total} go together")
        if not (value.isascii() and value.isdigit()):
            raise ValueError(f"{variable} has to be a number, got {value!r}")
        return int(value)


# https://bazel.build/reference/test-encyclopedia#test-sharding
_BAZEL = _Pair("TEST_SHARD_INDEX", "TEST_TOTAL_SHARDS")

# https://kubernetes.io/docs/concepts/workloads/controllers/job/#completion-mode - it tells a pod no total
_KUBERNETES = _Pair("JOB_COMPLETION_INDEX", "TEST_TOTAL_SHARDS")

# https://docs.gitlab.com/ci/variables/predefined_variables/ - jobs without `parallel` have a total, and no index
_GITLAB = _Pair("CI_NODE_INDEX", "CI_NODE_TOTAL", 1, "GitLab")

# https://circleci.com/docs/variables/#built-in-environment-variables
_CIRCLECI = _Pair("CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL")

# https://buildkite.com/docs/pipelines/configure/environment-variables
_BUILDKITE = _Pair("BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT")


@dataclass(frozen=True)
class Shard:
    """
    One part of a suite.

    Args:
        index: Which part, counted from 0.
        total: How many parts there are.
    """

    index: int
    total: int

    @classmethod
    def from_environment(cls) -> Self | None:
        """
        Return the shard that the environment asks for, or None; and tell Bazel that shards are supported.

        Bazel's variables come first: they are for who wants another shard than the engine would give.

        Raises:
            ValueError: If a variable is missing or makes no sense, or two engines ask for different shards.
        """
        if status_file := os.environ.get("TEST_SHARD_STATUS_FILE"):
            Path(status_file).touch()
        if (pair := _explicit()) is not None:
            return cls(*pair.read())
        found = [(pair, shard) for pair in _engines() if (shard := cls(*pair.read())).total > 1]
        if len({shard for _, shard in found}) > 1:
            names = " and ".join(pair.index for pair, _ in found)
            shards = ", ".join(str(shard) for _, shard in found)
            raise ValueError(f"{names} ask for different shards ({shards}): set {_BAZEL.index} and {_BAZEL.total}")
        return found[0][1] if found else None

    def __str__(self) -> str:
        return f"{self.index} of {self.total}"


def _explicit() -> _Pair | None:
    """Return the pair with Bazel's total, or index."""
    if _KUBERNETES.index in os.environ and _BAZEL.index not in os.environ and not [*_engines()]:
        if _KUBERNETES.total not in os.environ:
            raise ValueError(
                f"{_KUBERNETES.index} is {os.environ[_KUBERNETES.index]}, and Kubernetes does not tell of how many: "
                f"set {_KUBERNETES.total} to the completions of the Job; or unset {_KUBERNETES.index} to run all tests"
            )
        return _KUBERNETES
    return _BAZEL if {_BAZEL.index, _BAZEL.total} & os.environ.keys() else None


def _engines() -> Iterator[_Pair]:
    """Yield the pairs of the engines that have started this process."""
    if _GITLAB.index in os.environ and not _is_of_a_matrix(os.environ.get("CI_JOB_NAME", "")):
        yield _GITLAB
    yield from (pair for pair in (_CIRCLECI, _BUILDKITE) if {pair.index, pair.total} & os.environ.keys())


def _is_of_a_matrix(job: str) -> bool:
    """
    Whether a job of GitLab's is one of ``parallel: matrix``, by its name.

    Its variables are those of ``parallel: 3``, and its jobs differ in something else, a version of Python for instance:
    each is for the whole suite.
    """
    return job.endswith("]") and ": [" in job
