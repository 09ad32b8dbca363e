"""JSON Schema: how a document fails to conform, said by the library jsonschema and put in words here."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Self

from fastapi_testing.assertions.comparing.comparison import Path
from fastapi_testing.assertions.describing.describe import cut, describe_path
from fastapi_testing.assertions.describing.validation import describe_count
from fastapi_testing.assertions.extras import import_extra
from fastapi_testing.assertions.json.keywords import KEYWORDS, is_pattern

__all__ = ["Schema", "Violation", "describe_violations", "make_validator"]

_FORMATS = ("date", "email", "ipv4", "ipv6", "uuid")
"""The formats that jsonschema checks by itself; more would be checked here and not there, as libraries are found."""

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]", re.IGNORECASE)


@dataclass(frozen=True)
class Violation:
    """
    One way in which a document fails to conform.

    Attributes:
        path: Where it is.
        text: What is wrong there.
    """

    path: Path
    text: str


@dataclass(frozen=True)
class Schema:
    """
    A schema.

    Attributes:
        validator: It, as the library has it.
    """

    validator: Any

    @classmethod
    def from_document(cls, schema: Any) -> Self:
        """
        Read a schema.

        Raises:
            ModuleNotFoundError: If the library is not installed.
            ValueError: If it is no valid one.
        """
        jsonschema = import_extra("jsonschema", "json", "assertJsonSchema")
        dialect = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
        try:
            dialect.check_schema(schema, _pattern_checker())
        except jsonschema.SchemaError as exc:
            where, reason = describe_path(tuple(exc.absolute_path)), exc.message
            raise ValueError(f"the schema is not valid at {where}: {cut(reason)}") from None
        known = import_extra("jsonschema_specifications", "json", "assertJsonSchema").REGISTRY
        if isinstance(schema, dict):  # where it says its dialect, the library would go back to its own validator
            schema = {name: value for name, value in schema.items() if name != "$schema"}
        return cls(make_validator(dialect, schema, known))

    def find_violations(self, document: Any) -> list[Violation]:
        """
        Return in what a document fails to conform, in its order.

        Raises:
            ValueError: If the schema refers to something outside it, or has a pattern that nobody can read.
        """
        unresolvable = import_extra("referencing.exceptions", "json", "assertJsonSchema").Unresolvable
        try:
            errors = sorted(self.validator.iter_errors(document), key=lambda error: list(map(str, error.absolute_path)))
        except unresolvable as exc:
            problem = f"refers to {exc.ref!r}, which is not in it"
        except re.error as exc:
            problem = f"has the pattern {exc.pattern!r}, which Python cannot read: {exc}"
        else:
            return [Violation(tuple(error.absolute_path), _describe_error(error)) for error in errors]
        raise ValueError(f"the schema {problem}")


def make_validator(dialect: Any, schema: Any, registry: Any) -> Any:
    """
    Return what validates documents, with the formats and the keywords that are checked here.

    Args:
        dialect: The library's validator for the dialect of the schema.
        schema: The schema.
        registry: What it may refer to.
    """
    return _extended(dialect)(schema, registry=registry, format_checker=format_checker())


@cache
def _extended(dialect: Any) -> Any:
    return import_extra("jsonschema", "json", "assertJsonSchema").validators.extend(dialect, KEYWORDS)


@cache
def _pattern_checker() -> Any:
    """Return what checks the patterns of a schema, for the regular expressions that are understood here."""
    checker = import_extra("jsonschema", "json", "assertJsonSchema").FormatChecker(())
    checker.checkers = {"regex": (is_pattern, re.error)}
    return checker


@cache
def format_checker() -> Any:
    """Return what checks formats: always the same ones, whichever libraries are installed beside jsonschema."""
    library = import_extra("jsonschema", "json", "assertJsonSchema")
    checker = library.FormatChecker(())
    checker.checkers = {name: library.FormatChecker.checkers[name] for name in _FORMATS}
    checker.checkers["date-time"] = (_is_date_time, ValueError)
    return checker


def describe_violations(violations: Sequence[Violation], prefix: str = "") -> str:
    """Return how many violations there are, and each on a line of its own."""
    lines = (f"\n  {prefix}{describe_path(violation.path)}: {violation.text}" for violation in violations)
    return f"{describe_count(len(violations))}:{''.join(lines)}"


def _is_date_time(value: object) -> bool:
    """Check RFC 3339 §5.6, except that pydantic writes a naive datetime without an offset."""
    if not isinstance(value, str):
        return True
    datetime.fromisoformat(value)
    return _DATE_TIME.match(value) is not None


def _describe_error(error: Any) -> str:
    closest = "".join(f"; the closest has {reason}" for reason in _closest(error))
    return f"{cut(error.message)}{closest}"


def _closest(error: Any) -> Iterator[str]:
    """Yield what is wrong with the alternative of an ``anyOf`` or ``oneOf`` that comes closest."""
    if error.context:
        best = import_extra("jsonschema.exceptions", "json", "assertJsonSchema").best_match([error])
        if best is not error:
            yield f"{describe_path(tuple(best.absolute_path))}: {cut(best.message)}"
