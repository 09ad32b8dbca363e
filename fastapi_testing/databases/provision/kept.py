"""
Databases that are kept from run to run, each with the schema that a fingerprint stands for.

No half-made one is ever there: it is made under another name, and renamed when it is whole. On PostgreSQL the other
name is that of a database which goes with its process, and what a killed process leaves is dropped by the next; nobody
can connect to a kept one, so that it can always be copied. On SQLite it is a file in a folder of the user's, which is
written while the folder is locked: what is there then under such a name is of a process that was killed.
"""

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError

from fastapi_testing.databases.provision.address import cut
from fastapi_testing.databases.provision.engines import sqlstate_of
from fastapi_testing.databases.provision.provision import copy_file, maintenance_connection, own_database, quote

__all__ = ["find_kept", "keep", "kept_folder"]

_LIMIT = 8
"""How many are kept, of the databases beside one of PostgreSQL's, or in the folder; those that were used last."""

_COMMENT = "kept by fastapi_testing, which used it last at "
"""Of each PostgreSQL database that is kept, with the time."""

_DUPLICATE = "42P04"
"""There is a database of this name: PostgreSQL's error code."""

_LOCK_TIMEOUT = 10.0
"""Seconds that the folder may be locked by others; each of them copies a file."""

Make = Callable[[URL, dict[str, Any]], Engine]
"""Makes an engine of a URL and options."""


def find_kept(url: URL, connect_args: dict[str, Any], make: Make, fingerprint: str) -> URL | None:
    """
    Return the database that is kept for a fingerprint, if there is one; it has been used now.

    Args:
        url: The database beside which it is.
        connect_args: As for :func:`sqlalchemy.create_engine`.
        make: Makes an engine of a URL and options.
        fingerprint: Hexadecimal digits.
    """
    if url.get_backend_name() == "sqlite":
        return _find_file(url, fingerprint)
    name = _name(url, fingerprint)
    with maintenance_connection(url, connect_args, make) as connection:
        if name not in _names(connection, url):
            return None
        with suppress(DBAPIError):  # another process has removed it at this moment: who copies it is told
            _note_use(connection, name)
    return url.set(database=name)


def keep(url: URL, connect_args: dict[str, Any], make: Make, fingerprint: str, source: URL) -> URL:
    """
    Keep a copy of a database, and remove what is more than so many.

    Args:
        url: The database beside which it is made.
        connect_args: As for :func:`sqlalchemy.create_engine`.
        make: Makes an engine of a URL and options.
        fingerprint: Hexadecimal digits, of which the name is made.
        source: What is copied; nobody may be connected to it.

    Raises:
        NotCopiedError: If it cannot be copied.
        OSError: If the folder cannot be written.
        sqlite3.Error: If it is locked for too long.
        sqlalchemy.exc.DBAPIError: If the server refuses it.
    """
    if url.get_backend_name() == "sqlite":
        return _keep_file(url, fingerprint, Path(source.database or ""))
    name = _name(url, fingerprint)
    with (
        own_database(url, connect_args, make, source) as own,
        maintenance_connection(url, connect_args, make) as connection,
    ):
        made = quote(own.database or "")
        _note_use(connection, own.database or "")
        connection.exec_driver_sql(f"ALTER DATABASE {made} ALLOW_CONNECTIONS false")
        try:
            connection.exec_driver_sql(f"ALTER DATABASE {made} RENAME TO {quote(name)}")
        except DBAPIError as exc:
            if sqlstate_of(exc) != _DUPLICATE:  # else another process was quicker
                raise
        for old in _names(connection, url)[_LIMIT:]:
            with suppress(DBAPIError):  # another process removes it
                connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {quote(old)}")
    return url.set(database=name)


def _note_use(connection: Connection, name: str) -> None:
    connection.exec_driver_sql(f"COMMENT ON DATABASE {quote(name)} IS '{_COMMENT}{datetime.now(UTC).isoformat()}'")


def _names(connection: Connection, url: URL) -> list[str]:
    """Return the names of those that are kept beside a database, the one that was used last first."""
    rows = connection.execute(
        text(
            "SELECT datname FROM pg_database JOIN pg_shdescription ON objoid = pg_database.oid"
            " AND classoid = 'pg_database'::regclass"
            " WHERE NOT datallowconn AND starts_with(description, :comment) ORDER BY description DESC"
        ),
        {"comment": _COMMENT},
    )
    pattern = re.compile(re.escape(_name(url, "")) + "[0-9a-f]+")
    return [name for name in rows.scalars().all() if pattern.fullmatch(name)]


def _name(url: URL, fingerprint: str) -> str:
    """Return a name that no database has which goes with its process: its last part is no number."""
    return f"test_{_stem(url.database or url.username)}_kept_h{fingerprint[:16]}"


def kept_folder() -> Path:
    """Return the folder of the user's in which SQLite's are kept; it need not be there."""
    variables = ("XDG_CACHE_HOME", "LOCALAPPDATA")
    caches = next((os.environ[name] for name in variables if os.environ.get(name)), Path.home() / ".cache")
    return Path(caches, "fastapi_testing")


def _find_file(url: URL, fingerprint: str) -> URL | None:
    path = _path(url, fingerprint)
    if any(path.parent.glob("*.part*")):
        with suppress(OSError, sqlite3.Error), _locked(path.parent, 0):  # else it is being written
            _remove_parts(path.parent)
    try:
        os.utime(path)
    except OSError:
        return None
    return url.set(database=str(path), query={})


def _keep_file(url: URL, fingerprint: str, source: Path) -> URL:
    path = _path(url, fingerprint)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    with _locked(path.parent, _LOCK_TIMEOUT):
        _remove_parts(path.parent)
        part = path.with_suffix(".part")
        try:
            copy_file(source, part)
            with closing(sqlite3.connect(part)) as connection:
                # Else whoever copies it would make files beside it, which another one's might not go with.
                connection.execute("PRAGMA journal_mode = DELETE")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        files = sorted(path.parent.glob("*.kept"), key=lambda each: each.stat().st_mtime, reverse=True)
        for old in files[_LIMIT:]:
            old.unlink()
    return url.set(database=str(path), query={})


def _remove_parts(folder: Path) -> None:
    for part in folder.glob("*.part*"):
        part.unlink()


@contextmanager
def _locked(folder: Path, timeout: float) -> Iterator[None]:
    """Be the only process that writes in the folder; the lock goes with the process."""
    with closing(sqlite3.connect(folder / "lock.db", timeout=timeout, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        yield


def _path(url: URL, fingerprint: str) -> Path:
    database = url.database or ""
    stem = re.sub(r"\W+", "_", _stem("" if database.startswith("file:") else Path(database).stem))
    return kept_folder() / f"{stem}_{fingerprint}.kept"


def _stem(name: str | None) -> str:
    return cut(name or "app", 30)
