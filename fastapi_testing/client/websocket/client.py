"""The WebSocket client of a test: websockets' own, for one server only, beside an HTTP client that it takes after."""

import asyncio
import ssl as ssl_module
from collections.abc import Awaitable, Callable, Generator, Sequence
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, TypedDict, cast

import httpx
from httpx import _types as types
from websockets.asyncio.client import connect
from websockets.client import ClientProtocol
from websockets.frames import CloseCode
from websockets.typing import Subprotocol

from fastapi_testing.client.websocket.following import AwaitedHandshakes
from fastapi_testing.client.websocket.handshake import Way
from fastapi_testing.client.websocket.session import WebSocketSession
from fastapi_testing.hints.foreign import ForeignNames, WrongWith, explain_keywords
from fastapi_testing.hints.names import CONNECT_KEYWORDS, CONNECTING_NAMES
from fastapi_testing.server.aborting import abort

if TYPE_CHECKING:
    from fastapi_testing.client.transport.home import HomeLoop

__all__ = ["Connecting", "WebSocketClient", "WebSocketSession"]


class Connecting(ForeignNames):
    """
    A connection that opens when it is awaited, or entered with ``async with``, and not before.

    Each await and each ``async with`` opens a connection of its own. One that was awaited closes with ``close()``, or
    with the client; one that was entered closes with its block, with code 1011 if the block raises.

    Attributes:
        open_timeout: Seconds that the handshake may take.
    """

    _foreign = CONNECTING_NAMES

    def __init__(
        self,
        build_request: Callable[[], httpx.Request],
        open_session: Callable[[], Awaitable[WebSocketSession]],
        open_timeout: float,
    ) -> None:
        self.open_timeout = open_timeout
        self._build_request = build_request
        self._open_session = open_session
        self._entered: list[WebSocketSession] = []

    @property
    def target(self) -> str:
        """The request target, path and query, as errors name it."""
        return self._build_request().url.raw_path.decode()

    def __await__(self) -> Generator[Any, None, WebSocketSession]:
        return self._open_session().__await__()

    if not TYPE_CHECKING:  # pragma: no branch - a checker would take every name for one that is there
        __enter__ = __exit__ = WrongWith("async with self.ws.connect(path) as session:")

    async def __aenter__(self) -> WebSocketSession:
        session = await self
        self._entered.append(session)
        return session

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._entered.pop().__aexit__(exc_type, exc_value, traceback)


class WebSocketClient(AwaitedHandshakes):
    """
    Opens WebSocket connections to the test server as the client does: same cookies, same headers.

    Args:
        client: The HTTP client, whose ``base_url`` is the test server. Its cookies, headers, parameters and
            ``auth`` are sent, its cookie jar takes what a handshake sets, and its ``follow_redirects`` holds here too.
        timeout: Seconds that a handshake, and then a receive, may take where it is not told otherwise.
        ssl: The TLS context for a server of ``https://``; unless given, one that trusts public authorities.
        settling: How sessions end: by default, when the app's call has. With ``raise_server_exceptions``, an exception
            with which the app ends a WebSocket, or rejects a handshake, is raised where the test receives, sends,
            connects or leaves.
    """

    @explain_keywords(CONNECT_KEYWORDS)
    def connect(
        self,
        path: str | httpx.URL,
        *,
        params: types.QueryParamTypes | None = None,
        headers: types.HeaderTypes | None = None,
        cookies: types.CookieTypes | None = None,
        subprotocols: Sequence[str] | None = None,
        origin: str | None = None,
        timeout: float | None = None,
        open_timeout: float | None = None,
        close_timeout: float = 1.0,
        compression: Literal["deflate"] | None = None,
        max_size: int | None = 2**20,
        max_queue: int | None = 16,
        ping_interval: float | None = None,
        ping_timeout: float | None = 20.0,
        settle: bool | None = None,
        ssl: ssl_module.SSLContext | None = None,
    ) -> Connecting:
        """
        Open a WebSocket connection (RFC 6455 §4.1).

        ::

            async with self.ws.connect("/chat/lobby") as chat: ...
            chat = await self.ws.connect("/chat/lobby")

        Args:
            path: The path, or an absolute URL on the test server: ``ws://`` or ``http://``, ``wss://`` or ``https://``.
            params: Query parameters, merged with the client's.
            headers: Headers, merged with the client's. Those that make up the handshake itself are not sent.
            cookies: Cookies, merged with the client's.
            subprotocols: The subprotocols to offer, in order of preference; ``session.subprotocol`` is the choice.
            origin: The ``Origin`` header, as a browser sends it.
            timeout: Seconds that each receive may take; the client's ``timeout`` unless given.
            open_timeout: Seconds that the handshake may take; ``timeout`` unless given.
            close_timeout: Seconds that closing may take, before the connection is cut.
            compression: ``"deflate"`` offers compression (RFC 7692), which costs time and saves nothing on loopback.
            max_size: Bytes that a message may have; None for no limit.
            max_queue: Messages that may wait to be received before the server's sends are held back; None for any
                number.
            ping_interval: Seconds between keep-alive pings; None sends none.
            ping_timeout: Seconds that the server has to answer a keep-alive ping; None for no limit.
            settle: Whether closing waits until the app's call has ended; as with the client's requests unless given.
            ssl: The TLS context for a server of ``https://``; unless given, the client's.

        Returns:
            What is awaited or entered for a :class:`~fastapi_testing.client.websocket.session.WebSocketSession`.
            Doing so raises what follows.

        Raises:
            ForeignURLError: If the URL, or one it redirects to, is not on the test server.
            TimeoutError: If the handshake is not answered in time.
            OSError: If the server cannot be reached, or TLS fails.
            websockets.exceptions.InvalidStatus: If the server rejects the handshake: ``exc.response`` is its answer,
                ``exc.exchange`` what the server recorded of it; a note shows the app's traceback.
            websockets.exceptions.InvalidHandshake: If the answer is no valid one in another way.
            RuntimeError: If the client belongs to another event loop than the one that runs.
            httpx.TooManyRedirects: If redirects are followed and there is no end to them.
        """
        request = partial(self._build_request, path, params=params, headers=headers, cookies=cookies, origin=origin)
        options = _Options(
            subprotocols=cast("Sequence[Subprotocol] | None", subprotocols),
            close_timeout=close_timeout,
            compression=compression,
            max_size=max_size,
            max_queue=max_queue,
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
        )
        if (ssl := ssl or self._ssl) is not None:
            options["ssl"] = ssl
        timeout = self.timeout if timeout is None else timeout
        limit = timeout if open_timeout is None else open_timeout
        return Connecting(request, lambda: self._open(request(), options, timeout, limit, settle=settle), limit)

    def _make_session(self, protocol: ClientProtocol, **options: Any) -> WebSocketSession:
        return WebSocketSession(protocol, settling=self._settling, **options)

    async def _close_all(self, sessions: list[WebSocketSession]) -> None:
        try:
            await asyncio.gather(*(session.disconnect(CloseCode.GOING_AWAY) for session in sessions))
        finally:
            for session in sessions:  # one whose close was cancelled before it began is open yet
                abort(session.transport)

    async def _reach(self, request: httpx.Request, options: "_Options", seconds: float) -> WebSocketSession:
        home: HomeLoop | None = getattr(self._client, "_home", None)
        if home is not None:
            home.check()
        async with asyncio.timeout(seconds):
            return await self._authenticate(request, partial(self._shake_hands, options))

    async def _shake_hands(self, options: "_Options", request: httpx.Request) -> WebSocketSession:
        way = self._way_of(request)
        handshake = _Handshake(
            way.uri,
            additional_headers=way.headers,
            user_agent_header=None,  # the client's is among the headers
            open_timeout=None,  # _open() bounds all handshakes of a chain of redirects together
            create_connection=self._make_session,  # type: ignore[arg-type]  # a function will do
            proxy=None,
            **options,
            **_destination(way),
        )
        return cast("WebSocketSession", await handshake)


class _Options(TypedDict, total=False):
    """What passes through to :class:`websockets.asyncio.client.connect`."""

    subprotocols: Sequence[Subprotocol] | None
    close_timeout: float
    compression: str | None
    max_size: int | None
    max_queue: int | None
    ping_interval: float | None
    ping_timeout: float | None
    ssl: ssl_module.SSLContext


class _Destination(TypedDict, total=False):
    """Where the TCP connection goes, whatever the ``Host`` header says."""

    host: str
    port: int
    server_hostname: str


class _Handshake(connect):
    """One handshake: to follow a redirect, or not to, is left to the rules of httpx."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


def _destination(way: Way) -> _Destination:
    host, port = way.address
    if way.server_name is None:
        return _Destination(host=host, port=port)
    return _Destination(host=host, port=port, server_hostname=way.server_name)
