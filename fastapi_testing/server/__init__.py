"""How an app is served, by uvicorn on a loopback socket, and what happened inside."""

import fastapi_testing.installed  # noqa: F401 - where the other package's ``__init__.py`` is in place of ours
from fastapi_testing.server.recording.exchange import Exchange
from fastapi_testing.server.serving.options import (
    HTTPImplementation,
    LifespanMode,
    ServerOptions,
    WebSocketImplementation,
    check_options,
    refuse_options,
)
from fastapi_testing.server.serving.ports import PortGenerator
from fastapi_testing.server.serving.server import Server
from fastapi_testing.server.serving.thread import ServerThread
from fastapi_testing.server.tls.options import TLSOptions

__all__ = [
    "Exchange",
    "HTTPImplementation",
    "LifespanMode",
    "PortGenerator",
    "Server",
    "ServerOptions",
    "ServerThread",
    "TLSOptions",
    "WebSocketImplementation",
    "check_options",
    "refuse_options",
]
