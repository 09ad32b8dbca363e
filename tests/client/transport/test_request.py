"""What a request looks like on the wire, and what cannot be sent."""

import unittest

import httpx

from fastapi_testing.client.transport.request import BodyFraming, encode_head, head_of

HOST = (b"Host", b"test")


class HeadTests(unittest.TestCase):
    """The head."""

    def test_bytes(self) -> None:
        """The head is the request line and the headers in their order and case, with Host first."""
        head = encode_head("GET", b"/a?b=c", ((b"X-A", b"1"), (b"x-a", b""), (b"hOST", b"test")))
        self.assertEqual(head.data, b"GET /a?b=c HTTP/1.1\r\nhOST: test\r\nX-A: 1\r\nx-a: \r\n\r\n")

    def test_no_body(self) -> None:
        """Without headers that speak of a body there is none."""
        self.assertEqual(encode_head("GET", b"/", (HOST,)).length, 0)

    def test_length(self) -> None:
        """Content-Length says how long the body is, also where it says so twice."""
        headers = (HOST, (b"Content-Length", b"12"), (b"content-length", b"12"))
        self.assertEqual(encode_head("POST", b"/", headers).length, 12)

    def test_chunked(self) -> None:
        """A chunked body has no length, whatever else is said."""
        headers = (HOST, (b"Transfer-Encoding", b"Chunked"), (b"Content-Length", b"12"))
        self.assertIsNone(encode_head("POST", b"/", headers).length)

    def test_switches(self) -> None:
        """Upgrade and CONNECT may make the connection another protocol's."""
        self.assertFalse(encode_head("GET", b"/", (HOST,)).switches)
        self.assertTrue(encode_head("GET", b"/", (HOST, (b"upgrade", b"websocket"))).switches)
        self.assertTrue(encode_head("CONNECT", b"test:80", (HOST,)).switches)

    def test_of_request(self) -> None:
        """The target is that of the URL, or of the extension that httpx documents."""
        plain = head_of(httpx.Request("OPTIONS", "http://test/a b"))
        other = head_of(httpx.Request("OPTIONS", "http://test/a", extensions={"target": b"*"}))
        self.assertEqual(plain.data, b"OPTIONS /a%20b HTTP/1.1\r\nHost: test\r\n\r\n")
        self.assertEqual(other.data, b"OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n")

    def test_remembered(self) -> None:
        """Requests that look the same share their head."""
        self.assertIs(
            head_of(httpx.Request("GET", "http://test/same")), head_of(httpx.Request("GET", "http://test/same"))
        )

    def test_refused(self) -> None:
        """What cannot be sent is refused, with the words of h11 and what was meant to be sent."""
        for method, target, headers, message in [
            ("GET ME", b"/", [HOST], "Illegal method characters: 'GET ME'"),
            ("GÉT", b"/", [HOST], "Illegal method characters: 'GÉT'"),
            ("GET", b"/ HTTP/1.1\r\nx: y", [HOST], "Illegal target characters: b'/ HTTP/1.1\\r\\nx: y'"),
            ("GET", b"", [HOST], "Illegal target characters: b''"),
            ("GET", b"/", [HOST, (b"a b", b"")], "Illegal header name b'a b'"),
            ("GET", b"/", [HOST, (b"", b"x")], "Illegal header name b''"),
            ("GET", b"/", [HOST, (b"a", b"b\r\nc: d")], "Illegal header value b'b\\r\\nc: d'"),
            ("GET", b"/", [HOST, (b"a", b" b")], "Illegal header value b' b'"),
            ("GET", b"/", [HOST, (b"a", b"\x00")], "Illegal header value b'\\x00'"),
            ("GET", b"/", [], "Missing mandatory Host: header"),
            ("GET", b"/", [HOST, (b"host", b"b")], "Found multiple Host: headers: [b'test', b'b']"),
            (
                "GET",
                b"/",
                [HOST, (b"Transfer-Encoding", b"gzip")],
                "Only Transfer-Encoding: chunked is supported, not [b'gzip']",
            ),
            ("GET", b"/", [HOST, (b"Content-Length", b"-1")], "bad Content-Length: b'-1'"),
            (
                "GET",
                b"/",
                [HOST, (b"Content-Length", b"1"), (b"Content-Length", b"2")],
                "conflicting Content-Length headers: [b'1', b'2']",
            ),
        ]:
            with self.subTest(message), self.assertRaises(httpx.LocalProtocolError) as caught:
                encode_head(method, target, tuple(headers))
            self.assertEqual(str(caught.exception), message)


class FramingTests(unittest.TestCase):
    """The body."""

    def test_length(self) -> None:
        """A body of a known length is sent as it is."""
        framing = BodyFraming(5)
        self.assertEqual(framing.frame(b"abc") + framing.frame(b"") + framing.frame(b"de") + framing.end(), b"abcde")

    def test_chunked(self) -> None:
        """Each piece becomes a chunk, but for an empty one, which would be the end."""
        framing = BodyFraming(None)
        sent = framing.frame(b"a" * 17) + framing.frame(b"") + framing.frame(b"bc") + framing.end()
        self.assertEqual(sent, b"11\r\n" + b"a" * 17 + b"\r\n2\r\nbc\r\n0\r\n\r\n")

    def test_too_much(self) -> None:
        """More than was announced is not sent."""
        with self.assertRaises(httpx.LocalProtocolError) as caught:
            BodyFraming(2).frame(b"abc")
        self.assertEqual(str(caught.exception), "Too much data for declared Content-Length: 3 bytes or more, not 2")

    def test_too_little(self) -> None:
        """Less than was announced is told at the end."""
        framing = BodyFraming(4)
        framing.frame(b"abc")
        with self.assertRaises(httpx.LocalProtocolError) as caught:
            framing.end()
        self.assertEqual(str(caught.exception), "Too little data for declared Content-Length: 3 bytes, not 4")
