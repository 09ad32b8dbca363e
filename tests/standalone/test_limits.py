"""How many connections a client has."""

import asyncio
import unittest

import httpx
from fastapi import FastAPI

from fastapi_testing.client import LoopbackTransport
from fastapi_testing.standalone import AsyncTestServer, Config, create_test_server
from fastapi_testing.standalone.limits import LimitedTransport
from tests.standalone.apps import make_app
from tests.timing import MS


class LimitTests(unittest.IsolatedAsyncioTestCase):
    """What the configuration limits."""

    async def test_connections(self) -> None:
        """A request beyond so many connections waits for its turn."""
        asked, answer = asyncio.Event(), asyncio.Event()
        app = FastAPI()

        @app.get("/")
        async def wait() -> None:
            asked.set()
            await answer.wait()

        async with create_test_server(app, config=Config(http_max_connections=1)) as server:
            first = asyncio.create_task(server.client.get("/"))
            await asked.wait()
            with self.assertRaises(httpx.PoolTimeout):
                await server.client.get("/", timeout=httpx.Timeout(30, pool=20 * MS))
            answer.set()
            await (await first).expect_status(200)

    async def test_idle_connections(self) -> None:
        """So many idle connections are kept for the next request."""
        for kept in (0, 1):
            async with create_test_server(make_app(), config=Config(http_max_keepalive=kept)) as server:
                responses = [await server.client.get("/items") for _ in range(3)]
            addresses = {response.extensions["exchange"].client for response in responses}
            self.assertEqual(len(addresses), 1 if kept else 3)

    async def test_body_that_is_read_piece_by_piece(self) -> None:
        """The next request has its turn when the body of a response is closed, and not before."""
        async with create_test_server(make_app()) as server, limited_client(server) as client:
            request = client.build_request("POST", "/request", content=b"x" * 1_000_000)
            response = await client.send(request, stream=True)
            with self.assertRaises(httpx.PoolTimeout) as caught:
                await client.get("/items")
            self.assertEqual(
                str(caught.exception),
                f"GET {server.base_url}/items: every connection was in use for {20 * MS:g} s",
            )
            self.assertEqual(len(await response.aread()), 1_000_000)
            await response.stream.aclose()  # type: ignore[union-attr]
            self.assertEqual((await client.get("/items")).status_code, 200)

    async def test_request_that_fails(self) -> None:
        """A request that fails has had its turn."""
        server = create_test_server(make_app())
        async with server, limited_client(server) as client:
            await server.stop()
            for _ in range(3):
                with self.assertRaises(httpx.ConnectError):
                    await client.get("/items")


def limited_client(server: AsyncTestServer) -> httpx.AsyncClient:
    """Return a client with one connection, which no request waits long for."""
    transport = LimitedTransport(LoopbackTransport(), 1, 1)
    return httpx.AsyncClient(base_url=server.base_url, transport=transport, timeout=httpx.Timeout(30, pool=20 * MS))
