"""What a test can claim of the errors that FastAPI answers with."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from unittest.mock import ANY

from fastapi_testing.assertions.comparing.comparison import find_differences
from fastapi_testing.assertions.comparing.patterns import (
    ANYTHING,
    TextOrPattern,
    check_text_or_pattern,
    describe_text_or_pattern,
    matches,
)
from fastapi_testing.assertions.comparing.status import ExpectedStatus, StatusChoice
from fastapi_testing.assertions.describing.base import DocumentAssertions
from fastapi_testing.assertions.describing.describe import describe_answer, describe_difference, describe_json
from fastapi_testing.assertions.describing.response import Response, media_type, read_body
from fastapi_testing.assertions.describing.validation import (
    describe_count,
    describe_location,
    describe_validation_errors,
)

__all__ = ["ErrorAssertions"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_UNPROCESSABLE = 422


class ErrorAssertions(DocumentAssertions):
    """Assertions on error responses in FastAPI's own form, ``{"detail": ...}``, for any test case."""

    def assertHTTPError(self, response: Response, status: ExpectedStatus, detail: Any = ANY, msg: Any = None) -> None:
        """
        Fail unless the response is what an ``HTTPException`` of this status and detail becomes.

        ::

            self.assertHTTPError(response, 404, "Item not found")

        Args:
            response: The response.
            status: The status, as for ``assertStatus``.
            detail: What the body has as its ``detail``: a document, compared as ``assertJsonEqual`` does, or a compiled
                pattern to search a text for. Unless given, anything will do.
            msg: What to say besides.

        Raises:
            TypeError: If ``status`` is nothing that stands for status codes.
            ValueError: If there is no such status.
        """
        choice = StatusChoice.parse(status)
        details = _details(response)
        if response.status_code not in choice or not any(_is_detail(found, detail) for found in details):
            wanted = f"expected HTTP error {choice}{_describe_detail(detail)}"
            where = "".join(_describe_where(found, detail) for found in details)
            if not details and response.status_code in choice:
                where = f"; {_describe_no_detail(response)}"
            self._fail(response, f"{wanted}, got {describe_answer(response)}{where}", msg)

    def assertValidationError(
        self,
        response: Response,
        loc: str | Sequence[str | int],
        type: str | None = None,  # noqa: A002 - pydantic's own name
        msg: Any = None,
        *,
        message: TextOrPattern = ANYTHING,
    ) -> None:
        """
        Fail unless the response is FastAPI's 422 with an error in this place.

        ::

            self.assertValidationError(response, ("body", "price"), "greater_than")

        Args:
            response: The response.
            loc: Where the error is, as pydantic has it: ``("body", "items", 0, "price")``, or ``"body.items.0.price"``.
            type: Which error it is, such as ``"missing"``; unless given, any.
            msg: What to say besides.
            message: The error's own message, or a compiled pattern to search it for; unless given, any.

        Raises:
            TypeError: If ``message`` is neither a str nor a compiled pattern.
        """
        check_text_or_pattern("expected message", message)
        errors = _validation_errors(response)
        if not any(_is_error(error, loc, type, message) for error in errors):
            of_type = "" if type is None else f" of type {type}"
            wanted = f"expected a validation error at {_describe_loc(loc)}{of_type}{_describe_message(message)}"
            self._fail(response, f"{wanted}, got {_describe_errors(response, errors)}", msg)


def _details(response: Response) -> list[Any]:
    """Return the ``detail`` of the body; none if it has none."""
    try:
        document = json.loads(read_body(response) or b"")
    except ValueError:
        return []
    return [document["detail"]] if isinstance(document, dict) and "detail" in document else []


def _is_detail(found: Any, expected: Any) -> bool:
    if isinstance(expected, re.Pattern):
        return isinstance(found, str) and matches(expected, found)
    return next(find_differences(found, expected), None) is None


def _describe_detail(detail: Any) -> str:
    if detail is ANY:
        return ""
    if isinstance(detail, re.Pattern):
        return f" with a detail to match {detail.pattern!r}"
    return f" with detail {describe_json(detail)}"


def _describe_no_detail(response: Response) -> str:
    kind = media_type(response) or "a body without Content-Type"
    what = "the JSON has" if kind.endswith("json") else f"{kind} is no JSON, and has"
    return f"{what} no `detail`, which an HTTPException becomes: assertStatus() looks at the status only"


def _describe_where(found: Any, expected: Any) -> str:
    """Return where a detail differs, if that is somewhere within it."""
    difference = next(find_differences(found, expected, ("detail",)), None)
    nested = difference is not None and len(difference.path) > 1
    return f"; JSON differs at {describe_difference(difference)}" if difference and nested else ""


def _validation_errors(response: Response) -> list[Mapping[str, Any]]:
    details = _details(response) if response.status_code == _UNPROCESSABLE else []
    errors = details[0] if details and isinstance(details[0], list) else []
    return [error for error in errors if isinstance(error, dict)]


def _is_error(
    error: Mapping[str, Any], loc: str | Sequence[str | int], type_: str | None, message: TextOrPattern
) -> bool:
    return (
        _is_location(error.get("loc", ()), loc)
        and type_ in (None, error.get("type"))
        and matches(message, str(error.get("msg", "")))
    )


def _is_location(found: Iterable[Any], expected: str | Sequence[str | int]) -> bool:
    if isinstance(expected, str):
        return describe_location(found) == expected
    return list(found) == list(expected)


def _describe_loc(loc: str | Sequence[str | int]) -> str:
    return loc if isinstance(loc, str) else describe_location(loc)


def _describe_message(message: TextOrPattern) -> str:
    return "" if message is ANYTHING else f" with its message{describe_text_or_pattern(message)}"


def _describe_errors(response: Response, errors: list[Mapping[str, Any]]) -> str:
    if not errors:
        return describe_answer(response)
    return f"{describe_count(len(errors))}:{describe_validation_errors(errors)}"
