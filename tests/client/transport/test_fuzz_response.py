"""A server that cuts, splits and corrupts its responses: each ends in a response or in an error of httpx."""

import asyncio
import contextlib
import gzip
import itertools
import unittest

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from fastapi_testing.client import LoopbackTransport
from tests.client.raw_servers import Reader, Writer, read_request, serve_raw
from tests.resources import held_resources
from tests.timing import MS

READ_TIMEOUT = 2_000 * MS
"""Seconds after which a response that the server leaves unfinished and open would be given up: none is."""

RESPONSES = {
    "length": b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 11\r\n\r\nhello world",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nT: x\r\n\r\n",
    "until close": b"HTTP/1.1 200 OK\r\n\r\nhello world",
    "HTTP/1.0": b"HTTP/1.0 200\r\nContent-Length: 11\r\n\r\nhello world",
    "interim": b"HTTP/1.1 103 Hints\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
    "folded": b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 11\r\n\r\nhello world",
    "encoded": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b"
    % (len(gzip.compress(b"hello world", mtime=0)), gzip.compress(b"hello world", mtime=0)),
    "no content": b"HTTP/1.1 204 No Content\r\nSet-Cookie: a=b\r\n\r\n",
    "refused": b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 11\r\n\r\nhello world",
}

PIECES = st.one_of(
    st.binary(max_size=3),
    st.sampled_from([b"\r\n", b"\n", b" ", b"\t", b":", b"0", b"\x00", b"\r\n\r\n", b"HTTP/1.1 ", b"Upgrade: x\r\n"]),
)
"""What is put into a response: any bytes, and those that mean something there."""

FUZZ = settings(max_examples=200, derandomize=True, deadline=None, database=None)
"""Bounded, and the same each time."""


class FuzzTests(unittest.TestCase):
    """A server that sends what it is told, and closes; hypothesis runs on this side of the event loop."""

    def setUp(self) -> None:
        """Serve, and look afterwards whether a socket was left."""
        resources = held_resources()
        self.addCleanup(lambda: self.assertEqual(held_resources(), resources))
        self.loop = self.enterContext(asyncio.Runner())
        self.loop.run(self.start())

    async def start(self) -> None:
        """Serve, and make a client."""

        async def handler(reader: Reader, writer: Writer) -> None:
            await read_request(reader)
            for piece in self.answer:
                writer.write(piece)
                await asyncio.sleep(0)

        self.answer: list[bytes] = []
        stack = contextlib.AsyncExitStack()
        self.server = await stack.enter_async_context(serve_raw(handler))
        self.client = await stack.enter_async_context(
            httpx.AsyncClient(transport=LoopbackTransport(), trust_env=False, timeout=READ_TIMEOUT)
        )
        self.addCleanup(lambda: self.loop.run(stack.aclose()))

    async def outcome(self, method: str, answer: list[bytes]) -> httpx.Response | httpx.RequestError:
        """Return what an answer leads to, which is never a time-out."""
        self.answer = answer
        try:
            return await self.client.request(method, self.server.url)
        except httpx.RequestError as exc:
            self.assertNotIsInstance(exc, httpx.TimeoutException)
            return exc

    def read(self, answer: list[bytes], method: str = "GET") -> httpx.Response | httpx.RequestError:
        """Do the same on the event loop."""
        return self.loop.run(self.outcome(method, answer))

    def test_every_split(self) -> None:
        """A response in two pieces is the response, wherever it is split."""
        for name, data in RESPONSES.items():
            for at in range(len(data)):
                response = self.read([data[:at], data[at:]])
                with self.subTest(name, at=at):
                    assert isinstance(response, httpx.Response)
                    self.assertEqual(response.text, "" if name == "no content" else "hello world")

    def test_every_cut(self) -> None:
        """A response that is cut short is an error, but for a body that ends with the connection."""
        for name, data in RESPONSES.items():
            for at in range(len(data)):
                outcome = self.read([data[:at]])
                with self.subTest(name, at=at):
                    if isinstance(outcome, httpx.Response):
                        self.assertEqual(name, "until close")
                        self.assertEqual(outcome.content, data[:at].partition(b"\r\n\r\n")[2])
                    else:
                        self.assertIsInstance(outcome, httpx.RemoteProtocolError)

    @FUZZ
    @given(st.data())
    def test_corrupted(self, data: st.DataObject) -> None:
        """A response with other bytes in it is a response, or an error, whatever was asked."""
        answer = bytearray(data.draw(st.sampled_from(sorted(RESPONSES.values()))))
        for _ in range(data.draw(st.integers(1, 4))):
            start = data.draw(st.integers(0, len(answer)))
            removed = data.draw(st.integers(0, 3))
            answer[start : start + removed] = data.draw(PIECES)
        splits = sorted(data.draw(st.lists(st.integers(0, len(answer)), max_size=3)))
        pieces = [bytes(answer[i:j]) for i, j in itertools.pairwise([0, *splits, len(answer)])]
        self.read(pieces, data.draw(st.sampled_from(["GET", "HEAD", "POST", "OPTIONS"])))

    @FUZZ
    @given(st.lists(st.binary(max_size=200), max_size=3))
    def test_noise(self, answer: list[bytes]) -> None:
        """Bytes that were never a response are an error."""
        self.assertIsInstance(self.read(answer), httpx.TransportError)
