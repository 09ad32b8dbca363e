"""A database of the tests' own: made beside the one that was given, and dropped."""

import hashlib
import itertools
import os
import re
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from fastapi_testing.databases.provision.address import cut, describe_url
from fastapi_testing.databases.provision.copying import copy_settings
from fastapi_testing.databases.provision.elsewhere import unwatched
from fastapi_testing.databases.provision.engines import sqlstate_of
from fastapi_testing.server.recording.stacks import headline_of

__all__ = ["NotCopiedError", "copy_file", "maintenance_connection", "own_database", "quote"]

_COMMENT = "made by fastapi_testing, which drops it"
"""Of each PostgreSQL database that is made here; one that has not even the limit is left alone, whatever its name."""

_CONNECTIONS = 1_948_027
"""
The limit of connections with which each of them is made: one that nobody reaches, and nobody else chooses.

It is there from the first moment. The comment comes with a statement of its own, before which a process may be killed.
"""

_INSUFFICIENT_PRIVILEGE = "42501"
"""What PostgreSQL's error codes call so."""

_NOT_TO_BE_COPIED = ("3D000", "55006")
"""A database that is gone, or that somebody is connected to."""

_LEAVING = 100
_MOMENT = 0.005
"""How often, and after how many seconds, it is asked whether all have left a database that is to be copied."""

_NAME_SIZE = 63
"""Bytes that PostgreSQL keeps of a name."""

_LOCK = "lock.db"
_FOLDERS = 20
"""How many are made before it is given up: another process takes one for a leftover in a moment of microseconds."""


class NotCopiedError(Exception):
    """A database cannot be copied: it is gone, or somebody is connected to it."""


def own_database(
    url: URL,
    connect_args: dict[str, Any],
    make: Callable[[URL, dict[str, Any]], Engine],
    copied: URL | None = None,
) -> AbstractContextManager[URL]:
    """
    Make a database, and drop it in the end; before that, those that dead processes have left.

    Args:
        url: The database beside which it is made; nothing is written to that one.
        connect_args: As for :func:`sqlalchemy.create_engine`.
        make: Makes an engine of a URL and options; where that is one within an asynchronous engine, the context is
            entered and left in SQLAlchemy's greenlets.
        copied: Another one that was made here, of which it is a copy; None for an empty one.

    Raises:
        NotCopiedError: As the context is entered.
    """
    source = copied.database if copied is not None else None
    if url.get_backend_name() == "sqlite":
        return _own_file(url, source)
    return _own_postgresql(url, connect_args, make, source)


@contextmanager
def _own_postgresql(
    url: URL, connect_args: dict[str, Any], make: Callable[[URL, dict[str, Any]], Engine], source: str | None
) -> Iterator[URL]:
    base = url.database or url.username or "app"
    with maintenance_connection(url, connect_args, make) as connection:
        _drop_leftovers(connection, base)
        name = _create(connection, base, url.database, source)
        try:
            if source is not None:
                copy_settings(connection, source, name)
            yield url.set(database=name)
        finally:
            _drop(connection, name)


@contextmanager
def maintenance_connection(
    url: URL, connect_args: dict[str, Any], make: Callable[[URL, dict[str, Any]], Engine]
) -> Iterator[Connection]:
    """Connect to the server: to its database ``postgres``, or where that is not to be had to the configured one."""
    engine, connection = _connect(url, connect_args, make)
    try:
        yield connection
    finally:
        connection.close()
        engine.dispose()


def _connect(
    url: URL, connect_args: dict[str, Any], make: Callable[[URL, dict[str, Any]], Engine]
) -> tuple[Engine, Connection]:
    told = ""
    for each in (url.set(database="postgres"), url):
        engine = make(
            each,
            {
                "isolation_level": "AUTOCOMMIT",  # PostgreSQL makes no database in a transaction
                "poolclass": NullPool,
                "connect_args": connect_args,
                "execution_options": {"no_parameters": True},  # or psycopg takes a percent sign in a name for one
            },
        )
        try:
            with unwatched():
                return engine, engine.connect()
        except Exception as exc:  # noqa: BLE001 - whatever a driver raises
            told = headline_of(exc)
    raise ConnectionError(f"cannot connect to {describe_url(url)}, beside which the tests have their database: {told}")


def _drop_leftovers(connection: Connection, base: str) -> None:
    """Drop the databases whose processes have died: the server has let go of their locks."""
    pattern = re.compile(rf"test_{re.escape(_stem(base))}_\d+(_\d+)?")
    rows = connection.execute(
        text(
            "SELECT datname FROM pg_database"
            " WHERE shobj_description(oid, 'pg_database') = :comment OR datconnlimit = :connections"
        ),
        {"comment": _COMMENT, "connections": _CONNECTIONS},
    )
    for name in filter(pattern.fullmatch, rows.scalars().all()):
        if _lock(connection, name):
            _drop(connection, name)


def _create(connection: Connection, base: str, taken: str | None, source: str | None) -> str:
    names = _names(base)
    while not _reserve(connection, name := next(names), taken):
        pass
    template = ""
    if source is not None:
        _wait_until_left(connection, source)
        template = f"TEMPLATE {quote(source)} "
    try:
        connection.exec_driver_sql(f"CREATE DATABASE {quote(name)} {template}CONNECTION LIMIT {_CONNECTIONS}")
    except DBAPIError as exc:
        if source is not None and sqlstate_of(exc) in _NOT_TO_BE_COPIED:
            raise NotCopiedError(source) from exc
        if sqlstate_of(exc) != _INSUFFICIENT_PRIVILEGE:
            raise
        role = connection.scalar(text("SELECT quote_ident(current_user)"))
        raise PermissionError(
            f"the tests have a database of their own, {name}, and the role {role} may not make one: "
            f"ALTER ROLE {role} CREATEDB"
        ) from None
    connection.exec_driver_sql(f"COMMENT ON DATABASE {quote(name)} IS '{_COMMENT}'")
    return name


def _wait_until_left(connection: Connection, name: str) -> None:
    """
    Wait until nobody is connected to a database: one who has just left is there for a moment more.

    The server itself would look again only after 100 ms, and for 5 seconds.
    """
    query = text("SELECT count(*) FROM pg_stat_activity WHERE datname = :name AND backend_type = 'client backend'")
    for _ in range(_LEAVING):
        if not connection.scalar(query, {"name": name}):
            return
        time.sleep(_MOMENT)
    raise NotCopiedError(name)


def _reserve(connection: Connection, name: str, taken: str | None) -> bool:
    """Take the lock of a database that is to be made, unless it is there or somebody else makes it."""
    if name == taken or not _lock(connection, name):
        return False
    if not connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}):
        return True
    _unlock(connection, name)
    return False


def _drop(connection: Connection, name: str) -> None:
    # FORCE, since PostgreSQL 13, ends the connections that the app has left open.
    connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {quote(name)} WITH (FORCE)")
    _unlock(connection, name)


def _lock(connection: Connection, name: str) -> bool:
    """
    Take the lock that says that somebody uses this database, unless somebody does.

    It is the connection's: it goes with the process that holds it, wherever that runs. A process id alone says
    little; it may have been given to another since, or be of another container.
    """
    return bool(connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _key(name)}))


def _unlock(connection: Connection, name: str) -> None:
    connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _key(name)})


def _key(name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"fastapi_testing {name}".encode()).digest()[:8], signed=True)


def _names(base: str) -> Iterator[str]:
    first = f"test_{_stem(base)}_{os.getpid()}"
    return itertools.chain([first], (f"{first}_{number}" for number in itertools.count(2)))


def _stem(base: str) -> str:
    return cut(base, _NAME_SIZE - len("test__") - 20)  # digits of a process id and a number


def quote(name: str) -> str:
    """Return an identifier as PostgreSQL reads it."""
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def _own_file(url: URL, source: str | None) -> Iterator[URL]:
    """Make a folder for a database; one in memory is no database to a second connection."""
    root = Path(tempfile.gettempdir())
    is_uri = (url.database or "").startswith("file:")
    stem = cut(re.sub(r"\W+", "_", "app" if is_uri else Path(url.database or "app").stem), 40) or "app"
    _remove_leftovers(root)
    folder, lock = _locked_folder(root, stem)
    path = folder / f"test_{stem}.db"
    try:
        if source is not None:
            copy_file(Path(source), path)
        yield url.set(database=str(path), query={} if is_uri else url.query)
    finally:
        _remove_folder(folder, lock)


def copy_file(source: Path, target: Path) -> None:
    """Copy a database as SQLite does it: with what is still in its log, and not with half of a transaction."""
    try:
        with (
            closing(sqlite3.connect(f"{source.as_uri()}?mode=rw", uri=True)) as from_,
            closing(sqlite3.connect(target)) as to,
        ):
            to.execute("PRAGMA synchronous = OFF")  # it need not outlive a loss of power, and a disk takes its time
            from_.backup(to)
    except sqlite3.Error as exc:
        raise NotCopiedError(str(source)) from exc


def _locked_folder(root: Path, stem: str) -> tuple[Path, sqlite3.Connection]:
    for _ in range(_FOLDERS):
        folder = Path(tempfile.mkdtemp(prefix=f"fastapi_testing_{stem}_{os.getpid()}_", dir=root))
        try:
            lock = _lock_folder(folder)
        except sqlite3.Error:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        # Between the two lines above, the folder has looked like one that a dead process left.
        if lock is not None and (folder / _LOCK).exists():
            return folder, lock
        if lock is not None:
            lock.close()
        shutil.rmtree(folder, ignore_errors=True)
    raise sqlite3.OperationalError(
        f"no folder for the test database could be locked: {_FOLDERS} were made in {root}, and of each the file "
        f"{_LOCK} was gone or somebody else's before it was locked; is something clearing that directory? (see TMPDIR)"
    )


def _remove_leftovers(root: Path) -> None:
    for folder in root.glob("fastapi_testing_*"):
        with suppress(sqlite3.Error):  # one that cannot be locked stays
            if (folder / _LOCK).exists() and (lock := _lock_folder(folder)) is not None:
                _remove_folder(folder, lock)


def _remove_folder(folder: Path, lock: sqlite3.Connection) -> None:
    """
    Remove a folder and let go of its lock, in the order that leaves nobody else with a folder that is about to go.

    A process that makes a folder, and comes to lock it, takes it for its own if the lock is to be had and still there.
    So it must not be had before it is gone. Windows removes no file that is open, and so not one that somebody has
    locked meanwhile either.
    """
    if sys.platform == "win32":  # pragma: no cover - coverage is measured on POSIX
        lock.close()
        shutil.rmtree(folder, ignore_errors=True)
    else:
        shutil.rmtree(folder, ignore_errors=True)
        lock.close()


def _lock_folder(folder: Path) -> sqlite3.Connection | None:
    """Lock a file in the folder, as SQLite does everywhere; None if a living process has, or the folder is gone."""
    try:
        lock = sqlite3.connect(folder / _LOCK, timeout=0, isolation_level=None, check_same_thread=False)
    except sqlite3.OperationalError:
        if folder.exists():
            raise
        return None
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as exc:
        lock.close()
        if exc.sqlite_errorcode != sqlite3.SQLITE_BUSY and (folder / _LOCK).exists():
            raise
        return None
    return lock
