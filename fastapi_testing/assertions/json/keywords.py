"""Keywords of JSON Schema by which the library jsonschema refuses what is right for pydantic, and for the standard."""

import math
import re
import warnings
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Annotated, Any

from pydantic import StringConstraints, TypeAdapter, ValidationError
from pydantic_core import SchemaError

from fastapi_testing.assertions.extras import import_extra

__all__ = ["KEYWORDS", "is_pattern"]


def _check_multiple(validator: Any, factor: Any, instance: Any, _: Any) -> Iterator[Exception]:
    """Check ``multipleOf`` (JSON Schema Validation §6.2.1) by the numbers as they are written: 19.99 is one of 0.01."""
    if validator.is_type(instance, "number") and not _is_multiple(instance, factor):
        yield _violation(f"{instance!r} is not a multiple of {factor}")


def _check_pattern(validator: Any, pattern: str, instance: Any, _: Any) -> Iterator[Exception]:
    """Check ``pattern`` (§6.3.3) also where it is one of Rust, in which pydantic has them, and none of Python."""
    if validator.is_type(instance, "string") and not _search(pattern)(instance):
        yield _violation(f"{instance!r} does not match {pattern!r}")


KEYWORDS: dict[str, Callable[[Any, Any, Any, Any], Iterator[Exception]]] = {
    "multipleOf": _check_multiple,
    "pattern": _check_pattern,
}
"""What checks each of them, as jsonschema calls it."""


def is_pattern(value: object) -> bool:
    """
    Check what a schema has for a pattern; anything but a text is somebody else's to check.

    Raises:
        re.error: If neither Python nor Rust knows such a pattern.
    """
    return not isinstance(value, str) or _search(value) is not None


def _is_multiple(number: Any, factor: Any) -> bool:
    if not math.isfinite(number):  # what Python reads of 1e400
        return False
    return (_exact(number) / _exact(factor)).denominator == 1


def _exact(number: Any) -> Fraction:
    return Fraction(number if isinstance(number, int) else str(number))


def _violation(text: str) -> Exception:
    error: Exception = import_extra("jsonschema", "json", "assertJsonSchema").ValidationError(text)
    return error


@lru_cache(maxsize=256)
def _search(pattern: str) -> Callable[[str], object]:
    """
    Return what tells whether a text has a pattern in it.

    Raises:
        re.error: If neither Python nor Rust knows such a pattern.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)  # of sets in sets, which mean something else in Rust
        try:
            # With nothing at its end: Python does not warn of a pattern that somebody has compiled before.
            re.compile(f"{pattern}(?:)")
            return re.compile(pattern).search
        except (re.error, FutureWarning):
            pass
    try:
        adapter = TypeAdapter(Annotated[str, StringConstraints(pattern=pattern)])
    except SchemaError:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            return re.compile(pattern).search

    def search(text: str) -> bool:
        try:
            adapter.validate_python(text)
        except ValidationError:
            return False
        return True

    return search
