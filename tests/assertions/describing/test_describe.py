"""Tests of fastapi_testing.assertions.describing.describe."""

import json
import unittest
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any
from unittest.mock import ANY

import httpx

from fastapi_testing.assertions.comparing.comparison import find_differences, find_missing
from fastapi_testing.assertions.describing.describe import (
    cut,
    describe_answer,
    describe_body,
    describe_close,
    describe_diff,
    describe_difference,
    describe_json,
    describe_message,
    describe_path,
    describe_received,
    describe_request,
    describe_status,
    request_target,
)
from fastapi_testing.server.recording.kept import beginning_of


def answer(content: bytes, content_type: str | None = None) -> httpx.Response:
    """Return a response with this body."""
    return httpx.Response(200, headers={"Content-Type": content_type} if content_type else {}, content=content)


async def stream() -> AsyncIterator[bytes]:
    """Stream a body."""
    yield b"never read"  # pragma: no cover - the point is that no one asks for it


class RequestTests(unittest.TestCase):
    """What was asked."""

    def test_request(self) -> None:
        """A request is shown by its method and target, without the origin."""
        request = httpx.Request("GET", "http://127.0.0.1:4321/items?page=2#top")
        self.assertEqual(describe_request(httpx.Response(200, request=request)), "GET /items?page=2")

    def test_no_request(self) -> None:
        """A response that does not know its request is just that."""
        self.assertEqual(describe_request(httpx.Response(200)), "HTTP response")

    def test_url_only(self) -> None:
        """A response that knows only its URL is shown by its target."""
        response: Any = SimpleNamespace(status_code=200, headers={}, content=b"", url="http://a/items")
        self.assertEqual(describe_request(response), "/items")

    def test_target_of_origin(self) -> None:
        """The target of an origin is its root."""
        self.assertEqual(request_target("http://example.org"), "/")


class StatusTests(unittest.TestCase):
    """How it was answered."""

    def test_reason_phrase(self) -> None:
        """The reason phrase is the one that came."""
        response = httpx.Response(404, extensions={"reason_phrase": b"Gone Fishing"})
        self.assertEqual(describe_status(response), "404 Gone Fishing")

    def test_standard_phrase(self) -> None:
        """Without a reason phrase the standard one is shown."""
        response: Any = SimpleNamespace(status_code=404, headers={}, content=b"")
        self.assertEqual(describe_status(response), "404 Not Found")

    def test_unknown_status(self) -> None:
        """A status that no standard knows has no phrase."""
        response: Any = SimpleNamespace(status_code=599, headers={}, content=b"")
        self.assertEqual(describe_status(response), "599")

    def test_redirect(self) -> None:
        """A redirect is shown with where it leads."""
        response = httpx.Response(307, headers={"Location": "/login"})
        self.assertEqual(describe_answer(response), "307 Temporary Redirect to /login; body: empty")


class BodyTests(unittest.TestCase):
    """What came in the body."""

    def assertBody(self, response: httpx.Response, expected: str) -> None:
        """Fail unless the body is shown so."""
        self.assertEqual(describe_body(response), f"body: {expected}")

    def test_empty(self) -> None:
        """An empty body is said to be empty."""
        self.assertBody(answer(b""), "empty")

    def test_blank(self) -> None:
        """A body of white space is shown with its escapes."""
        self.assertBody(answer(b" \n"), r"' \n'")

    def test_not_read(self) -> None:
        """A streamed body that was not read is said not to be."""
        self.assertBody(httpx.Response(200, content=stream()), "not read")

    def test_short_json(self) -> None:
        """Short JSON is shown as it came."""
        self.assertBody(answer(b'{"a":1}', "application/json"), '{"a":1}')

    def test_long_json(self) -> None:
        """Long JSON is indented on the lines that follow."""
        content = json.dumps({"name": "x" * 200}).encode()
        expected = '\n  {\n    "name": "' + "x" * 200 + '"\n  }'
        self.assertBody(answer(content, "application/problem+json"), expected)

    def test_cut_json(self) -> None:
        """JSON that is longer still is cut, and says by how much."""
        content = json.dumps("x" * 2500).encode()
        expected = '\n  "' + "x" * 1999 + "… (502 of 2502 characters cut)"
        self.assertBody(answer(content, "application/json"), expected)

    def test_broken_json(self) -> None:
        """What calls itself JSON and is not is shown as text."""
        self.assertBody(answer(b"[" * 201, "application/json"), "\n  " + "[" * 201)

    def test_deep_json(self) -> None:
        """JSON that is too deep for the parser is shown as text."""
        content = b"[" * 200_000 + b"]" * 200_000
        expected = "\n  " + "[" * 2000 + "… (398000 of 400000 characters cut)"
        self.assertBody(answer(content, "application/json"), expected)

    def test_lines(self) -> None:
        """Text of several lines stands on lines of its own."""
        self.assertBody(answer(b"one\r\ntwo\r\n", "text/plain"), "\n  one\n  two")

    def test_charset(self) -> None:
        """Text is decoded by its charset."""
        self.assertBody(answer("café".encode("latin-1"), "text/plain; charset=ISO-8859-1"), "café")

    def test_unknown_charset(self) -> None:
        """Text of an unknown charset is decoded as UTF-8."""
        for charset in ("klingon", "hex", "undefined"):
            with self.subTest(charset=charset):
                self.assertBody(answer("café".encode(), f"text/plain; charset={charset}"), "café")

    def test_wrong_charset(self) -> None:
        """Text that is not of its charset is shown as far as it is."""
        self.assertBody(answer(b"caf\xe9", "text/plain; charset=utf-8"), "caf\ufffd")

    def test_control_characters(self) -> None:
        """What a terminal would act upon is escaped."""
        self.assertBody(answer(b"\x1b[31mred", "text/plain"), r"\x1b[31mred")

    def test_binary(self) -> None:
        """A binary body is shown by its size, its type and its beginning."""
        content = b"\x89PNG\r\n\x1a\n" + bytes(1226)
        beginning = r"b'\x89PNG\r\n\x1a\n\x00\x00\x00\x00\x00\x00\x00\x00'"
        self.assertBody(answer(content, "image/png"), f"<1234 bytes of image/png, beginning {beginning}>")

    def test_svg(self) -> None:
        """An image that is XML is text."""
        self.assertBody(answer(b"<svg/>", "image/svg+xml"), "<svg/>")

    def test_unknown_type(self) -> None:
        """A body of unknown type is text if it is UTF-8 and has no zero bytes."""
        self.assertBody(answer("é".encode()), "é")
        self.assertBody(answer(b"\xe9"), r"<1 bytes of unknown type, beginning b'\xe9'>")
        self.assertBody(answer(b"a\0"), r"<2 bytes of unknown type, beginning b'a\x00'>")


class JsonTests(unittest.TestCase):
    """Documents and how they differ."""

    def test_json(self) -> None:
        """A document is written on one line as JSON."""
        document = {"a": [1, 2.5, True, None], 1: {}, "é": ("x",)}
        self.assertEqual(describe_json(document), '{"a": [1, 2.5, true, null], "1": {}, "é": ["x"]}')

    def test_matcher(self) -> None:
        """An object that decides for itself what it equals stands as its repr."""
        self.assertEqual(describe_json({"id": ANY}), '{"id": <ANY>}')

    def test_path(self) -> None:
        """A path has dots where it can and quotes where it must."""
        path = ("items", 3, "strange key", "it's", "1st", "")
        self.assertEqual(describe_path(path), r"$.items[3]['strange key']['it\'s']['1st']['']")

    def test_kinds(self) -> None:
        """Each kind of difference has words of its own."""
        differences = find_differences({"a": 1, "c": 3}, {"a": 2, "b": 2})
        described = list(map(describe_difference, differences))
        self.assertEqual(described, ["$.a: expected 2, got 1", "$.b: missing, expected 2", "$.c: extra, got 3"])

    def test_unmatched(self) -> None:
        """An element that is not found is shown with the one that comes closest."""
        (difference,) = find_missing([{"id": 1}, {"id": 2, "n": "y"}], [{"id": 2, "n": "x"}])
        expected = '$: no element for {"id": 2, "n": "x"}; the closest has $[1].n: expected "x", got "y"'
        self.assertEqual(describe_difference(difference), expected)

    def test_unmatched_scalar(self) -> None:
        """No other scalar is close to one that is not found."""
        (difference,) = find_missing([1, 2], [3])
        self.assertEqual(describe_difference(difference), "$: no element for 3")

    def test_diff(self) -> None:
        """A diff shows what differs only, whatever the order of members and the way to write what is equal."""
        diff = describe_diff({"b": [1], "a": 7, "c": 0, "e": []}, {"a": ANY, "b": [1.0, 2], "c": 1, "e": []})
        expected = """\
--- expected
+++ actual
@@ -1,9 +1,8 @@
 {
   "a": 7,
   "b": [
-    1,
-    2
+    1
   ],
-  "c": 1,
+  "c": 0,
   "e": []
 }"""
        self.assertEqual(diff, expected)


class WebSocketTests(unittest.TestCase):
    """Messages and closes."""

    def test_messages(self) -> None:
        """Text is quoted, JSON stands as it came, bytes as Python writes them."""
        messages: list[str | bytes] = ["hi", '{"a":1}', "5", b"ab", "[" * 200_000]
        described = [describe_message(message)[:20] for message in messages]
        self.assertEqual(described, ['"hi"', '{"a":1}', '"5"', "b'ab' (2 bytes)", '"' + "[" * 19])

    def test_large_message(self) -> None:
        """One that is kept with its beginning alone is as long as it was."""
        self.assertEqual(
            describe_message(beginning_of("x" * 2**20)), f'"{"x" * 199}… (1048378 of 1048578 characters cut)'
        )
        self.assertEqual(describe_message(beginning_of(bytes(2**20))), f"{bytes(200)!r} (1048576 bytes)")

    def test_nothing_received(self) -> None:
        """Where nothing was received there is nothing to show."""
        self.assertEqual(describe_received([]), "")

    def test_received(self) -> None:
        """The last messages that were received stand on lines of their own."""
        self.assertEqual(describe_received(["a", b"b"]), "\nreceived earlier:\n  \"a\"\n  b'b' (1 bytes)")
        text = describe_received([str(number) for number in range(7)])
        self.assertEqual(text.splitlines()[1], "received earlier (the last 5 of 7):")

    def test_close(self) -> None:
        """A close code has its meaning beside it, if it has one, and the reason, if there is one."""
        self.assertEqual(describe_close(1008, "no token"), '1008 (policy violation) "no token"')
        self.assertEqual(describe_close(4000, ""), "4000")

    def test_cut(self) -> None:
        """What is cut says by how much."""
        self.assertEqual(cut("abcdef", 4), "abcd… (2 of 6 characters cut)")
