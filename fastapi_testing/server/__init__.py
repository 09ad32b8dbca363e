"""How an app is served, by uvicorn on a loopback socket, and what happened inside."""

from fastapi_testing.server.recording.exchange import Exchange
from fastapi_testing.server.serving.ports import PortGenerator
from fastapi_testing.server.serving.server import HTTPImplementation, LifespanMode, Server, ServerOptions
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
]
