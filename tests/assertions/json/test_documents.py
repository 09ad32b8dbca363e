"""Tests of fastapi_testing.assertions.json.documents and fastapi_testing.assertions.comparing.comparison."""

import builtins
import unittest
from collections import ChainMap, OrderedDict, UserDict
from collections.abc import Callable, Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Any
from unittest.mock import ANY

import httpx
from dirty_equals import IsList, IsPositiveInt, IsStr
from multidict import MultiDict
from starlette.datastructures import ImmutableMultiDict

from fastapi_testing.assertions import JsonAssertions
from tests.assertions.failures import FailureAssertions, run_failing

NAN = float("nan")

MAPPINGS: list[Callable[[dict[Any, Any]], Mapping[Any, Any]]] = [
    MappingProxyType,
    UserDict,
    ChainMap,
    ImmutableMultiDict,
    lambda members: MultiDict([(str(name), member) for name, member in members.items()]),
    *([builtins.frozendict] if hasattr(builtins, "frozendict") else []),  # from Python 3.15 on
]
"""Makers of mappings that are no dicts."""


def answer(document: Any, status: int = 200) -> httpx.Response:
    """Return a response with this document."""
    return httpx.Response(status, json=document, request=httpx.Request("GET", "http://test/items"))


class Size(IntEnum):
    """A number with a name."""

    SMALL = 1


class Short:
    """Equals short strings."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and len(other) < 3

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return "Short()"


class EqualTests(JsonAssertions, FailureAssertions):
    """assertJsonEqual."""

    def test_sources(self) -> None:
        """The document may be a response, JSON text in str or bytes, or parsed."""
        for actual in (answer({"a": [1]}), '{"a": [1]}', b'{"a": [1]}', bytearray(b'{"a": [1]}'), {"a": [1]}):
            with self.subTest(actual=actual):
                self.assertJsonEqual(actual, {"a": [1]})

    def test_same_in_json(self) -> None:
        """Values are equal that are the same in JSON."""
        pairs: list[tuple[Any, Any]] = [
            (1, 1.0),
            (NAN, NAN),
            ([1], (1,)),
            (None, None),
            (True, True),
            (1, Size.SMALL),
            ({"true": 1}, {True: 1}),
            ({"1": 0, "true": 0, "null": 0, "0.5": 0}, {1: 0, None: 0, 0.5: 0, "true": 0}),
            ({"a": 1, "b": [1]}, OrderedDict(b=(1,), a=1)),
        ]
        for actual, expected in pairs:
            with self.subTest(actual=actual):
                self.assertJsonEqual(actual, expected)

    def test_not_same_in_json(self) -> None:
        """Values differ that are equal in Python only."""
        for actual, expected, text in [(1, True, "expected true, got 1"), (False, 0, "expected 0, got false")]:
            with self.subTest(actual=actual), self.assertFails(f"JSON differs at $: {text}"):
                self.assertJsonEqual(actual, expected)

    def test_kinds(self) -> None:
        """Values of different kinds differ."""
        with self.assertFails("JSON differs at $: expected {}, got []"):
            self.assertJsonEqual([], {})
        with self.assertFails('JSON differs at $: expected 1, got "1"'):
            self.assertJsonEqual('"1"', 1)

    def test_matchers(self) -> None:
        """Objects that decide for themselves what they equal may be anywhere."""
        self.assertJsonEqual({"a": [1, {"b": True}], "c": "ab"}, {"a": [ANY, {"b": ANY}], "c": Short()})
        with self.assertFails('JSON differs at $: expected Short(), got "abc"'):
            self.assertJsonEqual('"abc"', Short())

    def test_mappings(self) -> None:
        """Any mapping is an object, on either side and at each level."""
        for kind in MAPPINGS:
            with self.subTest(kind=kind):
                self.assertJsonEqual(answer({"a": {"b": [{}]}}), kind({"a": kind({"b": [kind({})]})}))
                self.assertJsonEqual(kind({"a": kind({1: 2})}), {"a": {"1": 2}})
                with self.assertFails(
                    "JSON differs at $.b.c: missing, expected []\n"
                    "--- expected\n+++ actual\n@@ -1,6 +1,4 @@\n"
                    ' {\n   "a": 1,\n-  "b": {\n-    "c": []\n-  }\n+  "b": {}\n }'
                ):
                    self.assertJsonEqual({"b": {}, "a": 1}, kind({"b": kind({"c": []}), "a": 1}))

    def test_mapping_is_no_array(self) -> None:
        """A mapping in place of an array, and one in place of a value, differ from it."""
        with self.assertFails('JSON differs at $: expected {"a": 1}, got [1]'):
            self.assertJsonEqual([1], MappingProxyType({"a": 1}))
        with self.assertFails('JSON differs at $: expected 1, got {"a": 1}'):
            self.assertJsonEqual(MappingProxyType({"a": 1}), 1)

    def test_name_that_is_there_twice(self) -> None:
        """Of a name that a multidict has twice, the member is what it answers for the name."""
        twice = MultiDict([("a", 1), ("b", 2), ("a", 3)])
        self.assertJsonEqual('{"a": 1, "b": 2}', twice)
        with self.assertFails('JSON differs at $: expected {"a": 1, "b": 2}, got 1'):
            self.assertJsonEqual(1, twice)

    def test_dict_that_decides(self) -> None:
        """A dict with an equality of its own decides for itself what it equals."""

        class SameNames(dict[str, Any]):
            def __eq__(self, other: object) -> bool:
                return isinstance(other, dict) and other.keys() == self.keys()

            __hash__ = None

        self.assertJsonEqual({"a": {"b": 1}}, {"a": SameNames(b=2)})
        with self.assertFails("JSON differs at $: expected {'b': 2}, got {\"c\": 1}"):
            self.assertJsonEqual({"c": 1}, SameNames(b=2))

    def test_no_json_value(self) -> None:
        """An expected object that has no JSON form and no equality is no one's equal."""
        with self.assertRaisesRegex(AssertionError, r"JSON differs at \$: expected <object object at .*>, got 1"):
            self.assertJsonEqual(1, object())

    def test_response(self) -> None:
        """A failure says what was asked, where the first difference is, what came, and shows the others in a diff."""
        expected = """\
GET /items: JSON differs at $.items[1].price: expected 9.99, got 10; got 201 Created
--- expected
+++ actual
@@ -3,7 +3,7 @@
     {},
     {
       "name": "Widget",
-      "price": 9.99
+      "price": 10
     }
   ]
 }"""
        with self.assertFails(expected):
            self.assertJsonEqual(
                answer({"items": [{}, {"name": "Widget", "price": 10}]}, 201),
                {"items": [{}, {"name": "Widget", "price": 9.99}]},
            )

    def test_array_length(self) -> None:
        """Elements may be missing, or be there in excess."""
        with self.assertRaisesRegex(AssertionError, r"^JSON differs at \$\[1\]: missing, expected 2\n"):
            self.assertJsonEqual("[1]", [1, 2])
        with self.assertRaisesRegex(AssertionError, r"^JSON differs at \$\[1\]: extra, got 2\n"):
            self.assertJsonEqual("[1, 2]", [1])

    def test_max_diff(self) -> None:
        """A diff that is longer than maxDiff is left out, in unittest's own words."""

        def test(case: JsonAssertions) -> None:
            case.assertJsonEqual({"a": "x" * 700}, {"a": 1})

        text = run_failing(JsonAssertions, test)
        self.assertIn("Diff is 767 characters long. Set self.maxDiff to None to see it.", text)
        self.assertNotIn("--- expected", text)

    def test_not_json(self) -> None:
        """A body that is not JSON is shown, with its type."""
        response = httpx.Response(500, text="oh no", request=httpx.Request("GET", "http://test/"))
        with self.assertFails(
            "GET /: expected a JSON body, got 500 Internal Server Error with text/plain "
            "(Expecting value: line 1 column 1 (char 0)); body: oh no"
        ):
            self.assertJsonEqual(response, {})

    def test_empty_body(self) -> None:
        """A body that is empty is not JSON."""
        with self.assertFails(
            "HTTP response: expected a JSON body, got 204 No Content with no Content-Type "
            "(Expecting value: line 1 column 1 (char 0)); body: empty"
        ):
            self.assertJsonContains(httpx.Response(204), {})

    def test_not_json_text(self) -> None:
        """A str is JSON text, or it is wrong."""
        with self.assertFails("expected JSON text, got 'Ada' (Expecting value: line 1 column 1 (char 0))"):
            self.assertJsonEqual("Ada", "Ada")

    def test_member_name(self) -> None:
        """A member cannot have a name that JSON cannot write."""
        with self.assertRaises(TypeError) as caught:
            self.assertJsonEqual({}, {(1, 2): 3})
        self.assertEqual(str(caught.exception), "(1, 2) is no name for a member of a JSON object: give a str")

    def test_msg(self) -> None:
        """The user's message follows the standard one, and replaces it without longMessage."""
        with self.assertFails("JSON differs at $: expected 2, got 1 : too few"):
            self.assertJsonEqual(1, 2, "too few")
        self.longMessage = False
        with self.assertFails("too few"):
            self.assertJsonEqual(1, 2, msg="too few")

    def test_traceback(self) -> None:
        """The traceback ends on the line of the test."""

        def test(case: JsonAssertions) -> None:
            case.assertJsonEqual("x", 2)

        text = run_failing(JsonAssertions, test)
        self.assertEqual(text.count('  File "'), 1)


class NotEqualTests(JsonAssertions, FailureAssertions):
    """assertJsonNotEqual."""

    def test_different(self) -> None:
        """Documents differ, also where Python takes them for equal."""
        self.assertJsonNotEqual(answer({"a": 1}), {"a": 2})
        self.assertJsonNotEqual("[1]", [True])

    def test_equal(self) -> None:
        """A failure shows what should not be, and what came."""
        with self.assertFails(
            'GET /items: expected JSON other than {"a": <ANY>}, got 200 OK; body: {"a":1} : not again'
        ):
            self.assertJsonNotEqual(answer({"a": 1}), {"a": ANY}, "not again")
        with self.assertFails("expected JSON other than [1.0], got [1]"):
            self.assertJsonNotEqual([1], [1.0])


class DirtyEqualsTests(JsonAssertions, FailureAssertions):
    """The objects of dirty-equals."""

    def test_anywhere(self) -> None:
        """They work anywhere in the expected document, and stand in a failure as they are written."""
        document = {"id": 7, "items": [{"at": "2024-02-29T12:00:00Z"}]}
        expected = {"id": IsPositiveInt, "items": [{"at": IsStr(regex=r"\d{4}-.*")}]}
        self.assertJsonEqual(document, expected)
        self.assertJsonContains(document, {"items": IsList(length=1)})
        with self.assertFails('JSON differs at $.id: expected IsPositiveInt, got 0; got {"id": 0}'):
            self.assertJsonContains({"id": 0}, {"id": IsPositiveInt})


class ContainsTests(JsonAssertions, FailureAssertions):
    """assertJsonContains."""

    def test_object(self) -> None:
        """An object may have more members, at every level."""
        self.assertJsonContains(answer({"a": {"b": 1, "c": 2}, "d": 3}), {"a": {"b": 1}})

    def test_mappings(self) -> None:
        """Any mapping contains what an object does, and is contained so; in an array, too."""
        for kind in MAPPINGS:
            with self.subTest(kind=kind):
                self.assertJsonContains(answer({"a": {"b": 1, "c": 2}, "d": 3}), kind({"a": kind({"b": 1})}))
                self.assertJsonContains(kind({"items": [kind({"id": 1, "n": "x"}), 2]}), {"items": [kind({"id": 1})]})
                with self.assertFails('JSON differs at $.a.b: expected 2, got 1; got {"a": {"b": 1}}'):
                    self.assertJsonContains({"a": {"b": 1}}, kind({"a": kind({"b": 2})}))

    def test_array(self) -> None:
        """An array may have more elements, in any order."""
        self.assertJsonContains([{"id": 1, "n": "x"}, {"id": 2}, 3], [3, {"id": 1}])

    def test_nested_arrays(self) -> None:
        """Arrays within arrays may have more elements too."""
        self.assertJsonContains([[1, 2], [3]], [[3], [2]])

    def test_pairing(self) -> None:
        """An element gives way to another that fits nowhere else."""
        self.assertJsonContains([{"a": 1}, {"b": 2}], [{}, {"a": 1}])

    def test_distinct(self) -> None:
        """Each expected element needs an element of its own."""
        with self.assertFails('JSON differs at $.ids: no element for 1; got {"ids": [1, 2]}'):
            self.assertJsonContains({"ids": [1, 2]}, {"ids": [1, 1]})

    def test_taken(self) -> None:
        """An element does not give way if there is nowhere to go."""
        with self.assertFails('JSON differs at $: no element for {"a": 1}; got [{"a": 1}]'):
            self.assertJsonContains([{"a": 1}], [{"a": 1}, {"a": 1}])

    def test_missing(self) -> None:
        """A failure shows the body."""
        with self.assertFails(
            'GET /items: JSON differs at $.name: missing, expected "Widget"; '
            'got 404 Not Found; body: {"detail":"Not Found"}'
        ):
            self.assertJsonContains(answer({"detail": "Not Found"}, 404), {"name": "Widget"})

    def test_changed(self) -> None:
        """A value that differs is shown with what was expected."""
        with self.assertFails('JSON differs at $.n: expected "x", got true; got {"n": true}'):
            self.assertJsonContains({"n": True}, {"n": "x"})

    def test_closest(self) -> None:
        """Of the elements that have something in common with the one not found, the closest is shown."""
        with self.assertFails(
            'JSON differs at $.x: no element for {"a": 1, "b": 2, "c": 3}; '
            'the closest has $.x[2].c: missing, expected 3; got {"x": [{"a": 1}, 5, {"a": 1, "b": 2}]}'
        ):
            self.assertJsonContains({"x": [{"a": 1}, 5, {"a": 1, "b": 2}]}, {"x": [{"a": 1, "b": 2, "c": 3}]})

    def test_long_array(self) -> None:
        """Long arrays are no problem."""
        self.assertJsonContains(list(range(200)), list(range(199, 0, -1)))


class StandaloneTests(unittest.TestCase):
    """The mixin by itself."""

    def test_alone(self) -> None:
        """The mixin is a test case of its own."""
        JsonAssertions().assertJsonEqual([], ())
