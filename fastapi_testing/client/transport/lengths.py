"""Heads that say the length of their body more than once (RFC 9110 §8.6), said once for a parser that refuses them."""

import re

__all__ = ["LengthMender"]

_LENGTHS = re.compile(rb"content-length:[ \t]*([0-9]+(?:[ \t]*,[ \t]*[0-9]+)*)[ \t]*\r\n", re.IGNORECASE)
"""The field as one that was joined has it; h11 takes such a list too, and so does httpx."""

_INTERIM = re.compile(rb"HTTP/1\.[01] 1(?!01)[0-9][0-9]")
"""The status line of an interim response (RFC 9110 §15.2), which another head follows."""


class LengthMender:
    """
    Passes heads on line by line, each with one Content-Length.

    A recipient may "replace the duplicated field values with a single valid Content-Length" where all are the same
    decimal number. Where they are not, they are passed on as they are, for the parser to refuse.
    """

    def __init__(self) -> None:
        self._rest = b""  # of a line that has not come whole
        self._length = b""
        self._is_first_line = True
        self._is_interim = False
        self._is_over = False

    def feed(self, data: bytes) -> bytes:
        """Take what came, and return what there is to parse by now."""
        data = self._rest + data
        mended = []
        start = 0
        while not self._is_over and (end := data.find(b"\n", start) + 1):
            mended.append(self._mend(data[start:end]))
            start = end
        self._rest = b"" if self._is_over else data[start:]
        return b"".join(mended) + (data[start:] if self._is_over else b"")

    def _mend(self, line: bytes) -> bytes:
        if self._is_first_line:
            self._is_first_line = False
            self._is_interim = _INTERIM.match(line) is not None
        elif line == b"\r\n":
            self._is_over = not self._is_interim
            self._is_first_line, self._length = True, b""
        elif (match := _LENGTHS.fullmatch(line)) is not None:
            return self._mend_length(line, match[1])
        return line

    def _mend_length(self, line: bytes, value: bytes) -> bytes:
        lengths = {each.strip() for each in value.split(b",")}
        if self._length:
            return b"" if lengths == {self._length} else line
        if len(lengths) > 1:
            return line
        (self._length,) = lengths
        return line.replace(value, self._length)
