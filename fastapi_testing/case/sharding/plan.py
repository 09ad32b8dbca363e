"""Which tests of a suite a shard has, by a plan that every machine makes for itself."""

import sys
import unittest
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from fastapi_testing.case.sharding.dealing import assign, assign_times, fingerprint, weigh
from fastapi_testing.case.sharding.shard import Shard
from fastapi_testing.case.sharding.sources import KEY, Sources
from fastapi_testing.case.sharding.units import SuiteClass, each_of, is_loose, rebuilt, unit_of_test

__all__ = ["EmptyShard", "Plan"]


@dataclass(frozen=True)
class Plan:
    """
    What each shard has.

    Args:
        shard: The one that is to run here.
        shards: The shard of each class.
        weights: The milliseconds of each class; empty where the classes were dealt out by their numbers of tests.
    """

    shard: Shard
    shards: Mapping[str, int]
    weights: Mapping[str, int]

    @classmethod
    def make(cls, tests: unittest.TestSuite, shard: Shard, sources: Sources | None) -> Self:
        """Make the plan for a suite; where there are sources, tell which one it is."""
        counts = Counter(unit for test in each_of(tests) if (unit := unit_of_test(test)) is not None)
        if sources is None or shard.total == 1:
            return cls(shard, assign(counts, shard.total), {})
        loose = {test.id() for test in each_of(tests) if is_loose(type(test))}
        seconds = sources.seconds_of(counts)
        weights = weigh(counts, loose, seconds)
        if not weights and sources.has_times:
            what = f"{KEY}={sources.given} knows none of these classes"
            warnings.warn(f"{what}: they are shared out by their numbers of tests", stacklevel=2)
        shards = assign_times(weights, shard.total) if weights else assign(counts, shard.total)
        plan = cls(shard, shards, weights)
        unknown = len(counts) - len(seconds)
        print(f"{plan}{f'; {unknown} not known' if weights and unknown else ''}", file=sys.stderr, flush=True)  # noqa: T201 - for the logs of all machines
        return plan

    @property
    def fingerprint(self) -> str:
        """Eight digits, which are the same on machines that have made the same plan."""
        return fingerprint(self.shards, self.shard.total)

    def select(self, tests: unittest.TestSuite, suite_class: SuiteClass) -> unittest.TestSuite:
        """Return the tests of the shard that is to run here, in the order and the suites they were in."""
        index = self.shard.index
        selected = rebuilt(tests, suite_class, lambda test: self.shards.get(unit_of_test(test) or "", index) == index)
        if self.shards and not selected.countTestCases():
            selected.addTest(EmptyShard(self.shard))
        return selected

    def __str__(self) -> str:
        own = [unit for unit, shard in self.shards.items() if shard == self.shard.index]
        if self.weights:
            part, whole = sum(self.weights[unit] for unit in own), sum(self.weights.values())
            what = f"about {part / 1000:.1f} of {whole / 1000:.1f} s"
        else:
            what = "by their numbers of tests"
        return f"shard {self.shard}: {len(own)} of {len(self.shards)} classes, {what}; plan {self.fingerprint}"


class EmptyShard(unittest.TestCase):
    """The one test of a shard that has got none: it is skipped, as from Python 3.12 on a run of no tests fails."""

    def __init__(self, shard: Shard) -> None:
        super().__init__("no_tests")  # a name that no loader takes for a test, where a module imports this class
        self._reason = f"no tests are left for shard {shard.index} of 0 to {shard.total - 1}"

    def no_tests(self) -> None:
        """This shard has no tests."""
        self.skipTest(self._reason)
