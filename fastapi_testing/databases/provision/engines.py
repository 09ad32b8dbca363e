"""The engines of a class's database."""

from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

__all__ = ["BUSY_TIMEOUT", "make_engine"]

BUSY_TIMEOUT = 3.0
"""Seconds that a writer waits for another on SQLite: less than a client waits for its answer."""


def make_engine(url: URL, options: dict[str, Any]) -> AsyncEngine:
    """
    Make an engine of a database that need not outlive a loss of power.

    Args:
        url: The database.
        options: As for :func:`sqlalchemy.ext.asyncio.create_async_engine`.

    Raises:
        ImportError: If the driver is not installed.
    """
    try:
        engine = create_async_engine(url, **options)
    except ImportError as exc:
        driver = url.get_driver_name().removesuffix("_async")
        raise ImportError(f"{url.drivername} needs its driver ({exc}): pip install {driver}") from exc
    if url.get_backend_name() == "sqlite":
        event.listen(engine.sync_engine, "connect", _hurry)
    return engine


def _hurry(connection: Any, _record: Any) -> None:
    """Have SQLite wait for no disk, and readers not for a writer."""
    cursor = connection.cursor()
    for setting in ("journal_mode = WAL", "synchronous = OFF", f"busy_timeout = {BUSY_TIMEOUT * 1000:.0f}"):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()
