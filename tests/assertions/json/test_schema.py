"""Tests of assertJsonSchema."""

import re
import warnings
from decimal import Decimal
from typing import Any

import httpx

from fastapi_testing.assertions import JsonAssertions
from tests.assertions.failures import FailureAssertions

ITEM = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "price": {"type": "number", "minimum": 0}},
}


def answer(document: Any) -> httpx.Response:
    """Return a response to GET /items."""
    return httpx.Response(200, json=document, request=httpx.Request("GET", "http://test/items"))


class SchemaTests(JsonAssertions, FailureAssertions):
    """assertJsonSchema."""

    def test_conforms(self) -> None:
        """A document conforms, in whichever form it is."""
        for actual in (answer({"name": "Widget"}), '{"name": "Widget"}', {"name": "Widget", "price": 1}):
            self.assertJsonSchema(actual, ITEM)
        self.assertJsonSchema([], schema=True)

    def test_references(self) -> None:
        """A schema may refer to its own parts, and to the published meta-schemas."""
        self.assertJsonSchema([{"name": "x"}], {"items": {"$ref": "#/$defs/item"}, "$defs": {"item": ITEM}})
        self.assertJsonSchema(ITEM, {"$ref": "https://json-schema.org/draft/2020-12/schema"})

    def test_multiples(self) -> None:
        """A number is a multiple of another as they are written, as for pydantic, and not as floats divide."""
        multiples: list[tuple[Any, Any]] = [(19.99, 0.01), (0.3, 0.1), (1e-7, 1e-8), (2**200, 0.5), (6, 3), ("x", 2)]
        for number, factor in [*multiples, (Decimal("19.99"), 0.01)]:
            self.assertJsonSchema([number], {"items": {"multipleOf": factor}})
        with self.assertRaisesRegex(AssertionError, r": 19\.995 is not a multiple of 0\.01\n"):
            self.assertJsonSchema(19.995, {"multipleOf": 0.01})
        with self.assertRaisesRegex(AssertionError, r": inf is not a multiple of 2\n"):
            self.assertJsonSchema("[1e400]", {"items": {"multipleOf": 2}})

    def test_named_dialect(self) -> None:
        """It is so, too, where the schema says its dialect, and refers to itself."""
        schema = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "properties": {"price": {"multipleOf": 0.01}, "parts": {"items": {"$ref": "#"}}},
        }
        self.assertJsonSchema({"parts": [{"price": 19.99}]}, schema)

    def test_patterns(self) -> None:
        """A pattern may be one of Rust, in which pydantic has them; one that is nobody's is an error with its text."""
        patterns = {"\u00c9": r"^\p{Lu}$", "b": r"^(?<letter>b)\z", "c": "^[a-z&&[^b]]$", "x&&": r"(?<=x)[a&&[b]"}
        for text, pattern in patterns.items():
            with self.subTest(pattern):
                self.assertJsonSchema({"value": text}, {"properties": {"value": {"pattern": pattern}}})
        with self.assertRaisesRegex(AssertionError, r": 'b' does not match '\^\[a-z&&\[\^b\]\]\$'\n"):
            self.assertJsonSchema(["b"], {"items": {"pattern": "^[a-z&&[^b]]$"}})
        self.assertJsonSchema([1], {"items": {"pattern": "x"}})

    def test_pattern_that_somebody_has_compiled(self) -> None:
        """What a pattern means is not told by what Python has compiled before, which it does not warn of again."""
        pattern = "^[[a-z]&&[^b]]+$"
        with warnings.catch_warnings(action="ignore", category=FutureWarning):
            re.compile(pattern)
        self.assertJsonSchema(["aa"], {"items": {"pattern": pattern}})

    def test_unreadable_patterns(self) -> None:
        """A pattern that is nobody's, or that the library reads where a name is one, is an error with its text."""
        for schema, document, start in (
            ({"pattern": "("}, "x", "the schema is not valid at $.pattern: '(' is not a 'regex'"),
            ({"pattern": 1}, "x", "the schema is not valid at $.pattern: 1 is not of type 'string'"),
            (
                {"patternProperties": {r"\p{Lu}": {}}},
                {"x": 1},
                r"the schema has the pattern '\\p{Lu}', which Python cannot",
            ),
        ):
            with self.subTest(schema), self.assertRaises(ValueError) as caught:
                self.assertJsonSchema(document, schema)
            self.assertEqual(str(caught.exception)[: len(start)], start)

    def test_dialect(self) -> None:
        """The dialect is the one that the schema names, or 2020-12."""
        draft7 = "http://json-schema.org/draft-07/schema#"
        self.assertJsonSchema([1, "x"], {"$schema": draft7, "items": [{"type": "integer"}, {"type": "string"}]})
        self.assertJsonSchema([1, "x"], {"prefixItems": [{"type": "integer"}, {"type": "string"}]})

    def test_errors(self) -> None:
        """A failure lists every error by its path, in the order of the document's."""
        with self.assertFails(
            "GET /items: JSON does not conform to the schema, 2 errors:\n"
            "  $: 'name' is a required property\n"
            "  $.price: -1 is less than the minimum of 0\n"
            'got 200 OK; body: {"price":-1} : cheap'
        ):
            self.assertJsonSchema(answer({"price": -1}), ITEM, "cheap")

    def test_alternatives(self) -> None:
        """Of alternatives, the one that comes closest is shown."""
        schema = {"items": {"anyOf": [ITEM, {"type": "null"}]}}
        with self.assertFails(
            "JSON does not conform to the schema, 1 error:\n"
            "  $[0]: {'name': 1} is not valid under any of the given schemas; "
            "the closest has $[0].name: 1 is not of type 'string'\n"
            'got [{"name": 1}]'
        ):
            self.assertJsonSchema([{"name": 1}], schema)

    def test_no_closest(self) -> None:
        """Where nothing is wrong with one alternative in particular, none is shown."""
        schema = {"oneOf": [{"type": "integer"}, {"minimum": 0}]}
        with self.assertFails(
            "JSON does not conform to the schema, 1 error:\n"
            "  $: 5 is valid under each of {'minimum': 0}, {'type': 'integer'}\ngot 5"
        ):
            self.assertJsonSchema(5, schema)

    def test_formats(self) -> None:
        """The formats that are checked are always the same; a date-time may lack its offset."""
        good = ["2024-02-29", "a@b", "127.0.0.1", "::1", "00000000-0000-4000-8000-000000000000"]
        for kind, value in zip(("date", "email", "ipv4", "ipv6", "uuid"), good, strict=True):
            with self.subTest(format=kind):
                self.assertJsonSchema([value], {"items": {"format": kind}})
                with self.assertFails(
                    f"JSON does not conform to the schema, 1 error:\n  $[0]: 'x' is not a '{kind}'\ngot [\"x\"]"
                ):
                    self.assertJsonSchema(["x"], {"items": {"format": kind}})
        for value in ("2024-02-29T12:00:00Z", "2024-02-29T12:00:00.5+01:00", "2024-02-29T12:00:00"):
            self.assertJsonSchema([value, 5], {"items": {"format": "date-time"}})
        self.assertJsonSchema(["x"], {"items": {"format": "hostname"}})
        for value in ("2024-02-29", "2024-02-30T12:00:00Z", "20240229T120000"):
            with self.subTest(value=value), self.assertRaisesRegex(AssertionError, "is not a 'date-time'"):
                self.assertJsonSchema([value], {"items": {"format": "date-time"}})

    def test_wrong_schema(self) -> None:
        """A schema that is none is refused."""
        with self.assertRaises(ValueError) as caught:
            self.assertJsonSchema({}, {"properties": {"a": {"type": "text"}}})
        message = "the schema is not valid at $.properties.a.type: 'text' is not valid under any of the given schemas"
        self.assertEqual(str(caught.exception), message)

    def test_foreign_reference(self) -> None:
        """Nothing is fetched that a schema refers to."""
        with self.assertRaises(ValueError) as caught:
            self.assertJsonSchema({}, {"$ref": "http://127.0.0.1:9/item.json"})
        message = "the schema refers to 'http://127.0.0.1:9/item.json', which is not in it"
        self.assertEqual(str(caught.exception), message)
