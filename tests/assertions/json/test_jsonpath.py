"""Tests of assertJsonPath."""

from typing import Any

import httpx
from dirty_equals import Contains, IsPositiveInt

from fastapi_testing.assertions import JsonAssertions
from tests.assertions.failures import FailureAssertions

SHOP: dict[str, Any] = {"items": [{"id": 1, "name": "Widget"}, {"id": 2, "name": "Gadget"}], "total": 2}


def answer(document: Any) -> httpx.Response:
    """Return a response to GET /items."""
    return httpx.Response(200, json=document, request=httpx.Request("GET", "http://test/items"))


class PathTests(JsonAssertions, FailureAssertions):
    """assertJsonPath."""

    def test_singular(self) -> None:
        """A query of names and indices selects one value."""
        self.assertJsonPath(answer(SHOP), "$.items[0].name", "Widget")
        self.assertJsonPath('{"a": [1, 2]}', "$['a'][-1]", 2)
        self.assertJsonPath(SHOP, "$", SHOP)

    def test_list(self) -> None:
        """Any other query selects a list of values, also of one or none."""
        self.assertJsonPath(SHOP, "$.items[*].id", [1, 2])
        self.assertJsonPath(SHOP, "$.items[?@.id > 1].name", ["Gadget"])
        self.assertJsonPath(SHOP, "$..nothing", [])

    def test_functions(self) -> None:
        """The functions of RFC 9535 are there."""
        self.assertJsonPath(SHOP, "$.items[?match(@.name, 'W.*') && length(@.name) == 6].id", [1])

    def test_matchers(self) -> None:
        """Objects that decide for themselves what they equal work in values and in lists, and as the list."""
        self.assertJsonPath(SHOP, "$.items[0]", {"id": IsPositiveInt, "name": "Widget"})
        self.assertJsonPath(SHOP, "$..id", [IsPositiveInt, 2])
        self.assertJsonPath(SHOP, "$..id", Contains(2))

    def test_other_value(self) -> None:
        """A failure shows what the query selects."""
        with self.assertFails('JSONPath $.total: expected 3, but it selects 2; got {"total": 2}'):
            self.assertJsonPath({"total": 2}, "$.total", 3)

    def test_nested(self) -> None:
        """A failure says where within the value the difference is, by its path in the document."""
        with self.assertFails(
            'GET /items: JSONPath $.items[0]: expected {"id": 2}, but it selects {"id": 1}, '
            'which differs at $.items[0].id: expected 2, got 1; got 200 OK; body: {"items":[{"id":1}]}'
        ):
            self.assertJsonPath(answer({"items": [{"id": 1}]}), "$.items[0]", {"id": 2})

    def test_other_list(self) -> None:
        """A failure shows all that the query selects."""
        with self.assertFails("JSONPath $[*]: expected [1], but it selects [1, 2]; got [1, 2] : one!"):
            self.assertJsonPath([1, 2], "$[*]", [1], "one!")

    def test_nothing(self) -> None:
        """A query that selects nothing is said to."""
        with self.assertFails('JSONPath $.a.b: expected null, but it selects nothing; got {"a": 1}'):
            self.assertJsonPath({"a": 1}, "$.a.b", None)
        with self.assertFails('JSONPath $..b: expected [1], but it selects nothing; got {"a": 1}'):
            self.assertJsonPath({"a": 1}, "$..b", [1])

    def test_wrong_path(self) -> None:
        """What is no JSONPath of RFC 9535 is refused, also what the library would take besides."""
        for path, reason in [("$.items[", "unexpected end of query"), ("", "expected 'TOKEN_ROOT', found 'TOKEN_EOF'")]:
            with self.subTest(path=path), self.assertRaises(ValueError) as caught:
                self.assertJsonPath({}, path, None)
            self.assertEqual(str(caught.exception), f"JSONPath {path!r} is not understood: {reason}")
        with self.assertRaisesRegex(ValueError, "^JSONPath 'items' is not understood: "):
            self.assertJsonPath({}, "items", None)
