"""The front end without a test class: a server to start, a client to ask it, and responses to look at."""

from fastapi_testing.standalone.client import AsyncTestClient
from fastapi_testing.standalone.config import Config, ConfigSettings, global_config
from fastapi_testing.standalone.response import AsyncTestResponse
from fastapi_testing.standalone.server import AsyncTestServer, create_test_server
from fastapi_testing.standalone.websocket import WebSocketConfig, WebSocketHelper

__all__ = [
    "AsyncTestClient",
    "AsyncTestResponse",
    "AsyncTestServer",
    "Config",
    "ConfigSettings",
    "WebSocketConfig",
    "WebSocketHelper",
    "create_test_server",
    "global_config",
]
