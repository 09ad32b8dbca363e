"""Choosing rows by their names."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Protocol, TypeVar

__all__ = ["choose_rows"]


class _Named(Protocol):
    """A row of any table."""

    @property
    def name(self) -> str: ...


_R = TypeVar("_R", bound=_Named)


def choose_rows(rows: Sequence[_R], patterns: Sequence[str]) -> list[_R]:
    """
    Return the rows whose names match one of the patterns, in their own order; without a pattern, all of them.

    Raises:
        ValueError: If a pattern matches none.
    """
    names = [row.name for row in rows]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise ValueError(f"no row matches {pattern!r}: there are {', '.join(names)}")
    return [row for row in rows if not patterns or any(fnmatchcase(row.name, pattern) for pattern in patterns)]
