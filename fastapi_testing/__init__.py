"""A unittest-native async test-case framework for FastAPI: real servers, real sockets."""

from fastapi_testing.assertions import HTTPAssertions, JsonAssertions, WebSocketAssertions
from fastapi_testing.case import AsyncClassTestCase, AsyncServerTestCase
from fastapi_testing.client import Client, WebSocketClient, WebSocketSession
from fastapi_testing.errors import (
    FastAPITestingError,
    ForeignURLError,
    ServerError,
    ServerNotRunningError,
    ServerShutdownError,
    ServerStartupError,
)
from fastapi_testing.server import Server

__all__ = [
    "AsyncClassTestCase",
    "AsyncServerTestCase",
    "Client",
    "FastAPITestingError",
    "ForeignURLError",
    "HTTPAssertions",
    "JsonAssertions",
    "Server",
    "ServerError",
    "ServerNotRunningError",
    "ServerShutdownError",
    "ServerStartupError",
    "WebSocketAssertions",
    "WebSocketClient",
    "WebSocketSession",
]
