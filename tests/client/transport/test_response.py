"""Reading responses: in one piece, byte by byte, and malformed."""

import unittest

import httpx

from fastapi_testing.client.transport.response import ResponseReader

OK = b"HTTP/1.1 200 OK\r\n"


def read(data: bytes, method: str = "GET", *, step: int = 0, switches: bool = False) -> ResponseReader:
    """Return a reader that has read this, in pieces of so many bytes."""
    reader = ResponseReader(method, switches=switches)
    for start in range(0, len(data), step or len(data)):
        reader.feed(data[start : start + (step or len(data))])
    return reader


def body(reader: ResponseReader) -> bytes:
    """Take the body."""
    return b"".join(iter(reader.take, b""))


class ReaderTests(unittest.TestCase):
    """What is a response."""

    def assertReads(self, data: bytes, expected: bytes, method: str = "GET", **attributes: object) -> None:
        """Check a response that is complete, whole and in every possible pair of pieces."""
        for cut in range(len(data)):
            reader = ResponseReader(method)
            reader.feed(data[:cut])
            reader.feed(data[cut:])
            with self.subTest(cut=cut):
                self.assertTrue(reader.complete)
                self.assertEqual(body(reader), expected)
                for name, value in attributes.items():
                    self.assertEqual(getattr(reader, name), value, name)

    def test_length(self) -> None:
        """A body has the length that Content-Length says."""
        data = b"HTTP/1.1 201 Made  it\r\nX-A:  b \t\r\nContent-Length: 2\r\nx-a:\r\n\r\nhi"
        self.assertReads(
            data,
            b"hi",
            status_code=201,
            reason=b"Made  it",
            version=b"HTTP/1.1",
            headers=[(b"X-A", b"b"), (b"Content-Length", b"2"), (b"x-a", b"")],
            keep_alive=True,
            excess=False,
            buffered=0,
        )

    def test_chunked(self) -> None:
        """Chunks are put together; their extensions and the trailers are passed over."""
        data = OK + b"Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n1\r\nd\r\n0\r\nX-T: y\r\n\r\n"
        self.assertReads(data, b"abcd", headers=[(b"Transfer-Encoding", b"chunked")], keep_alive=True)

    def test_pieces(self) -> None:
        """What came as chunks is taken as chunks."""
        reader = read(OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n")
        self.assertEqual((reader.buffered, reader.take(), reader.take(), reader.take()), (4, b"abc", b"d", b""))

    def test_no_body(self) -> None:
        """A response to HEAD, a 204 and a 304 have no body, whatever their headers say."""
        for method, status in [("HEAD", 200), ("GET", 204), ("GET", 304), ("HEAD", 204)]:
            for header in [b"Content-Length: 9", b"Transfer-Encoding: chunked", b"Content-Length: 0"]:
                with self.subTest(method=method, status=status, header=header):
                    data = b"HTTP/1.1 %d\r\n%b\r\n\r\n" % (status, header)
                    self.assertReads(data, b"", method, reason=b"", keep_alive=True, excess=False)

    def test_until_close(self) -> None:
        """A body without a length ends with the connection, which then serves no other request."""
        for head in [OK, b"HTTP/1.0 200 OK\r\n"]:
            reader = read(head + b"\r\nabc", step=1)
            with self.subTest(head):
                self.assertFalse(reader.complete)
                reader.feed_eof()
                self.assertTrue(reader.complete)
                self.assertFalse(reader.keep_alive)
                self.assertEqual(body(reader), b"abc")

    def test_keep_alive(self) -> None:
        """The connection stays open where the version and the headers have it so."""
        for head, keep_alive in [
            (b"HTTP/1.1 200 OK", True),
            (b"HTTP/1.1 200 OK\r\nConnection: close", False),
            (b"HTTP/1.0 200 OK", False),
            (b"HTTP/1.0 200 OK\r\nConnection: keep-alive", True),
        ]:
            reader = read(head + b"\r\nContent-Length: 0\r\n\r\n")
            self.assertEqual((reader.keep_alive, reader.version), (keep_alive, head[:8]), head)

    def test_interim(self) -> None:
        """Interim responses are passed over, with their headers."""
        data = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK
        self.assertReads(data + b"Content-Length: 1\r\n\r\nx", b"x", headers=[(b"Content-Length", b"1")], reason=b"OK")
        self.assertReads(data + b"Content-Length: 1\r\n\r\n", b"", "HEAD", headers=[(b"Content-Length", b"1")])

    def test_folded(self) -> None:
        """A folded line is joined, with the white space it begins with (RFC 9112 §5.2)."""
        reader = read(OK + b"A: b\r\n c\r\n  d \r\nB:\r\n\te\r\n\r\n", step=1)
        self.assertEqual(reader.headers, [(b"A", b"b c  d"), (b"B", b"e")])

    def test_excess(self) -> None:
        """What comes behind a response is seen, and is no part of it."""
        length, head = OK + b"Content-Length: 2\r\n\r\nhi", OK + b"Content-Length: 2\r\n\r\n"
        for method, data, excess in [
            ("GET", length, b"garbage"),
            ("GET", length, length),
            ("GET", length, b"H"),
            ("HEAD", head, b"hi"),
            ("HEAD", head, head),
        ]:
            for step in (0, 1, len(data)):
                reader = read(data + excess, method, step=step)
                with self.subTest(method=method, excess=excess, step=step):
                    self.assertTrue(reader.excess)
                    self.assertEqual(body(reader), b"hi" if method == "GET" else b"")
                    self.assertEqual(len(reader.headers), 1)

    def test_excess_after_close(self) -> None:
        """The connection is not used again anyway where the response says that it is closed."""
        reader = read(OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nhigh")
        self.assertTrue(reader.complete)
        self.assertEqual(body(reader), b"hi")

    def test_switched(self) -> None:
        """After a 101 that was asked for, or a 2xx to CONNECT, the rest is another protocol's."""
        for method, head in [
            ("GET", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"),
            ("GET", b"HTTP/1.1 101 Switching Protocols\r\n\r\n"),
            ("CONNECT", OK + b"Content-Length: 5\r\n\r\n"),
        ]:
            for step in (0, 1):
                reader = read(head + b"\x00\r\n\xffHTTP", method, step=step, switches=True)
                with self.subTest(head=head, step=step):
                    self.assertTrue(reader.complete and reader.switched)
                    self.assertFalse(reader.keep_alive or reader.excess)
                    self.assertEqual(body(reader), b"\x00\r\n\xffHTTP")

    def test_not_switched(self) -> None:
        """A server need not switch."""
        for method, status in [("GET", 200), ("CONNECT", 400)]:
            reader = read(b"HTTP/1.1 %d X\r\nContent-Length: 2\r\n\r\nhi" % status, method, switches=True)
            self.assertEqual((reader.switched, reader.complete, body(reader)), (False, True, b"hi"))

    def test_largest_head(self) -> None:
        """A head may have 164 KiB, however it comes."""
        start, end = OK + b"Content-Length: 2\r\nX: ", b"\r\n\r\n"
        filler = b"x" * (164 * 1024 - len(start) - len(end))
        for step in (0, 4096, 164 * 1024):
            self.assertEqual(body(read(start + filler + end + b"hi", step=step)), b"hi")
            with self.assertRaises(httpx.RemoteProtocolError) as caught:
                read(start + filler + b"x" + end + b"hi", step=step)
            self.assertEqual(str(caught.exception), "the server sent a head of more than 167936 bytes")

    def test_endless_overhead(self) -> None:
        """Neither chunk extensions nor trailers go on forever, and a body may."""
        head = OK + b"Transfer-Encoding: chunked\r\n\r\n"
        read(head + b"7fffffff\r\n" + b"x" * 500_000, step=1000)
        for data in [b"1;" + b"x" * 500_000, b"0\r\nX: " + b"x" * 500_000]:
            with self.assertRaises(httpx.RemoteProtocolError) as caught:
                read(head + data, step=1000)
            self.assertEqual(
                str(caught.exception), "the server sent chunk extensions or trailers of more than 167936 bytes"
            )


class MalformedTests(unittest.TestCase):
    """What is not a response."""

    def test_malformed(self) -> None:
        """What is not HTTP/1.1 is refused, with what is wrong about it, however it comes."""
        for data, message in [
            (b"HTTP/1.1 200 OK\nA: b\n\n", "Missing expected CR after response line"),
            (b"HTTP/2.0 200 OK\r\n\r\n", "its version is 2.0, not 1.0 or 1.1"),
            (b"HTTP/1.1 099 No\r\n\r\n", "its status is 099"),
            (b"HTTP/1.1 20 OK\r\n\r\n", "Invalid status code"),
            (OK + b"no colon\r\n\r\n", "Invalid header token"),
            (OK + b"A : b\r\n\r\n", "Invalid header token"),
            (OK + b"A: b\x00c\r\n\r\n", "control characters in the value of A: b'b\\x00c'"),
            (OK + b"Content-Length: x\r\n\r\n", "Invalid character in Content-Length"),
            (OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", "Duplicate Content-Length"),
            (OK + b"Transfer-Encoding: chunked\r\n\r\nx\r\n", "Invalid character in chunk size"),
            (OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc", "Expected LF after chunk data"),
        ]:
            for step in (0, 1):
                with self.subTest(message, step=step), self.assertRaises(httpx.RemoteProtocolError) as caught:
                    read(data, step=step)
                self.assertEqual(str(caught.exception), f"malformed response: {message}")

    def test_not_http(self) -> None:
        """Another protocol is refused at its first byte."""
        with self.assertRaisesRegex(httpx.RemoteProtocolError, r"^malformed response: Expected HTTP/"):
            read(b"SSH-2.0-OpenSSH\r\n", step=1)

    def test_unasked_switch(self) -> None:
        """A 101 that was not asked for is refused."""
        with self.assertRaises(httpx.RemoteProtocolError) as caught:
            read(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
        self.assertEqual(
            str(caught.exception), "the server switched protocols (101), which the request did not ask for"
        )

    def test_cut_short(self) -> None:
        """A connection that closes too early tells how far the response came."""
        length, chunked = OK + b"Content-Length: 100\r\n\r\n", OK + b"Transfer-Encoding: chunked\r\n\r\n"
        for data, where in [
            (b"", "without sending a response"),
            (b"HTTP/1.1 200", "after 12 bytes of the response's head"),
            (length, "after 0 of 100 body bytes"),
            (length + b"x" * 17, "after 17 of 100 body bytes"),
            (chunked + b"5\r\nab", "after 2 bytes of a chunked body"),
            (chunked + b"2\r\nab\r\n", "after 2 bytes of a chunked body"),
            (chunked + b"2\r\nab\r\n0\r\n", "after 2 bytes of a chunked body"),
        ]:
            reader = ResponseReader("GET")
            reader.feed(data)
            with self.subTest(where), self.assertRaises(httpx.RemoteProtocolError) as caught:
                reader.feed_eof()
            self.assertEqual(str(caught.exception), f"the server closed the connection {where}")

    def test_complete_before_the_end(self) -> None:
        """The end of the connection behind a complete response is nothing."""
        reader = read(OK + b"Content-Length: 2\r\n\r\nhi")
        reader.feed_eof()
        self.assertEqual(body(reader), b"hi")
