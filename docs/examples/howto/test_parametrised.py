"""One test, many values."""

from typing import Any

from fastapi_testing import AsyncServerTestCase
from parameterized import parameterized, parameterized_class

from test_handlers import MONDAY, TUESDAY
from tickets import app, today


class SubTests(AsyncServerTestCase):
    """In one test, with `subTest`."""

    app = app

    async def test_prices(self) -> None:
        """Adults pay, children do not."""
        self.override_dependency(today, value=TUESDAY)
        for age, expected in [(0, 0), (17, 0), (18, 12), (99, 12)]:
            with self.subTest(age=age):
                response = await self.client.get("/price", params={"age": age})
                self.assertJsonEqual(response, expected)


class ParameterizedTests(AsyncServerTestCase):
    """One test for each line of a table, made by a decorator."""

    app = app

    @parameterized.expand(
        [
            ("negative", "-1", "greater_than_equal"),
            ("text", "old", "int_parsing"),
            ("fraction", "17.5", "int_parsing"),
        ]
    )
    async def test_refused(self, _name: str, age: str, error: str) -> None:
        """An age is a number, from zero up."""
        response = await self.client.get("/price", params={"age": age})
        self.assertValidationError(response, ("query", "age"), error)


@parameterized_class(
    ("day", "status"),
    [(MONDAY, 409), (TUESDAY, 200)],
    class_name_func=lambda cls, _number, row: f"{cls.__name__}On{row['day']:%A}",
)
class OpeningTests(AsyncServerTestCase):
    """All tests of the class, once for each day."""

    app = app
    day: Any
    status: int

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        await super().asyncSetUpClass()
        cls.override_dependency(today, value=cls.day)

    async def test_adult(self) -> None:
        """An adult can have a ticket, or not."""
        self.assertStatus(await self.client.get("/price", params={"age": 40}), self.status)

    async def test_child(self) -> None:
        """So can a child."""
        self.assertStatus(await self.client.get("/price", params={"age": 4}), self.status)
