"""The assertions on WebSockets, with the sessions that httpx2 has itself."""

import sys
from typing import Any
from unittest import mock

import httpx2
from fastapi import FastAPI, WebSocket
from httpx2.websockets import WebSocketUpgradeError
from websockets.asyncio.server import ServerConnection, serve

from fastapi_testing import AsyncServerTestCase, ServerTestCase
from tests.timing import MS

app = FastAPI()


@app.websocket("/chat")
async def chat(websocket: WebSocket) -> None:
    """Say what the query asks for, and close with its code; without one, wait."""
    await websocket.accept()
    for text in websocket.query_params.getlist("text"):
        await websocket.send_text(text)
    await websocket.send_bytes(b"\x00")
    if code := websocket.query_params.get("code"):
        await websocket.close(int(code), "done")
    else:
        await websocket.receive()


class AsyncTests(AsyncServerTestCase):
    """Those that are awaited."""

    app = app
    client: Any  # the WebSockets of httpx2 are not those of the client that a checker sees
    http_library = "httpx2"

    async def test_messages(self) -> None:
        """Messages of both kinds are received, and a failure names the WebSocket."""
        async with self.client.websocket('/chat?text={"a":1}&text=b&text=c') as session:
            self.assertEqual(await self.assertWebSocketReceives(session, {"a": 1}), {"a": 1})
            await self.assertWebSocketReceivesAll(session, ["c", "b"])
            await self.assertWebSocketReceives(session, b"\x00")
            await self.assertWebSocketReceivesNothing(session, 10 * MS)
            for assertion in (
                self.assertWebSocketReceives(session, "d", timeout=10 * MS),
                self.assertWebSocketClosed(session, timeout=10 * MS),
            ):
                with self.assertRaisesRegex(AssertionError, "^WebSocket /chat.text=.*, got no (message|close) within"):
                    await assertion

    async def test_closed(self) -> None:
        """So is the close, with its code and reason."""
        async with self.client.websocket("/chat?code=4001") as session:
            await self.assertWebSocketReceives(session, b"\x00")
            await self.assertWebSocketClosed(session, 4001, "done")
        async with self.client.websocket("/chat?code=4001") as session:
            await session.receive_bytes()
            with self.assertRaisesRegex(AssertionError, 'expected "a", got close code 4001 "done"$'):
                await self.assertWebSocketReceives(session, "a")

    async def test_stock(self) -> None:
        """A session that the test has opened by a client of its own is taken as well."""
        async with httpx2.AsyncClient() as client, client.websocket(f"{self.server.ws_url}/chat?text=a") as session:
            await self.assertWebSocketReceives(session, "a")

    async def test_broken_off(self) -> None:
        """A connection that ends without a close frame is closed with 1006."""

        async def cut(peer: ServerConnection) -> None:
            peer.transport.abort()

        async with serve(cut, "127.0.0.1", 0, compression=None) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            async with httpx2.AsyncClient() as client, client.websocket(f"ws://127.0.0.1:{port}/a") as session:
                await self.assertWebSocketClosed(session, 1006)

    async def test_rejected(self) -> None:
        """A rejection has the response, and the assertion for it says what goes with it."""
        with self.assertRaises(WebSocketUpgradeError) as caught:
            await self.enterAsyncContext(self.client.websocket("/no"))
        self.assertStatus(caught.exception.response, 403)
        with self.assertRaisesRegex(TypeError, "is not understood: give a path, or what connects when it is awaited"):
            await self.assertWebSocketRejected(self.client.websocket("/no"), 403)


class SyncTests(ServerTestCase):
    """Those that wait."""

    app = app
    client: Any  # the WebSockets of httpx2 are not those of the client that a checker sees
    http_library = "httpx2"

    def test_messages(self) -> None:
        """Messages of both kinds are received."""
        with self.client.websocket("/chat?text=a") as session:
            self.assertWebSocketReceives(session, "a")
            self.assertWebSocketReceives(session, b"\x00")
            self.assertWebSocketReceivesNothing(session, 10 * MS)

    def test_closed(self) -> None:
        """So is the close."""
        with self.client.websocket("/chat?code=4001") as session:
            self.assertWebSocketReceives(session, b"\x00")
            self.assertWebSocketClosed(session, 4001, "done")

    def test_rejected(self) -> None:
        """So it is in plain tests."""
        with self.assertRaises(WebSocketUpgradeError) as caught:
            self.enterContext(self.client.websocket("/no"))
        self.assertStatus(caught.exception.response, 403)
        with self.assertRaisesRegex(TypeError, "is not understood: give a path, or a function that connects"):
            self.assertWebSocketRejected(self.client.websocket("/no"), 403)

    def test_other_errors(self) -> None:
        """What else a session raises is raised, also where the WebSockets of httpx2 are not imported."""
        session: Any = mock.Mock(spec=["recv", "close"])
        session.recv.side_effect = LookupError
        with mock.patch.dict(sys.modules):
            for _ in range(2):
                with self.assertRaises(LookupError):
                    self.assertWebSocketReceives(session, "a")
                sys.modules.pop("httpx2.websockets", None)
