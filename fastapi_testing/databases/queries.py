"""Counting what an app sends to its database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

__all__ = ["Statement", "describe_statements", "recording"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

Statement = tuple[str, Any]
"""The text of a statement, and its parameters."""


@contextmanager
def recording(engine: AsyncEngine) -> Iterator[list[Statement]]:
    """Record the statements that are sent through an engine while the block runs."""
    statements: list[Statement] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        statements.append((statement, parameters))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)


def describe_statements(expected: int, statements: list[Statement]) -> str:
    """Say how many statements came instead, and list them."""
    lines = [f"expected {expected} statement{'' if expected == 1 else 's'}, the app sent {len(statements)}"]
    for number, (statement, parameters) in enumerate(statements, start=1):
        lines.append(f"{number}. {' '.join(statement.split())}")
        if parameters:
            lines.append(f"   with {parameters!r}")
    return "\n".join(lines)
