"""What clients do once here, and not again for every request: all that httpx and httpx2 document stays as it is."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import httpx

from fastapi_testing.client.transport.body import WholeBody
from fastapi_testing.client.wrappers.names import parse_url
from fastapi_testing.client.wrappers.withheld import REFUSALS, note_withheld
from fastapi_testing.hints.foreign import ForeignNames, explain_keywords
from fastapi_testing.hints.names import CLIENT_NAMES, REQUEST_KEYWORDS

if TYPE_CHECKING:
    from httpx import Cookies
    from httpx._client import BaseClient
else:
    BaseClient = Cookies = object

__all__ = ["Remembering", "explaining", "its_own", "same_for"]

_WITHOUT_BODY = frozenset({"DELETE", "GET", "HEAD", "OPTIONS"})
"""Methods whose requests say nothing about a body that they do not have (RFC 9110 §8.6)."""


class Remembering(ForeignNames, BaseClient):
    """
    What a client of either kind does once, and not for every request.

    Merging a URL with the base URL takes httpx 20 µs, looking for cookies where there are none 17 µs, and merging
    the headers of a plain request 8 µs: together a sixth of a whole request. What it does for authentication, hooks and
    redirects where there are none takes another twentieth.

    Args:
        base_url: As for :class:`httpx.AsyncClient`.
        transport: What requests go through.
        cookies: As for :class:`httpx.AsyncClient`.
        default_encoding: As for :class:`httpx.AsyncClient`.
        **options: As for :class:`httpx.AsyncClient`.
    """

    _foreign = CLIENT_NAMES

    _library: ClassVar[Any]
    _same: ClassVar["_Same"]
    _mounts: dict[Any, Any]

    def __init__(
        self,
        *,
        base_url: str,
        transport: Any,
        cookies: Any = None,
        default_encoding: str | Callable[[bytes], str] = "utf-8",
        **options: Any,
    ) -> None:
        options |= {"transport": transport, "default_encoding": default_encoding, "cookies": cookies}
        super().__init__(base_url=parse_url(base_url, self._library), **options)
        self._way = transport
        self._encoding = default_encoding
        self._has_sent = False
        self._jar: httpx.Cookies = self._same.cookies(super().cookies.jar)
        self._merged_with = self.base_url
        self._base = str(self.base_url)

    @property
    def cookies(self) -> httpx.Cookies:
        """The cookies, which every response adds to."""
        return self._jar

    @cookies.setter
    def cookies(self, cookies: Any) -> None:
        self._jar = self._same.cookies(cookies)

    def build_request(self, method: str, url: httpx.URL | str, *, json: Any = None, **options: Any) -> httpx.Request:
        if isinstance(url, str):
            url = self._absolute(url)
            if options == self._same.no_options and not (self.params or self._jar):
                if json is not None:
                    return self._build_json_request(method, url, json)
                if method in _WITHOUT_BODY:
                    return self._build_empty_request(method, url)
        return super().build_request(method, url, json=json, **options)

    def _is_plain(self, request: httpx.Request) -> bool:
        """
        Tell whether a request is one that httpx hands on to the transport as it is, and does nothing else with.

        The first one is none: httpx takes note that the client is in use.
        """
        hooks = self.event_hooks
        return (
            self._has_sent
            and not self.is_closed
            and self.auth is None
            and not (hooks["request"] or hooks["response"] or self._mounts)
            and "timeout" in request.extensions
            and not request.url.userinfo
        )

    @staticmethod
    def _now() -> float:
        """Return the time in seconds, by the clock that httpx goes by."""
        return time.perf_counter()

    def _receive(self, request: httpx.Request, response: WholeBody, start: float) -> None:
        """Do with a response what httpx does before its body is read."""
        response.request = request
        response.default_encoding = self._encoding
        response.elapsed = timedelta(seconds=self._now() - start)
        if response.sets_cookies or response.status_code in REFUSALS:
            self._jar.extract_cookies(response)
        log = self._same.log
        if log.isEnabledFor(logging.INFO):
            log.info(
                'HTTP Request: %s %s "%s %d %s"',
                request.method,
                request.url,
                response.http_version,
                response.status_code,
                response.reason_phrase,
            )

    def _absolute(self, url: str) -> httpx.URL:
        if self.base_url is not self._merged_with:
            self._merged_with = self.base_url
            self._base = str(self.base_url)
        return _merge_url(self._library, self._base, url)

    def _build_json_request(self, method: str, url: httpx.URL, json: Any) -> httpx.Request:
        request: httpx.Request = self._library.Request(
            method, url, headers=self._headers_to(url), json=json, extensions=self._extensions()
        )
        return request

    def _build_empty_request(self, method: str, url: httpx.URL) -> httpx.Request:
        stream = self._library.ByteStream(b"")  # with it, httpx completes no headers: these are complete
        request: httpx.Request = self._library.Request(
            method, url, headers=self._headers_to(url), stream=stream, extensions=self._extensions()
        )
        request.read()
        return request

    def _headers_to(self, url: httpx.URL) -> httpx.Headers:
        return _complete_headers(self._library, url.scheme, url.netloc, tuple(self.headers.raw))

    def _extensions(self) -> dict[str, Any]:
        return {"timeout": self.timeout.as_dict()}


_T = TypeVar("_T", bound=type[BaseClient])


def explaining(client: _T) -> _T:
    """Have the requests of a client explain keyword arguments that other clients take."""
    names = ("delete", "get", "head", "options", "patch", "post", "put", "query", "request", "stream")
    for name in filter(partial(hasattr, client), names):
        setattr(client, name, explain_keywords(REQUEST_KEYWORDS)(getattr(client, name)))
    return client


def its_own(library: Any, function: Any) -> Any:
    """Return a function of a library's; None for one that somebody has put in its place, such as Sentry or vcrpy."""
    module = f"{library.__name__}._client"
    return function if getattr(function, "__globals__", {}).get("__name__") == module else None


class _SparingCookies(Cookies):
    """Cookies that are looked for in a response only where it sets some, and in vain, where it is a refusal."""

    def extract_cookies(self, response: httpx.Response) -> None:
        if response.status_code in REFUSALS and self:
            note_withheld(self, response)
        if "set-cookie" in response.headers:
            super().extract_cookies(response)


class _Same:
    """
    What is the same for all clients of a library.

    Args:
        library: The library.

    Attributes:
        no_options: What it passes to ``build_request()`` for a request that has nothing of its own, or nothing but
            JSON.
        cookies: The class of the clients' cookies.
        log: Where it logs requests.
        stock: Its own client; a test may have put a mock in its place by the time that it is asked.
    """

    def __init__(self, library: Any) -> None:
        none = dict.fromkeys(["content", "data", "files", "params", "headers", "cookies", "extensions"])
        self.no_options: dict[str, Any] = {**none, "timeout": library.USE_CLIENT_DEFAULT}
        self.cookies: Any = type("_Cookies", (_SparingCookies, library.Cookies), {})
        self.log = logging.getLogger(library.__name__)
        self.stock: Any = library.AsyncClient


@cache
def same_for(library: Any) -> _Same:
    """Return what is the same for all clients of a library."""
    return _Same(library)


@lru_cache(maxsize=1024)
def _merge_url(library: Any, base_url: str, url: str) -> httpx.URL:
    """Have a library merge a URL with a base URL."""
    client = same_for(library).stock(base_url=base_url, transport=library.AsyncBaseTransport(), trust_env=False)
    merged: httpx.URL = client.build_request("GET", url).url
    return merged


@lru_cache(maxsize=256)
def _complete_headers(
    library: Any, scheme: str, netloc: bytes, headers: tuple[tuple[bytes, bytes], ...]
) -> httpx.Headers:
    """Have a library complete the headers of a request without a body; who gets them copies them."""
    completed: httpx.Headers = library.Request("GET", f"{scheme}://{netloc.decode()}", headers=list(headers)).headers
    return completed
