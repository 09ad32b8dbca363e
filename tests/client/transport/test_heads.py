"""Heads that say twice, or in two ways, how long a body is: taken as stock httpx takes them, from the same server."""

import unittest
from itertools import pairwise
from typing import Any

import httpx

from fastapi_testing.client.transport.lengths import LengthMender
from tests.client.raw_servers import Reader, TransportTestCase, Writer, read_request
from tests.client.transport.test_response import OK, body, read

LENGTH = b"Content-Length: 3\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"\r\n3\r\nabc\r\n0\r\n\r\n"

HEADS: dict[str, bytes] = {
    "length, chunked": OK + LENGTH + CHUNKED + CHUNKS,
    "chunked, length": OK + CHUNKED + LENGTH + CHUNKS,
    "another length beside chunked": OK + CHUNKED + b"Content-Length: 7\r\n" + CHUNKS,
    "two lengths": OK + LENGTH * 2 + b"\r\nabc",
    "three lengths, and other fields": OK + LENGTH + b"A: b\r\n" + LENGTH.lower() + b"C: d\r\n" + LENGTH + b"\r\nabc",
    "list": OK + b"Content-Length: 3, 3\r\n\r\nabc",
    "list and length": OK + b"Content-Length: 3,3\r\n" + LENGTH + b"\r\nabc",
    "length and list": OK + LENGTH + b"Content-Length: 3 , 3\r\n\r\nabc",
    "two lengths beside chunked": OK + LENGTH * 2 + CHUNKED + CHUNKS,
    "different lengths": OK + LENGTH + b"Content-Length: 4\r\n\r\nabc",
    "different lengths in a list": OK + b"Content-Length: 3, 4\r\n\r\nabc",
    "equal numbers": OK + b"Content-Length: 03\r\n" + LENGTH + b"\r\nabc",
    "no number": OK + b"Content-Length: x\r\n\r\nabc",
    "no numbers": OK + b"Content-Length: 3, x\r\n\r\nabc",
    "interim with both": b"HTTP/1.1 103 Hints\r\n" + LENGTH + CHUNKED + b"\r\n" + OK + LENGTH + b"\r\nabc",
    "interim with two": b"HTTP/1.1 103 Hints\r\n" + LENGTH * 2 + b"\r\n" + OK + LENGTH + b"\r\nabc",
    "interim, then two": b"HTTP/1.1 103 Hints\r\n" + LENGTH + b"\r\n" + OK + LENGTH * 2 + b"\r\nabc",
    "204 with both": b"HTTP/1.1 204 No Content\r\n" + LENGTH + CHUNKED + b"\r\n",
    "304 with two": b"HTTP/1.1 304 Not Modified\r\n" + LENGTH * 2 + b"\r\n",
    "HTTP/1.0 with two": b"HTTP/1.0 200 OK\r\n" + LENGTH * 2 + b"\r\nabc",
    "lengths in the body": OK + b"Content-Length: 38\r\n" * 2 + b"\r\n" + LENGTH * 2,
    "gzip": OK + b"Transfer-Encoding: gzip\r\n\r\nabc",
    "gzip, chunked": OK + b"Transfer-Encoding: gzip, chunked\r\n" + CHUNKS,
    "gzip in a field of its own": OK + b"Transfer-Encoding: gzip\r\n" + CHUNKED + CHUNKS,
    "chunked twice": OK + CHUNKED * 2 + CHUNKS,
    "chunked, chunked": OK + b"Transfer-Encoding: chunked, chunked\r\n" + CHUNKS,
    "identity": OK + b"Transfer-Encoding: identity\r\n" + LENGTH + b"\r\nabc",
    "no encoding": OK + b"Transfer-Encoding:\r\n" + LENGTH + b"\r\nabc",
    "interim in chunks": b"HTTP/1.1 103 Hints\r\nTransfer-Encoding: gzip\r\n\r\n" + OK + LENGTH + b"\r\nabc",
    "10,000 fields": OK + b"".join(b"x%d:1\r\n" % number for number in range(10_000)) + LENGTH + b"\r\nabc",
}
"""Answers by what is in their heads; the connection is closed behind each."""


class HeadTests(TransportTestCase):
    """One table of heads, two clients, one server."""

    async def test_table(self) -> None:
        """Each head is taken as stock httpx takes it, or refused as it does."""

        async def handler(reader: Reader, writer: Writer) -> None:
            request = await read_request(reader)
            writer.write(HEADS[httpx.URL(request.split()[1].decode()).path[1:]])
            await writer.drain()

        server = await self.serve(handler)
        stock = await self.enterAsyncContext(httpx.AsyncClient(base_url=server.url, trust_env=False))
        ours = self.new_client(server.url)
        for name in HEADS:
            for method in ("GET", "HEAD"):
                with self.subTest(name, method=method):
                    self.assertEqual(await outcome(ours, method, name), await outcome(stock, method, name))


async def outcome(client: httpx.AsyncClient, method: str, name: str) -> Any:
    """Return what can be seen of a response, or the kind of the error that there is instead."""
    try:
        response = await client.request(method, f"/{name}")
    except httpx.TransportError as exc:
        return type(exc)
    return response.status_code, response.headers.raw, response.content


class ReaderTests(unittest.TestCase):
    """The same heads, in pieces of every kind."""

    def test_pieces(self) -> None:
        """However a head comes, it is read as it is in one piece."""
        for name, data in HEADS.items():
            if len(data) > 1000:
                continue
            for step in (1, 2, 7, 30):
                with self.subTest(name, step=step):
                    self.assertEqual(seen(data, step), seen(data, 0))

    def test_refusals(self) -> None:
        """What is refused is named."""
        for name, text in {
            "different lengths": "Duplicate Content-Length",
            "different lengths in a list": "Invalid character in Content-Length",
            "no number": "Invalid character in Content-Length",
            "gzip": "Transfer-Encoding: gzip; it may be chunked, once",
            "chunked twice": "Transfer-Encoding: chunked, again; it may be chunked, once",
        }.items():
            with self.subTest(name), self.assertRaises(httpx.RemoteProtocolError) as caught:
                read(HEADS[name])
            self.assertEqual(str(caught.exception), f"malformed response: {text}")

    def test_missing(self) -> None:
        """Where there are both, how far a body came is said of the chunks."""
        reader = read(HEADS["length, chunked"][:-7])
        with self.assertRaisesRegex(httpx.RemoteProtocolError, "after 3 bytes of a chunked body$"):
            reader.feed_eof()


def seen(data: bytes, step: int) -> Any:
    """Return what a reader makes of an answer, in pieces of so many bytes, or its error."""
    try:
        reader = read(data, step=step)
    except httpx.RemoteProtocolError as exc:
        return str(exc)
    return reader.status_code, reader.headers, reader.complete, body(reader)


class MenderTests(unittest.TestCase):
    """What the parser gets to see."""

    def test_cuts(self) -> None:
        """Lines are passed on once they are whole, and what comes behind the head as it comes."""
        data = OK + LENGTH * 2 + b"A: b\r\n\r\n" + LENGTH * 2
        whole = OK + LENGTH + b"A: b\r\n\r\n" + LENGTH * 2
        for cut in range(len(data) + 1):
            mender = LengthMender()
            with self.subTest(cut=cut):
                self.assertEqual(
                    b"".join(mender.feed(data[start:end]) for start, end in pairwise((0, cut, len(data)))), whole
                )
