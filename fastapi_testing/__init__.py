"""A unittest-native async test-case framework for FastAPI: real servers, real sockets."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

import fastapi_testing.installed  # noqa: F401 - refuses what else there may be, before that is imported
from fastapi_testing.assertions import (
    CookieAssertions,
    ErrorAssertions,
    EventAssertions,
    EventuallyAssertions,
    HTTPAssertions,
    JsonAssertions,
    ModelAssertions,
    OpenAPIAssertions,
    SyncEventAssertions,
    SyncEventuallyAssertions,
    SyncWebSocketAssertions,
    TemplateAssertions,
    WebSocketAssertions,
)
from fastapi_testing.case import (
    AsyncClassTestCase,
    AsyncServerTestCase,
    ServerTestCase,
    UnusedOverrideWarning,
    override_dependencies,
    shard_tests,
)
from fastapi_testing.client import (
    Client,
    ClientOptions,
    EventStream,
    SyncClient,
    SyncEventStream,
    WebSocketClient,
    WebSocketSession,
)
from fastapi_testing.errors import (
    ConfigurationError,
    FastAPITestingError,
    ForeignURLError,
    InvalidResponseTypeError,
    IsolationError,
    ServerError,
    ServerNotRunningError,
    ServerShutdownError,
    ServerStartupError,
)
from fastapi_testing.server import Exchange, PortGenerator, Server, ServerOptions, ServerThread, TLSOptions

if TYPE_CHECKING:
    from fastapi_testing.client.websocket.sync_client import SyncWebSocketClient
    from fastapi_testing.client.websocket.sync_session import SyncWebSocketSession
    from fastapi_testing.standalone import (
        AsyncTestClient,
        AsyncTestResponse,
        AsyncTestServer,
        Config,
        WebSocketConfig,
        WebSocketHelper,
        create_test_server,
        global_config,
    )

__all__ = [
    "AsyncClassTestCase",
    "AsyncServerTestCase",
    "AsyncTestClient",
    "AsyncTestResponse",
    "AsyncTestServer",
    "Client",
    "ClientOptions",
    "Config",
    "ConfigurationError",
    "CookieAssertions",
    "ErrorAssertions",
    "EventAssertions",
    "EventStream",
    "EventuallyAssertions",
    "Exchange",
    "FastAPITestingError",
    "ForeignURLError",
    "HTTPAssertions",
    "InvalidResponseTypeError",
    "IsolationError",
    "JsonAssertions",
    "ModelAssertions",
    "OpenAPIAssertions",
    "PortGenerator",
    "Server",
    "ServerError",
    "ServerNotRunningError",
    "ServerOptions",
    "ServerShutdownError",
    "ServerStartupError",
    "ServerTestCase",
    "ServerThread",
    "SyncClient",
    "SyncEventAssertions",
    "SyncEventStream",
    "SyncEventuallyAssertions",
    "SyncWebSocketAssertions",
    "SyncWebSocketClient",
    "SyncWebSocketSession",
    "TLSOptions",
    "TemplateAssertions",
    "UnusedOverrideWarning",
    "WebSocketAssertions",
    "WebSocketClient",
    "WebSocketConfig",
    "WebSocketHelper",
    "WebSocketSession",
    "create_test_server",
    "global_config",
    "override_dependencies",
    "shard_tests",
]


_LATER = {
    "SyncWebSocketClient": "fastapi_testing.client.websocket.sync_client",
    "SyncWebSocketSession": "fastapi_testing.client.websocket.sync_session",
}
"""What is imported when it is first used, and from where; whatever else is missing is of the standalone front end."""


def __getattr__(name: str) -> Any:
    """Import what not every suite has a need of when it is first used: the standalone front end, plain WebSockets."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER.get(name, "fastapi_testing.standalone")), name)
