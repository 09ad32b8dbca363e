"""The end of a connection."""

import asyncio
import unittest

from fastapi_testing.server.aborting import abort
from tests.loops import LOOPS

LARGE = 10_000_000
"""Bytes that no socket's buffer takes at once."""


class AbortTests(unittest.TestCase):
    """Connections that are there, and such as are gone."""

    def test_gone(self) -> None:
        """One that was closed with something to send, and has sent it, may be closed again; others as well."""
        for factory in LOOPS:
            with self.subTest(loop=factory), asyncio.Runner(loop_factory=factory) as runner:
                self.assertEqual(runner.run(self.send_and_close()), LARGE)

    async def send_and_close(self) -> int:
        """Return how much of it the server has read."""
        read: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            read.set_result(len(await reader.read()))
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(bytes(LARGE))
            writer.close()
            size = await read
            await writer.wait_closed()
            abort(writer.transport)
            return size
