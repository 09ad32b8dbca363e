"""What a test can claim of an HTTP response."""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from fastapi_testing.assertions.comparing.media_types import MediaType
from fastapi_testing.assertions.comparing.patterns import (
    ANYTHING,
    TextOrPattern,
    check_text_or_pattern,
    describe_text_or_pattern,
    matches,
)
from fastapi_testing.assertions.comparing.status import ExpectedStatus, StatusChoice
from fastapi_testing.assertions.describing.describe import describe_answer, describe_body, describe_chain
from fastapi_testing.assertions.describing.response import (
    Response,
    header_names,
    header_values,
    is_response,
    redirect_location,
    request_url,
    text_of,
)
from fastapi_testing.assertions.http.cookies import CookieAssertions
from fastapi_testing.assertions.http.errors import ErrorAssertions
from fastapi_testing.assertions.http.templates import TemplateAssertions
from fastapi_testing.hints.foreign import explain_keywords
from fastapi_testing.hints.names import ASSERTION_KEYWORDS

__all__ = ["HTTPAssertions"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_DEFAULT_PORTS = {"http": 80, "https": 443}

_ALLOWED = "!$&'()*+,;=:@/?"
"""What may stand in a path, a query or a fragment, besides what is unreserved (RFC 3986 §3.3 to §3.5)."""

_ESCAPE = re.compile(r"(%[0-9A-Fa-f]{2})")


class HTTPAssertions(CookieAssertions, ErrorAssertions, TemplateAssertions):
    """
    Assertions on HTTP responses, for any test case; those on cookies, errors and templates are among them.

    They take the responses of httpx, Starlette's TestClient, requests, and whatever else has ``status_code``,
    ``headers`` and ``content``.
    """

    def assertStatus(self, response: Response, expected: ExpectedStatus, msg: Any = None) -> None:
        """
        Fail unless the response has the status (RFC 9110 §15).

        ::

            self.assertStatus(response, 201)
            self.assertStatus(response, {"2xx", HTTPStatus.NOT_MODIFIED})

        Args:
            response: The response.
            expected: A status code, a class of them such as ``"2xx"``, or a collection of both.
            msg: What to say besides.

        Raises:
            TypeError: If ``expected`` is nothing that stands for status codes.
            ValueError: If there is no such status code, or none at all.
        """
        choice = StatusChoice.parse(expected)
        if not is_response(response):
            raise TypeError(f"expected a response, got {response!r}")
        if response.status_code not in choice:
            self._fail(response, f"expected status {choice}, got {describe_answer(response)}", msg)

    def assertHeader(self, response: Response, name: str, expected: TextOrPattern = ANYTHING, msg: Any = None) -> None:
        r"""
        Fail unless the response has the header (RFC 9110 §5).

        ::

            self.assertHeader(response, "ETag")
            self.assertHeader(response, "Content-Type", re.compile("^text/"))

        Args:
            response: The response.
            name: The name of the header, in upper or lower case.
            expected: The value, or a compiled pattern to search it for; unless given, any value will do. Of a header
                that is repeated, one value has to match.
            msg: What to say besides.

        Raises:
            TypeError: If ``expected`` is neither a str nor a compiled pattern.
        """
        check_text_or_pattern("expected header value", expected)
        values = header_values(response, name)
        if not any(matches(expected, value) for value in values):
            wanted = f"expected header {name}{describe_text_or_pattern(expected)}"
            got = f"got {', '.join(map(repr, values))}" if values else f"but it is missing; {_describe_names(response)}"
            self._fail(response, f"{wanted}, {got}", msg)

    def assertNoHeader(
        self, response: Response, name: str, unexpected: TextOrPattern = ANYTHING, msg: Any = None
    ) -> None:
        """
        Fail if the response has the header.

        Args:
            response: The response.
            name: The name of the header, in upper or lower case.
            unexpected: The value that it must not have, or a compiled pattern that must not be found in it; unless
                given, any value is one too many. Of a header that is repeated, no value may match.
            msg: What to say besides.

        Raises:
            TypeError: If ``unexpected`` is neither a str nor a compiled pattern.
        """
        check_text_or_pattern("unexpected header value", unexpected)
        values = header_values(response, name)
        if any(matches(unexpected, value) for value in values):
            wanted = f"expected no header {name}{describe_text_or_pattern(unexpected)}"
            self._fail(response, f"{wanted}, got {', '.join(map(repr, values))}", msg)

    def assertContentType(self, response: Response, expected: TextOrPattern, msg: Any = None) -> None:
        """
        Fail unless the body is of the media type (RFC 9110 §8.3).

        ::

            self.assertContentType(response, "text/html")
            self.assertContentType(response, "text/*; charset=utf-8")

        Args:
            response: The response.
            expected: The media type, or a range of them such as ``"image/*"``. Parameters that it has must be there,
                others may be. Or a compiled pattern to search the whole header for.
            msg: What to say besides.

        Raises:
            TypeError: If ``expected`` is neither a str nor a compiled pattern.
        """
        check_text_or_pattern("expected media type", expected)
        values = header_values(response, "Content-Type")
        if not any(_is_media_type(value, expected) for value in values):
            wanted = expected if isinstance(expected, str) else f"to match {expected.pattern!r}"
            got = f"got {', '.join(values)}" if values else "but it is missing"
            self._fail(response, f"expected Content-Type {wanted}, {got}; {describe_body(response)}", msg)

    @explain_keywords(ASSERTION_KEYWORDS)
    def assertContains(self, response: Response, text: str | bytes, count: int | None = None, msg: Any = None) -> None:
        """
        Fail unless the text is in the body.

        Args:
            response: The response. Its body is decoded by the charset of its Content-Type, or as UTF-8.
            text: What to look for; bytes are looked for in the body as it came.
            count: How many times it has to be there, without overlaps: 0 for not at all. Unless given, once or more.
            msg: What to say besides.

        Raises:
            TypeError: If ``text`` is neither a str nor bytes.
            ValueError: If ``text`` is empty, which every body contains, or if ``count`` is negative.
        """
        if count is not None and count < 0:
            raise ValueError(f"count must not be negative, got {count}")
        found = _count(response, text)
        if count is None and not found:
            self._fail(response, f"expected {text!r} in the body, got {describe_answer(response)}", msg)
        if count is not None and found != count:
            wanted = f"expected {text!r} in the body {_times(count)}, found it {_times(found)}"
            self._fail(response, f"{wanted}; {describe_body(response)}", msg)

    @explain_keywords(ASSERTION_KEYWORDS)
    def assertNotContains(self, response: Response, text: str | bytes, msg: Any = None) -> None:
        """
        Fail if the text is in the body.

        Args:
            response: The response. Its body is decoded as for :meth:`assertContains`.
            text: What to look for; bytes are looked for in the body as it came.
            msg: What to say besides.

        Raises:
            TypeError: If ``text`` is neither a str nor bytes.
            ValueError: If ``text`` is empty, which every body contains.
        """
        found = _count(response, text)
        if found:
            wanted = f"expected no {text!r} in the body, found it {_times(found)}"
            self._fail(response, f"{wanted}; {describe_body(response)}", msg)

    @explain_keywords(ASSERTION_KEYWORDS)
    def assertRedirects(
        self,
        response: Response,
        location: TextOrPattern,
        status: ExpectedStatus | None = None,
        msg: Any = None,
    ) -> None:
        """
        Fail unless the request was redirected to the location (RFC 9110 §15.4).

        If the client followed redirects (``response.history`` is not empty), the location is where they ended, and the
        status that of the first of them. To claim something of another hop, give that response of the history.

        Args:
            response: The response: a redirect, or what the client got for following some.
            location: A URL, absolute or relative to that of the request, percent-encoded or not, whichever way the
                server put it; or a compiled pattern to search for, in the Location as it was sent and in the absolute
                URL that it stands for.
            status: The status of the redirect, as for :meth:`assertStatus`; unless given, any 3xx.
            msg: What to say besides.

        Raises:
            TypeError: If ``location`` is neither a str nor a compiled pattern.
        """
        check_text_or_pattern("expected location", location)
        choice = StatusChoice.parse("3xx" if status is None else status)
        chain = [*getattr(response, "history", ()), response]
        if chain[0].status_code not in choice or not _leads_to(chain, location):
            with_status = "" if status is None else f" with status {choice}"
            wanted = f"expected a redirect{_describe_location(location)}{with_status}, got"
            self._fail(response, f"{wanted}{_describe_redirects(chain)}", msg)


def _is_media_type(value: str, expected: TextOrPattern) -> bool:
    if isinstance(expected, str):
        return MediaType.parse(expected).covers(MediaType.parse(value))
    return matches(expected, value)


def _describe_names(response: Response) -> str:
    return f"headers: {', '.join(header_names(response)) or 'none'}"


def _count(response: Response, text: str | bytes) -> int:
    if not isinstance(text, str | bytes):
        raise TypeError(f"text {text!r} is not understood: give a str, or bytes")
    if not text:
        raise ValueError(f"every body contains {text!r}: give a text, or look at response.content")
    # Read as the library reads it: of a stream that was not read, its own exception says what to do.
    content = response.content
    return content.count(text) if isinstance(text, bytes) else text_of(response, content).count(text)


def _times(count: int) -> str:
    return f"{count} time" if count == 1 else f"{count} times"


def _leads_to(chain: list[Response], location: TextOrPattern) -> bool:
    return any(_is_location(location, *place) for place in _places(chain))


def _places(chain: list[Response]) -> Iterable[tuple[str, str]]:
    """Yield the end of a chain of redirects: the URL to which the location is relative, and the location."""
    *followed, last = chain
    if followed:
        yield request_url(followed[0]), request_url(last)
    elif (location := redirect_location(last)) is not None:
        yield request_url(last), location


def _is_location(expected: TextOrPattern, base: str, location: str) -> bool:
    if isinstance(expected, str):
        return _normalize(_join(base, expected)) == _normalize(_join(base, location))
    return any(expected.search(form) for form in (location, _join(base, location)))


def _join(base: str, location: str) -> str:
    """Return the absolute URL; what is no URL stays as it is."""
    try:
        return urljoin(base, location)
    except ValueError:
        return location


def _normalize(url: str) -> tuple[object, ...]:
    """
    Return the parts in which two URLs may differ (RFC 3986 §6.2.2 and §6.2.3); what is no URL is equal to itself only.

    They do not differ in a default port, in an empty path, or in what is percent-encoded because it has to be.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return (url,)
    return parts.scheme, parts.hostname, port, *map(_encode, (parts.path or "/", parts.query, parts.fragment))


def _encode(text: str) -> str:
    """Percent-encode what is not allowed; what is encoded stays so, in upper case."""
    pieces = _ESCAPE.split(text)
    pieces[::2] = [quote(piece, safe=_ALLOWED) for piece in pieces[::2]]
    pieces[1::2] = [escape.upper() for escape in pieces[1::2]]
    return "".join(pieces)


def _describe_location(location: TextOrPattern) -> str:
    return f" to {location}" if isinstance(location, str) else f" to match {location.pattern!r}"


def _describe_redirects(chain: list[Response]) -> str:
    *followed, last = chain
    if not followed:
        return f" {describe_answer(last)}"
    return f":{describe_chain(chain)}; {describe_body(last)}"
