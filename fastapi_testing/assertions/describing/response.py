"""What the assertions read off a response, whichever library it comes from."""

import inspect
import re
from collections.abc import Mapping
from typing import Any, Protocol, TypeGuard

__all__ = [
    "Response",
    "header_names",
    "header_values",
    "is_response",
    "media_type",
    "read_body",
    "reason_phrase",
    "redirect_location",
    "request_method",
    "request_url",
    "text_of",
]

_LIST_METHODS = ("get_list", "getlist", "get_all")
"""How httpx, Starlette and urllib3, and websockets name the method that returns every value of a repeated header."""

_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s"';]+)""", re.IGNORECASE)


class Response(Protocol):
    """
    An HTTP response, as httpx, httpx2, Starlette's TestClient and requests have it.

    These three attributes are all that an assertion needs. Where a response also has ``request`` (with ``method`` and
    ``url``), ``url``, ``reason_phrase`` or ``reason``, and ``history``, its messages say more.
    """

    @property
    def status_code(self) -> int:
        """The status code (RFC 9110 §15)."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The header fields (RFC 9110 §5)."""
        ...

    @property
    def content(self) -> bytes:
        """The body, its content coding undone."""
        ...


def is_response(value: object) -> TypeGuard[Response]:
    """
    Return whether it is a response, without reading its body.

    Raises:
        TypeError: If it is what a request returns that nobody awaited.
    """
    if inspect.isawaitable(value):
        if inspect.iscoroutine(value):
            value.close()  # it will never be awaited, and Python need not warn of that as well
        raise TypeError(f"expected a response or a document, got {type(value).__name__}: was an `await` forgotten?")
    return hasattr(value, "status_code") and hasattr(value, "headers")


def read_body(response: Response) -> bytes | None:
    """Return the body; None for that of a streamed response which the test has not read."""
    # requests reads an unread stream when asked for its content, and a stream may have no end; this is its own mark.
    if getattr(response, "_content", None) is False:
        return None
    content: bytes | None = _attribute(response, "content")
    return content


def text_of(response: Response, content: bytes) -> str:
    """Decode a body by the charset of its Content-Type (RFC 9110 §8.3.2), or as UTF-8."""
    charset = _CHARSET.search(_content_type(response))
    try:
        return content.decode(charset[1] if charset else "utf-8", "replace")
    except (LookupError, UnicodeError):  # no such charset, or one of Python's that is not for text
        return content.decode("utf-8", "replace")


def media_type(response: Response) -> str:
    """Return the Content-Type in lower case, without its parameters; empty where there is none."""
    return _content_type(response).partition(";")[0].strip().lower()


def header_values(response: Response, name: str) -> list[str]:
    """Return every value of a header, in the order in which they came."""
    # requests joins repeated fields with commas, which no one can undo for Set-Cookie; urllib3 below it has them.
    headers = getattr(getattr(response, "raw", None), "headers", response.headers)
    for method in _LIST_METHODS:
        if hasattr(headers, method):
            return list(getattr(headers, method)(name))
    return [value for key, value in headers.items() if key.lower() == name.lower()]


def header_names(response: Response) -> list[str]:
    """Return the name of each header once."""
    return list(dict.fromkeys(response.headers))


def redirect_location(response: Response) -> str | None:
    """Return the Location of a redirect (RFC 9110 §15.4) as it was sent; None if this is no redirect."""
    locations = header_values(response, "Location")
    return locations[0] if response.status_code // 100 == 3 and locations else None  # noqa: PLR2004 - as in "3xx"


def reason_phrase(response: Response) -> str:
    """Return the reason phrase that came; empty where the response has none."""
    return str(_attribute(response, "reason_phrase") or _attribute(response, "reason") or "")


def request_method(response: Response) -> str | None:
    """Return the method of the request, where the response knows it."""
    method: str | None = _attribute(_attribute(response, "request"), "method")
    return method


def request_url(response: Response) -> str:
    """Return the URL of the request; empty where the response does not know it."""
    return str(_attribute(_attribute(response, "request"), "url") or _attribute(response, "url") or "")


def _content_type(response: Response) -> str:
    return next(iter(header_values(response, "Content-Type")), "")


def _attribute(value: Any, name: str) -> Any:
    """Return an attribute that may be missing; httpx raises RuntimeError for what has not been set or not been read."""
    try:
        return getattr(value, name, None)
    except RuntimeError:
        return None
