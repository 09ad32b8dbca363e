"""A unittest-native async test-case framework for FastAPI: real servers, real sockets."""

from typing import TYPE_CHECKING, Any

from fastapi_testing.assertions import (
    CookieAssertions,
    ErrorAssertions,
    EventAssertions,
    EventuallyAssertions,
    HTTPAssertions,
    JsonAssertions,
    ModelAssertions,
    OpenAPIAssertions,
    WebSocketAssertions,
)
from fastapi_testing.case import (
    AsyncClassTestCase,
    AsyncServerTestCase,
    UnusedOverrideWarning,
    override_dependencies,
    shard_tests,
)
from fastapi_testing.client import Client, ClientOptions, EventStream, WebSocketClient, WebSocketSession
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
from fastapi_testing.server import Exchange, PortGenerator, Server, ServerOptions, TLSOptions

if TYPE_CHECKING:
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
    "TLSOptions",
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


def __getattr__(name: str) -> Any:
    """Import the standalone front end when it is first used: a suite of test classes has no need of it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from fastapi_testing import standalone  # noqa: PLC0415 - that is the point

    return getattr(standalone, name)
