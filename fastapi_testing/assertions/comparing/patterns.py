"""Texts that are expected as they are, or by a compiled pattern."""

import re

__all__ = ["ANYTHING", "TextOrPattern", "check_text_or_pattern", "describe_text_or_pattern", "matches"]

TextOrPattern = str | re.Pattern[str]
"""A text to be equal to, or a compiled pattern to search for."""

ANYTHING = re.compile("")
"""What is expected where the test does not say."""


def check_text_or_pattern(what: str, value: object) -> None:
    """Raise TypeError unless it is a str or a compiled pattern."""
    if not isinstance(value, str | re.Pattern):
        raise TypeError(f"{what} {value!r} is not understood: give a str, or a compiled pattern to search for")


def matches(expected: TextOrPattern, value: str) -> bool:
    """Return whether a text is equal to the expected one, or has the pattern in it."""
    return value == expected if isinstance(expected, str) else expected.search(value) is not None


def describe_text_or_pattern(expected: TextOrPattern) -> str:
    """Return what was expected, to follow the name of what should be it; empty where anything will do."""
    if expected is ANYTHING:
        return ""
    return f" to be {expected!r}" if isinstance(expected, str) else f" to match {expected.pattern!r}"
