"""The client: its methods, its limits, and how it ends."""

import asyncio

import httpx

from fastapi_testing.client import LoopbackTransport
from fastapi_testing.errors import ForeignURLError
from fastapi_testing.standalone import AsyncTestClient
from tests.standalone.apps import METHODS
from tests.standalone.case import StandaloneTestCase


class RequestTests(StandaloneTestCase):
    """Requests."""

    async def test_methods(self) -> None:
        """There is a method for each request method; keyword arguments are httpx's."""
        for method in METHODS:
            with self.subTest(method):
                send = getattr(self.client, method.lower())
                response = await send("/request", params={"a": "1"}, headers={"X": "y"})
                self.assertEqual((response.headers["x-method"], response.headers["x-query"]), (method, "a=1"))

    async def test_request(self) -> None:
        """Any method goes by its name, with a body."""
        response = await self.client.request("PATCH", "/request", json={"a": 1})
        self.assertEqual((response.headers["x-method"], await response.json()), ("PATCH", {"a": 1}))

    async def test_redirects(self) -> None:
        """Redirects are followed, unless the client or the request says otherwise."""
        self.assertEqual((await self.client.get("/moved")).status_code, 200)
        self.assertEqual((await self.client.get("/moved", follow_redirects=False)).status_code, 307)
        async with AsyncTestClient(self.server.base_url, 5.0, False) as client:  # noqa: FBT003 - as suites write it
            self.assertEqual((await client.get("/moved")).status_code, 307)

    async def test_timeout(self) -> None:
        """The time-out holds for requests and for WebSockets."""
        async with AsyncTestClient(f"{self.server.base_url}/", timeout=7.0) as client:
            response = await client.get("/items")
            self.assertEqual(response.request.extensions["timeout"]["read"], 7.0)
            self.assertEqual((await client.websocket("/echo")).websocket().timeout, 7.0)

    async def test_at_once(self) -> None:
        """Requests may be made at once."""
        responses = await asyncio.gather(*(self.client.get("/items") for _ in range(5)))
        self.assertEqual([response.status_code for response in responses], [200] * 5)

    async def test_foreign_url(self) -> None:
        """Another server is not spoken to."""
        with self.assertRaises(ForeignURLError):
            await self.client.get("http://example.org/")

    async def test_server_has_gone(self) -> None:
        """A request to a server that has gone is httpx's ConnectError with the URL, from its client or another one."""
        client, url = self.server.client, self.server.base_url
        await client.get("/items")
        await self.server.stop()
        async with AsyncTestClient(url) as other:
            for asking in (client, other):
                with self.assertRaises(httpx.ConnectError) as caught:
                    await asking.get("/items")
                self.assertRegex(str(caught.exception), f"^GET {url}/items: cannot connect to {url}: ")
                self.assertEqual(caught.exception.request.url, f"{url}/items")


class EndTests(StandaloneTestCase):
    """How a client ends."""

    async def test_close(self) -> None:
        """Closing it closes its WebSockets too, and it is closed for good."""
        client = AsyncTestClient(self.server.base_url)
        session = (await client.websocket("/echo")).websocket()
        await client.close()
        await client.aclose()
        self.assertEqual(session.close_code, 1001)
        with self.assertRaisesRegex(RuntimeError, "closed"):
            await client.get("/items")

    async def test_disconnect(self) -> None:
        """Disconnecting closes its connections, and the next request opens a new one."""
        session = (await self.client.websocket("/echo")).websocket()
        first = await self.client.get("/items")
        await self.client.disconnect()
        second = await self.client.get("/items")
        self.assertEqual((session.close_code, second.status_code), (1001, 200))
        self.assertNotEqual(first.extensions["exchange"].client, second.extensions["exchange"].client)

    async def test_given_transport(self) -> None:
        """Connections that it was given stay open when it is closed."""
        addresses = []
        async with LoopbackTransport() as transport:
            for _ in range(2):
                async with AsyncTestClient(self.server.base_url, transport=transport) as client:
                    addresses.append((await client.get("/items")).extensions["exchange"].client)
                    await client.disconnect()
        self.assertEqual(addresses[0], addresses[1])
