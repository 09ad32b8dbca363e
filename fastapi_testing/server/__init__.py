"""How an app is served: uvicorn on a loopback socket, started and stopped without a wasted moment."""

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
