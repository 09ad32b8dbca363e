"""Test classes, each with a server of its own."""

import unittest

from fastapi_testing import AsyncServerTestCase, ServerTestCase
from tests.soak.app import app as served
from tests.soak.budget import Budget
from tests.soak.cases import run_test
from tests.soak.growth import Growth, Limits
from tests.soak.outcome import Outcome
from tests.soak.row import Row

__all__ = ["ROW"]


def _asynchronous() -> unittest.TestCase:
    class Tests(AsyncServerTestCase):
        app = served

        async def test_item(self) -> None:
            self.assertStatus(await self.client.get("/items/1"), 200)

    return Tests("test_item")


def _plain() -> unittest.TestCase:
    class Tests(ServerTestCase):
        app = served

        def test_item(self) -> None:
            self.assertStatus(self.client.get("/items/1"), 200)

    return Tests("test_item")


def run(budget: Budget) -> Outcome:
    """Make a class and run it, of both kinds in turn."""
    growth = Growth(budget, Limits(megabytes=8, per=1_000, objects=8_000, objects_per_turn=1), warm_up=50)
    mistakes: tuple[str, ...] = ()
    for turn in growth.turns():
        mistakes += run_test(_plain() if turn % 2 else _asynchronous())
    return growth.outcome("classes", mistakes)


ROW = Row(name="classes", title="Test classes, asynchronous and plain in turn, each with one test", run=run)
