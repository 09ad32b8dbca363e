"""The engines of a class's database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

__all__ = ["BUSY_TIMEOUT", "foreign_keys_off", "make_engine", "make_sync_engine", "sqlstate_of", "sync_engine_of"]

_E = TypeVar("_E", Engine, AsyncEngine)

BUSY_TIMEOUT = 3.0
"""Seconds that a writer waits for another on SQLite: less than a client waits for its answer."""

_PACKAGES = {"psycopg_async": "psycopg", "psycopg2": "psycopg2-binary"}
"""What pip calls a driver, where that is not its name."""

_ONLY_DEFAULT = "; SQLite is only the default: database_url or TEST_DATABASE_URL may name a PostgreSQL"


def make_engine(url: URL, options: dict[str, Any]) -> AsyncEngine:
    """
    Make an asynchronous engine of a database that need not outlive a loss of power.

    Args:
        url: The database.
        options: As for :func:`sqlalchemy.ext.asyncio.create_async_engine`.

    Raises:
        ImportError: If the driver is not installed.
    """
    return _made_by(create_async_engine, url, options)


def make_sync_engine(url: URL, options: dict[str, Any]) -> Engine:
    """
    Make a synchronous one.

    Args:
        url: The database.
        options: As for :func:`sqlalchemy.create_engine`.

    Raises:
        ImportError: If the driver is not installed.
    """
    return _made_by(create_engine, url, options)


def sync_engine_of(engine: Engine | AsyncEngine) -> Engine:
    """Return the engine that is within an asynchronous one, whose methods run in SQLAlchemy's greenlets."""
    return engine.sync_engine if isinstance(engine, AsyncEngine) else engine


def sqlstate_of(exc: DBAPIError) -> str | None:
    """Return the code that PostgreSQL has given to an error; psycopg2 has another name for it."""
    code: str | None = getattr(exc.orig, "sqlstate", None) or getattr(exc.orig, "pgcode", None)
    return code


def _made_by(create: Callable[..., _E], url: URL, options: dict[str, Any]) -> _E:
    try:
        engine = create(url, **options)
    except ImportError as exc:
        driver = _PACKAGES.get(name := url.get_driver_name(), name)
        default = _ONLY_DEFAULT if url.get_backend_name() == "sqlite" else ""
        raise ImportError(f"{url.drivername} needs its driver ({exc}): pip install {driver}{default}") from exc
    if url.get_backend_name() == "sqlite":
        event.listen(sync_engine_of(engine), "connect", _set_up)
    return engine


@contextmanager
def foreign_keys_off(connection: Connection) -> Iterator[None]:
    """
    Have SQLite not enforce foreign keys while a schema is made.

    Alembic's batch mode, for one, drops tables that others refer to, which would delete their rows or be refused.
    Within a transaction SQLite would not take it, so none may be open; nothing is done on other databases.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    is_on = _pragma(connection, "foreign_keys")
    _pragma(connection, "foreign_keys = OFF")
    yield
    _pragma(connection, f"foreign_keys = {is_on}")


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
