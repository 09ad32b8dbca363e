"""The standalone front end with httpx2."""

import unittest
from typing import Any

import httpx2
from fastapi import FastAPI, WebSocket

from fastapi_testing import AsyncClassTestCase, AsyncTestClient, Config, WebSocketConfig, create_test_server
from fastapi_testing import httpx2 as second

__all__: list[str] = []

app = FastAPI()


@app.get("/item")
async def item() -> dict[str, str]:
    """Answer."""
    return {"name": "Widget"}


@app.websocket("/ws")
async def ws(websocket: WebSocket) -> None:
    """Say a header of the handshake."""
    await websocket.accept()
    await websocket.send_text(websocket.headers["x-own"])
    await websocket.receive()


class ServerTests(AsyncClassTestCase):
    """A server whose client is of httpx2."""

    async def test_client(self) -> None:
        """Its responses are, and its errors; a client that is made again is of the same library."""
        async with create_test_server(app, http_library="httpx2") as server:
            for _ in range(2):
                self.assertIs(type(server.client.http), second.Client)
                response = await (await server.client.get("/item")).expect_status(200)
                self.assertEqual(await response.json(), {"name": "Widget"})
                self.assertIsInstance(response.headers, httpx2.Headers)
                await server.client.close()
            client = server.client
            opened = await client.websocket("/ws", WebSocketConfig(extra_headers={"X-Own": "1"}))
            self.assertEqual(await client.ws.receive_text(opened), "1")
        with self.assertRaisesRegex(httpx2.ConnectError, "^GET http://127.0.0.1:[0-9]+/item: cannot connect"):
            await client.get("/item")

    async def test_limits(self) -> None:
        """A request that waits too long for its turn gets httpx2's error."""
        options: Any = {"http_library": "httpx2", "config": Config(http_max_connections=1)}
        async with create_test_server(app, **options) as server, server.client.http.stream("GET", "/item"):
            with self.assertRaisesRegex(httpx2.PoolTimeout, "/item: every connection was in use for 0.01 s$"):
                await server.client.get("/item", timeout=0.01)


class RefusalTests(unittest.TestCase):
    """What is no library."""

    def test_unknown(self) -> None:
        """Server and client refuse it where they are made."""
        options: Any = {"http_library": "requests"}
        for make in (lambda: create_test_server(app, **options), lambda: AsyncTestClient("http://a", **options)):
            with self.assertRaisesRegex(ValueError, "^http_library must be 'httpx' or 'httpx2', got 'requests'$"):
                make()
