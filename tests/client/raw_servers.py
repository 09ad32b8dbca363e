"""Servers that send bytes as they are told, for what a real HTTP server does not do."""

import asyncio
import contextlib
import re
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx

from fastapi_testing import AsyncClassTestCase
from fastapi_testing.client import LoopbackTransport
from tests.timing import MS

__all__ = [
    "LIMIT",
    "Handler",
    "RawServer",
    "Reader",
    "TransportTestCase",
    "Writer",
    "answering",
    "read_request",
    "reset",
    "serve_raw",
]

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter
Handler = Callable[[Reader, Writer], Awaitable[None]]

LIMIT = 10_000 * MS
"""Seconds after which a test that hangs fails."""


class RawServer:
    """
    What a raw server knows of itself.

    Attributes:
        url: Its URL.
        connections: How many there have been.
        requests: What was read with read_request(), head and body.
    """

    def __init__(self) -> None:
        self.url = ""
        self.connections = 0
        self.requests: list[bytes] = []


async def read_request(reader: Reader) -> bytes:
    """Return the next request; its body has a length, or none at all."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    return head + await reader.readexactly(int(length[1]) if length else 0)


def answering(*answers: bytes) -> Handler:
    """Return a handler that reads one request for each of these, and then waits for the client to close."""

    async def handler(reader: Reader, writer: Writer) -> None:
        for answer in answers:
            await read_request(reader)
            writer.write(answer)
        await reader.read()

    return handler


def reset(writer: Writer) -> None:
    """Close a connection with a reset (RFC 9293 §3.10.7.1), so that the other side knows that something was lost."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@contextlib.asynccontextmanager
async def serve_raw(handler: Handler, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[RawServer]:
    """Serve connections with a handler; one that the client leaves is over."""
    state = RawServer()
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: Reader, writer: Writer) -> None:
        state.connections += 1
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                await handler(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    def start(reader: Reader, writer: Writer) -> None:
        tasks.add(asyncio.create_task(handle(reader, writer)))

    server = await asyncio.start_server(start, "127.0.0.1", 0, ssl=tls)
    host, port = server.sockets[0].getsockname()
    state.url = f"{'https' if tls else 'http'}://{host}:{port}"
    try:
        yield state
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)], outcomes


class TransportTestCase(AsyncClassTestCase):
    """A transport for each test, whose connections are closed after it."""

    async def asyncSetUp(self) -> None:
        """Make the transport."""
        await super().asyncSetUp()
        self.transport = LoopbackTransport()
        self.addAsyncCleanup(self.transport.aclose)

    async def serve(self, handler: Handler, **options: ssl.SSLContext) -> RawServer:
        """Serve a handler until the end of the test."""
        return await self.enterAsyncContext(serve_raw(handler, **options))

    def new_client(self, url: str, timeout: float | httpx.Timeout = LIMIT) -> httpx.AsyncClient:
        """Return a client of httpx, with the transport under it."""
        return httpx.AsyncClient(base_url=url, transport=self.transport, trust_env=False, timeout=timeout)

    async def fetch(self, answer: bytes, method: str = "GET", path: str = "/") -> httpx.Response:
        """Return the response that an answer makes; the server closes behind it."""

        async def handler(reader: Reader, writer: Writer) -> None:
            await read_request(reader)
            writer.write(answer)
            await writer.drain()

        server = await self.serve(handler)
        return await self.new_client(server.url).request(method, path)
