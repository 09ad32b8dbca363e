"""A test case: what a test costs that does nothing."""

import unittest
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi_testing import AsyncClassTestCase
from tests.benchmarks.batches import time_suite
from tests.benchmarks.peers import OURS
from tests.benchmarks.row import Batch, Contender, Row, Target

__all__ = ["ROWS"]

_STANDARD = "IsolatedAsyncioTestCase"
_TESTS = 200


def _contender(name: str, base: type[unittest.IsolatedAsyncioTestCase]) -> Contender:
    class Tests(base):  # type: ignore[misc, valid-type]
        async def test_nothing(self) -> None:
            pass

    @contextmanager
    def opened() -> Iterator[Batch]:
        yield lambda tests: time_suite(Tests("test_nothing") for _ in range(tests))

    return Contender(name=name, opened=opened, number=_TESTS)


ROWS = (
    Row(
        name="empty-test",
        title="An empty async test",
        unit="a test",
        contenders=(
            _contender(OURS, AsyncClassTestCase),
            _contender(_STANDARD, unittest.IsolatedAsyncioTestCase),
        ),
        targets=(Target(peer=_STANDARD, at_most=0.2),),
        note=f"A class of {_TESTS} tests, the start and the end of the class included.",
    ),
)
