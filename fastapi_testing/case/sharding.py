"""Running a part of a suite, and the other parts on other machines: Bazel's protocol for sharded tests."""

import hashlib
import os
import sys
import unittest
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

__all__ = ["EmptyShard", "Shard", "assign", "shard_tests"]

_TOTAL = "TEST_TOTAL_SHARDS"
_INDEX = "TEST_SHARD_INDEX"

_loading: list[str] = []
"""The modules whose tests are being loaded; all but the first are part of what that one shards."""

SuiteClass = Callable[[Any], unittest.TestSuite]
LoadTests = Callable[[unittest.TestLoader, unittest.TestSuite, str | None], unittest.TestSuite]


def shard_tests(name: str) -> LoadTests:
    """
    Return a ``load_tests`` function that loads one shard of the tests, where the environment asks for one.

    ::

        # tests/__init__.py
        from fastapi_testing import shard_tests

        load_tests = shard_tests(__name__)

    In a package it loads the tests below it too, as discovery does. The variables are those of Bazel's test sharding,
    ``TEST_TOTAL_SHARDS`` and ``TEST_SHARD_INDEX``, which counts from 0; without them, all tests are loaded. A class is
    in one shard as a whole, since its server is what takes time to start. What each shard gets depends on the names of
    the classes and on how many tests they have, and on nothing else. A module that cannot be imported is an error in
    every shard, and a shard that has no tests says so by a skipped one.

    Args:
        name: The ``__name__`` of the package or module that gets the function.

    Returns:
        A function for the protocol of ``load_tests`` in :mod:`unittest`. What it raises for variables that make no
        sense, unittest reports as an error.
    """

    def load_tests(loader: unittest.TestLoader, tests: unittest.TestSuite, pattern: str | None) -> unittest.TestSuite:
        shard = Shard.from_environment()
        loaded = _load(loader, name, tests, pattern)
        return loaded if shard is None or _loading else shard.select(loaded, loader.suiteClass)

    return load_tests


def _load(loader: unittest.TestLoader, name: str, tests: unittest.TestSuite, pattern: str | None) -> unittest.TestSuite:
    """Return the tests of a module, and of a package those below it."""
    # Discovery may come back to the package that has called it, which has got its own tests by then.
    loaded: list[Any] = [] if name in _loading else list(tests)
    _loading.append(name)
    try:
        loaded += _discover(loader, name, pattern)
    finally:
        _loading.pop()
    return loader.suiteClass(loaded)


def _discover(loader: unittest.TestLoader, name: str, pattern: str | None) -> Iterable[Any]:
    module = sys.modules[name]
    if not hasattr(module, "__path__"):
        return []
    folder = Path(str(module.__file__)).parent
    top = folder.parents[name.count(".")]  # discovery would take a package that the command line names for the top
    return loader.discover(str(folder), pattern or "test*.py", str(top))


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

        Raises:
            ValueError: If a variable is missing or makes no sense.
        """
        # https://bazel.build/reference/test-encyclopedia#test-sharding
        if status_file := os.environ.get("TEST_SHARD_STATUS_FILE"):
            Path(status_file).touch()
        index, total = os.environ.get(_INDEX), os.environ.get(_TOTAL)
        if index is None and total is None:
            return None
        shard = cls(_number(_INDEX, index), _number(_TOTAL, total))
        if shard.index >= shard.total:
            raise ValueError(
                f"{_INDEX} is {shard.index} and {_TOTAL} is {shard.total}: shards are counted from 0, so the index "
                f"has to be less than their number"
            )
        return shard

    def select(self, tests: unittest.TestSuite, suite_class: SuiteClass) -> unittest.TestSuite:
        """Return the tests of this shard, in the order and the suites they were in."""
        counts = Counter(filter(None, map(_unit, _each(tests))))
        shards = assign(counts, self.total)

        def pick(suite: unittest.TestSuite) -> Iterator[unittest.TestCase | unittest.TestSuite]:
            for test in suite:
                if isinstance(test, unittest.TestSuite):
                    yield suite_class(list(pick(test)))
                elif shards.get(_unit(test), self.index) == self.index:
                    yield test

        selected = suite_class(list(pick(tests)))
        if counts and not selected.countTestCases():
            selected.addTest(EmptyShard(self))
        return selected


class EmptyShard(unittest.TestCase):
    """The one test of a shard that has got none: it is skipped, as from Python 3.12 on a run of no tests fails."""

    def __init__(self, shard: Shard) -> None:
        super().__init__("no_tests")  # a name that no loader takes for a test, where a module imports this class
        self._reason = f"no tests are left for shard {shard.index} of 0 to {shard.total - 1}"

    def no_tests(self) -> None:
        """This shard has no tests."""
        self.skipTest(self._reason)


def assign(counts: Mapping[str, int], total: int) -> dict[str | None, int]:
    """
    Return the shard of each unit: the largest first, each goes to the shard that has the fewest tests by then.

    Args:
        counts: How many tests each unit has.
        total: How many shards there are.
    """
    loads = [0] * total
    shards: dict[str | None, int] = {}
    for unit in sorted(counts, key=lambda unit: (-counts[unit], unit)):
        shards[unit] = _emptiest(loads, unit)
        loads[shards[unit]] += counts[unit]
    return shards


def _emptiest(loads: list[int], unit: str) -> int:
    """Return the shard with the fewest tests; of several, not always the first, or small suites would all have it."""
    first = int.from_bytes(hashlib.sha256(unit.encode()).digest()[:8])
    return min(range(len(loads)), key=lambda shard: (loads[shard], (shard - first) % len(loads)))


def _each(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from _each(test)
        else:
            yield test


def _unit(test: unittest.TestCase) -> str | None:
    """Return the name of what stays together: the test's class, or the test itself where the class is no user's."""
    cls = type(test)
    if issubclass(cls, unittest.loader._FailedTest):  # type: ignore[attr-defined]  # noqa: SLF001 - there is no other name
        return None
    if cls.__module__.partition(".")[0] in ("unittest", "doctest"):
        return test.id()
    return f"{cls.__module__}.{cls.__qualname__}"


def _number(variable: str, value: str | None) -> int:
    if value is None:
        raise ValueError(f"{variable} is not set: {_INDEX} and {_TOTAL} go together")
    if not (value.isascii() and value.isdigit()):
        raise ValueError(f"{variable} has to be a number, got {value!r}")
    return int(value)
