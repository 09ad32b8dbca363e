"""How an app is served: uvicorn on a loopback socket, started and stopped without a wasted moment."""

from fastapi_testing.server.exchange import Exchange
from fastapi_testing.server.ports import PortGenerator
from fastapi_testing.server.server import HTTPImplementation, LifespanMode, Server, ServerOptions
from fastapi_testing.server.thread import ServerThread
from fastapi_testing.server.tls import TLSOptions

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
