"""How an app is served: uvicorn on a loopback socket, started and stopped without a wasted moment."""

from fastapi_testing.server.server import HTTPImplementation, LifespanMode, Server, ServerOptions

__all__ = ["HTTPImplementation", "LifespanMode", "Server", "ServerOptions"]
