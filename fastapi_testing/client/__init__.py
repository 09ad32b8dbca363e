"""How a test talks to a server: httpx and websockets, for the test server only."""

from fastapi_testing.client.events import EventStream, EventStreamOptions
from fastapi_testing.client.http import Client, ClientOptions
from fastapi_testing.client.sync_events import SyncEventStream
from fastapi_testing.client.sync_http import SyncClient
from fastapi_testing.client.transport import LoopbackTransport
from fastapi_testing.client.websocket import WebSocketClient, WebSocketSession

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
