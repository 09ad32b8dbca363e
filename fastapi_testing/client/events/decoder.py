"""The bytes of an event stream as events (HTML Standard §9.2.5 and §9.2.6)."""

import codecs
import re
from collections.abc import Callable, Iterator

from httpx_sse import ServerSentEvent

__all__ = ["EventDecoder"]

_LINE_END = re.compile("\r\n|\n|\r")
"""What ends a line. A CR at the end of a chunk ends one at once: a LF that begins the next chunk belongs to it."""


class EventDecoder:
    """
    Makes events of a stream of bytes, however they are cut up.

    httpx-sse has one, which takes a block without data for an event where the standard drops it: once an event has had
    an ID, every keep-alive comment would be one.

    Args:
        last_event_id: The ID that an earlier connection ended with.
        make_event: Makes an event of its type, data, ID and ``retry``.

    Attributes:
        last_event_id: The ID that a client gives when it connects again; empty where there was none.
        retry: The milliseconds after which it is to do so; None where the server has not said.
    """

    def __init__(self, last_event_id: str = "", make_event: Callable[..., ServerSentEvent] = ServerSentEvent) -> None:
        self._make_event = make_event
        self.last_event_id: str = last_event_id
        self.retry: int | None = None
        self._decode = codecs.getincrementaldecoder("utf-8-sig")("replace").decode
        self._rest: list[str] = []  # of a line whose end has not come, in pieces: joining them each time is quadratic
        self._after_cr = False
        self._start()

    def feed(self, chunk: bytes) -> Iterator[ServerSentEvent]:
        """Yield the events that are complete with these bytes."""
        for line in self._lines(self._decode(chunk)):
            if line:
                self._process(line)
            else:
                yield from self._dispatch()

    def _lines(self, text: str) -> Iterator[str]:
        """Yield the lines that end in a text; keep what begins behind the last of them."""
        if not text:
            return
        if self._after_cr:
            text = text.removeprefix("\n")
        self._after_cr = text.endswith("\r")
        first, *lines = _LINE_END.split(text)
        self._rest.append(first)
        if lines:
            yield "".join(self._rest)
            self._rest = [lines.pop()]
            yield from lines

    def _start(self) -> None:
        self._type = ""
        self._data: list[str] = []
        self._id = self.last_event_id
        self._event_retry: int | None = None

    def _process(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "event":
                self._type = value
            case "data":
                self._data.append(value)
            case "id" if "\0" not in value:
                self._id = value
            case "retry" if value.isascii() and value.isdigit():
                self.retry = self._event_retry = int(value)

    def _dispatch(self) -> Iterator[ServerSentEvent]:
        self.last_event_id = self._id
        event = self._make_event(self._type or "message", "\n".join(self._data), self._id, self._event_retry)
        has_data = bool(self._data)
        self._start()
        if has_data:
            yield event
