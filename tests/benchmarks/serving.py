"""uvicorn without this framework: its parts driven by hand, and the usual fixture around ``uvicorn.Server.serve``."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from tests.benchmarks.app import app

__all__ = ["bare_uvicorn", "get_over_streams", "serve_in_task"]

_KEEP_ALIVE = 3600
"""Seconds that an idle connection stays open: no contender may lose its own while the others have their turn."""


@asynccontextmanager
async def bare_uvicorn() -> AsyncIterator[str]:
    """
    Drive uvicorn's parts by hand, with no waits on the clock; yield the server's URL.

    The socket has its proto, for without it asyncio leaves Nagle's algorithm on, and every response takes 44 ms.
    """
    config = uvicorn.Config(app, log_config=None, timeout_keep_alive=_KEEP_ALIVE)
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as sock:
        sock.bind(("127.0.0.1", 0))
        await server.startup(sockets=[sock])
        await server.on_tick(0)  # sets the headers of every response
        try:
            yield f"http://127.0.0.1:{sock.getsockname()[1]}"
        finally:
            await _stop(server)


async def _stop(server: uvicorn.Server) -> None:
    for listener in server.servers:
        listener.close()
    for connection in list(server.server_state.connections):
        connection.shutdown()
    while server.server_state.connections or server.server_state.tasks:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0)
    await server.lifespan.shutdown()


@asynccontextmanager
async def serve_in_task() -> AsyncIterator[str]:
    """Run ``serve()`` in a task, as fixtures do that make a server for each test; yield the server's URL."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - what such fixtures do
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


async def get_over_streams(url: str) -> None:
    """Send one GET request over asyncio's streams, and read its response: the least that a client can do."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /items/1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    response = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert response.startswith(b"HTTP/1.1 200 "), response
