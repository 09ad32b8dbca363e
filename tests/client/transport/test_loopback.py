"""The transport on raw sockets: which connection serves which request, and what is known of it."""

import asyncio
import socket
import unittest
import unittest.mock

import httpx

from fastapi_testing.client import LoopbackTransport
from tests.client.raw_servers import (
    LIMIT,
    Reader,
    TransportTestCase,
    Writer,
    answering,
    read_request,
    reset,
    serve_raw,
)
from tests.resources import held_resources

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


class ReuseTests(TransportTestCase):
    """Which connection serves which request."""

    async def test_kept_alive(self) -> None:
        """Requests one after the other share a connection."""
        server = await self.serve(answering(OK, OK, OK))
        client = self.new_client(server.url)
        for _ in range(3):
            self.assertEqual((await client.get("/")).text, "hi")
        self.assertEqual(server.connections, 1)

    async def test_not_shared(self) -> None:
        """A connection whose response is not closed serves no other request; then it does."""
        server = await self.serve(answering(OK, OK))
        client = self.new_client(server.url)
        async with client.stream("GET", "/"):
            await client.get("/")
            self.assertEqual(server.connections, 2)
        await client.get("/")
        self.assertEqual(server.connections, 2)

    async def test_many_at_once(self) -> None:
        """As many requests as there are run at once, and their connections are used again."""
        server = await self.serve(answering(OK, OK))
        client = self.new_client(server.url)
        for _ in range(2):
            await asyncio.gather(*(client.get("/") for _ in range(20)))
        self.assertEqual(server.connections, 20)

    async def test_not_reused(self) -> None:
        """A connection is closed where the next response might not be that to the next request."""
        for answer in [
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
            b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
            OK + b"garbage",
            OK + OK,
        ]:
            with self.subTest(answer):
                server = await self.serve(answering(answer, OK))
                client = self.new_client(server.url)
                self.assertEqual([(await client.get("/")).text for _ in range(2)], ["hi", "hi"])
                self.assertEqual(server.connections, 2)

    async def test_unread_body(self) -> None:
        """A connection whose body was not read to its end is closed with the response."""
        server = await self.serve(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhi", OK))
        client = self.new_client(server.url)
        async with client.stream("GET", "/"):
            pass
        self.assertEqual((await self.new_client((await self.serve(answering(OK))).url).get("/")).text, "hi")
        self.assertIsNone(self.transport._pool.take(("http", "127.0.0.1", int(server.url.rpartition(":")[2]))))

    async def test_closed_while_idle(self) -> None:
        """A connection that the server has closed is not used, for whatever method: no request is lost."""

        async def handler(reader: Reader, writer: Writer) -> None:
            server.requests.append(await read_request(reader))
            writer.write(OK)

        server = await self.serve(handler)
        client = self.new_client(server.url)
        for _ in range(5):
            self.assertEqual((await client.post("/", content=b"x")).text, "hi")
        self.assertEqual((server.connections, len(server.requests)), (5, 5))

    async def test_never_sent_twice(self) -> None:
        """A request that the server closes the connection on is an error, and is not repeated."""

        async def handler(reader: Reader, writer: Writer) -> None:
            server.requests.append(await read_request(reader))
            writer.write(OK)
            server.requests.append(await read_request(reader))

        server = await self.serve(handler)
        client = self.new_client(server.url)
        await client.get("/")
        with self.assertRaises(httpx.RemoteProtocolError) as caught:
            await client.get("/again")
        self.assertEqual(
            str(caught.exception), "GET /again: the server closed the connection without sending a response"
        )
        self.assertEqual((server.connections, len(server.requests)), (1, 2))

    async def test_unasked_data(self) -> None:
        """What a server sends while nobody asks closes the connection."""
        speak = asyncio.Event()

        async def handler(reader: Reader, writer: Writer) -> None:
            await read_request(reader)
            writer.write(OK)
            await speak.wait()
            writer.write(OK)
            await reader.read()

        server = await self.serve(handler)
        client = self.new_client(server.url)
        await client.get("/")
        (connection,) = self.transport._pool._open
        speak.set()
        await asyncio.wait_for(connection.closed, LIMIT)
        await client.get("/")
        self.assertEqual(server.connections, 2)

    async def test_reset_while_idle(self) -> None:
        """Nor is one that was reset."""

        async def handler(reader: Reader, writer: Writer) -> None:
            await read_request(reader)
            writer.write(OK)
            await answered.wait()
            reset(writer)

        answered = asyncio.Event()
        server = await self.serve(handler)
        client = self.new_client(server.url)
        await client.get("/")
        (connection,) = self.transport._pool._open
        answered.set()
        await asyncio.wait_for(connection.closed, LIMIT)
        await client.get("/")
        self.assertEqual(server.connections, 2)

    async def test_stale(self) -> None:
        """A connection with something to read that the event loop has not seen yet is not used."""
        server = await self.serve(answering(OK))
        client = self.new_client(server.url)
        await client.get("/")
        (connection,) = self.transport._pool._open
        connection.transport.pause_reading()
        with unittest.mock.patch.object(type(connection), "_has_news", return_value=True):
            self.assertIsNone(self.transport._pool.take(connection.origin))
        await asyncio.wait_for(connection.closed, LIMIT)

    async def test_two_origins(self) -> None:
        """One transport serves several servers."""
        for answer in [b"a", b"b"]:
            server = await self.serve(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + answer))
            self.assertEqual((await self.new_client(server.url).get("/")).content, answer)

    async def test_close(self) -> None:
        """Closing the transport closes its sockets, and a connection in use when it comes back."""
        before = held_resources()[0]
        async with serve_raw(answering(OK, OK)) as server:
            client = self.new_client(server.url)
            await asyncio.gather(client.get("/"), client.get("/"))
            await self.transport.aclose()
            self.assertEqual((await client.get("/")).text, "hi")
            await self.transport.aclose()
            await self.transport.aclose()
        self.assertEqual(server.connections, 3)
        self.assertEqual(held_resources()[0], before)

    async def test_close_in_use(self) -> None:
        """A request that is under way when the transport is closed is an error."""
        server = await self.serve(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhi"))
        async with self.new_client(server.url).stream("GET", "/a") as response:
            await self.transport.aclose()
            with self.assertRaises(httpx.ReadError) as caught:
                await response.aread()
        self.assertEqual(str(caught.exception), "GET /a: the connection was closed on this side")
        self.assertEqual(caught.exception.request.url.path, "/a")


class AddressTests(TransportTestCase):
    """What a response knows of its connection."""

    async def test_network_stream(self) -> None:
        """The addresses are known while the connection is open, and afterwards."""
        server = await self.serve(answering(OK))
        response = await self.new_client(server.url).get("/")
        stream = response.extensions["network_stream"]
        client_addr = stream.get_extra_info("socket").getsockname()
        await self.transport.aclose()
        self.assertEqual(stream.get_extra_info("client_addr"), client_addr)
        self.assertEqual(stream.get_extra_info("server_addr")[1], response.url.port)
        self.assertIsNone(stream.get_extra_info("ssl_object"))
        self.assertIsNone(stream.get_extra_info("nothing"))

    async def test_no_delay(self) -> None:
        """Nothing waits for Nagle's algorithm."""
        server = await self.serve(answering(OK))
        response = await self.new_client(server.url).get("/")
        sock = response.extensions["network_stream"].get_extra_info("socket")
        self.assertTrue(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))


class StandaloneTests(unittest.TestCase):
    """Without a test case around it."""

    def test_context_manager(self) -> None:
        """A transport closes with its block, as httpx's own does."""

        async def main() -> None:
            async with LoopbackTransport() as transport:
                self.assertIsInstance(transport, httpx.AsyncBaseTransport)

        asyncio.run(main())
