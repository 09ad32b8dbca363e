"""The connections that the clients of a test have, all together."""

import asyncio
from typing import ClassVar

import httpx
from fastapi import FastAPI, Request

from fastapi_testing import AsyncServerTestCase, ServerTestCase
from tests.timing import MS

app = FastAPI()


@app.get("/port")
async def tell_port(request: Request) -> int:
    """Tell connections apart."""
    assert request.client is not None
    return request.client.port


class AsyncLimitsTests(AsyncServerTestCase):
    """Clients of async tests."""

    app = app
    limits: ClassVar[httpx.Limits] = httpx.Limits(max_connections=2)

    async def test_shared(self) -> None:
        """They share what the class allows for."""
        clients = [self.client, self.new_client()]
        answers = await asyncio.gather(*(client.get("/port") for client in clients * 10))
        self.assertLessEqual(len({answer.json() for answer in answers}), 2)

    async def test_of_its_own(self) -> None:
        """A client with limits of its own has connections of its own."""
        client = self.new_client(limits=httpx.Limits(max_connections=1))
        answers = await asyncio.gather(*(client.get("/port") for _ in range(5)))
        ports = {answer.json() for answer in answers}
        self.assertEqual(len(ports), 1)
        self.assertNotIn((await self.client.get("/port")).json(), ports)


class SyncLimitsTests(ServerTestCase):
    """Clients of sync tests."""

    app = app
    limits: ClassVar[httpx.Limits] = httpx.Limits(max_connections=1)

    def test_shared(self) -> None:
        """A stream that is open leaves no connection to another client."""
        with self.client.stream("GET", "/port"), self.assertRaises(httpx.PoolTimeout):
            self.new_client(timeout=httpx.Timeout(None, pool=10 * MS)).get("/port")

    def test_of_its_own(self) -> None:
        """A client with limits of its own has connections of its own."""
        with self.client.stream("GET", "/port") as response:
            response.read()
            port = self.new_client(limits=httpx.Limits(max_connections=1)).get("/port").json()
            self.assertNotEqual(response.json(), port)
