"""
The exceptions that fastapi_testing raises.

Every one of them is a :exc:`FastAPITestingError`::

    FastAPITestingError
    ├── ConfigurationError (ValueError)
    ├── ForeignURLError (ValueError)
    ├── InvalidResponseTypeError (TypeError, AttributeError)
    ├── IsolationError (RuntimeError)
    └── ServerError (RuntimeError)
        ├── ServerNotRunningError
        ├── ServerShutdownError
        └── ServerStartupError

A wrong argument raises the built-in :exc:`TypeError` or :exc:`ValueError`. What httpx and websockets raise
(:exc:`httpx.ReadTimeout`, :exc:`websockets.exceptions.ConnectionClosed`) passes through as it is.
"""

__all__ = [
    "ConfigurationError",
    "FastAPITestingError",
    "ForeignURLError",
    "InvalidResponseTypeError",
    "IsolationError",
    "ServerError",
    "ServerNotRunningError",
    "ServerShutdownError",
    "ServerStartupError",
]


class FastAPITestingError(Exception):
    """Base of every exception that fastapi_testing raises."""


class ConfigurationError(FastAPITestingError, ValueError):
    """
    A setting cannot be what it was said to be.

    Attributes:
        source: Where it was said: a file, ``"environment"``, or the code that did.
        key: The setting or the environment variable; None where the source as a whole is at fault.
        value: What it was said to be.
        expected: What would have been right.
    """

    def __init__(self, source: str, expected: str, key: str | None = None, value: object = None) -> None:
        setting = "" if key is None else f"{key} = {value!r}: "
        super().__init__(f"{source}: {setting}expected {expected}")
        self.source = source
        self.expected = expected
        self.key = key
        self.value = value

    def __reduce__(self) -> tuple[type["ConfigurationError"], tuple[str, str, str | None, object]]:
        return type(self), (self.source, self.expected, self.key, self.value)


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


class InvalidResponseTypeError(FastAPITestingError, TypeError, AttributeError):
    """
    Something of HTTP was asked of a WebSocket connection, or the other way round.

    It is an :exc:`AttributeError` too, so that ``hasattr()`` says what a response has.
    """


class IsolationError(FastAPITestingError, RuntimeError):
    """
    What is done to the database does not go with the ``isolation`` of the class.

    Such as a rollback that would take with it what others have written on the one connection of ``"rollback"``, or a
    transaction that a test leaves open where its rows are to be removed.
    """


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
