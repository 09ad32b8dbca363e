"""
What is kept of what happened, bounded in bytes: the last ones of it, and the text of what is large.

What an app is asked and answers may be of any size, and so is what the frames of an exception hold: the request, its
body, what was made of it. A test that goes on for long has to stay flat. So there are three rules:

* A ``Shelf`` keeps what came last, so many and so many bytes of it, and counts what it has let go.
* What is larger than a text that somebody reads is cut to its beginning, and says how much is missing.
* The frames of an exception go once nobody looks at them any more: its text has been made by then. The exception itself
  stays, as :meth:`unittest.TestCase.assertRaises` leaves it.

The size of an object is estimated: that of the strings and bytes in it, as far as a short look finds them.
"""

import logging
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from copy import copy
from itertools import chain, islice
from types import FunctionType, ModuleType
from typing import Generic, TypeVar, cast, overload

from fastapi_testing.server.recording.stacks import app_traceback

__all__ = [
    "KEPT_BYTES",
    "Shelf",
    "beginning_of",
    "drop_frames",
    "estimate",
    "last_line_of",
    "message_of",
    "note_of",
    "record_without",
    "shorten_record",
    "size_of_failure",
    "whole_size",
]

_T = TypeVar("_T")

KEPT_BYTES = 2**20
"""Bytes that a shelf keeps: 1 MB."""

_BEGINNING = 10_000
"""Characters or bytes that are kept of what is larger than a shelf, and of a message of the log."""

_LINE = 200
"""Characters that are kept of a traceback where there are too many of them."""

_LOOKS = 200
"""Objects that an estimate looks at."""

_PLAIN = (str, bytes, bytearray, int, float, complex, type(None))
"""Types of what a record of the log may hold as it is: it does not lead to anything else."""

_STANDARD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", None, None)))
"""The attributes of every record; others were given as ``extra``."""


class Shelf(Generic[_T]):
    """
    Keeps what came last.

    Args:
        number: How many are kept.
        size_of: Returns the bytes of one.
        let_go: Called with each that is kept no longer.
        limit: Bytes that are kept, by the last one alone where it is larger.

    Attributes:
        items: What is kept, oldest first. Who has it may take things out.
        size: The bytes of it.
    """

    def __init__(
        self,
        number: int,
        size_of: Callable[[_T], int],
        let_go: Callable[[_T], object] = id,
        limit: int = KEPT_BYTES,
    ) -> None:
        self.items: deque[_T] = deque()
        self.size: int = 0
        self._number = number
        self._size_of = size_of
        self._let_go = let_go
        self._limit = limit
        self._sizes: deque[int] = deque()

    def keep(self, item: _T) -> None:
        """Keep one more, and let the oldest go that are too much."""
        items, sizes = self.items, self._sizes
        if len(items) != len(sizes):  # a test has cleared what it has seen
            sizes = self._sizes = deque(map(self._size_of, items))
            self.size = sum(sizes)
        size = self._size_of(item)
        items.append(item)
        sizes.append(size)
        self.size += size
        while len(items) > self._number or (self.size > self._limit and len(items) > 1):
            self.size -= sizes.popleft()
            self._let_go(items.popleft())


class _CutText(str):
    """The beginning of a text, which knows how long that was."""

    __slots__ = ("whole_size",)
    whole_size: int


class _CutBytes(bytes):
    """The same of bytes."""

    whole_size: int


@overload
def beginning_of(message: str) -> str: ...


@overload
def beginning_of(message: str | bytes) -> str | bytes: ...


def beginning_of(message: str | bytes) -> str | bytes:
    """Return a message as it is, or of one that is larger than a shelf its beginning, and how much is missing."""
    if sys.getsizeof(message) <= KEPT_BYTES:
        return message
    is_text = isinstance(message, str)
    omission = f"… ({len(message) - _BEGINNING} of {len(message)} {'characters' if is_text else 'bytes'} cut)"
    beginning = message[:_BEGINNING]
    cut = _CutText(beginning + omission) if isinstance(beginning, str) else _CutBytes(beginning + omission.encode())
    cut.whole_size = len(message)
    return cut


def whole_size(message: str | bytes) -> int:
    """Return the length that a message had before it was cut."""
    size: int = getattr(message, "whole_size", len(message))
    return size


def cut_text(text: str) -> str:
    """Return a text, or its beginning and how much is missing."""
    omitted = len(text) - _BEGINNING
    return text if omitted <= 0 else f"{text[:_BEGINNING]}… ({omitted} of {len(text)} characters cut)"


def estimate(*objects: object) -> int:
    """Return about how many bytes the strings and bytes have to which objects lead, the first objects on the way."""
    size, seen, found = 0, set[int](), deque(objects)
    while found and len(seen) < _LOOKS:
        each = found.popleft()
        if id(each) in seen:
            continue
        seen.add(id(each))
        size += _size_of(each)
        found += islice(_parts_of(each), _LOOKS)
    return size


def size_of_failure(text: str | None, *errors: BaseException | None) -> int:
    """Return about how many bytes are kept of what was raised: the text of it, and what the exceptions hold."""
    held = (each for error in errors if error is not None for each in (*error.args, *vars(error).values()))
    return estimate(text, *held)


def drop_frames(exception: BaseException, seen: set[int] | None = None) -> None:
    """Take the traceback off an exception, and off those that are behind it or in it."""
    seen = set() if seen is None else seen
    if id(exception) in seen:
        return
    seen.add(id(exception))
    exception.__traceback__ = None
    parts = exception.exceptions if isinstance(exception, BaseExceptionGroup) else ()
    for other in (exception.__cause__, exception.__context__, *parts):
        if other is not None:
            drop_frames(other, seen)


def message_of(record: logging.LogRecord) -> str:
    """Return the text of a record of the log."""
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - arguments that do not fit the format, or cannot be written, are the app's
        return f"{_said(str, record.msg)} {_said(repr, record.args)}"


def shorten_record(record: logging.LogRecord) -> logging.LogRecord:
    """Return a record of the log as it is, or of a large one a copy that has the beginning of its text instead."""
    held = _held_by(record)
    if sum(map(_size_of, held)) <= _BEGINNING:
        return record
    return _copy(record)


def record_without(record: logging.LogRecord) -> logging.LogRecord:
    """Return a record that holds nothing but text and numbers: itself, or a copy where it does hold more."""
    if record.exc_info is None and all(isinstance(each, _PLAIN) for each in _held_by(record)):
        return record
    shortened = _copy(record)
    if record.exc_info:
        _, exception, traceback = record.exc_info
        shortened.exc_text = None if exception is None else app_traceback(exception, traceback)
        shortened.exc_info = None
    return shortened


def note_of(records: Collection[logging.LogRecord]) -> logging.LogRecord:
    """Return a record that says how much is missing of some."""
    size = sum(len(str(record.msg)) for record in records)
    text = f"({len(records)} log records of {size} characters cut: the app has raised and logged too much since)"
    return logging.LogRecord("fastapi_testing", logging.INFO, "", 0, text, None, None)


def last_line_of(traceback: str) -> str:
    """Return the last line of a traceback, and how much is missing."""
    line = traceback.rpartition("\n")[2][:_LINE]
    omitted = len(traceback) - len(line)
    return f"({omitted} characters cut: the app has raised and logged too much since) …{line}" if traceback else ""


def _held_by(record: logging.LogRecord) -> list[object]:
    """Return what a record was given: the message, what goes into it, and whatever else the app wanted in it."""
    given = vars(record)
    arguments = record.args.values() if isinstance(record.args, Mapping) else record.args or ()
    return [record.msg, *arguments, *(given[name] for name in given.keys() - _STANDARD)]


def _copy(record: logging.LogRecord) -> logging.LogRecord:
    """Return a copy of a record that has its text in the place of what it was made of."""
    shortened = copy(record)  # not by makeLogRecord(), which tells it as one more
    given = vars(shortened)
    for name in given.keys() - _STANDARD:
        if not isinstance(given[name], _PLAIN) or sys.getsizeof(given[name]) > _BEGINNING:
            given[name] = cut_text(_said(str, given[name]))
    shortened.msg, shortened.args = cut_text(message_of(record)), None
    return shortened


def _said(say: Callable[[object], str], value: object) -> str:
    try:
        return say(value)
    except Exception:  # noqa: BLE001 - of the app's own making
        return object.__repr__(value)


def _size_of(each: object) -> int:
    """Return the bytes of a string, or of bytes; what else there is says nothing of what it leads to."""
    return sys.getsizeof(each) if isinstance(each, str | bytes | bytearray) else 0


def _parts_of(each: object) -> Iterable[object]:
    """Return what an object leads to: by its type, as others may be iterated over by code of the user's."""
    if type(each) is dict:
        return chain(*each.items())
    if type(each) in (list, tuple, set, frozenset, deque):
        return cast("Iterable[object]", each)
    if isinstance(each, type | ModuleType | FunctionType):
        return ()
    try:
        held: dict[str, object] = object.__getattribute__(each, "__dict__")
    except AttributeError:  # it has slots, or is of C
        return ()
    return held.values()
