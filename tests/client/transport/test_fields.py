"""Header sections that are read once, for all responses that say the same."""

import unittest

import httpx

from fastapi_testing.client.transport.fields import read_known_fields
from fastapi_testing.client.transport.response import ResponseReader

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"


class FieldsTests(unittest.TestCase):
    """What is kept of a head."""

    def setUp(self) -> None:
        """Begin with nothing that is known."""
        read_known_fields.cache_clear()

    def read(self, head: bytes, *, step: int = 0) -> ResponseReader:
        """Return a reader that has read a head, in pieces of so many bytes."""
        reader = ResponseReader("GET")
        for start in range(0, len(head), step or len(head)):
            reader.feed(head[start : start + (step or len(head))])
        return reader

    def test_once(self) -> None:
        """What looks the same is read once, and a response has headers of its own nevertheless."""
        first, second = (self.read(OK + b"Set-Cookie: a=b\r\n\r\n").fields for _ in range(2))
        self.assertIs(first, second)
        self.assertTrue(first.sets_cookies)
        response = httpx.Response(200, headers=first.headers)
        response.headers["X"] = "1"
        self.assertNotIn("X", first.headers)

    def test_long(self) -> None:
        """What is long is not kept, as it could be much: be it in one piece, or in many."""
        for step in (0, 1000):
            with self.subTest(step=step):
                self.assertEqual(len(self.read(OK + b"X: " + b"x" * 20_000 + b"\r\n\r\n", step=step).headers), 2)
                self.assertEqual(read_known_fields.cache_info().currsize, 0)

    def test_refused(self) -> None:
        """What is refused is refused each time."""
        for _ in range(2):
            with self.assertRaisesRegex(httpx.RemoteProtocolError, "^malformed response: control characters in"):
                self.read(OK + b"X: \x01\r\n\r\n")
