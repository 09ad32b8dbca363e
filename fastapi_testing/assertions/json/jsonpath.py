"""JSONPath queries (RFC 9535), and how what they select differs from what is expected."""

from dataclasses import dataclass
from typing import Any, Self

from fastapi_testing.assertions.comparing.comparison import Path, find_differences
from fastapi_testing.assertions.describing.describe import describe_difference, describe_json
from fastapi_testing.assertions.extras import import_extra

__all__ = ["JSONPath"]


@dataclass(frozen=True)
class JSONPath:
    """
    A query.

    Attributes:
        query: It, as the library compiled it.
    """

    query: Any

    @classmethod
    def compile(cls, text: str) -> Self:
        """
        Read a query.

        Raises:
            ModuleNotFoundError: If the library is not installed.
            ValueError: If it is not understood.
        """
        library = import_extra("jsonpath", "json", "assertJsonPath")
        try:
            return cls(library.JSONPathEnvironment(strict=True).compile(text))
        except library.JSONPathError as exc:
            # Its str() shows the query over four lines, and fails where the query is empty.
            reason = exc.args[0]
        raise ValueError(f"JSONPath {text!r} is not understood: {reason}")

    def find_mismatch(self, document: Any, expected: Any) -> str | None:
        """Return how what the query selects differs from what is expected; None if it does not."""
        nodes = [(tuple(match.parts), match.obj) for match in self.query.finditer(document)]
        if not self.query.singular_query():
            return _describe_list_mismatch(nodes, expected)
        return _describe_mismatch(*nodes[0], expected) if nodes else "but it selects nothing"


def _describe_mismatch(path: Path, value: Any, expected: Any) -> str | None:
    difference = next(find_differences(value, expected, path), None)
    if difference is None:
        return None
    where = f", which differs at {describe_difference(difference)}" if len(difference.path) > len(path) else ""
    return f"but it selects {describe_json(value)}{where}"


def _describe_list_mismatch(nodes: list[tuple[Path, Any]], expected: Any) -> str | None:
    values = [value for _, value in nodes]
    if next(find_differences(values, expected), None) is None:
        return None
    return f"but it selects {describe_json(values)}" if nodes else "but it selects nothing"
