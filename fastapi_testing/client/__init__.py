"""How a test talks to a server: httpx or httpx2, and websockets, for the test server only."""

from fastapi_testing.client.events.reader import EventStreamOptions
from fastapi_testing.client.events.stream import EventStream
from fastapi_testing.client.events.sync_stream import SyncEventStream
from fastapi_testing.client.http.client import Client
from fastapi_testing.client.http.one_server import ClientOptions
from fastapi_testing.client.http.sync_client import SyncClient
from fastapi_testing.client.transport.loopback import LoopbackTransport
from fastapi_testing.client.websocket.client import WebSocketClient, WebSocketSession

__all__ = [
    "Client",
    "ClientOptions",
    "EventStream",
    "EventStreamOptions",
    "LoopbackTransport",
    "SyncClient",
    "SyncEventStream",
    "WebSocketClient",
    "WebSocketSession",
]
