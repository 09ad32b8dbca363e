"""The connections to the test server, which the clients of a class share."""

import ssl

import httpx

__all__ = ["LoopbackTransport"]


class LoopbackTransport(httpx.AsyncHTTPTransport):
    """
    A pool of keep-alive connections to a server on this machine, without what only other servers need.

    It makes no SSL context from the system's certificates (30 ms in httpx), reads no environment variables, and keeps
    connections for as long as it is open.
    """

    def __init__(self) -> None:
        super().__init__(
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            trust_env=False,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=None),
        )
