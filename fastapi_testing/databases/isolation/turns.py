"""
One connection for everybody: each takes a turn to write, with a savepoint where a transaction would be.

Theory of operation
-------------------

A transaction of the tests' own is open on the connection, from the first statement to ``undo()`` or ``keep()``. In it,
whoever writes has a level: a savepoint that stands for a transaction. Levels are a stack, since savepoints are: to go
back to one "implicitly destroys all savepoints that were established after the named savepoint" (PostgreSQL, ROLLBACK
TO).

=========== ======================= ===========================================================================
level       next                    what it is
=========== ======================= ===========================================================================
open        committed, abandoned    It has written, and holds the turn: others wait for its ``ended``.
committed   gone                    It is to be released. That happens once it is on top of the stack.
abandoned   gone                    It is to be rolled back, once it is on top.
=========== ======================= ===========================================================================

The turn is one owner's (a request, a task). It may have several levels, one for each of its sessions. Only the test's
turn is lent: others may put theirs on top of it, since a test that has flushed and then asks the app must not wait for
itself. Each level and savepoint notes who else has written since (``mixed_by``): rolling back to it would undo that
too, so it is refused, or, for the test, undone as far as nothing of others depends on it.

The lock is held for one statement and what has to be done around it, and never while waiting for a turn. What is here
neither knows nor asks whether those who use the connection are tasks or threads: how they wait is in ``waits.py``. An
asynchronous engine has all of it run in SQLAlchemy's greenlets; with a synchronous one, ``abandon()`` may come at any
moment on any thread, so the levels are looked at in a copy where the lock is not held.

PostgreSQL executes nothing after an error "until end of transaction block" (25P02), so there each read of one without
a level has a savepoint of its own, and a level that has ``failed`` is rolled back where it would commit. SQLite goes
on after one; but its driver begins transactions by itself, before some statements and not before a SAVEPOINT, so it is
told not to.

What is never so:

* The top of the stack has ended when a statement is executed: ``_leave_ended()`` comes first.
* Two owners have open levels, other than the test's at the bottom and one other's upon them.
* A wait for a turn is for a level that has ended, or takes longer than ``turn_timeout`` in one go.
* Who has only read keeps anybody waiting.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, NoReturn

from sqlalchemy.engine import Connection, Engine

from fastapi_testing.databases.isolation.deferred import deferred_constraints
from fastapi_testing.databases.isolation.levels import GUARD, Level, Savepoint
from fastapi_testing.databases.isolation.vain import note_others, warn_of_notification
from fastapi_testing.databases.isolation.waits import waits_for
from fastapi_testing.databases.statements.kinds import Kind, SavepointStatement, kind_of, savepoint_of, shorten
from fastapi_testing.databases.statements.owners import TEST, current_owner, describe_owner
from fastapi_testing.errors import IsolationError

__all__ = ["SharedConnection"]


_CHECK = "fastapi_testing_check"
"""The savepoint that keeps what others have written where a deferred constraint is violated."""


class SharedConnection:
    """
    The one real connection of a class, in a transaction that :meth:`undo` rolls back.

    Those who use it hold connections of their own, which are none: their first statement that writes sets a
    savepoint, their commit releases it, and their rollback rolls back to it. Savepoints are nested, transactions are
    not; so whoever has one open holds the turn, and others wait until it is over. Who has only read holds nothing: a
    WebSocket whose handler once looked up its user lets everybody else write.

    Args:
        engine: The engine of the database; a single connection of it is used. Where it is the one within an
            asynchronous engine, all methods are called in SQLAlchemy's greenlets.
        turn_timeout: Seconds that one transaction may keep others waiting.
    """

    def __init__(self, engine: Engine, turn_timeout: float) -> None:
        self._engine = engine
        self._turn_timeout = turn_timeout
        self.is_sqlite: bool = engine.dialect.name == "sqlite"
        self.is_psycopg2: bool = engine.dialect.driver == "psycopg2"
        self._is_disconnect: Callable[[Any, Any, Any], bool] = engine.dialect.is_disconnect
        self._connection: Connection
        self.real: Any = None  # the DBAPI connection
        self._waits = waits_for(engine)
        self._locked = self._waits.locked  # for one statement at a time, with what has to be done around it
        self._levels: list[Level] = []  # those of one owner, innermost last
        self._begun = False
        self._is_lost = False
        self._is_over = False
        self._guarded = False  # whether the outermost savepoint is set, with nothing written since
        self._deferred = deferred_constraints(engine.dialect, self._sql)

    def open(self) -> None:
        """Connect."""
        self._connection = self._engine.connect()
        self.real = self._connection.connection.dbapi_connection
        if self.is_sqlite:
            # sqlite3 would begin transactions by itself, but not before a SAVEPOINT, and so lose what it protects.
            self.real.isolation_level = None
        self._deferred.open()

    def close(self) -> None:
        """Let go of the connection; what is not kept is lost."""
        self._connection.close()

    def keep(self) -> None:
        """Commit what has been done since the last :meth:`keep` or :meth:`undo`; transactions still open are not."""
        self._finish(keep=True)

    def let_go(self) -> None:
        """Tell that all is about to be undone, so that sessions that are closed need go back to no savepoint."""
        self._is_over = True

    def undo(self) -> None:
        """Roll back what has been done since the last :meth:`keep` or :meth:`undo`."""
        try:
            self._finish(keep=False)
        except Exception:  # noqa: BLE001 - whatever became of the connection, the next test has another
            self._is_lost = True
        if self._is_lost:
            self._open_again()

    def run(self, connection: Any, statement: str, call: Callable[[], Any]) -> None:
        """Execute a statement for a connection, in its turn."""
        kind = kind_of(statement)
        if not self.is_sqlite:
            warn_of_notification(statement)
        if kind not in ("begin", "commit", "rollback") and not (kind == "restore" and self._is_over):
            with self._turn(connection) as owner:
                try:
                    self._run(connection, owner, kind, statement, call)
                except Exception as exc:
                    self._is_lost = self._is_lost or self._is_disconnect(exc, self.real, None)
                    raise
            return
        with self._locked():
            pass  # SQLAlchemy insists that something is awaited
        if kind == "commit":
            self.commit(connection)
        elif kind == "rollback":
            self.rollback(connection)

    def commit(self, connection: Any) -> None:
        """Keep what a connection has done since its last commit or rollback; deferred constraints are checked."""
        if (level := self._level_of(connection)) is None:
            return
        with self._locked():
            self._leave_ended()
            if not level.failed:
                self._check_deferred(level)
            # A transaction in which a statement failed is rolled back by PostgreSQL when it is to commit.
            level.end("abandoned" if level.failed else "committed")
            self._leave_ended()

    def rollback(self, connection: Any) -> None:
        """Undo what a connection has done since its last commit or rollback."""
        if (level := self._level_of(connection)) is None:
            return
        with self._locked():
            self._leave_ended()
            entangled = self._is_entangled(level)
            if level.owner is TEST and entangled:
                self._undo_since_others(level)
            level.end("committed" if entangled and not level.failed else "abandoned")
            self._leave_ended()
        if level.owner is not TEST and entangled:
            self._refuse(level)

    def abandon(self, connection: Any) -> None:
        """Have what a connection did undone by whoever comes next; where nothing can be awaited."""
        if (level := self._level_of(connection)) is not None:
            level.end("abandoned")

    def _run(self, connection: Any, owner: object, kind: Kind, statement: str, call: Callable[[], Any]) -> None:
        is_read = kind in ("read", "pragma")
        self._begin(guarded=not self.is_sqlite or not is_read)
        if kind in ("pragma", "define"):
            self._deferred.note(kind, statement)
        level = self._level_of(connection)
        if is_read and level is None:
            self._read(call)
            return
        level = level or self._enter_level(connection, owner, statement)
        for above in self._levels[self._levels.index(level) + 1 :]:
            above.mix(owner)
        about = savepoint_of(statement)
        if about is not None and about.verb == "restore":
            self._check_restore(level, about.name)
        try:
            self._execute(level, about, call)
            if connection.autocommit:
                self._check_deferred(level)
        except BaseException:
            level.failed = not self.is_sqlite
            raise
        else:
            level.failed = level.failed and kind != "restore"
        finally:
            if connection.autocommit and level.state == "open":
                level.end("abandoned" if level.failed else "committed")

    def _check_deferred(self, level: Level) -> None:
        """Check what a COMMIT would check; PostgreSQL then rolls back, and SQLite leaves that to the session."""
        is_guarded = self._is_entangled(level) and not self.is_sqlite
        if is_guarded:
            self._sql(f"SAVEPOINT {_CHECK}")
        try:
            self._deferred.check()
        except Exception as exc:
            note_others(exc, [each for each in self._levels if each is not level])
            if is_guarded:
                self._sql(f"ROLLBACK TO SAVEPOINT {_CHECK}")  # and not what others have written
            elif not self.is_sqlite or level.connection.autocommit:
                level.end("abandoned")
                self._leave_ended()
            raise
        finally:
            if is_guarded:
                self._sql(f"RELEASE SAVEPOINT {_CHECK}")

    def _check_restore(self, level: Level, name: str) -> None:
        """Refuse to go back to a savepoint if others have written since it was set."""
        savepoint = level.find(name)
        if savepoint is not None and self._is_entangled(level, savepoint):
            if level.failed:
                self._undo_since_others(level)
            self._refuse(level, savepoint)

    def _execute(self, level: Level, about: SavepointStatement | None, call: Callable[[], Any]) -> None:
        # Under the transaction of another session, a savepoint cannot be released, and need not be.
        if about is None or about.verb != "release" or level is self._levels[-1]:
            call()
        if about is not None:
            level.note(about)
            if level.owner is TEST and level.mixed_by is not None:
                self._protect(level)

    def _is_entangled(self, level: Level, since: Savepoint | None = None) -> bool:
        return (since or level).mixed_by is not None or level is not self._levels[-1]

    def _undo_since_others(self, level: Level) -> None:
        """Undo what has been done since others wrote, which nothing of theirs depends on."""
        if level is self._levels[-1] and level.savepoints and level.savepoints[-1].mixed_by is None:
            self._sql(f"ROLLBACK TO SAVEPOINT {_quote(level.savepoints[-1].name)}")
            level.failed = False

    def _refuse(self, level: Level, savepoint: Savepoint | None = None) -> NoReturn:
        who = describe_owner(level.owner)
        if level.owner is TEST and savepoint is not None:
            other = describe_owner(savepoint.mixed_by or self._levels[-1].owner)
            told = f"{who} goes back to a savepoint that it has set before {other} wrote"
        else:
            told = f"two sessions of {who} have written in turns, and one of them is rolled back"
        raise IsolationError(
            f"{told}: on one connection this would undo what the other wrote as well; set isolation = 'truncate'"
        )

    def _read(self, call: Callable[[], Any]) -> None:
        """Execute a statement of somebody who has written nothing: PostgreSQL aborts the transaction if it fails."""
        if self.is_sqlite:
            call()
            return
        name = _savepoint_name(len(self._levels))
        if self._levels:
            self._sql(f"SAVEPOINT {name}")
        try:
            call()
        except BaseException:
            self._sql(f"ROLLBACK TO SAVEPOINT {name}")
            raise
        finally:
            if self._levels:
                self._sql(f"RELEASE SAVEPOINT {name}")

    def _begin(self, *, guarded: bool) -> None:
        if not self._begun and self.is_sqlite:
            self._sql("BEGIN")
        self._begun = True
        if guarded and not self._guarded:
            self._sql(f"SAVEPOINT {_savepoint_name(0)}")
            self._guarded = True

    def _enter_level(self, connection: Any, owner: object, statement: str) -> Level:
        name = _savepoint_name(len(self._levels))
        if self._levels:
            self._sql(f"SAVEPOINT {name}")
        level = Level(connection, owner, name, statement, self._waits.new_event())
        self._levels.append(level)
        return level

    def _leave_ended(self) -> None:
        """Release or roll back the savepoints that are over; one under another's waits for it."""
        while self._levels and self._levels[-1].state != "open":
            level = self._levels[-1]
            is_outermost = len(self._levels) == 1
            if level.state == "abandoned":
                self._sql(f"ROLLBACK TO SAVEPOINT {level.name}")
                self._deferred.undone()
            if level.state == "committed" or not is_outermost:
                self._sql(f"RELEASE SAVEPOINT {level.name}")
                self._guarded = not is_outermost
            self._levels.pop()
            if level.state == "committed" and self._levels:
                below = self._levels[-1]
                below.mix(level.owner)  # rolled back, it would take with it what has been committed
                if below.owner is TEST:
                    self._protect(below)

    def _protect(self, level: Level) -> None:
        """Have no rollback of the test take with it what others have committed within its transaction."""
        if not level.savepoints:
            level.end("committed")
        elif level.savepoints[-1].mixed_by is not None:
            self._sql(f"SAVEPOINT {GUARD}")
            level.savepoints.append(Savepoint(GUARD))

    def _level_of(self, connection: Any) -> Level | None:
        levels = tuple(self._levels)  # a thread may look while another one changes it
        return next((each for each in levels if each.connection is connection and each.state == "open"), None)

    @contextmanager
    def _turn(self, connection: Any) -> Iterator[object]:
        """Wait until nobody else has a transaction open, and hold the lock."""
        owner = connection.owner or current_owner()
        while True:
            with self._locked():
                self._leave_ended()
                holder = self._holder(owner, connection)
                if holder is None:
                    yield owner
                    self._leave_ended()
                    return
            self._wait_for(holder, owner)

    def _holder(self, owner: object, connection: Any) -> Level | None:
        """Return the transaction that has to be waited for; the test's is lent to whoever comes."""
        for level in self._levels:
            # One that has ended is under another one of its owner's, which is still open.
            if level.state != "open" or level.owner is owner or level.connection is connection:
                continue
            if level.owner is not TEST:
                return level
            if level.failed:
                self._recover(level)
        self._leave_ended()
        return None

    def _recover(self, level: Level) -> None:
        """Undo what keeps PostgreSQL from executing anything: a statement of the test has failed."""
        self._undo_since_others(level)
        if level.failed:
            level.end("abandoned")

    def _wait_for(self, holder: Level, owner: object) -> None:
        holds_up_loop = self._waits.holds_up_loop()
        told = f"the transaction of {describe_owner(holder.owner)}, open since {shorten(holder.statement)!r}"
        if holds_up_loop and owner is TEST:
            raise IsolationError(
                f"{describe_owner(owner)} would wait for {told}, and keep the event loop from going on meanwhile: use "
                f"it on a thread, by `await self.run_sync(lambda session: ...)`"
            )
        if self._waits.wait(holder.ended, self._turn_timeout):
            return
        on_loop = ", on the event loop, which that may need: make the handler a plain `def`" if holds_up_loop else ""
        raise IsolationError(
            f"{describe_owner(owner)} has waited {self._turn_timeout:g} s for {told}{on_loop}: with "
            f"isolation = 'rollback' they share a connection; commit earlier, or set isolation = 'truncate'"
        )

    def _open_again(self) -> None:
        self._is_lost = self._begun = self._guarded = False
        self._connection.invalidate()
        self._connection.close()
        self.open()

    def _finish(self, *, keep: bool) -> None:
        self._is_over = False
        if not self._begun:
            return
        with self._locked():
            levels, self._levels = self._levels, self._levels if keep else []
            for level in [each for each in levels if each.state == "open"]:
                level.end("abandoned")
            self._leave_ended()
            self._end_transaction("COMMIT" if keep else "ROLLBACK")
            self._deferred.ended()
            self._begun = self._guarded = False

    def _end_transaction(self, how: Literal["COMMIT", "ROLLBACK"]) -> None:
        if self.is_sqlite:
            self._sql(how)
        elif how == "COMMIT":
            self.real.commit()
        else:
            self.real.rollback()

    def _sql(self, statement: str) -> list[Any]:
        cursor = self.real.cursor()
        try:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []
        finally:
            cursor.close()


def _savepoint_name(depth: int) -> str:
    return f"fastapi_testing_{depth}"


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
