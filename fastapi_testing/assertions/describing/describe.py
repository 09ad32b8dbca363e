"""Exchanges, messages and documents as text for a reader: pure functions that compare nothing and raise nothing."""

import json
import re
from collections.abc import Iterable, Sequence
from difflib import unified_diff
from textwrap import indent
from typing import Any
from urllib.parse import urlsplit

from fastapi_testing.assertions.comparing.comparison import Difference, Path, align, is_matcher, is_object
from fastapi_testing.assertions.describing.response import (
    Response,
    media_type,
    read_body,
    reason_phrase,
    redirect_location,
    request_method,
    request_url,
    text_of,
)
from fastapi_testing.server.recording.kept import whole_size
from fastapi_testing.server.statuses import name_status

__all__ = [
    "cut",
    "describe_answer",
    "describe_body",
    "describe_chain",
    "describe_close",
    "describe_close_code",
    "describe_diff",
    "describe_difference",
    "describe_json",
    "describe_message",
    "describe_path",
    "describe_received",
    "describe_request",
    "describe_status",
    "request_target",
]

_LINE = 200
"""Characters of a value that stands on the line of the message itself."""

_BLOCK = 2000
"""Characters of a body that stands on lines of its own."""

_BYTES = 16
"""Bytes that show of which format a binary body is."""

_MESSAGES = 5
"""Messages of a WebSocket that show what came before a failure."""

# Said by what it is not: a range up to U+10FFFF takes 7 ms to compile.
_NAME_SHORTHAND = re.compile(r"(?:[A-Za-z_]|[^\x00-\x7f])(?:[0-9A-Za-z_]|[^\x00-\x7f])*")
"""What may follow a dot in a JSONPath (RFC 9535 §2.5.1.1)."""

_CLOSE_CODES = {
    1000: "OK",
    1001: "going away",
    1002: "protocol error",
    1003: "unsupported data",
    1005: "no code received",
    1006: "abnormal closure",
    1007: "invalid data",
    1008: "policy violation",
    1009: "message too big",
    1010: "mandatory extension",
    1011: "internal error",
    1012: "service restart",
    1013: "try again later",
    1014: "bad gateway",
    1015: "TLS handshake failure",
}
"""RFC 6455 §7.4.1 and, from 1012 on, what IANA registered since."""


def cut(text: str, limit: int = _LINE, *, missing: int = 0) -> str:
    """Return the text, or its beginning with a note of how much is not shown; some may be missing already."""
    if len(text) <= limit:
        return text
    whole = len(text) + missing
    return f"{text[:limit]}… ({whole - limit} of {whole} characters cut)"


def request_target(url: str) -> str:
    """Return the request target of a URL (RFC 9112 §3.2.1): its path and query, without its origin."""
    parts = urlsplit(url)
    return f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"


def describe_request(response: Response) -> str:
    """Return what was asked: ``GET /items?page=2``."""
    url = request_url(response)
    asked = [request_method(response) or "", request_target(url) if url else ""]
    return " ".join(filter(None, asked)) or "HTTP response"


def describe_status(response: Response) -> str:
    """Return how it was answered: ``404 Not Found``; of a redirect, with where to."""
    status = name_status(response.status_code, reason_phrase(response))
    location = redirect_location(response)
    return status if location is None else f"{status} to {location}"


def describe_answer(response: Response) -> str:
    """Return the status and the body."""
    return f"{describe_status(response)}; {describe_body(response)}"


def describe_chain(responses: Iterable[Response]) -> str:
    """Return responses, each of which redirects to the next, on lines of their own."""
    return "".join(f"\n  {describe_request(response)}: {describe_status(response)}" for response in responses)


def describe_body(response: Response) -> str:
    """Return the body: on one line if it is a short one, else on the lines that follow, and cut."""
    content = read_body(response)
    if content is None:
        return "body: not read"
    if not content:
        return "body: empty"
    kind = media_type(response)
    if _is_binary(kind, content):
        return f"body: <{len(content)} bytes of {kind or 'unknown type'}, beginning {content[:_BYTES]!r}>"
    return f"body: {_describe_text(text_of(response, content), kind)}"


def describe_json(value: Any) -> str:
    """Return a document on one line, cut."""
    return _printable(cut(_write(value)))


def describe_path(path: Path) -> str:
    """Return a path as JSONPath has it (RFC 9535): ``$.items[3]['strange key']``."""
    return "$" + "".join(map(_describe_segment, path))


def describe_difference(difference: Difference) -> str:
    """Return where a difference is, and which."""
    where = f"{describe_path(difference.path)}: "
    actual, expected = describe_json(difference.actual), describe_json(difference.expected)
    match difference.kind:
        case "changed":
            return f"{where}expected {expected}, got {actual}"
        case "missing":
            return f"{where}missing, expected {expected}"
        case "extra":
            return f"{where}extra, got {actual}"
        case _:
            return f"{where}no element for {expected}{_describe_closest(difference.closest)}"


def describe_diff(actual: Any, expected: Any) -> str:
    """Return the lines in which two documents differ, as a unified diff of what :func:`json.dumps` would indent."""
    wanted, found = _write(align(actual, expected), "\n"), _write(actual, "\n")
    lines = unified_diff(wanted.splitlines(), found.splitlines(), "expected", "actual", lineterm="")
    return "\n".join(map(_printable, lines))


def describe_message(message: str | bytes) -> str:
    """Return a WebSocket message: ``"hello"``, ``{"a": 1}`` or ``b'ab' (2 bytes)``."""
    if isinstance(message, bytes):
        return f"{message[:_LINE]!r} ({whole_size(message)} bytes)"
    text = message if _is_container(message) else json.dumps(message, ensure_ascii=False)
    return _printable(cut(text, missing=whole_size(message) - len(message)))


def describe_received(messages: Sequence[str | bytes]) -> str:
    """Return the last messages that had been received, on lines of their own; empty if there were none."""
    if not messages:
        return ""
    shown = messages[-_MESSAGES:]
    some = f" (the last {len(shown)} of {len(messages)})" if len(shown) < len(messages) else ""
    return f"\nreceived earlier{some}:" + "".join(f"\n  {describe_message(message)}" for message in shown)


def describe_close_code(code: int) -> str:
    """Return a close code with its meaning (RFC 6455 §7.4): ``1008 (policy violation)``."""
    return f"{code} ({_CLOSE_CODES[code]})" if code in _CLOSE_CODES else str(code)


def describe_close(code: int, reason: str) -> str:
    """Return how a WebSocket was closed: ``1008 (policy violation) "no token"``."""
    return f"{describe_close_code(code)} {describe_message(reason)}" if reason else describe_close_code(code)


def _is_binary(kind: str, content: bytes) -> bool:
    if kind.startswith(("image/", "audio/", "video/", "font/")):
        return not kind.endswith("+xml")
    return b"\0" in content or not (_is_text(kind) or _is_utf8(content))


def _is_text(kind: str) -> bool:
    return kind.startswith("text/") or kind.endswith(("json", "xml", "x-www-form-urlencoded"))


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _describe_text(text: str, kind: str) -> str:
    if not text.strip():
        return cut(repr(text))
    lines = text.splitlines()
    if len(lines) == 1 and len(text) <= _LINE:
        return _printable(lines[0])
    block = _indent_json(text) if kind.endswith("json") else "\n".join(lines)
    return "\n" + _printable(indent(cut(block, _BLOCK), "  "))


def _indent_json(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):  # not JSON, or too deep for the parser
        return text


def _is_container(message: str) -> bool:
    try:
        return isinstance(json.loads(message), dict | list)
    except (ValueError, RecursionError):
        return False


def _printable(text: str) -> str:
    """Escape what a terminal would act upon, or could not encode."""
    return "".join(char if char.isprintable() or char in "\n\t" else _escape(char) for char in text)


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode()


def _describe_segment(segment: str | int) -> str:
    if isinstance(segment, int):
        return f"[{segment}]"
    if _NAME_SHORTHAND.fullmatch(segment):
        return f".{segment}"
    escaped = segment.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{_printable(escaped)}']"


def _describe_closest(closest: Difference | None) -> str:
    return f"; the closest has {describe_difference(closest)}" if closest else ""


def _write(value: Any, newline: str = "") -> str:
    r"""
    Write a document, in which there may be what :func:`json.dumps` has no form for, and which stands as its repr.

    Args:
        value: The document.
        newline: What begins a line: ``"\n"`` and the indentation; empty to write all on one line.
    """
    if is_matcher(value):
        return repr(value)
    inner = f"{newline}  " if newline else ""
    if is_object(value):
        items = {name: value[name] for name in value}.items()
        members = sorted(items, key=_member_order) if newline else items
        return _enclose("{}", [f"{_write_name(name)}: {_write(member, inner)}" for name, member in members], newline)
    if isinstance(value, list | tuple):
        return _enclose("[]", [_write(element, inner) for element in value], newline)
    return json.dumps(value, ensure_ascii=False)


def _write_name(name: Any) -> str:
    return json.dumps(name if isinstance(name, str) else json.dumps(name), ensure_ascii=False)


def _member_order(member: tuple[Any, Any]) -> str:
    return str(member[0])


def _enclose(brackets: str, items: list[str], newline: str) -> str:
    if not (items and newline):
        return f"{brackets[0]}{', '.join(items)}{brackets[1]}"
    return f"{brackets[0]}{newline}  {f',{newline}  '.join(items)}{newline}{brackets[1]}"
