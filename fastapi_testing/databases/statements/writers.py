"""Who writes to an SQLite database, which takes one transaction that writes at a time."""

import contextlib
import sqlite3
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from fastapi_testing.databases.statements.kinds import kind_of, shorten
from fastapi_testing.databases.statements.owners import Owner, current_owner, describe_owner

__all__ = ["Writers"]

_ONE = (
    "SQLite takes one transaction that writes at a time; commit earlier, or set database_url to a PostgreSQL, which "
    "takes many"
)


class Writers:
    """Knows whose transactions have written, and tells so whom SQLite refuses because of them."""

    def __init__(self) -> None:
        self._open: dict[Any, tuple[Any, str]] = {}  # by connection: the driver's, and what is told of it
        self._last = "somebody"  # who committed last

    def watch(self, engine: Engine, owner: Owner | None = None) -> None:
        """
        Note what is written through an engine, and explain its errors.

        Args:
            engine: The engine.
            owner: Who uses it; None where it is told by the context.
        """

        def note(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if kind_of(statement) in ("write", "define"):
                told = f"{describe_owner(owner or current_owner())}, in a transaction since {shorten(statement)!r}"
                self._open.setdefault(connection, (connection.connection.driver_connection, told))

        def commit(connection: Any) -> None:
            if self._open.pop(connection, None) is not None:
                self._last = describe_owner(owner or current_owner())

        def rollback(connection: Any) -> None:
            self._open.pop(connection, None)

        def explain(context: Any) -> None:
            code = getattr(context.original_exception, "sqlite_errorcode", sqlite3.SQLITE_OK)
            if code & 0xFF == sqlite3.SQLITE_BUSY:
                context.sqlalchemy_exception.add_note(self._explain(code, describe_owner(owner or current_owner())))

        for listener in (commit, rollback):
            event.listen(engine, listener.__name__, listener)
        event.listen(engine, "after_cursor_execute", note)
        event.listen(engine, "handle_error", explain)

    def describe(self) -> str:
        """Return who has a transaction open that has written."""
        holders = [told for driver_connection, told in self._open.values() if _is_in_transaction(driver_connection)]
        return " and ".join(holders) or "somebody that SQLAlchemy does not know of"

    def _explain(self, code: int, who: str) -> str:
        if code == sqlite3.SQLITE_BUSY_SNAPSHOT:
            return (
                f"{who} has read in this transaction before it wrote, and {self._last} has written in between; only a "
                f"new transaction can write now. {_ONE}"
            )
        return f"{who} has waited in vain for {self.describe()}. {_ONE}"


def _is_in_transaction(connection: Any) -> bool:
    with contextlib.suppress(ValueError):  # it is closed
        return bool(connection.in_transaction)
    return False
