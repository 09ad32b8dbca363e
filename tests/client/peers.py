"""What the WebSocket tests talk to: an app on uvicorn, and peers of websockets for what an app cannot do."""

import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from unittest import IsolatedAsyncioTestCase

import httpx
from fastapi import FastAPI, Response, WebSocket
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websockets
from websockets.exceptions import ConnectionClosed

from fastapi_testing import Server
from fastapi_testing.client.websocket.client import WebSocketClient
from fastapi_testing.client.websocket.session import WebSocketSession
from tests.timing import MS

__all__ = ["TLS", "WebSocketTestCase", "deaf", "serve_peer", "speaker", "url_of"]

TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Shared, as httpx would make one for every client, and take its time."""

app = FastAPI()


@app.websocket("/echo")
async def echo(websocket: WebSocket) -> None:
    """Send back what comes."""
    await websocket.accept()
    while (message := await websocket.receive())["type"] == "websocket.receive":
        await websocket.send({**message, "type": "websocket.send"})


@app.websocket("/say")
async def say(websocket: WebSocket) -> None:
    """Send what the query asks for, then wait for the end."""
    await websocket.accept()
    for text in websocket.query_params.getlist("text"):
        await websocket.send_text(text)
    for data in websocket.query_params.getlist("hex"):
        await websocket.send_bytes(bytes.fromhex(data))
    await websocket.receive()


@app.websocket("/bye")
async def bye(websocket: WebSocket) -> None:
    """Send what the query asks for, and close with the code it names."""
    await websocket.accept()
    for text in websocket.query_params.getlist("text"):
        await websocket.send_text(text)
    await websocket.close(int(websocket.query_params["code"]), "done")


@app.websocket("/request/{name}")
async def request(websocket: WebSocket) -> None:
    """Say what the handshake asked for."""
    await websocket.accept(websocket.query_params.get("subprotocol"), headers=[(b"set-cookie", b"seen=yes; Path=/")])
    await websocket.send_json(
        {
            "path": websocket.url.path,
            "query": websocket.url.query,
            "cookies": websocket.cookies,
            "headers": dict(websocket.headers),
        }
    )
    await websocket.receive()


@app.websocket("/forbidden")
async def forbidden(websocket: WebSocket) -> None:
    """Reject the handshake."""
    await websocket.close()


@app.websocket("/denied")
async def denied(websocket: WebSocket) -> None:
    """Reject the handshake with a response of HTTP."""
    await websocket.send_denial_response(Response("Who are you?", 401, {"set-cookie": "asked=yes"}))


@app.websocket("/redirect")
async def redirect(websocket: WebSocket) -> None:
    """Redirect to where the query says."""
    headers = {"location": websocket.query_params["to"], "set-cookie": "redirected=yes; Path=/"}
    await websocket.send_denial_response(Response(status_code=307, headers=headers))


@contextlib.asynccontextmanager
async def serve_peer(handler: Callable[[ServerConnection], Awaitable[None]]) -> AsyncIterator[str]:
    """Serve one handler with websockets, for what an app cannot do; yield the server's URL."""
    async with serve_websockets(handler, "127.0.0.1", 0, close_timeout=0) as server:
        yield url_of(next(iter(server.sockets)))


def speaker(*messages: str) -> Callable[[ServerConnection], Awaitable[None]]:
    """Return a handler for serve_peer() that sends messages, and waits for the end."""

    async def handler(connection: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):  # by a client that is cut
            for message in messages:
                await connection.send(message)
        await connection.wait_closed()

    return handler


async def deaf(connection: ServerConnection) -> None:
    """Read nothing: no message, no ping and no close."""
    connection.transport.pause_reading()
    await connection.send("hello")
    await connection.wait_closed()


def url_of(sock: socket.socket) -> str:
    """Return the URL of the server that listens on a socket."""
    host, port = sock.getsockname()[:2]
    return f"http://{host}:{port}"


class WebSocketTestCase(IsolatedAsyncioTestCase):
    """A client for each test, of a server of its own."""

    async def asyncSetUp(self) -> None:
        """Serve the app."""
        self.url = (await self.enterAsyncContext(Server(app))).url
        self.client = await self.enterAsyncContext(self.new_client(self.url))
        self.ws = self.new_websocket_client(self.client)

    def new_client(self, url: str) -> httpx.AsyncClient:
        """Return an HTTP client of one server."""
        return httpx.AsyncClient(base_url=url, trust_env=False, verify=TLS)

    def new_websocket_client(self, client: httpx.AsyncClient) -> WebSocketClient:
        """Return a client whose sessions are closed after the test."""
        ws = WebSocketClient(client)
        self.addAsyncCleanup(ws.aclose)
        return ws

    async def connect_to_peer(
        self, handler: Callable[[ServerConnection], Awaitable[None]], **options: Any
    ) -> WebSocketSession:
        """Open a session with a peer of websockets that does what an app cannot."""
        url = await self.enterAsyncContext(serve_peer(handler))
        client = await self.enterAsyncContext(self.new_client(url))
        return await self.new_websocket_client(client).connect("/peer", close_timeout=50 * MS, **options)
