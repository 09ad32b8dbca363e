"""What a request looks like on the wire (RFC 9112 §3, §5 to §7): sans I/O."""

import re
from functools import lru_cache
from typing import Any, NamedTuple

import httpx

from fastapi_testing.client.library import library_of

__all__ = ["BodyFraming", "RequestHead", "encode_head", "head_of"]

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_TARGET = re.compile(rb"[\x21-\x7e]+").fullmatch
_VALUE = re.compile(rb"([^\x00\s]+([ \t]+[^\x00\s]+)*)?").fullmatch
_LENGTH = re.compile(rb"[0-9]{1,20}").fullmatch

Headers = tuple[tuple[bytes, bytes], ...]


class RequestHead(NamedTuple):
    """The head of a request, and what it says about the rest."""

    data: bytes
    """The request line and the header fields, with the empty line that ends them."""

    length: int | None
    """Bytes of the body; None for a chunked one."""

    switches: bool
    """Whether the connection may become another protocol's: an ``Upgrade`` (RFC 9110 §7.8) or ``CONNECT``."""


class BodyFraming:
    """
    Puts the pieces of a body into the form that the head promised (RFC 9112 §6).

    Args:
        length: Bytes that the body has; None to send it chunked (RFC 9112 §7.1).
        library: Whose errors are raised.
    """

    __slots__ = ("_length", "_library", "_sent")

    def __init__(self, length: int | None, library: Any = httpx) -> None:
        self._length = length
        self._library = library
        self._sent = 0

    def frame(self, piece: bytes) -> bytes:
        """
        Return a piece of the body as it is sent.

        Raises:
            httpx.LocalProtocolError: If it is more than the head promised.
        """
        if self._length is None:
            return b"%x\r\n%b\r\n" % (len(piece), piece) if piece else b""  # an empty chunk would end the body
        self._sent += len(piece)
        if self._sent > self._length:
            raise self._library.LocalProtocolError(
                f"Too much data for declared Content-Length: {self._sent} bytes or more, not {self._length}"
            )
        return piece

    def end(self) -> bytes:
        """
        Return what ends the body.

        Raises:
            httpx.LocalProtocolError: If it is less than the head promised.
        """
        if self._length is None:
            return b"0\r\n\r\n"
        if self._sent < self._length:
            raise self._library.LocalProtocolError(
                f"Too little data for declared Content-Length: {self._sent} bytes, not {self._length}"
            )
        return b""


def head_of(request: httpx.Request) -> RequestHead:
    """
    Return the head of a request, the same one for requests that look the same.

    Raises:
        httpx.LocalProtocolError: If it cannot be sent as HTTP/1.1.
    """
    target = request.extensions.get("target") or request.url.raw_path
    try:
        return encode_head(request.method, target, tuple(request.headers.raw))
    except httpx.LocalProtocolError as exc:
        raise library_of(request).LocalProtocolError(str(exc)) from None


@lru_cache(maxsize=256)
def encode_head(method: str, target: bytes, headers: Headers) -> RequestHead:
    """
    Encode the head of a request; most requests of a test suite share theirs with others.

    Args:
        method: The method, as it is sent.
        target: The request target (RFC 9112 §3.2).
        headers: Names and values, which are sent in this order, but for ``Host``, which comes first.

    Raises:
        httpx.LocalProtocolError: If it cannot be sent as HTTP/1.1.
    """
    _check_request_line(method, target)
    for name, value in headers:
        _check_header(name, value)
    _check_host(headers)
    lines = [b"%b: %b\r\n" % header for header in sorted(headers, key=_comes_later)]
    return RequestHead(
        data=b"%b %b HTTP/1.1\r\n%b\r\n" % (method.encode(), target, b"".join(lines)),
        length=None if _is_chunked(headers) else _content_length(headers),
        switches=method == "CONNECT" or bool(_values(headers, b"upgrade")),
    )


def _check_request_line(method: str, target: bytes) -> None:
    if not _TOKEN(method.encode()):
        raise httpx.LocalProtocolError(f"Illegal method characters: {method!r}")
    if not _TARGET(target):
        raise httpx.LocalProtocolError(f"Illegal target characters: {target!r}")


def _check_header(name: bytes, value: bytes) -> None:
    if not _TOKEN(name):
        raise httpx.LocalProtocolError(f"Illegal header name {name!r}")
    if not _VALUE(value):
        raise httpx.LocalProtocolError(f"Illegal header value {value!r}")


def _check_host(headers: Headers) -> None:
    hosts = _values(headers, b"host")
    if not hosts:
        raise httpx.LocalProtocolError("Missing mandatory Host: header")
    if len(hosts) > 1:
        raise httpx.LocalProtocolError(f"Found multiple Host: headers: {hosts!r}")


def _comes_later(header: tuple[bytes, bytes]) -> bool:
    """Tell ``Host``, which RFC 9110 §7.2 wants first, from the others."""
    return header[0].lower() != b"host"


def _is_chunked(headers: Headers) -> bool:
    codings = _values(headers, b"transfer-encoding")
    if codings and [coding.lower() for coding in codings] != [b"chunked"]:
        raise httpx.LocalProtocolError(f"Only Transfer-Encoding: chunked is supported, not {codings!r}")
    return bool(codings)


def _content_length(headers: Headers) -> int:
    lengths = _values(headers, b"content-length") or [b"0"]
    if len(set(lengths)) > 1:
        raise httpx.LocalProtocolError(f"conflicting Content-Length headers: {lengths!r}")
    if not _LENGTH(lengths[0]):
        raise httpx.LocalProtocolError(f"bad Content-Length: {lengths[0]!r}")
    return int(lengths[0])


def _values(headers: Headers, wanted: bytes) -> list[bytes]:
    return [value for name, value in headers if name.lower() == wanted]
