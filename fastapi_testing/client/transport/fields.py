"""What the header section of a response says (RFC 9110 §6.3), read once for all responses that say the same."""

import re
from functools import lru_cache
from typing import Any, NamedTuple

import httpx

__all__ = ["Fields", "Lines", "read_fields", "read_known_fields"]

Lines = tuple[tuple[bytes, bytes], ...]
"""Names and values, as they were sent, in the order they came."""

_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]").search
"""What no header value has (RFC 9110 §5.5); a parser that is told to take folded lines lets it pass."""

_TRANSFER_ENCODING = b"transfer-encoding"


class Fields(NamedTuple):
    """The header section of a response."""

    pairs: list[tuple[bytes, bytes]]
    """Names as they were sent, and values, in the order they came."""

    headers: httpx.Headers
    """The same, as the library has it."""

    is_coded: bool
    """Whether the body has to be decoded (RFC 9110 §8.4)."""

    sets_cookies: bool
    """Whether it has cookies for the client (RFC 6265 §4.1)."""


def read_fields(lines: Lines, library: Any = httpx) -> Fields:
    """
    Read a header section.

    Args:
        lines: Its lines.
        library: Who has it then.

    Raises:
        ValueError: If a value has control characters, or the transfer encoding is one that httpx refuses: that nobody
            has asked for, or chunks of chunks.
    """
    encodings = 0
    for name, value in lines:
        if name.lower() == _TRANSFER_ENCODING:
            encodings += 1
            _check_transfer_encoding(value, encodings)
        if _CONTROL(value):
            raise ValueError(f"control characters in the value of {name.decode()}: {value!r}")
    pairs = [(name, value.rstrip(b" \t")) for name, value in lines]
    names = {name.lower() for name, _ in pairs}
    return Fields(pairs, library.Headers(pairs), b"content-encoding" in names, b"set-cookie" in names)


@lru_cache(maxsize=256)
def read_known_fields(lines: Lines, library: Any = httpx) -> Fields:
    """Do the same, and remember the last ones: the responses of a test suite are much alike within a second."""
    return read_fields(lines, library)


def _check_transfer_encoding(value: bytes, encodings: int) -> None:
    if encodings > 1 or value.strip().lower() != b"chunked":
        said = ", again" if encodings > 1 else ""
        raise ValueError(f"Transfer-Encoding: {value.decode('latin-1')}{said}; it may be chunked, once")
