"""Tests of fastapi_testing.assertions.json.models."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

import httpx
from pydantic import BaseModel, ConfigDict, Field

from fastapi_testing.assertions import ModelAssertions
from tests.assertions.failures import FailureAssertions, run_failing


class Item(BaseModel):
    """What a shop sells."""

    name: str
    price: float = Field(gt=0)


class Cat(BaseModel):
    """One alternative."""

    kind: Literal["cat"]


class Dog(BaseModel):
    """Another alternative."""

    kind: Literal["dog"]


class Day(BaseModel):
    """A day that is not taken for granted."""

    model_config = ConfigDict(strict=True)

    day: date


@dataclass
class Point:
    """No model of pydantic's."""

    x: int


def answer(document: Any) -> httpx.Response:
    """Return a response to GET /items."""
    return httpx.Response(200, json=document, request=httpx.Request("GET", "http://test/items"))


class ModelTests(ModelAssertions, FailureAssertions):
    """assertModel."""

    def test_model(self) -> None:
        """A document is returned as the model, in whichever form it is."""
        for actual in (answer({"name": "Widget", "price": 1}), b'{"name": "Widget", "price": 1}'):
            self.assertEqual(self.assertModel(actual, Item), Item(name="Widget", price=1.0))

    def test_types(self) -> None:
        """Any type that pydantic knows will do."""
        self.assertEqual(self.assertModel([{"x": 1}], list[Point]), [Point(1)])
        self.assertEqual(self.assertModel({"a": 1}, dict[str, int]), {"a": 1})
        self.assertEqual(self.assertModel({"kind": "dog"}, Cat | Dog), Dog(kind="dog"))
        self.assertIsNone(self.assertModel("null", Cat | None))

    def test_strict(self) -> None:
        """A strict model takes from JSON what has no type of its own there."""
        self.assertEqual(self.assertModel({"day": "2024-02-29"}, Day).day, date(2024, 2, 29))

    def test_errors(self) -> None:
        """A failure lists pydantic's errors with the JSON beside them."""
        with self.assertFails(
            "GET /items: JSON is no list[Item], 2 errors:\n"
            '  0.name: Field required (missing); got {"price": 0}\n'
            "  0.price: Input should be greater than 0 (greater_than); got 0\n"
            'got 200 OK; body: [{"price":0}] : shop'
        ):
            self.assertModel(answer([{"price": 0}]), list[Item], "shop")

    def test_root(self) -> None:
        """An error of the document as a whole is said to be."""
        with self.assertFails(
            "JSON is no Item, 1 error:\n  the document: Input should be an object (model_type); got []\ngot []"
        ):
            self.assertModel([], Item)

    def test_names(self) -> None:
        """A type is named as it is written, without its modules."""

        class Inner(BaseModel):
            pass

        table: list[tuple[Any, str]] = [
            (Inner, "Inner"),
            (dict[str, Inner], "dict[str, Inner]"),
            (Annotated[float, Field(gt=0.5)], "Annotated[float, FieldInfo("),
        ]
        for model, name in table:
            with self.subTest(name=name), self.assertRaises(AssertionError) as caught:
                self.assertModel(["x"], model)
            self.assertIn(f"JSON is no {name}", str(caught.exception))

    def test_not_json(self) -> None:
        """A body that is not JSON is said to be none."""
        with self.assertFails(
            "HTTP response: expected a JSON body, got 200 OK with text/plain "
            "(Expecting value: line 1 column 1 (char 0)); body: hi"
        ):
            self.assertModel(httpx.Response(200, text="hi", headers={"Content-Type": "text/plain"}), Item)

    def test_traceback(self) -> None:
        """The traceback ends on the line of the test."""

        def test(case: ModelAssertions) -> None:
            case.assertModel({}, Item)

        self.assertEqual(run_failing(ModelAssertions, test).count('  File "'), 1)
