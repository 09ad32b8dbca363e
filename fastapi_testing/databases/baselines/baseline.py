"""What a database holds before the first test of a class, and gets back after each."""

from typing import Protocol

from fastapi_testing.errors import IsolationError

__all__ = ["Baseline"]

LOCK_TIMEOUT = 5.0
"""Seconds that bringing rows back waits for somebody who still uses them."""


class Baseline(Protocol):
    """Remembers what a database holds."""

    beyond_repair: IsolationError | None
    """Why it can never hold that again, if so; a test has been told, and those that come after cannot be run."""

    def keep(self) -> None:
        """Remember what it holds now."""
        ...

    def restore(self) -> None:
        """Have it hold that again; the database itself is asked what has changed, and the rest is left alone."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...
