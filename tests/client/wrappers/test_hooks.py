"""What is hung on clients of httpx's own."""

import asyncio
import unittest

from fastapi_testing.client.wrappers import hooks
from tests.loops import LOOPS


class ShutDownTests(unittest.TestCase):
    """The end of a connection that a pool still holds."""

    def test_connections(self) -> None:
        """The other side sees the end of one that is open, and one that is closed already is left alone."""

        async def read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            received.append(await reader.read())
            writer.close()
            await writer.wait_closed()

        async def use() -> None:
            async with await asyncio.start_server(read, "127.0.0.1") as server:
                reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
                hooks._shut_down(writer)
                self.assertEqual(await reader.read(), b"")
                writer.close()
                await writer.wait_closed()
                hooks._shut_down(writer)

        for factory in LOOPS:
            received: list[bytes] = []
            with self.subTest(loop=factory), asyncio.Runner(loop_factory=factory) as runner:
                runner.run(use())
                self.assertEqual(received, [b""])
