"""The limit on connections, and who waits for one."""

import asyncio
import errno
from collections.abc import Callable
from typing import Any
from unittest import mock

import httpx

from fastapi_testing.client import LoopbackTransport
from fastapi_testing.client.transport.pool import ConnectionPool
from tests.client.raw_servers import RawServer, Reader, TransportTestCase, Writer, read_request
from tests.timing import MS

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


class LimitTests(TransportTestCase):
    """More requests at once than there may be connections."""

    async def asyncSetUp(self) -> None:
        """Make a transport with two connections, and a server that answers when it is allowed to."""
        await super().asyncSetUp()
        self.transport = LoopbackTransport(limits=httpx.Limits(max_connections=2))
        self.addAsyncCleanup(self.transport.aclose)
        self.gates: list[asyncio.Event] = []
        self.asked: list[bytes] = []
        self.at_once = 0

    async def handler(self, reader: Reader, writer: Writer) -> None:
        """Answer each request on a connection once its gate is open."""
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            self.asked.append(head.split()[1])
            gate = asyncio.Event()
            self.gates.append(gate)
            await gate.wait()
            writer.write(OK)

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds."""
        while not holds():  # noqa: ASYNC110 - nothing tells it
            await asyncio.sleep(0)

    async def ask(self, server: RawServer, *paths: str, timeout: Any = None) -> "list[asyncio.Task[httpx.Response]]":
        """Ask for several paths at once, in this order."""
        client = self.new_client(server.url, timeout=timeout)
        tasks = []
        for path in paths:
            tasks.append(asyncio.create_task(client.get(path)))
            await asyncio.sleep(0)
        self.addAsyncCleanup(end, tasks)
        return tasks

    async def open_gates(self) -> None:
        """Let every request be answered, those that come later too."""
        self.at_once = max(self.at_once, sum(not gate.is_set() for gate in self.gates))
        for gate in self.gates:
            gate.set()
        await asyncio.sleep(0)

    async def test_wait_in_order(self) -> None:
        """Who finds no connection waits for one, in the order of asking; a request that comes later waits behind."""
        server = await self.serve(self.handler)
        asking = await self.ask(server, "/1", "/2", "/3", "/4", "/5")
        await self.until(lambda: len(self.gates) == 2)
        asking += await self.ask(server, "/6")
        while not all(task.done() for task in asking):
            await self.open_gates()
        self.assertEqual([(await task).text for task in asking], ["hi"] * 6)
        self.assertEqual((server.connections, self.at_once), (2, 2))
        self.assertEqual(sorted(self.asked[:2]) + self.asked[2:], [b"/1", b"/2", b"/3", b"/4", b"/5", b"/6"])

    async def test_timeout(self) -> None:
        """A request that waits for too long is told of the limit, and what to do."""
        server = await self.serve(self.handler)
        await self.ask(server, "/1", "/2")
        await self.until(lambda: len(self.gates) == 2)
        (asking,) = await self.ask(server, "/3", timeout=httpx.Timeout(None, pool=10 * MS))
        with self.assertRaises(httpx.PoolTimeout) as caught:
            await asking
        self.assertEqual(
            str(caught.exception),
            f"no connection was free for {10 * MS:g} s: 2 are in use, which is the limit; see to it that requests and "
            "streams end, or allow for more by `limits`",
        )
        self.assertEqual(len(self.transport._pool._line), 0)

    async def test_given_up(self) -> None:
        """A request that is cancelled just as it is its turn leaves the turn to the next."""
        pool, origin = ConnectionPool(1), ("http", "127.0.0.1", 1)
        self.assertIsNone(await pool.reserve(origin, None))
        first, second = [asyncio.create_task(pool.reserve(origin, None)) for _ in range(2)]
        await asyncio.sleep(0)
        pool.opened()  # it is the first one's turn
        first.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await first
        self.assertIsNone(await second)

    async def test_cancelled_in_the_line(self) -> None:
        """One that is cancelled while it waits is no longer in the line."""
        server = await self.serve(self.handler)
        _, _, third, fourth = await self.ask(server, "/1", "/2", "/3", "/4")
        await self.until(lambda: len(self.gates) == 2)
        third.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await third
        while not fourth.done():
            await self.open_gates()
        self.assertNotIn(b"/3", self.asked)

    async def test_other_origin(self) -> None:
        """An idle connection to another server makes place."""
        servers = [await self.serve(answer_all) for _ in range(3)]
        for server in servers:
            self.assertEqual((await self.new_client(server.url).get("/")).text, "hi")
            self.assertLessEqual(len(self.transport._pool._open), 2)

    async def test_not_opened(self) -> None:
        """A connection that cannot be opened leaves its place to the next request."""
        self.transport = LoopbackTransport(limits=httpx.Limits(max_connections=1))
        self.addAsyncCleanup(self.transport.aclose)
        server = await self.serve(answer_all)
        nobody = self.new_client("http://127.0.0.1:1")
        errors = await asyncio.gather(nobody.get("/"), nobody.get("/"), return_exceptions=True)
        self.assertEqual([type(error) for error in errors], [httpx.ConnectError] * 2)
        self.assertEqual((await self.new_client(server.url).get("/")).text, "hi")

    async def test_closed_while_waiting(self) -> None:
        """Whoever waits when the connections are closed is told so."""
        server = await self.serve(self.handler)
        *_, third = await self.ask(server, "/1", "/2", "/3")
        await self.until(lambda: len(self.gates) == 2)
        await self.transport.aclose()
        with self.assertRaises(httpx.ConnectError) as caught:
            await third
        self.assertEqual(str(caught.exception), "the connections were closed while a request waited for one")

    async def test_no_limit(self) -> None:
        """With no limit there are as many as requests."""
        self.transport = LoopbackTransport(limits=httpx.Limits(max_connections=None))
        self.addAsyncCleanup(self.transport.aclose)
        server = await self.serve(self.handler)
        asking = await self.ask(server, *[f"/{number}" for number in range(101)])
        await self.until(lambda: len(self.gates) == 101)
        await self.open_gates()
        await asyncio.gather(*asking)

    async def test_hundred(self) -> None:
        """Unless something else is said there are a hundred, as httpx has it."""
        self.assertEqual(LoopbackTransport()._pool._limit, 100)

    async def test_out_of_descriptors(self) -> None:
        """Where the process has no file descriptor left, the error says what they are needed for."""
        loop = asyncio.get_running_loop()
        refusal = OSError(errno.EMFILE, "Too many open files")
        with (
            mock.patch.object(loop, "create_connection", side_effect=refusal),
            self.assertRaisesRegex(
                httpx.ConnectError,
                r"Too many open files; each connection takes two file descriptors: allow for more \(ulimit -n\), or "
                r"fewer at once$",
            ),
        ):
            await self.new_client("http://127.0.0.1:1").get("/")


async def end(tasks: "list[asyncio.Task[httpx.Response]]") -> None:
    """Cancel what still runs, and look at what became of the rest."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def answer_all(reader: Reader, writer: Writer) -> None:
    """Answer every request at once."""
    while True:
        await read_request(reader)
        writer.write(OK)
