"""The WebSocket client of a plain test: websockets' own, which waits, beside an HTTP client that it takes after."""

import logging
import socket
import ssl as ssl_module
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Unpack, cast

import httpx
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import enable_client_permessage_deflate
from websockets.frames import CloseCode
from websockets.headers import validate_subprotocols
from websockets.uri import parse_uri

from fastapi_testing.client.websocket.client import WebSocketClient
from fastapi_testing.client.websocket.handshake import (
    ConnectOptions,
    HandshakeOptions,
    Way,
)
from fastapi_testing.client.websocket.sync_following import WaitingHandshakes
from fastapi_testing.client.websocket.sync_session import SyncWebSocketSession
from fastapi_testing.hints.foreign import explain_keywords
from fastapi_testing.hints.names import CONNECT_KEYWORDS
from fastapi_testing.server.clock import RealClock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from websockets.typing import Subprotocol

    from fastapi_testing.server.threads.loop_thread import LoopThread

__all__ = ["SyncWebSocketClient"]

_DEFAULTS: "ConnectOptions" = {  # type: ignore[assignment]  # every option of the one is an option of the other
    name: parameter.default
    for name, parameter in signature(WebSocketClient.connect).parameters.items()
    if parameter.kind is Parameter.KEYWORD_ONLY
}

_OF_THE_REQUEST = ("params", "headers", "cookies", "origin")

_logger = logging.getLogger("websockets.client")


class SyncWebSocketClient(WaitingHandshakes):
    """
    Opens WebSocket connections to the test server as the client does: same cookies, same headers.

    Args:
        client: The HTTP client, whose ``base_url`` is the test server.
        thread: The thread of an event loop, such as the server's, on which nothing may wait for a handshake. Sessions
            wait there for the end of the app's call; without a thread, they do not.
        **options: As for :class:`~fastapi_testing.WebSocketClient`.
    """

    def __init__(
        self, client: httpx.Client, *, thread: "LoopThread | None" = None, **options: Unpack[HandshakeOptions]
    ) -> None:
        super().__init__(client, **options)
        self._thread = thread

    @explain_keywords(CONNECT_KEYWORDS)
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
        if unknown := options.keys() - _DEFAULTS.keys():
            raise TypeError(f"connect() got an unexpected keyword argument {min(unknown)!r}")
        if self._thread is not None and self._thread.is_current():
            raise self._thread.own_loop()
        chosen = _DEFAULTS | options
        timeout = _either(chosen["timeout"], self.timeout)
        open_timeout = _either(chosen["open_timeout"], timeout)
        request = self._build_request(path, **{name: chosen[name] for name in _OF_THE_REQUEST})  # type: ignore[literal-required]
        return self._open(request, chosen, timeout, open_timeout, settle=chosen["settle"])

    def _close_all(self, sessions: list[SyncWebSocketSession]) -> None:
        with ThreadPoolExecutor(len(sessions)) as threads:
            list(threads.map(_go_away, sessions))

    def _reach(self, request: httpx.Request, options: ConnectOptions, seconds: float) -> SyncWebSocketSession:
        return self._authenticate(request, partial(self._shake_hands, options, RealClock.now() + seconds))

    def _shake_hands(self, options: ConnectOptions, deadline: float, request: httpx.Request) -> SyncWebSocketSession:
        way = self._way_of(request)
        protocol = _make_protocol(way, options)
        session = SyncWebSocketSession(
            _open_socket(way, options["ssl"] or self._ssl, deadline),
            protocol,
            ping_interval=options["ping_interval"],
            ping_timeout=options["ping_timeout"],
            close_timeout=options["close_timeout"],
            max_queue=options["max_queue"],
            settling=self._settling,
            thread=self._thread,
        )
        try:
            # The client's User-Agent is among the headers.
            session.handshake(way.headers, None, max(0.0, deadline - RealClock.now()))
        except BaseException:
            session.cut()
            raise
        return session


def _make_protocol(way: Way, options: ConnectOptions) -> ClientProtocol:
    subprotocols = cast("Sequence[Subprotocol] | None", options["subprotocols"])
    if subprotocols is not None:
        validate_subprotocols(subprotocols)
    return ClientProtocol(
        parse_uri(way.uri),
        extensions=enable_client_permessage_deflate(None) if options["compression"] == "deflate" else None,
        subprotocols=subprotocols,
        max_size=options["max_size"],
        logger=_logger,
    )


def _open_socket(way: Way, context: ssl_module.SSLContext | None, deadline: float) -> socket.socket:
    with ExitStack() as stack:
        sock = socket.create_connection(way.address, timeout=max(0.001, deadline - RealClock.now()))
        stack.callback(sock.close)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if way.server_name is not None:
            sock = (context or ssl_module.create_default_context()).wrap_socket(sock, server_hostname=way.server_name)
        sock.settimeout(None)
        stack.pop_all()
    return sock


def _either(given: float | None, otherwise: float) -> float:
    return otherwise if given is None else given


def _go_away(session: SyncWebSocketSession) -> None:
    session.disconnect(CloseCode.GOING_AWAY)
