"""httpx without what it does again for every request: everything it documents stays as it is."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from fastapi_testing.client.wrappers.withheld import REFUSALS, note_withheld
from fastapi_testing.hints.foreign import ForeignNames, explain_keywords
from fastapi_testing.hints.names import CLIENT_NAMES, REQUEST_KEYWORDS

if TYPE_CHECKING:
    from httpx._client import BaseClient
else:
    BaseClient = object

__all__ = ["LeanClient", "LeanSyncClient"]

_NO_OPTIONS = {
    **dict.fromkeys(["content", "data", "files", "params", "headers", "cookies", "extensions"]),
    "timeout": httpx.USE_CLIENT_DEFAULT,
}
"""What httpx passes to ``build_request()`` for a request that has nothing of its own, or nothing but JSON."""

_WITHOUT_BODY = frozenset({"DELETE", "GET", "HEAD", "OPTIONS"})
"""Methods whose requests say nothing about a body that they do not have (RFC 9110 §8.6)."""


class _Remembering(ForeignNames, BaseClient):
    """
    What a client of either kind does once, and not for every request.

    Merging a URL with the base URL takes httpx 20 µs, looking for cookies where there are none 17 µs, and merging
    the headers of a plain request 8 µs: together a sixth of a whole request.
    """

    _foreign = CLIENT_NAMES

    def __init__(self, *, base_url: str, cookies: Any = None, **options: Any) -> None:
        super().__init__(base_url=base_url, **options)
        self._jar = _Cookies(cookies)
        self._merged_with = self.base_url
        self._base = str(self.base_url)

    @property
    def cookies(self) -> httpx.Cookies:
        """The cookies, which every response adds to."""
        return self._jar

    @cookies.setter
    def cookies(self, cookies: Any) -> None:
        self._jar = _Cookies(cookies)

    def build_request(self, method: str, url: httpx.URL | str, *, json: Any = None, **options: Any) -> httpx.Request:
        if isinstance(url, str):
            url = self._absolute(url)
            if options == _NO_OPTIONS and not (self.params or self._jar):
                if json is not None:
                    return self._build_json_request(method, url, json)
                if method in _WITHOUT_BODY:
                    return self._build_empty_request(method, url)
        return super().build_request(method, url, json=json, **options)

    def _absolute(self, url: str) -> httpx.URL:
        if self.base_url is not self._merged_with:
            self._merged_with = self.base_url
            self._base = str(self.base_url)
        return _merge_url(self._base, url)

    def _build_json_request(self, method: str, url: httpx.URL, json: Any) -> httpx.Request:
        return httpx.Request(method, url, headers=self._headers_to(url), json=json, extensions=self._extensions())

    def _build_empty_request(self, method: str, url: httpx.URL) -> httpx.Request:
        stream = httpx.ByteStream(b"")  # with it, httpx completes no headers: these are complete
        request = httpx.Request(
            method, url, headers=self._headers_to(url), stream=stream, extensions=self._extensions()
        )
        request.read()
        return request

    def _headers_to(self, url: httpx.URL) -> httpx.Headers:
        return _complete_headers(url.scheme, url.netloc, tuple(self.headers.raw))

    def _extensions(self) -> dict[str, Any]:
        return {"timeout": self.timeout.as_dict()}


_T = TypeVar("_T", bound=type[BaseClient])


def _explaining(client: _T) -> _T:
    """Have the requests of a client explain keyword arguments that other clients take."""
    for name in ("delete", "get", "head", "options", "patch", "post", "put", "request", "stream"):
        setattr(client, name, explain_keywords(REQUEST_KEYWORDS)(getattr(client, name)))
    return client


@_explaining
class LeanClient(_Remembering, httpx.AsyncClient):
    """
    An :class:`httpx.AsyncClient` that remembers.

    Args:
        base_url: As for :class:`httpx.AsyncClient`.
        cookies: As for :class:`httpx.AsyncClient`.
        **options: As for :class:`httpx.AsyncClient`.
    """


@_explaining
class LeanSyncClient(_Remembering, httpx.Client):
    """
    An :class:`httpx.Client` that remembers.

    Args:
        base_url: As for :class:`httpx.Client`.
        cookies: As for :class:`httpx.Client`.
        **options: As for :class:`httpx.Client`.
    """


class _Cookies(httpx.Cookies):
    """Cookies that are looked for in a response only where it sets some, and in vain, where it is a refusal."""

    def extract_cookies(self, response: httpx.Response) -> None:
        if response.status_code in REFUSALS and self:
            note_withheld(self, response)
        if "set-cookie" in response.headers:
            super().extract_cookies(response)


_AsyncClient = httpx.AsyncClient  # a test may have put a mock in its place by the time that it is asked


@lru_cache(maxsize=1024)
def _merge_url(base_url: str, url: str) -> httpx.URL:
    """Have httpx merge a URL with a base URL."""
    client = _AsyncClient(base_url=base_url, transport=httpx.AsyncBaseTransport(), trust_env=False)
    return client.build_request("GET", url).url


@lru_cache(maxsize=256)
def _complete_headers(scheme: str, netloc: bytes, headers: tuple[tuple[bytes, bytes], ...]) -> httpx.Headers:
    """Have httpx complete the headers of a request without a body; who gets them copies them."""
    return httpx.Request("GET", f"{scheme}://{netloc.decode()}", headers=list(headers)).headers
