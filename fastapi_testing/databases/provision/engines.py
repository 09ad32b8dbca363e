"""The engines of a class's database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

__all__ = ["BUSY_TIMEOUT", "foreign_keys_off", "make_engine"]

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
        event.listen(engine.sync_engine, "connect", _set_up)
    return engine


@asynccontextmanager
async def foreign_keys_off(connection: AsyncConnection) -> AsyncIterator[None]:
    """
    Have SQLite not enforce foreign keys while a schema is made.

    Alembic's batch mode, for one, drops tables that others refer to, which would delete their rows or be refused.
    Within a transaction SQLite would not take it, so none may be open; nothing is done on other databases.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    is_on = await connection.run_sync(_pragma, "foreign_keys")
    await connection.run_sync(_pragma, "foreign_keys = OFF")
    yield
    await connection.run_sync(_pragma, f"foreign_keys = {is_on}")


def _pragma(connection: Connection, setting: str) -> Any:
    """Have the driver execute it: SQLAlchemy would begin a transaction before."""
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA {setting}")
    row = cursor.fetchone()
    cursor.close()
    return row and row[0]


def _set_up(connection: Any, _record: Any) -> None:
    """Have SQLite wait for no disk, readers not for a writer, and foreign keys enforced as other databases do."""
    cursor = connection.cursor()
    for setting in (
        "journal_mode = WAL",
        "synchronous = OFF",
        f"busy_timeout = {BUSY_TIMEOUT * 1000:.0f}",
        "foreign_keys = ON",
    ):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()
