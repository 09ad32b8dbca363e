"""The opening handshake of a WebSocket (RFC 6455 §4.1) as httpx would send it: what both kinds of clients share."""

import ssl as ssl_module
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypedDict

import httpx
from httpx import _types as types
from websockets.exceptions import InvalidStatus
from websockets.http11 import Response

from fastapi_testing.client.library import library_of
from fastapi_testing.client.wrappers.names import OwnOrigins, host_of, origin_of
from fastapi_testing.client.wrappers.origin import foreign
from fastapi_testing.client.wrappers.settling import Settling
from fastapi_testing.hints.foreign import ForeignNames
from fastapi_testing.hints.names import WEBSOCKET_CLIENT_NAMES
from fastapi_testing.server.recording.exchange import Exchange

if TYPE_CHECKING:
    from httpx._client import BaseClient

__all__ = [
    "ConnectOptions",
    "HandshakeOptions",
    "Handshakes",
    "Way",
    "answer_of",
    "unanswered",
]

_HTTP_SCHEMES = {"ws": "http", "wss": "https"}
_WS_SCHEMES = {"http": "ws", "https": "wss"}

_NOTHING: Mapping[str, str] = {}

_NOT_SENT = frozenset(
    {
        "accept-encoding",  # a WebSocket negotiates its compression as an extension
        "connection",
        "content-length",
        "host",  # goes as the authority of the URL: websockets would send a second one
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers of an HTTP request that are not the client's to choose in a handshake, besides ``Sec-WebSocket-*``."""


class ConnectOptions(TypedDict, total=False):
    """The keyword arguments of :meth:`WebSocketClient.connect <fastapi_testing.WebSocketClient.connect>`."""

    params: types.QueryParamTypes | None
    headers: types.HeaderTypes | None
    cookies: types.CookieTypes | None
    subprotocols: Sequence[str] | None
    origin: str | None
    timeout: float | None
    open_timeout: float | None
    close_timeout: float
    compression: Literal["deflate"] | None
    max_size: int | None
    max_queue: int | None
    ping_interval: float | None
    ping_timeout: float | None
    settle: bool | None
    ssl: ssl_module.SSLContext | None


class HandshakeOptions(TypedDict, total=False):
    """The keyword arguments of :class:`~fastapi_testing.WebSocketClient`."""

    timeout: float
    ssl: ssl_module.SSLContext | None
    settling: Settling | None


class Way:
    """
    How a handshake gets to the server.

    Args:
        request: What is asked for.
        server: A URL of where the server listens, of ``https`` or ``http``.
        forwarded: The headers that a proxy adds.

    Attributes:
        address: The host and the port that the TCP connection leads to, whatever the ``Host`` header says.
        server_name: The name that the certificate has to have; None where there is no TLS.
        uri: The URL for websockets, which sends its authority as the ``Host`` header.
        headers: What the handshake sends besides its own.
    """

    def __init__(self, request: httpx.Request, server: httpx.URL, forwarded: Mapping[str, str] = _NOTHING) -> None:
        self.address: tuple[str, int] = server.host, server.port or {"http": 80, "https": 443}[server.scheme]
        self.server_name: str | None = host_of(request.url) if server.scheme == "https" else None
        self.uri: str = _websocket_uri(request, server.scheme)
        sent = [item for item in request.headers.multi_items() if _is_sent(item[0])]
        self.headers: list[tuple[str, str]] = [*sent, *forwarded.items()]


class Handshakes(ForeignNames):
    """What a handshake to one server only sends and takes, after an HTTP client."""

    _foreign = WEBSOCKET_CLIENT_NAMES
    timeout: float
    _client: "BaseClient"

    def _build_request(self, path: str | httpx.URL, *, origin: str | None, **merged: Any) -> httpx.Request:
        """Have httpx merge what the client says with what the call says."""
        has_scheme = not isinstance(path, str) or "://" in path
        # A plain path stays one: the client remembers how it is merged (30 us otherwise).
        url = _with_scheme(library_of(self._client).URL(path), _HTTP_SCHEMES) if has_scheme else path
        request = self._client.build_request("GET", url, **merged)
        if origin is not None:
            request.headers["Origin"] = origin
        return request

    def _way_of(self, request: httpx.Request) -> Way:
        """Return how a handshake gets to the server; refuse one that does not lead there."""
        url = request.url
        origins: OwnOrigins = getattr(self._client, "_origins", None) or OwnOrigins(str(self._client.base_url))
        if origins.is_server(url):
            return Way(request, url)
        if not origins.is_named(url):
            raise foreign(str(_with_scheme(url, _WS_SCHEMES)), url, origins)
        return Way(request, origins.server, origins.forwarded_headers(url, request.headers))

    def _accepted(self, answer: Response | None, request: httpx.Request) -> None:
        if answer is not None and "Set-Cookie" in answer.headers:
            self._take_cookies(answer, request, None)

    def _after(self, rejected: InvalidStatus, request: httpx.Request) -> httpx.Request:
        """Return the request that a redirect asks for; raise the rejection where it is none, or not followed."""
        answer = self._take_cookies(rejected.response, request, getattr(rejected, "exchange", None))
        if not (self._client.follow_redirects and answer.has_redirect_location):
            raise rejected
        return self._redirected(answer)

    def _take_cookies(self, answer: Response, request: httpx.Request, exchange: Exchange | None) -> httpx.Response:
        response = answer_of(answer, request)
        response.extensions["exchange"] = exchange
        self._client.cookies.extract_cookies(response)
        return response

    def _redirected(self, answer: httpx.Response) -> httpx.Request:
        """Return the request that a redirect asks for, with the cookies that the client has by now, as httpx does."""
        url = _with_scheme(answer.request.url.join(answer.headers["Location"]), _HTTP_SCHEMES)
        headers = answer.request.headers.copy()
        headers.pop("Cookie", None)
        if origin_of(url) != origin_of(answer.request.url):
            del headers["Host"]  # it is made of the URL
            if not _is_to_https(answer.request.url, url):
                headers.pop("Authorization", None)  # one name's password is not another's
        request: httpx.Request = library_of(answer.request).Request(
            "GET", url, headers=headers, cookies=self._client.cookies
        )
        return request


def answer_of(answer: Response, request: httpx.Request) -> httpx.Response:
    """Return the answer to a handshake as the library of its request knows it."""
    headers = list(answer.headers.raw_items())
    known: httpx.Response = library_of(request).Response(answer.status_code, headers=headers, request=request)
    return known


def unanswered(request: httpx.Request, seconds: float) -> TimeoutError:
    """Return what to raise where a handshake has no answer in time."""
    target = request.url.raw_path.decode()
    return TimeoutError(f"WebSocket {target}: the handshake was not answered within {seconds:g} s")


def _websocket_uri(request: httpx.Request, scheme: str) -> str:
    path, question_mark, query = request.url.raw_path.decode().partition("?")
    # websockets parses with urlparse(), which sets the last segment's ";parameters" apart, and never sends them.
    path = path.replace(";", "%3B")
    return f"{_WS_SCHEMES[scheme]}://{request.headers['Host']}{path}{question_mark}{query}"


def _with_scheme(url: httpx.URL, schemes: dict[str, str]) -> httpx.URL:
    scheme = schemes.get(url.scheme)
    return url if scheme is None else url.copy_with(scheme=scheme)


def _is_to_https(url: httpx.URL, other: httpx.URL) -> bool:
    """Tell whether a redirect leads to TLS and else to the same: such a one keeps what httpx takes away from others."""
    ports = (url.port, other.port) == (None, None)
    return url.host == other.host and ports and (url.scheme, other.scheme) == ("http", "https")


def _is_sent(header: str) -> bool:
    name = header.lower()
    return name not in _NOT_SENT and not name.startswith("sec-websocket-")
