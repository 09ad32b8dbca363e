"""What a test can claim of a JSON document."""

import json
from typing import Any
from unittest import TestCase

from fastapi_testing.assertions.comparison import find_differences, find_missing
from fastapi_testing.assertions.describe import (
    cut,
    describe_answer,
    describe_body,
    describe_diff,
    describe_difference,
    describe_json,
    describe_request,
    describe_status,
)
from fastapi_testing.assertions.response import is_response, media_type

__all__ = ["JsonAssertions"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


class JsonAssertions(TestCase):
    """
    Assertions on JSON documents, for any test case.

    The actual document is a response, whose body it is; a str or bytes, which are JSON text; or any other value, which
    is a document that has been parsed. (A parsed document that is a string goes to ``assertEqual``.)

    The expected document is one that has been parsed; tuples are arrays, and member names that are no strings stand
    for what :func:`json.dumps` makes of them. Anywhere in it may be objects that decide for themselves what they
    equal, such as :data:`unittest.mock.ANY`. Values compare as JSON has them: ``1`` is ``1.0`` and is not ``true``.
    """

    def assertJsonEqual(self, actual: Any, expected: Any, msg: Any = None) -> None:
        """
        Fail unless two documents are equal.

        The failure names the first difference by its path (RFC 9535), and shows all of them in a diff, which is left
        out if it is longer than ``maxDiff``.

        Args:
            actual: A response, JSON text, or a document.
            expected: The document that it should be.
            msg: What to say besides.

        Raises:
            TypeError: If a member of the expected document has a name that JSON cannot write.
        """
        document = self._parse(actual, msg)
        difference = next(find_differences(document, expected), None)
        if difference is not None:
            got = f"; got {describe_status(actual)}" if is_response(actual) else ""
            standard = f"{_prefix(actual)}JSON differs at {describe_difference(difference)}{got}"
            if difference.path:  # where the documents have nothing in common, the line above has it all
                diff = f"\n{describe_diff(document, expected)}"
                standard = self._truncateMessage(standard, diff)  # type: ignore[attr-defined] # typeshed lacks it
            self.fail(self._formatMessage(msg, standard))

    def assertJsonContains(self, actual: Any, expected: Any, msg: Any = None) -> None:
        """
        Fail unless one document contains another.

        An object contains another one's members, and may have more. An array contains another one's elements, in any
        order, each in an element of its own, and may have more. Any other value contains what it equals.

        Args:
            actual: A response, JSON text, or a document.
            expected: The document that it should contain.
            msg: What to say besides.

        Raises:
            TypeError: If a member of the expected document has a name that JSON cannot write.
        """
        document = self._parse(actual, msg)
        difference = next(find_missing(document, expected), None)
        if difference is not None:
            got = describe_answer(actual) if is_response(actual) else describe_json(document)
            standard = f"{_prefix(actual)}JSON differs at {describe_difference(difference)}; got {got}"
            self.fail(self._formatMessage(msg, standard))

    def _parse(self, actual: Any, msg: Any) -> Any:
        text = actual.content if is_response(actual) else actual
        if not isinstance(text, str | bytes | bytearray):
            return text
        try:
            return json.loads(text)
        except ValueError as exc:
            error = exc
        return self.fail(self._formatMessage(msg, f"{_prefix(actual)}{_describe_no_json(actual, error)}"))


def _prefix(actual: Any) -> str:
    return f"{describe_request(actual)}: " if is_response(actual) else ""


def _describe_no_json(actual: Any, error: ValueError) -> str:
    if not is_response(actual):
        return f"expected JSON text, got {cut(repr(actual))} ({error})"
    kind = media_type(actual) or "no Content-Type"
    return f"expected a JSON body, got {describe_status(actual)} with {kind} ({error}); {describe_body(actual)}"
