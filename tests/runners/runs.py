"""The runs of the project's whole suite, one for each class of tests: each begins while another one is waited for."""

import unittest
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Protocol

__all__ = ["Run", "Runs"]


@dataclass(frozen=True)
class Run:
    """
    What came of a run.

    Attributes:
        folder: The copy of the project that it ran in.
        code: Its exit code.
        printed: All that it printed.
    """

    folder: Path
    code: int
    printed: str


class _Case(Protocol):
    """A class of tests that look at one run."""

    @classmethod
    def run_commands(cls) -> Run: ...


class Runs:
    """
    Makes the runs, and of those that are planned two at a time: most of a run is one process, and so one core.

    Where nothing is planned, as for a single class, no other run is made than what is asked for.
    """

    def __init__(self) -> None:
        self._next: dict[type[_Case], type[_Case]] = {}
        self._begun: dict[type[_Case], Future[Run]] = {}
        self._pool = ThreadPoolExecutor(2)

    def plan(self, suite: unittest.TestSuite, base: type[_Case]) -> None:
        """Take note of the order in which the classes of a suite come that derive from a base."""
        cases = [case for case in dict.fromkeys(_classes(suite)) if issubclass(case, base)]
        self._next = dict(pairwise(cases))

    def take(self, case: type[_Case]) -> Run:
        """Return the run of a class, and begin the one after it, at the latest now."""
        for each in (case, self._next.get(case)):
            if each is not None and each not in self._begun:
                self._begun[each] = self._pool.submit(each.run_commands)
        return self._begun.pop(case).result()


def _classes(suite: unittest.TestSuite) -> Iterator[type[unittest.TestCase]]:
    for each in suite:
        if isinstance(each, unittest.TestSuite):
            yield from _classes(each)
        else:
            yield type(each)
