"""
The exceptions that fastapi_testing raises.

Every one of them is a :exc:`FastAPITestingError`::

    FastAPITestingError
    ├── ForeignURLError (ValueError)
    └── ServerError (RuntimeError)
        ├── ServerNotRunningError
        ├── ServerShutdownError
        └── ServerStartupError

A wrong argument raises the built-in :exc:`TypeError` or :exc:`ValueError`. What httpx and websockets raise
(:exc:`httpx.ReadTimeout`, :exc:`websockets.exceptions.ConnectionClosed`) passes through as it is.
"""

__all__ = [
    "FastAPITestingError",
    "ForeignURLError",
    "ServerError",
    "ServerNotRunningError",
    "ServerShutdownError",
    "ServerStartupError",
]


class FastAPITestingError(Exception):
    """Base of every exception that fastapi_testing raises."""


class ForeignURLError(FastAPITestingError, ValueError):
    """
    A client of the test server was asked for a URL of another origin.

    Raised before anything is sent, also where a redirect leads away from the test server.

    Attributes:
        url: The URL that was asked for.
        origin: The only origin (RFC 6454) that the client speaks to.
    """

    def __init__(self, url: str, origin: str) -> None:
        super().__init__(
            f"{url} is not on the test server at {origin}: this client speaks to the test server only; "
            f"give it a path such as '/items', or use a client of your own for other servers"
        )
        self.url = url
        self.origin = origin

    def __reduce__(self) -> tuple[type["ForeignURLError"], tuple[str, str]]:
        return type(self), (self.url, self.origin)


class ServerError(FastAPITestingError, RuntimeError):
    """Base of what can go wrong with a :class:`~fastapi_testing.Server`."""


class ServerNotRunningError(ServerError):
    """Something was asked of a server that has not been started, or has been stopped."""


class ServerShutdownError(ServerError):
    """
    The server is stopped, but not everything it ran ended well.

    Raised after the socket is closed: the app's lifespan failed or hung in its shutdown, or a request was still
    being handled when ``shutdown_timeout`` was over.
    """


class ServerStartupError(ServerError):
    """
    The server could not start; nothing is left bound or running.

    ``__cause__`` is the app's own exception where there is one.
    """
