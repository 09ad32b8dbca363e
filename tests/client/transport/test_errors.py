"""What can go wrong with a request: the exceptions of httpx, its time-outs, and cancellation."""

import asyncio
import socket

import httpx

from fastapi_testing import Client
from tests.client.raw_servers import LIMIT, Reader, TransportTestCase, Writer, answering, read_request, reset
from tests.resources import held_resources
from tests.timing import MS, answer_within

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


def unused_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def url_of(sock: socket.socket) -> str:
    """Return the URL of what listens on a socket."""
    return f"http://127.0.0.1:{sock.getsockname()[1]}"


class ErrorTests(TransportTestCase):
    """The errors of httpx, and what they say."""

    async def test_connect(self) -> None:
        """A server that does not listen is a ConnectError with the URL."""
        url = f"http://127.0.0.1:{unused_port()}"
        with self.assertRaisesRegex(httpx.ConnectError, rf"^cannot connect to {url}: .*refused|failed"):
            await self.new_client(url).get("/")

    async def test_connect_ipv6(self) -> None:
        """An IPv6 address has its brackets."""
        url = f"http://[::1]:{unused_port()}"
        with self.assertRaises(httpx.ConnectError) as caught:
            await self.new_client(url).get("/")
        self.assertIn(url, str(caught.exception))

    async def test_protocol(self) -> None:
        """Only HTTP is spoken, and HTTPS only with a TLS context."""
        for url, message in [
            ("ftp://test", "ftp://test/a: the protocol is 'ftp', not 'http' or 'https'"),
            ("https://test", "https://test/a: this LoopbackTransport has no ssl_context; a Client takes one as verify"),
        ]:
            with self.assertRaises(httpx.UnsupportedProtocol) as caught:
                await self.new_client(url).get("/a")
            self.assertEqual(str(caught.exception), message)

    async def test_no_context(self) -> None:
        """What httpx takes besides for ``verify`` is refused, with what to give instead."""
        for verify in (False, True, "ca.pem"):
            with self.subTest(verify=verify), self.assertRaises(TypeError) as caught:
                Client("https://test", verify=verify)  # type: ignore[arg-type]
            self.assertEqual(
                str(caught.exception),
                "verify of a Client, ssl_context of a LoopbackTransport, must be an ssl.SSLContext, such as "
                f"server.client_ssl_context() makes it; got {verify!r}",
            )

    async def test_malformed(self) -> None:
        """A malformed head is an error that says what was asked and what was wrong."""
        with self.assertRaises(httpx.RemoteProtocolError) as caught:
            await self.fetch(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", path="/a?b")
        self.assertEqual(str(caught.exception), "GET /a?b: malformed response: Invalid header token")

    async def test_malformed_body(self) -> None:
        """A malformed body is one once the pieces before it are read."""
        answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nx\r\n"
        server = await self.serve(answering(answer))
        async with self.new_client(server.url).stream("GET", "/") as response:
            pieces = response.aiter_raw()
            self.assertEqual(await anext(pieces), b"hi")
            with self.assertRaisesRegex(httpx.RemoteProtocolError, "^GET /: malformed response: Invalid char"):
                await anext(pieces)

    async def test_cut_short(self) -> None:
        """A body that ends too early is an error that says how far it came."""
        with self.assertRaises(httpx.RemoteProtocolError) as caught:
            await self.fetch(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 17, "POST", "/a")
        self.assertEqual(str(caught.exception), "POST /a: the server closed the connection after 17 of 100 body bytes")

    async def test_until_close(self) -> None:
        """A body that ends with the connection is whole."""
        self.assertEqual((await self.fetch(b"HTTP/1.1 200 OK\r\n\r\nhi")).text, "hi")

    async def test_reset(self) -> None:
        """A connection that is reset is a ReadError, also where the body might have ended there."""

        async def handler(reader: Reader, writer: Writer) -> None:
            await read_request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\n\r\nhi")
            await asked.wait()
            reset(writer)

        asked = asyncio.Event()
        server = await self.serve(handler)
        async with self.new_client(server.url).stream("GET", "/a") as response:
            asked.set()
            with self.assertRaisesRegex(httpx.ReadError, r"^GET /a: the connection was lost: .*reset"):
                await response.aread()

    async def test_not_sendable(self) -> None:
        """A request that cannot be sent is refused before there is a connection."""
        server = await self.serve(answering())
        with self.assertRaises(httpx.LocalProtocolError) as caught:
            await self.new_client(server.url).get("/", headers={"X": "a\r\nb: c"})
        self.assertEqual(str(caught.exception), "Illegal header value b'a\\r\\nb: c'")
        self.assertEqual(server.connections, 0)


class TimeoutTests(TransportTestCase):
    """httpx's time-outs."""

    async def test_read_head(self) -> None:
        """A server that does not answer is a ReadTimeout."""
        server = await self.serve(answering(b""))
        with self.assertRaises(httpx.ReadTimeout) as caught:
            await self.new_client(server.url, httpx.Timeout(None, read=10 * MS)).get("/a")
        self.assertEqual(str(caught.exception), f"GET /a: the server sent nothing for {10 * MS:g} s")

    async def test_read_body(self) -> None:
        """So is one that stops in the middle of a body."""
        server = await self.serve(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhi"))
        with self.assertRaises(httpx.ReadTimeout):
            await self.new_client(server.url, httpx.Timeout(None, read=10 * MS)).get("/a")

    async def test_between_pieces(self) -> None:
        """The time is that between two pieces, not that of the whole response."""

        async def handler(reader: Reader, writer: Writer) -> None:
            await read_request(reader)
            for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi":
                await asyncio.sleep(20 * MS)
                writer.write(bytes([byte]))

        server = await self.serve(handler)
        response = await self.new_client(server.url, answer_within(700)).get("/")
        self.assertEqual(response.text, "hi")
        self.assertGreater(response.elapsed.total_seconds(), 700 * MS)

    async def test_shorter(self) -> None:
        """A time-out that is shorter than the one before comes in time, and a longer one not too early."""
        server = await self.serve(answering(OK, b""))
        await self.new_client(server.url, LIMIT).get("/")
        with self.assertRaises(httpx.ReadTimeout):
            await asyncio.wait_for(self.new_client(server.url, 10 * MS).get("/"), LIMIT)

    async def test_write(self) -> None:
        """A server that reads nothing of a large body is a WriteTimeout."""

        async def handler(reader: Reader, writer: Writer) -> None:
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            await asyncio.Event().wait()

        server = await self.serve(handler)
        client = self.new_client(server.url, httpx.Timeout(None, write=20 * MS))
        with self.assertRaises(httpx.WriteTimeout) as caught:
            await client.post("/a", content=b"x" * 20_000_000)
        self.assertEqual(str(caught.exception), f"POST /a: the server took nothing for {20 * MS:g} s")

    async def test_none(self) -> None:
        """Without time-outs there is none."""
        server = await self.serve(answering(OK))
        request = httpx.Request("GET", server.url)
        response = await self.transport.handle_async_request(request)
        self.assertEqual(await response.aread(), b"hi")


class CancellationTests(TransportTestCase):
    """A request that is given up."""

    async def test_waiting_for_head(self) -> None:
        """The connection of a request that is cancelled is closed."""
        asked, closed = asyncio.Event(), asyncio.Event()

        async def handler(reader: Reader, writer: Writer) -> None:
            await read_request(reader)
            asked.set()
            await reader.read()
            closed.set()

        server = await self.serve(handler)
        task = asyncio.create_task(self.new_client(server.url).get("/"))
        await asked.wait()
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        await closed.wait()
        await self.transport.aclose()
        self.assertEqual(self.transport._pool._idle, {})

    async def test_reading_body(self) -> None:
        """So is that of a response whose body is given up."""
        server = await self.serve(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhi"))
        client = self.new_client(server.url)
        with self.assertRaises(TimeoutError):
            async with asyncio.timeout(10 * MS):
                await client.get("/")
        self.assertEqual(self.transport._pool._idle, {})

    async def test_connecting(self) -> None:
        """A request that is cancelled while it connects leaves nothing behind."""
        before = held_resources()[0]
        with socket.create_server(("127.0.0.1", 0)) as sock:
            task = asyncio.create_task(self.new_client(url_of(sock)).get("/"))
            await asyncio.sleep(0)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            await self.transport.aclose()
        self.assertEqual(held_resources()[0], before)
