"""Counting what an app sends to its database."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

__all__ = ["CountedStatements", "Statement", "describe_statements"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

Statement = tuple[str, Any]
"""The text of a statement, and its parameters."""


class CountedStatements:
    """
    Counts the statements that are sent through an engine while the block runs.

    It is for ``with`` and ``async with``, and no ``@contextmanager``, whose frames would be the last of the traceback.

    Args:
        engine: The engine.
        expected: How many there are to be.
        fail: Called with what is wrong where there are more or less.
    """

    def __init__(self, engine: Engine, expected: int, fail: Callable[[str], None]) -> None:
        self._engine = engine
        self._expected = expected
        self._fail = fail
        self._statements: list[Statement] = []

    def __enter__(self) -> None:
        event.listen(self._engine, "before_cursor_execute", self._note)

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(self, kind: type[BaseException] | None, *exc_info: object) -> None:
        self.__exit__(kind, *exc_info)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._note)
        if kind is None and len(self._statements) != self._expected:
            self._fail(describe_statements(self._expected, self._statements))

    def _note(self, _connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        self._statements.append((statement, parameters))


def describe_statements(expected: int, statements: list[Statement]) -> str:
    """Say how many statements came instead, and list them."""
    lines = [f"expected {expected} statement{'' if expected == 1 else 's'}, the app sent {len(statements)}"]
    for number, (statement, parameters) in enumerate(statements, start=1):
        lines.append(f"{number}. {' '.join(statement.split())}")
        if parameters:
            lines.append(f"   with {parameters!r}")
    return "\n".join(lines)
