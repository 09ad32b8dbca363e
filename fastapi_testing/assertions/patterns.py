"""Texts that are expected as they are, or by a compiled pattern."""

import re

__all__ = ["TextOrPattern", "check_text_or_pattern", "matches"]

TextOrPattern = str | re.Pattern[str]
"""A text to be equal to, or a compiled pattern to search for."""


def check_text_or_pattern(what: str, value: object) -> None:
    """Raise TypeError unless it is a str or a compiled pattern."""
    if not isinstance(value, str | re.Pattern):
        raise TypeError(f"{what} {value!r} is not understood: give a str, or a compiled pattern to search for")


def matches(expected: TextOrPattern, value: str) -> bool:
    """Return whether a text is equal to the expected one, or has the pattern in it."""
    return value == expected if isinstance(expected, str) else expected.search(value) is not None
