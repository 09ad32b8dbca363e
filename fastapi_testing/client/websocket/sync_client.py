"""The WebSocket client of a plain test: websockets' own, which waits, beside an HTTP client that it takes after."""

import logging
import socket
import ssl as ssl_module
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Unpack, cast
from weakref import WeakSet

import httpx
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.extensions.permessage_deflate import enable_client_permessage_deflate
from websockets.frames import CloseCode
from websockets.headers import validate_subprotocols
from websockets.protocol import State
from websockets.uri import parse_uri

from fastapi_testing.client.websocket.handshake import (
    ConnectOptions,
    Handshakes,
    address_of,
    headers_of,
    unanswered,
    websocket_uri,
)
from fastapi_testing.client.websocket.sync_session import SyncWebSocketSession
from fastapi_testing.server.clock import RealClock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from websockets.typing import Subprotocol

    from fastapi_testing.server.threads.loop_thread import LoopThread

__all__ = ["SyncWebSocketClient"]

_DEFAULTS = ConnectOptions(
    params=None,
    headers=None,
    cookies=None,
    subprotocols=None,
    origin=None,
    timeout=None,
    open_timeout=None,
    close_timeout=1.0,
    compression=None,
    max_size=2**20,
    max_queue=16,
    ping_interval=None,
    ping_timeout=20.0,
    ssl=None,
)

_OF_THE_REQUEST = ("params", "headers", "cookies", "origin")

_logger = logging.getLogger("websockets.client")


class SyncWebSocketClient(Handshakes):
    """
    Opens WebSocket connections to the test server as the client does: same cookies, same headers.

    Args:
        client: The HTTP client, whose ``base_url`` is the test server. Its cookies, headers and parameters are sent,
            its cookie jar takes what a handshake sets, and its ``follow_redirects`` holds here too.
        thread: The thread of an event loop, such as the server's, on which nothing may wait for a handshake.
        timeout: Seconds that a handshake, and then a receive, may take where it is not told otherwise.
        ssl: The TLS context for a server of ``https://``; unless given, one that trusts public authorities.
        raise_server_exceptions: Whether an exception with which the app ends a WebSocket, or rejects a handshake, is
            raised where the test receives, sends or connects.
    """

    def __init__(
        self,
        client: httpx.Client,
        *,
        thread: "LoopThread | None" = None,
        timeout: float = 5.0,
        ssl: ssl_module.SSLContext | None = None,
        raise_server_exceptions: bool = False,
    ) -> None:
        super().__init__(client, timeout=timeout)
        self._raise_server_exceptions = raise_server_exceptions
        self._ssl = ssl
        self._thread = thread
        self._sessions: WeakSet[SyncWebSocketSession] = WeakSet()

    def connect(self, path: str | httpx.URL, **options: Unpack[ConnectOptions]) -> SyncWebSocketSession:
        """
        Open a WebSocket connection (RFC 6455 §4.1).

        ::

            with self.ws.connect("/chat/lobby") as chat: ...

        A session that is no context closes with ``close()``, or with the client.

        Args:
            path: The path, or an absolute URL on the test server: ``ws://`` or ``http://``, ``wss://`` or ``https://``.
            **options: As for :meth:`WebSocketClient.connect <fastapi_testing.WebSocketClient.connect>`, which raises
                the same.
        """
        if unknown := options.keys() - ConnectOptions.__annotations__.keys():
            raise TypeError(f"connect() got an unexpected keyword argument {min(unknown)!r}")
        if self._thread is not None and self._thread.is_current():
            raise self._thread.own_loop()
        chosen = _DEFAULTS | options
        timeout = _either(chosen["timeout"], self.timeout)
        open_timeout = _either(chosen["open_timeout"], timeout)
        request = self._build_request(path, **{name: chosen[name] for name in _OF_THE_REQUEST})  # type: ignore[literal-required]
        try:
            session = self._follow(request, chosen, RealClock.now() + open_timeout)
        except TimeoutError:
            raise unanswered(request, open_timeout) from None
        session.timeout = timeout
        self._sessions.add(session)
        return session

    def close(self) -> None:
        """
        Close every session that is still open, all at once, with code 1001 (RFC 6455 §7.4.1).

        Each has its ``close_timeout`` to do so; then its connection is cut.
        """
        still_open = [session for session in self._sessions if session.state is not State.CLOSED]
        if still_open:
            with ThreadPoolExecutor(len(still_open)) as threads:
                list(threads.map(_go_away, still_open))

    def _follow(self, request: httpx.Request, options: ConnectOptions, deadline: float) -> SyncWebSocketSession:
        """Shake hands where the request leads, by the rules of the httpx client."""
        for _ in range(self._client.max_redirects + 1):
            try:
                session = self._shake_hands(request, options, deadline)
            except InvalidStatus as exc:
                request = self._after(exc, request)
            else:
                self._accepted(session.response, request)
                return session
        raise httpx.TooManyRedirects("Exceeded maximum allowed redirects.", request=request)

    def _shake_hands(self, request: httpx.Request, options: ConnectOptions, deadline: float) -> SyncWebSocketSession:
        self._check_origin(request.url)
        protocol = _make_protocol(request, options)
        session = SyncWebSocketSession(
            _open_socket(request.url, options["ssl"] or self._ssl, deadline),
            protocol,
            ping_interval=options["ping_interval"],
            ping_timeout=options["ping_timeout"],
            close_timeout=options["close_timeout"],
            max_queue=options["max_queue"],
            raise_server_exceptions=self._raise_server_exceptions,
        )
        try:
            # The client's User-Agent is among the headers.
            session.handshake(headers_of(request), None, max(0.0, deadline - RealClock.now()))
        except BaseException:
            session.cut()
            raise
        return session


def _make_protocol(request: httpx.Request, options: ConnectOptions) -> ClientProtocol:
    subprotocols = cast("Sequence[Subprotocol] | None", options["subprotocols"])
    if subprotocols is not None:
        validate_subprotocols(subprotocols)
    return ClientProtocol(
        parse_uri(websocket_uri(request)),
        extensions=enable_client_permessage_deflate(None) if options["compression"] == "deflate" else None,
        subprotocols=subprotocols,
        max_size=options["max_size"],
        logger=_logger,
    )


def _open_socket(url: httpx.URL, context: ssl_module.SSLContext | None, deadline: float) -> socket.socket:
    with ExitStack() as stack:
        sock = socket.create_connection(address_of(url), timeout=max(0.001, deadline - RealClock.now()))
        stack.callback(sock.close)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if url.scheme == "https":
            sock = (context or ssl_module.create_default_context()).wrap_socket(sock, server_hostname=url.host)
        sock.settimeout(None)
        stack.pop_all()
    return sock


def _either(given: float | None, otherwise: float) -> float:
    return otherwise if given is None else given


def _go_away(session: SyncWebSocketSession) -> None:
    session.close(CloseCode.GOING_AWAY)
