"""Which status codes a test expects."""

import re
from collections.abc import Collection
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Self

__all__ = ["ExpectedStatus", "StatusChoice"]

ExpectedStatus = int | str | Collection[int | str]
"""A status code, a class of them such as ``"2xx"``, or a collection of both."""

_CLASS = re.compile("[1-5]xx", re.IGNORECASE)
_CODES = range(100, 600)
_HELP = 'give an int such as 200, an http.HTTPStatus, a class such as "2xx", or a collection of those'


@dataclass(frozen=True)
class StatusChoice:
    """
    The status codes that will do.

    Attributes:
        choices: Codes, and classes (RFC 9110 §15) such as ``"2xx"``.
    """

    choices: tuple[int | str, ...]

    @classmethod
    def parse(cls, expected: ExpectedStatus) -> Self:
        """
        Read what a test said.

        Raises:
            TypeError: If it is nothing that stands for status codes.
            ValueError: If there are no such status codes, or none at all.
        """
        if isinstance(expected, int | str):
            return cls((_parse_choice(expected),))
        if not isinstance(expected, Collection) or isinstance(expected, bytes | bytearray):
            raise TypeError(f"expected status {expected!r} is not understood: {_HELP}")
        if not expected:
            raise ValueError(f"expected status {expected!r} allows for no status at all: {_HELP}")
        choices = map(_parse_choice, expected)
        return cls(tuple(sorted(choices, key=str) if isinstance(expected, AbstractSet) else choices))

    def __contains__(self, status_code: int) -> bool:
        return status_code in self.choices or f"{status_code // 100}xx" in self.choices

    def __str__(self) -> str:
        *rest, last = map(str, self.choices)
        return f"{', '.join(rest)} or {last}" if rest else last


def _parse_choice(choice: object) -> int | str:
    if isinstance(choice, str):
        return _parse_class(choice)
    if not isinstance(choice, int) or isinstance(choice, bool):
        raise TypeError(f"expected status {choice!r} is not understood: {_HELP}")
    if choice not in _CODES:
        raise ValueError(f"expected status {choice!r} does not exist, they go from 100 to 599: {_HELP}")
    return int(choice)


def _parse_class(choice: str) -> str:
    if not _CLASS.fullmatch(choice):
        raise ValueError(f"expected status {choice!r} is not understood: {_HELP}")
    return choice.lower()
