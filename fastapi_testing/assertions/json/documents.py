"""What a test can claim of a JSON document."""

from typing import Any

from fastapi_testing.assertions.comparing.comparison import find_differences, find_missing
from fastapi_testing.assertions.describing.base import DocumentAssertions
from fastapi_testing.assertions.describing.describe import (
    describe_answer,
    describe_diff,
    describe_difference,
    describe_json,
    describe_status,
)
from fastapi_testing.assertions.describing.response import is_response
from fastapi_testing.assertions.json.jsonpath import JSONPath
from fastapi_testing.assertions.json.schema import Schema, describe_violations

__all__ = ["JsonAssertions"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


class JsonAssertions(DocumentAssertions):
    """
    Assertions on JSON documents, for any test case.

    The actual document is a response, whose body it is; a str or bytes, which are JSON text; or any other value, which
    is a document that has been parsed. (A parsed document that is a string goes to ``assertEqual``.)

    The expected document is one that has been parsed; tuples are arrays, mappings of every kind are objects, and member
    names that are no strings stand for what :func:`json.dumps` makes of them. Anywhere in it may be objects that decide
    for themselves what they equal, such as :data:`unittest.mock.ANY`. Values compare as JSON has them: ``1`` is ``1.0``
    and is not ``true``.
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
            standard = f"JSON differs at {describe_difference(difference)}{got}"
            if difference.path:  # where the documents have nothing in common, the line above has it all
                diff = f"\n{describe_diff(document, expected)}"
                standard = self._truncateMessage(standard, diff)  # type: ignore[attr-defined] # typeshed lacks it
            self._fail(actual, standard, msg)

    def assertJsonNotEqual(self, actual: Any, unexpected: Any, msg: Any = None) -> None:
        """
        Fail if two documents are equal.

        Args:
            actual: A response, JSON text, or a document.
            unexpected: The document that it should not be.
            msg: What to say besides.

        Raises:
            TypeError: If a member of the other document has a name that JSON cannot write.
        """
        document = self._parse(actual, msg)
        if next(find_differences(document, unexpected), None) is None:
            wanted = f"expected JSON other than {describe_json(unexpected)}"
            self._fail(actual, f"{wanted}, got {_describe_document(actual, document)}", msg)

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
            got = _describe_document(actual, document)
            self._fail(actual, f"JSON differs at {describe_difference(difference)}; got {got}", msg)

    def assertJsonPath(self, actual: Any, path: str, expected: Any, msg: Any = None) -> None:
        """
        Fail unless a JSONPath query (RFC 9535) selects what is expected.

        ::

            self.assertJsonPath(response, "$.items[0].name", "Widget")
            self.assertJsonPath(response, "$.items[?@.price > 5].name", ["Widget", "Gadget"])

        Needs the extra ``json``.

        Args:
            actual: A response, JSON text, or a document.
            path: The query. A singular one (RFC 9535 §2.3.5.1), made of names and indices only, selects one value; any
                other selects a list of values, which may be empty or have one element.
            expected: That value, or that list, compared as :meth:`assertJsonEqual` does.
            msg: What to say besides.

        Raises:
            ModuleNotFoundError: If the extra is not installed.
            ValueError: If ``path`` is no JSONPath query.
        """
        query = JSONPath.compile(path)
        document = self._parse(actual, msg)
        mismatch = query.find_mismatch(document, expected)
        if mismatch is not None:
            got = _describe_document(actual, document)
            self._fail(actual, f"JSONPath {path}: expected {describe_json(expected)}, {mismatch}; got {got}", msg)

    def assertJsonSchema(self, actual: Any, schema: Any, msg: Any = None) -> None:
        """
        Fail unless the document conforms to a JSON Schema.

        The dialect is the one that ``$schema`` names, else 2020-12. Of the formats, ``date``, ``date-time``, ``email``,
        ``ipv4``, ``ipv6`` and ``uuid`` are checked; a ``date-time`` may lack an offset, as that of Python's naive ones.
        A ``multipleOf`` is checked by the numbers as they are written, so that 19.99 is one of 0.01. A ``pattern`` may
        be one of Rust, in which pydantic has them, where Python knows no such one. Needs the extra ``json``.

        Args:
            actual: A response, JSON text, or a document.
            schema: The schema: a dict, or a bool.
            msg: What to say besides.

        Raises:
            ModuleNotFoundError: If the extra is not installed.
            ValueError: If ``schema`` is no valid schema, refers to something outside it, or names properties by a
                pattern that Python does not know.
        """
        parsed = Schema.from_document(schema)
        document = self._parse(actual, msg)
        violations = parsed.find_violations(document)
        if violations:
            standard = f"JSON does not conform to the schema, {describe_violations(violations)}"
            self._fail(actual, f"{standard}\ngot {_describe_document(actual, document)}", msg)


def _describe_document(actual: Any, document: Any) -> str:
    return describe_answer(actual) if is_response(actual) else describe_json(document)
