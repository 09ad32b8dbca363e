"""Tests that need a database, and whose module is set up."""

import unittest
from typing import ClassVar

from kiosk import Base, app, get_session
from parameterized import parameterized

from fastapi_testing import AsyncServerTestCase
from fastapi_testing.databases import SQLAlchemyMixin

ITEMS: list[str] = []


def setUpModule() -> None:
    """Stock up."""
    ITEMS.extend(["paper", "magazine"])
    unittest.addModuleCleanup(ITEMS.clear)


class OrderTests(SQLAlchemyMixin, AsyncServerTestCase):
    """Each test finds no order but its own."""

    app = app
    metadata = Base.metadata
    session_dependency = get_session
    first: ClassVar[str]

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        await super().asyncSetUpClass()
        cls.first = ITEMS[0]

    async def test_buy(self) -> None:
        """The first order is the only one."""
        self.assertJsonEqual(await self.client.post("/orders", params={"item": self.first}), 1)

    async def test_buy_two(self) -> None:
        """The second order is the second."""
        await self.client.post("/orders", params={"item": self.first})
        self.assertJsonEqual(await self.client.post("/orders", params={"item": ITEMS[1]}), 2)

    @parameterized.expand([("one", 1), ("three", 3)])  # type: ignore[untyped-decorator]
    async def test_buy_many(self, _name: str, count: int) -> None:
        """As many orders as were made."""
        responses = [await self.client.post("/orders", params={"item": "paper"}) for _ in range(count)]
        self.assertJsonEqual(responses[-1], count)


class PlainTests(unittest.TestCase):
    """A case of the standard library beside the others."""

    def test_print(self) -> None:
        """It prints something."""
        print("sold", ITEMS)  # noqa: T201 - that is the point
