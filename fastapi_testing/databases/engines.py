"""The engines of a class's database."""

from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

__all__ = ["make_engine"]


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
    """Have SQLite wait for no disk, readers not for a writer, and a writer less long than a client for its answer."""
    cursor = connection.cursor()
    for setting in ("journal_mode = WAL", "synchronous = OFF", "busy_timeout = 3000"):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()
