"""Bodies that are streamed, in both directions, and answers that come before the request is sent."""

import asyncio
import unittest.mock
from collections.abc import AsyncIterator

import httpx

from fastapi_testing.client.transport.connection import Connection
from tests.client.raw_servers import LIMIT, Reader, TransportTestCase, Writer, answering, read_request, reset

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
TOO_LARGE = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    """Yield parts of a body."""
    for part in parts:
        yield part


async def endless(size: int = 100_000) -> AsyncIterator[bytes]:
    """Yield a body without end, and without ever waiting."""
    while True:
        yield b"x" * size


class RequestBodyTests(TransportTestCase):
    """Bodies of requests."""

    async def test_chunked(self) -> None:
        """A body of unknown length goes out in chunks, as its pieces come."""

        async def handler(reader: Reader, writer: Writer) -> None:
            await reader.readuntil(b"\r\n\r\n")
            self.assertEqual(await reader.readexactly(7), b"2\r\nab\r\n")
            received.set()
            self.assertEqual(await reader.readexactly(11), b"1\r\nc\r\n0\r\n\r\n")
            writer.write(OK)

        async def body() -> AsyncIterator[bytes]:
            yield b"ab"
            yield b""
            await received.wait()
            yield b"c"

        received = asyncio.Event()
        server = await self.serve(handler)
        response = await self.new_client(server.url).post("/", content=body())
        self.assertEqual(response.text, "hi")

    async def test_length(self) -> None:
        """A streamed body whose length is known is sent as it is."""
        server = await self.serve(answering(OK, OK))
        client = self.new_client(server.url)
        for _ in range(2):
            await client.post("/", content=pieces(b"ab", b"c"), headers={"Content-Length": "3"})
        self.assertEqual(server.connections, 1)

    async def test_multipart(self) -> None:
        """Files are streamed."""
        server = await self.serve(answering(OK))
        response = await self.new_client(server.url).post("/", files={"file": b"x" * 200_000})
        self.assertEqual(response.status_code, 200)

    async def test_large(self) -> None:
        """A large body waits for the server to take it, and the connection can be used again."""
        server = await self.serve(answering(OK, OK))
        client = self.new_client(server.url)
        for _ in range(2):
            self.assertEqual((await client.post("/", content=b"x" * 10_000_000)).text, "hi")
        self.assertEqual(server.connections, 1)

    async def test_wrong_length(self) -> None:
        """A body that is not what its length says is not sent to its end, and closes the connection."""
        server = await self.serve(answering(OK))
        for body in (b"abcd", pieces(b"abcd"), pieces(b"ab")):
            with self.assertRaisesRegex(httpx.LocalProtocolError, r"^Too (much|little) data for declared Content-L"):
                await self.new_client(server.url).post("/", content=body, headers={"Content-Length": "3"})
        await self.transport.aclose()

    async def test_error_in_body(self) -> None:
        """An error of the body is the caller's, and closes the connection."""

        async def body() -> AsyncIterator[bytes]:
            yield b"ab"
            raise ValueError("no more")

        server = await self.serve(answering(OK))
        with self.assertRaisesRegex(ValueError, "^no more$"):
            await self.new_client(server.url).post("/", content=body())
        self.assertEqual(self.transport._pool._idle, {})

    async def test_expect_continue(self) -> None:
        """The body does not wait for a 100, as with httpx, which is passed over when it comes."""
        server = await self.serve(answering(b"HTTP/1.1 100 Continue\r\n\r\n" + OK))
        response = await self.new_client(server.url).post("/", content=b"abc", headers={"Expect": "100-continue"})
        self.assertEqual(response.text, "hi")


class EarlyAnswerTests(TransportTestCase):
    """Answers that come before the request is sent."""

    async def answer_early(self, answer: bytes) -> httpx.Response:
        """Return the response of a server that answers to the head of an endless request, and reads no further."""

        async def handler(reader: Reader, writer: Writer) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            await asyncio.Event().wait()

        server = await self.serve(handler)
        return await self.new_client(server.url).post("/", content=endless())

    async def test_refused(self) -> None:
        """An error ends the sending, and its connection is not used again (RFC 9112 §9.5)."""
        response = await self.answer_early(TOO_LARGE)
        self.assertEqual((response.status_code, response.text), (413, "no"))
        self.assertEqual(self.transport._pool._idle, {})

    async def test_answered(self) -> None:
        """So does any answer that is whole, where the server takes no more."""
        response = await self.answer_early(OK)
        self.assertEqual((response.status_code, response.text), (200, "hi"))

    async def test_malformed(self) -> None:
        """A malformed answer ends it as well."""
        with self.assertRaisesRegex(httpx.RemoteProtocolError, "^POST /: malformed response: Expected HTTP/"):
            await self.answer_early(b"garbage")

    async def test_refused_between_pieces(self) -> None:
        """An error ends the sending where the server would take more."""

        async def handler(reader: Reader, writer: Writer) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(TOO_LARGE)
            await reader.read()

        async def body() -> AsyncIterator[bytes]:
            while True:
                yield b"x"
                await asyncio.sleep(0)

        server = await self.serve(handler)
        response = await self.new_client(server.url).post("/", content=body())
        self.assertEqual(response.status_code, 413)

    async def test_refused_and_closed(self) -> None:
        """An answer is not lost where the server closes the connection behind it."""

        async def handler(reader: Reader, writer: Writer) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(TOO_LARGE)

        server = await self.serve(handler)
        response = await self.new_client(server.url).post("/", content=endless(100))
        self.assertEqual((response.status_code, response.text), (413, "no"))

    async def test_answered_and_closed(self) -> None:
        """Nor is one that is no error."""

        async def handler(reader: Reader, writer: Writer) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK)

        server = await self.serve(handler)
        response = await self.new_client(server.url).post("/", content=endless(100))
        self.assertEqual((response.status_code, response.text), (200, "hi"))

    async def test_closed_long_before_the_last_piece(self) -> None:
        """So it is where the next piece comes only when the connection is gone."""

        async def handler(reader: Reader, writer: Writer) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(TOO_LARGE)

        async def body() -> AsyncIterator[bytes]:
            yield b"x"
            (connection,) = self.transport._pool._open
            await connection.closed
            yield b"y"

        server = await self.serve(handler)
        response = await self.new_client(server.url).post("/", content=body())
        self.assertEqual((response.status_code, response.text), (413, "no"))

    async def test_lost_behind_the_answer(self) -> None:
        """An answer that had come is read where a write finds the connection lost, be it whole or cut off."""
        for answer, expected in [(TOO_LARGE, (413, b"no", None)), (TOO_LARGE[:-1], (413, b"n", httpx.ReadError))]:
            with self.subTest(answer=answer):
                self.assertEqual(await self.lose_behind(answer), expected)

    async def test_lost_behind_no_http(self) -> None:
        """What is no HTTP is no answer."""
        with self.assertRaises(httpx.WriteError):
            await self.lose_behind(b"garbage\r\n")

    async def lose_behind(self, answer: bytes) -> tuple[int, bytes, type[Exception] | None]:
        """Return what is read of an answer that came, and was not read, before the connection was lost."""
        lost = asyncio.Event()

        async def handler(reader: Reader, writer: Writer) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            reset(writer)
            lost.set()

        async def body() -> AsyncIterator[bytes]:
            (connection,) = self.transport._pool._open
            connection.transport.pause_reading()
            yield b"x"
            await lost.wait()
            yield b"y"
            await connection.closed
            yield b"z"

        server = await self.serve(handler)
        read = b""
        async with self.new_client(server.url).stream("POST", "/", content=body()) as response:
            try:
                async for piece in response.aiter_raw():
                    read += piece
            except httpx.ReadError as exc:
                return response.status_code, read, type(exc)
        return response.status_code, read, None

    async def test_closed_without_answer(self) -> None:
        """A server that closes in the middle of a request is an error."""

        async def handler(reader: Reader, writer: Writer) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write_eof()
            await reader.read()

        server = await self.serve(handler)
        with self.assertRaises(httpx.RemoteProtocolError) as caught:
            await self.new_client(server.url).post("/a", content=endless(100))
        self.assertEqual(str(caught.exception), "POST /a: the server closed the connection without sending a response")

    async def test_reset_without_answer(self) -> None:
        """A connection that is lost in the middle of a request is a WriteError."""

        async def handler(reader: Reader, writer: Writer) -> None:
            await reader.readuntil(b"\r\n\r\n")
            reset(writer)

        server = await self.serve(handler)
        with self.assertRaisesRegex(httpx.WriteError, "^POST /a: the connection was lost: ") as caught:
            await self.new_client(server.url).post("/a", content=endless())
        self.assertIsInstance(caught.exception.__cause__, httpx.ReadError)

    async def test_both_ways(self) -> None:
        """A server may answer while it reads, and as much as it reads: nobody waits for the other."""

        async def handler(reader: Reader, writer: Writer) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8000000\r\n\r\n")
            for _ in range(8):
                writer.write(await reader.readexactly(1_000_000))
                await writer.drain()

        server = await self.serve(handler)
        body = pieces(*[b"x" * 1_000_000] * 8)
        response = await self.new_client(server.url).post("/", content=body, headers={"Content-Length": "8000000"})
        self.assertEqual(len(response.content), 8_000_000)


class ResponseBodyTests(TransportTestCase):
    """Bodies of responses."""

    async def test_as_it_comes(self) -> None:
        """A piece is read when it comes, not when the response is whole."""

        async def handler(reader: Reader, writer: Writer) -> None:
            await read_request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for piece in (b"1\r\na\r\n", b"1\r\nb\r\n", b"0\r\n\r\n"):
                await asked.acquire()
                writer.write(piece)
            await reader.read()

        asked = asyncio.Semaphore(0)
        server = await self.serve(handler)
        async with self.new_client(server.url).stream("GET", "/") as response:
            parts = response.aiter_raw()
            for expected in (b"a", b"b"):
                asked.release()
                self.assertEqual(await anext(parts), expected)
            asked.release()
            with self.assertRaises(StopAsyncIteration):
                await anext(parts)

    async def test_back_pressure(self) -> None:
        """A server waits for a reader that is behind, and both come to the end."""
        size, part = 20_000_000, b"x" * 100_000
        paused = asyncio.Event()

        def hold_back(connection: Connection) -> None:
            original(connection)
            if not connection.transport.is_reading():
                paused.set()

        async def handler(reader: Reader, writer: Writer) -> None:
            await read_request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
            for _ in range(size // len(part)):
                writer.write(part)
                await writer.drain()
            await reader.read()

        original = Connection._hold_back
        server = await self.serve(handler)
        with unittest.mock.patch.object(Connection, "_hold_back", hold_back):
            async with self.new_client(server.url).stream("GET", "/") as response:
                await asyncio.wait_for(paused.wait(), LIMIT)
                (connection,) = self.transport._pool._open
                self.assertLess(connection._response.buffered, 1_000_000)
                self.assertEqual(sum([len(piece) async for piece in response.aiter_raw()]), size)
        self.assertTrue(connection.is_usable)

    async def test_whole(self) -> None:
        """A response that came in one piece can be read in every way that httpx has."""
        server = await self.serve(answering(*[OK] * 5))
        client = self.new_client(server.url)
        async with client.stream("GET", "/") as response:
            self.assertEqual([piece async for piece in response.aiter_raw()], [b"hi"])
            with self.assertRaises(httpx.StreamConsumed):
                [piece async for piece in response.aiter_raw()]
            with self.assertRaises(httpx.StreamConsumed):
                await response.aread()
        async with client.stream("GET", "/") as response:
            self.assertEqual([piece async for piece in response.aiter_bytes(1)], [b"h", b"i"])
        async with client.stream("GET", "/") as response:
            await response.aclose()
            await response.stream.aclose()  # type: ignore[union-attr]
            with self.assertRaises(httpx.StreamClosed):
                await response.aread()
        response = await client.get("/")
        self.assertEqual((await response.aread(), response.num_bytes_downloaded), (b"hi", 2))
        self.assertGreater(response.elapsed.total_seconds(), 0)
        self.assertTrue(response.is_closed and response.is_stream_consumed)
        self.assertEqual(server.connections, 1)

    async def test_encoded(self) -> None:
        """A response is decoded, whole or not."""
        answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: 10\r\n\r\n"
        response = await self.fetch(answer + b"\x78\x9c\xcb\xc8\x04\x00\x01\x3b\x00\xd2")
        self.assertEqual((response.content, response.num_bytes_downloaded), (b"hi", 10))
