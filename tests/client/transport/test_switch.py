"""Connections that leave HTTP: Upgrade and CONNECT."""

import asyncio

import httpx

from fastapi_testing.client.transport.network import SwitchedStream
from tests.client.raw_servers import LIMIT, Reader, TransportTestCase, Writer, answering, reset
from tests.timing import MS

SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n"
UPGRADE = {"Upgrade": "echo", "Connection": "Upgrade"}


class SwitchTests(TransportTestCase):
    """The network stream of a response that httpx documents."""

    async def echo(self, reader: Reader, writer: Writer) -> None:
        """Switch protocols, and send back what comes."""
        await reader.readuntil(b"\r\n\r\n")
        writer.write(SWITCH + b"welcome")
        while data := await reader.read(1000):
            writer.write(data)

    async def test_upgrade(self) -> None:
        """What is written is sent, what comes is read, from the first byte on."""
        server = await self.serve(self.echo)
        async with self.new_client(server.url).stream("GET", "/", headers=UPGRADE) as response:
            self.assertEqual((response.status_code, response.headers["upgrade"]), (101, "echo"))
            stream = response.extensions["network_stream"]
            self.assertEqual(await stream.read(3, timeout=LIMIT), b"wel")
            self.assertEqual(await stream.read(100), b"come")
            await stream.write(b"hello", timeout=LIMIT)
            self.assertEqual(await stream.read(100), b"hello")
            self.assertEqual(stream.get_extra_info("server_addr")[0], "127.0.0.1")
        await self.transport.aclose()
        self.assertEqual(self.transport._pool._open, set())

    async def test_connect(self) -> None:
        """A 2xx to CONNECT opens a tunnel."""
        server = await self.serve(answering(b"HTTP/1.1 200 OK\r\n\r\ntunnel"))
        request = httpx.Request("CONNECT", server.url, extensions={"target": b"elsewhere:80"})
        response = await self.transport.handle_async_request(request)
        self.assertEqual(await response.extensions["network_stream"].read(100), b"tunnel")
        self.assertEqual(await response.aread(), b"")

    async def test_not_read(self) -> None:
        """A response whose protocol nobody speaks is as any other, and its connection is closed."""
        server = await self.serve(self.echo)
        response = await self.new_client(server.url).get("/", headers=UPGRADE)
        self.assertEqual((response.status_code, response.content), (101, b""))
        await self.transport.aclose()
        self.assertEqual(self.transport._pool._idle, {})

    async def test_both_at_once(self) -> None:
        """One task may read while another writes."""
        server = await self.serve(self.echo)
        async with self.new_client(server.url).stream("GET", "/", headers=UPGRADE) as response:
            stream = response.extensions["network_stream"]
            await stream.read(100)
            reading = asyncio.create_task(stream.read(100))
            await stream.write(b"hello")
            self.assertEqual(await reading, b"hello")

    async def test_refused(self) -> None:
        """A server may answer in HTTP, and the connection stays."""
        refusal = b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno"
        server = await self.serve(answering(refusal, refusal))
        client = self.new_client(server.url)
        for _ in range(2):
            self.assertEqual((await client.get("/", headers=UPGRADE)).text, "no")
        self.assertEqual(server.connections, 1)

    async def test_end(self) -> None:
        """The end of the connection is the end of what can be read."""
        server = await self.serve(self.switch_and_leave)
        async with self.new_client(server.url).stream("GET", "/", headers=UPGRADE) as response:
            stream = response.extensions["network_stream"]
            self.assertEqual((await stream.read(100), await stream.read(100)), (b"bye", b""))
            await stream.aclose()

    async def switch_and_leave(self, reader: Reader, writer: Writer) -> None:
        """Switch protocols, say goodbye, and close."""
        await reader.readuntil(b"\r\n\r\n")
        writer.write(SWITCH + b"bye")

    async def test_ended_before(self) -> None:
        """So it is where the connection ended before anybody looked at it."""
        server = await self.serve(answering())
        host, _, port = server.url.removeprefix("http://").partition(":")
        transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, host, int(port))
        transport.close()
        stream = SwitchedStream(transport, [b"bye"])
        self.assertEqual((await stream.read(100), await stream.read(100)), (b"bye", b""))

    async def test_timeouts(self) -> None:
        """Reading and writing have their time-outs."""

        async def handler(reader: Reader, writer: Writer) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(SWITCH)
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            await asyncio.Event().wait()

        server = await self.serve(handler)
        async with self.new_client(server.url).stream("GET", "/", headers=UPGRADE) as response:
            stream = response.extensions["network_stream"]
            with self.assertRaises(httpx.ReadTimeout) as read:
                await stream.read(1, timeout=10 * MS)
            with self.assertRaises(httpx.WriteTimeout) as written:
                await stream.write(b"x" * 20_000_000, timeout=10 * MS)
        self.assertEqual(str(read.exception), f"the server sent nothing for {10 * MS:g} s")
        self.assertEqual(str(written.exception), f"the server took nothing for {10 * MS:g} s")

    async def test_lost(self) -> None:
        """A connection that is lost is an error, for who reads and for who writes."""

        async def handler(reader: Reader, writer: Writer) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(SWITCH)
            await reader.readexactly(1)
            reset(writer)

        server = await self.serve(handler)
        async with self.new_client(server.url).stream("GET", "/", headers=UPGRADE) as response:
            stream = response.extensions["network_stream"]
            await stream.write(b"x")
            with self.assertRaisesRegex(httpx.ReadError, "^the connection was lost: .*reset"):
                await stream.read(1)
            with self.assertRaisesRegex(httpx.WriteError, "^the connection was lost: "):
                await stream.write(b"x")
