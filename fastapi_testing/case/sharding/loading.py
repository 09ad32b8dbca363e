"""Running a part of a suite, and the other parts on other machines."""

import sys
import unittest
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from fastapi_testing.case.sharding.plan import Plan
from fastapi_testing.case.sharding.recording import Recording, TimedSuite
from fastapi_testing.case.sharding.shard import Shard
from fastapi_testing.case.sharding.sources import Sources
from fastapi_testing.case.sharding.units import SuiteClass, rebuilt

__all__ = ["shard_tests"]

_loading: list[str] = []
"""The modules whose tests are being loaded; all but the first are part of what that one shards."""

LoadTests = Callable[[unittest.TestLoader, unittest.TestSuite, str | None], unittest.TestSuite]


def shard_tests(name: str) -> LoadTests:
    """
    Return a ``load_tests`` function that loads one shard of the tests, where the environment asks for one.

    ::

        # tests/__init__.py
        from fastapi_testing import shard_tests

        load_tests = shard_tests(__name__)

    In a package it loads the tests below it too, as discovery does. The variables are those of Bazel's test sharding,
    ``TEST_TOTAL_SHARDS`` and ``TEST_SHARD_INDEX``, which counts from 0, or those of GitLab, CircleCI, Buildkite and
    Kubernetes; without them, all tests are loaded. A class is in one shard as a whole, since its server is what takes
    time to start. A module that cannot be imported is an error in every shard, and a shard that has no tests says so by
    a skipped one.

    What each shard gets depends on the names of the classes and on how many tests they have, and on nothing else. Where
    ``FASTAPI_TESTING_TIMINGS`` names a file of what the classes took, the shards take about the same time instead, and
    a run writes what its classes took into it. With ``XML_OUTPUT_FILE``, a run writes a report in JUnit's XML there, as
    Bazel asks for.

    Args:
        name: The ``__name__`` of the package or module that gets the function.

    Returns:
        A function for the protocol of ``load_tests`` in :mod:`unittest`. What it raises for variables and files that
        make no sense, unittest reports as an error.
    """

    def load_tests(loader: unittest.TestLoader, tests: unittest.TestSuite, pattern: str | None) -> unittest.TestSuite:
        shard = Shard.from_environment()
        loaded = _load(loader, name, tests, pattern)
        return loaded if _loading else _share_out(loaded, shard, loader.suiteClass)

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


def _share_out(loaded: unittest.TestSuite, shard: Shard | None, suite_class: SuiteClass) -> unittest.TestSuite:
    """Return the tests of a shard, or all."""
    sources = Sources.from_environment(is_shard=shard is not None and shard.total > 1)
    plan = None if shard is None else Plan.make(loaded, shard, sources)
    timing = _timing(plan, sources, suite_class)
    if plan is not None:
        return plan.select(loaded, timing or suite_class)
    return loaded if timing is None else rebuilt(loaded, timing, lambda _: True)


def _timing(plan: Plan | None, sources: Sources | None, suite_class: SuiteClass) -> SuiteClass | None:
    """Return what makes suites whose classes are timed, where that is asked for."""
    path = None if sources is None or sources.written is None else sources.written.absolute()
    report = Recording.report_of_environment()
    if path is None and report is None:
        return None
    if suite_class is not unittest.TestSuite:
        warnings.warn(f"the tests are not timed, as their loader makes suites of {suite_class!r}", stacklevel=2)
        return None
    is_shard = plan is not None and plan.shard.total > 1
    return partial(TimedSuite, recording=Recording(path, is_shard, report))
