"""
The library whose classes a client and all that goes with it have: httpx, or httpx2 where that was chosen by its name.

This is the one home of the choice. A client's class says which it is, and so does each request: what meets a request on
its way looks at that, so that one server's connections are for the clients of both. What the two call alike is looked
up by its name in the library; what they do not have both is here.
"""

from copy import copy
from functools import cache, lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

import httpx
import httpx_sse

if TYPE_CHECKING:
    import httpx2

    Auth = httpx.Auth | httpx2.Auth
    Cookies = httpx.Cookies | httpx2.Cookies
    Headers = httpx.Headers | httpx2.Headers
    Limits = httpx.Limits | httpx2.Limits
    QueryParams = httpx.QueryParams | httpx2.QueryParams
    Timeout = httpx.Timeout | httpx2.Timeout
else:  # nothing at run time needs to know those of the other
    from httpx import Auth, Cookies, Headers, Limits, QueryParams, Timeout

__all__ = [
    "Auth",
    "Cookies",
    "HTTPLibrary",
    "Headers",
    "Limits",
    "QueryParams",
    "Timeout",
    "choose_library",
    "copied_cookies",
    "events_of",
    "library_of",
    "stream_class",
]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

HTTPLibrary = Literal["httpx", "httpx2"]
"""The name of a library that clients may be of."""

_S = TypeVar("_S")


def choose_library(name: Any) -> Any:
    """
    Return a library by its name.

    Raises:
        ValueError: If it is neither of the two.
        ImportError: If it is httpx2, and that is not installed.
    """
    if name not in ("httpx", "httpx2"):
        raise ValueError(f"http_library must be 'httpx' or 'httpx2', got {name!r}")
    try:
        return import_module(name)
    except ModuleNotFoundError as exc:
        if exc.name != name:
            raise
        text = "http_library = 'httpx2' needs httpx2: pip install 'fastapi-unittest[httpx2]'"
        raise ImportError(text, name=name) from None


def library_of(thing: Any) -> Any:
    """Return the library that a request, a client or an option is of; of another maker's, httpx."""
    made_by: Any = type(thing)
    return _library_of_class(made_by)


@lru_cache(maxsize=256)
def _library_of_class(of: Any) -> Any:
    """Return the library of a class by what it is derived from: a test may have put a mock in the place of that."""
    makers = (base.__module__.partition(".")[0] for base in of.__mro__)
    name = next((maker for maker in makers if maker in ("httpx", "httpx2")), "httpx")
    return import_module(name)


def copied_cookies(library: Any, cookies: Any) -> Any:
    """Return copies of cookies that are of either library, as the library has them."""
    copied = library.Cookies()
    for cookie in cookies.jar:
        copied.jar.set_cookie(copy(cookie))
    return copied


def events_of(library: Any) -> Any:
    """Return the module that has ``ServerSentEvent`` and ``SSEError``: httpx leaves them to httpx-sse."""
    return httpx_sse if library is httpx else library


@cache
def stream_class(library: Any, stream: type[_S]) -> type[_S]:
    """Return a class of byte streams of httpx as one that the library takes for its own."""
    if library is httpx:
        return stream
    base = "AsyncByteStream" if issubclass(stream, httpx.AsyncByteStream) else "SyncByteStream"
    return cast("type[_S]", type(stream.__name__, (stream, getattr(library, base)), {"__module__": stream.__module__}))
