"""The baseline of an SQLite database: a copy of the file, in memory."""

import sqlite3
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

from sqlalchemy.engine import Engine

from fastapi_testing.databases.baselines import baseline
from fastapi_testing.databases.statements.writers import Writers
from fastapi_testing.errors import IsolationError

__all__ = ["SQLiteBaseline"]


class SQLiteBaseline:
    """
    Copies the database before the first test, and back where a test has written.

    It is the same with whatever wrote: statements, triggers, the driver itself.

    Args:
        engine: The app's engine.
        writers: Know who has a transaction open.
        take_time: Calls a function that takes a while, so that an event loop goes on meanwhile.
    """

    def __init__(self, engine: Engine, writers: Writers, take_time: Callable[[Callable[[], Any]], Any]) -> None:
        self.beyond_repair: IsolationError | None = None
        self._engine = engine
        self._writers = writers
        self._take_time = take_time
        # SQLAlchemy's connections belong to threads of their own, and one cannot be restored in a transaction.
        self._file = sqlite3.connect(
            engine.url.database or "", timeout=0, isolation_level=None, check_same_thread=False
        )
        self._file.execute("PRAGMA synchronous = OFF")
        self._copy = sqlite3.connect(":memory:", check_same_thread=False)
        self._version = 0

    def keep(self) -> None:
        self._check_attached()
        self._take_time(partial(self._file.backup, self._copy))
        self._version = self._read_version()

    def restore(self) -> None:
        if self._is_locked():
            self._take_time(self._wait_for_writer)
        if self._read_version() != self._version:
            self._take_time(self._copy_back)

    def close(self) -> None:
        self._file.close()
        self._copy.close()

    def _check_attached(self) -> None:
        with self._engine.connect() as connection:
            rows = connection.exec_driver_sql("PRAGMA database_list")
            names = [row.name for row in rows if row.name not in ("main", "temp")]
        if names:
            raise IsolationError(
                f"isolation = 'truncate' cannot empty what is attached to the database ({', '.join(names)}): set "
                f"isolation = 'rollback'"
            )

    def _read_version(self) -> int:
        """Return a number that changes when another connection commits."""
        version: int = self._file.execute("PRAGMA data_version").fetchone()[0]
        return version

    def _is_locked(self) -> bool:
        """Tell whether somebody has a transaction open that has written."""
        try:
            self._file.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        self._file.execute("ROLLBACK")
        return False

    def _wait_for_writer(self) -> None:
        self._file.execute(f"PRAGMA busy_timeout = {baseline.LOCK_TIMEOUT * 1000:.0f}")
        try:
            if self._is_locked():
                self._give_up()
        finally:
            self._file.execute("PRAGMA busy_timeout = 0")

    def _copy_back(self) -> None:
        deadline = time.monotonic() + baseline.LOCK_TIMEOUT

        def watch(status: int, _remaining: int, _total: int) -> None:
            if status != sqlite3.SQLITE_DONE and time.monotonic() > deadline:  # backup() would try for ever
                self._give_up()

        self._copy.backup(self._file, progress=watch, sleep=0.01)
        self._version = self._read_version()

    def _give_up(self) -> NoReturn:
        raise IsolationError(
            f"the database cannot be emptied after the test, which has left a session or a connection open: it is "
            f"held by {self._writers.describe()}"
        )
