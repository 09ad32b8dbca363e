"""Reading a response (RFC 9112 §4 to §7) with httptools: sans I/O, one reader for one response."""

from collections import deque
from typing import Any, NoReturn

import httptools
import httpx

from fastapi_testing.client.transport.fields import Fields, read_fields, read_known_fields
from fastapi_testing.client.transport.lengths import LengthMender

__all__ = ["ResponseReader"]

_MAX_HEAD = (100 + 64) * 1024
"""
Bytes that a head, or what is between two pieces of a body, may have.

httpx gives up where 100 KiB have come and the head is not there yet, and looks after each read of up to 64 KiB: what it
takes depends on how the head comes, and is never more than this.
"""

_MENDED = frozenset({"Duplicate Content-Length", "Invalid character in Content-Length"})
"""What the parser finds wrong with lengths that may be the same one, said again."""

_SMALL = 16 * 1024
"""Bytes that came together with a head which is remembered, for the next response that looks the same."""

_VERSIONS = {"1.0": b"HTTP/1.0", "1.1": b"HTTP/1.1"}

_CONTINUE, _SWITCHING_PROTOCOLS, _OK, _MULTIPLE_CHOICES = 100, 101, 200, 300
"""As :class:`http.HTTPStatus` names them; each of its own would be looked up again for each response."""


class ResponseReader:
    """
    Reads one response, in pieces as they come.

    Interim responses (RFC 9110 §15.2) are passed over, and so are trailers, as in httpx. A folded header line
    (RFC 9112 §5.2) is joined with the white space it was indented with. Where there are both Transfer-Encoding and
    Content-Length, the former counts (§6.3); a Content-Length that is said again is said once.

    Args:
        method: The request's method.
        switches: Whether the request lets the connection become another protocol's.
        library: Whose the response will be, and whose errors are raised.

    Attributes:
        library: The same.
        status_code: The status; 0 until the head is there.
        version: The version in the form of httpx's ``http_version``.
        reason: The reason phrase; it may be empty.
        headers: Names as they were sent, and values, in the order they came.
        fields: The same, read, once the head is there.
        has_head: Whether all of these are there.
        keep_alive: Whether the connection may be used after this response (RFC 9112 §9.3), once the head is there.
        pieces: Pieces of the body, as they came, that nobody has taken yet.
        buffered: Bytes in them.
        complete: Whether the body has come to its end.
        switched: Whether what comes after the head is of another protocol; it goes to ``pieces``.
        excess: Whether more came than the response.
    """

    # Of the class until they change, as most of them do not: a reader is made for each response.
    status_code: int = 0
    version: bytes = b""
    reason: bytes = b""
    has_head: bool = False
    keep_alive: bool = False
    buffered: int = 0
    complete: bool = False
    switched: bool = False
    excess: bool = False
    fields: Fields
    _fault: httpx.RemoteProtocolError | None = None
    _received = 0  # bytes of the body
    _room = _MAX_HEAD
    _piece = 0  # bytes of what is being read
    _mender: LengthMender | None = None

    def __init__(self, method: str, *, switches: bool = False, library: Any = httpx) -> None:
        self.library = library
        self.headers: list[tuple[bytes, bytes]] = []
        self.pieces: deque[bytes] = deque()
        self._method = method
        self._switches = switches
        self._by_line = method == "HEAD" or switches  # the parser does not know that such a response ends with its head
        self._earlier: list[bytes] = []  # what has come of the head before
        self._parser = self._make_parser()

    def feed(self, data: bytes) -> None:
        """
        Take what the server sent.

        Raises:
            httpx.RemoteProtocolError: If it is not HTTP/1.1, or more than a head may have.
        """
        if self.complete:
            self._take_excess(data)
        elif not self.has_head and (self._by_line or len(data) > self._room):
            self._feed_head(data)
        else:
            self._parse(data)

    def take(self) -> bytes:
        """Return the next piece of the body that has come, empty where there is none."""
        if not self.pieces:
            return b""
        piece = self.pieces.popleft()
        self.buffered -= len(piece)
        return piece

    def feed_eof(self) -> None:
        """
        Take the end of what the server sends, which ends a body that names neither a length nor chunks.

        Raises:
            httpx.RemoteProtocolError: If the response is not complete.
        """
        if self.complete:
            return
        if not self.has_head:
            head_size = _MAX_HEAD - self._room
            where = f"after {head_size} bytes of the response's head" if head_size else "without sending a response"
            raise self.library.RemoteProtocolError(f"the server closed the connection {where}")
        if missing := self._missing():
            raise self.library.RemoteProtocolError(f"the server closed the connection after {missing}")
        self.complete = True

    def on_message_begin(self) -> None:
        """Start a response, or after an interim one the next (called by the parser)."""
        if self.complete:
            self.excess = True
            self._refuse("more came than the response")  # the parser reads no further
        self.reason = b""
        self.headers = []

    def on_status(self, part: bytes) -> None:
        """Take a part of the reason phrase (called by the parser)."""
        self.reason += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header or a trailer (called by the parser)."""
        if not self.has_head:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Look at the whole head (called by the parser)."""
        version = self._parser.get_http_version()
        if version not in _VERSIONS:
            self._refuse(f"malformed response: its version is {version}, not 1.0 or 1.1")
        status = self._parser.get_status_code()
        if status < _CONTINUE:
            self._refuse(f"malformed response: its status is {status:03}")
        fields = self._read_fields()
        if status >= _OK or status == _SWITCHING_PROTOCOLS:
            self._take_head(status, _VERSIONS[version], fields)

    def on_body(self, piece: bytes) -> None:
        """Take a piece of the body (called by the parser)."""
        self._received += len(piece)
        self.buffered += len(piece)
        self.pieces.append(piece)

    def on_message_complete(self) -> None:
        """See the end of a response (called by the parser)."""
        self.complete = self.has_head

    def _read_fields(self) -> Fields:
        # What came in pieces, or with a long body, may be long itself, and is not kept.
        read = read_fields if self._earlier or self._piece > _SMALL else read_known_fields
        try:
            return read(tuple(self.headers), self.library)
        except ValueError as exc:
            self._refuse(f"malformed response: {exc}")

    def _take_head(self, status: int, version: bytes, fields: Fields) -> None:
        tunnels = self._method == "CONNECT" and status < _MULTIPLE_CHOICES
        self.switched = tunnels or status == _SWITCHING_PROTOCOLS
        if self.switched and not self._switches:
            self._refuse("the server switched protocols (101), which the request did not ask for")
        self.fields = fields
        self.headers = fields.pairs
        self.status_code = status
        self.version = version
        self.has_head = True
        self.keep_alive = self._parser.should_keep_alive() and not self.switched
        self.complete = self.switched or self._method == "HEAD"

    def _refuse(self, problem: str) -> NoReturn:
        self._fault = fault = self.library.RemoteProtocolError(problem)
        raise fault

    def _feed_head(self, data: bytes) -> None:
        """Have the parser read line by line, to see where the head ends."""
        start = 0
        while start < len(data) and not self.has_head:
            end = data.find(b"\n", start) + 1 or len(data)
            self._parse(data[start:end])
            start = end
        if start < len(data):
            self.feed(data[start:])

    def _make_parser(self) -> httptools.HttpResponseParser:
        parser = httptools.HttpResponseParser(self)
        # Folded lines, and Content-Length beside chunks.
        parser.set_dangerous_leniencies(lenient_headers=True, lenient_chunked_length=True)
        return parser

    def _feed_parser(self, data: bytes) -> None:
        """Have the parser read; where it stumbles over lengths that may be the same one, once more from the start."""
        try:
            self._parser.feed_data(data if self._mender is None else self._mender.feed(data))
        except httptools.HttpParserUpgrade:
            pass  # the head is there, and was fed alone
        except httptools.HttpParserError as exc:
            if self.complete:
                return
            if self._mender is not None or self.has_head or str(exc) not in _MENDED:
                raise self._fault or self.library.RemoteProtocolError(f"malformed response: {exc}") from None
            self._mender = LengthMender()
            self._parser = self._make_parser()
            self._feed_parser(b"".join([*self._earlier, data]))

    def _parse(self, data: bytes) -> None:
        received, in_head = self._received, not self.has_head
        self._piece = len(data)
        self._feed_parser(data)
        if not self.has_head:
            self._earlier.append(data)
        if self.complete:
            del self._parser  # the two refer to each other
        elif self._received > received:
            self._room = _MAX_HEAD
        else:
            self._room -= len(data)
            if self._room < 0:
                what = "a head" if in_head else "chunk extensions or trailers"
                raise self.library.RemoteProtocolError(f"the server sent {what} of more than {_MAX_HEAD} bytes")

    def _take_excess(self, data: bytes) -> None:
        if self.switched:
            self.pieces.append(data)
            self.buffered += len(data)
        else:
            self.excess = True

    def _missing(self) -> str | None:
        """Say how far a body came that should have gone further; a body that ends with the connection does not."""
        fields = {name.lower(): value for name, value in self.headers}
        if b"transfer-encoding" in fields:
            return f"{self._received} bytes of a chunked body"
        if b"content-length" in fields:
            return f"{self._received} of {int(fields[b'content-length'])} body bytes"
        return None
