"""The errors that pydantic finds, as text for a reader."""

from collections.abc import Iterable, Mapping
from typing import Any

from fastapi_testing.assertions.describing.describe import describe_json

__all__ = ["describe_count", "describe_location", "describe_validation_errors"]


def describe_location(location: Iterable[Any]) -> str:
    """Return where an error is, as pydantic writes it: ``body.items.0.price``."""
    return ".".join(map(str, location))


def describe_validation_errors(errors: Iterable[Mapping[str, Any]]) -> str:
    """
    Return errors on lines of their own, each with the input beside it.

    Args:
        errors: As :meth:`pydantic.ValidationError.errors` returns them, and FastAPI sends them.
    """
    return "".join(f"\n  {_describe_error(error)}" for error in errors)


def describe_count(number: int) -> str:
    """Return how many errors there are: ``1 error``."""
    return f"{number} error" if number == 1 else f"{number} errors"


def _describe_error(error: Mapping[str, Any]) -> str:
    where = describe_location(error.get("loc", ())) or "the document"
    got = f"; got {describe_json(error['input'])}" if "input" in error else ""
    return f"{where}: {error.get('msg')} ({error.get('type')}){got}"
