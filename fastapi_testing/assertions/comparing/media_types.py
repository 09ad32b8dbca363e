"""Media types, with their parameters, and the ranges of them (RFC 9110 §8.3.1, §12.5.1)."""

import re
from dataclasses import dataclass
from typing import Self

__all__ = ["MediaType"]

_PARAMETER = re.compile(r';\s*([^\s=;]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;]*)')


@dataclass(frozen=True)
class MediaType:
    """
    A media type, or a range of them.

    Attributes:
        name: ``text/html``, ``text/*`` or ``*/*``, in lower case.
        parameters: The parameters by their names, all in lower case: charsets are, and no other that matters here is
            told from another by case.
    """

    name: str
    parameters: frozenset[tuple[str, str]]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a media type as a Content-Type header has it."""
        parameters = ((key.lower(), value.strip('"').lower()) for key, value in _PARAMETER.findall(text))
        return cls(text.partition(";")[0].strip().lower(), frozenset(parameters))

    def covers(self, other: "MediaType") -> bool:
        """Return whether the other one is of this type, and has this one's parameters at least."""
        main, _, sub = self.name.partition("/")
        other_main, _, other_sub = other.name.partition("/")
        return main in ("*", other_main) and sub in ("*", other_sub) and self.parameters <= other.parameters

    @property
    def precision(self) -> tuple[int, int]:
        """How narrow a range it is, as a number to compare: the narrowest counts (RFC 9110 §12.5.1)."""
        return -self.name.count("*"), len(self.parameters)
