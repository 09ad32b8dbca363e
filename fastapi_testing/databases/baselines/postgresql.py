"""The baseline of a PostgreSQL database: copies of the rows that were there, and where the sequences were."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from fastapi_testing.databases.baselines import baseline
from fastapi_testing.databases.baselines.catalogue import (
    COPIES,
    REFERENCES,
    SEQUENCES,
    SHAPES,
    TABLES,
    TRIGGERS,
    has_rows,
    is_as_before,
    sequence_position,
    state,
)
from fastapi_testing.databases.provision.engines import sqlstate_of
from fastapi_testing.errors import IsolationError

__all__ = ["PostgreSQLBaseline"]

_MANY = 1000
"""Rows of a table from which on it is quicker to truncate it than to delete them."""

_UNDEFINED_TABLE = "42P01"
"""What PostgreSQL's error codes call so."""

_State = set[tuple[str, str, str]]
"""What the server tells of tables and sequences: of which kind, which, and how it is."""


class _Kept(NamedTuple):
    """A table that had rows, and where they are."""

    name: str
    columns: str
    copy: str

    def insert(self) -> str:
        columns = self.columns and f"({self.columns}) OVERRIDING SYSTEM VALUE"
        return f"INSERT INTO {self.name} {columns} SELECT {self.columns} FROM {self.copy}"


class _Rows(NamedTuple):
    """What is told of the rows of a table: how many, and the sum and the greatest of their transactions."""

    number: int
    total: int
    newest: int


class _Sequence(NamedTuple):
    oid: int
    name: str
    is_cached: bool
    value: int
    is_called: bool


class PostgreSQLBaseline:
    """
    Empties the tables that a test has written, and fills those that were not empty before the first test.

    Args:
        connect_args: As for :func:`sqlalchemy.create_engine`.
        make: Makes an engine of the database, with options.
    """

    def __init__(self, connect_args: Mapping[str, Any], make: Callable[[dict[str, Any]], Engine]) -> None:
        self._engine = make(
            {
                "isolation_level": "AUTOCOMMIT",
                "pool_size": 1,
                "connect_args": dict(connect_args),
                "execution_options": {"no_parameters": True},  # or psycopg takes a percent sign in a name for one
            }
        )
        event.listen(self._engine, "connect", _limit_waiting)
        self.beyond_repair: IsolationError | None = None
        self._kept: list[_Kept] = []
        self._sequences: list[_Sequence] = []
        self._triggers: list[Any] = []
        self._references: list[tuple[str, str]] = []  # which table refers to which
        self._shapes: dict[int, tuple[str, str]] = {}  # the name of each table and view, and what it is like
        self._query = ""
        self._state: _State = set()

    def keep(self) -> None:
        with self._engine.connect() as connection:
            self._references = [(one, other) for one, other in _rows(connection, REFERENCES)]
            self._keep_rows(connection)
            self._keep_sequences(connection)
            self._shapes = self._read_shapes(connection)
            self._state = self._read_state(connection)

    def restore(self) -> None:
        with self._engine.connect() as connection:
            changed = self._read_changes(connection)
            if changed:
                changed = self._remove_new(connection, changed)
            if changed:
                self._bring_back(connection, changed)

    def close(self) -> None:
        self._engine.dispose()

    def _keep_rows(self, connection: Connection) -> None:
        tables = _rows(connection, TABLES)
        touched = [each.name for each in tables if each.is_touched]
        filled = {name for (name,) in _rows(connection, has_rows(touched))}
        self._kept = [
            _Kept(name, columns, f"{COPIES}.rows_{oid}") for oid, name, _, columns in tables if name in filled
        ]
        # Also those that are empty and have pages, as after a rollback: of these, the pages tell nothing.
        looked_at = self._referenced.union(touched)
        self._query = state([(each.oid, each.name) for each in tables if each.name in looked_at])
        self._triggers = [row for row in _rows(connection, TRIGGERS) if row.at_truncate or row.name in looked_at]
        if self._kept:
            copies = [f"CREATE UNLOGGED TABLE {each.copy} AS TABLE ONLY {each.name}" for each in self._kept]
            _do(connection, [f"CREATE SCHEMA {COPIES}", *copies])

    def _keep_sequences(self, connection: Connection) -> None:
        self._sequences = []
        for oid, name, is_cached in _rows(connection, SEQUENCES):
            ((value, is_called),) = _rows(connection, sequence_position(name))
            self._sequences.append(_Sequence(oid, name, is_cached, value, is_called))

    def _read_state(self, connection: Connection) -> _State:
        return {(kind, name, how) for kind, name, how in _rows(connection, self._query)}

    def _read_shapes(self, connection: Connection) -> dict[int, tuple[str, str]]:
        return {oid: (name, shape) for oid, name, shape in _rows(connection, SHAPES)}

    def _read_changes(self, connection: Connection) -> _State:
        try:
            changed = self._read_state(connection) - self._state
        except DBAPIError as exc:
            if sqlstate_of(exc) == _UNDEFINED_TABLE:
                self._compare_shapes(self._read_shapes(connection))
            exc.add_note("while the tables were looked at after the test: has it left a session or a connection open?")
            raise
        shapes = {each for each in changed if each[0] == "shape"}
        if shapes:
            self._compare_shapes(self._read_shapes(connection))
            catalogues = {name for _, name, _ in shapes}
            self._state = {each for each in self._state if each[0] != "shape" or each[1] not in catalogues} | shapes
        return changed - shapes

    def _compare_shapes(self, now: Mapping[int, tuple[str, str]]) -> None:
        """Refuse to go on with tables that are not what they were; what a test has made stays."""
        dropped = [name for oid, (name, _) in self._shapes.items() if oid not in now]
        altered = [name for oid, (name, shape) in self._shapes.items() if oid in now and now[oid][1] != shape]
        if told := _and(dropped and f"dropped {', '.join(dropped)}", altered and f"altered {', '.join(altered)}"):
            raise self._give_up(
                f"a test has {told}: isolation = 'truncate' brings back rows, and no tables; set isolation = 'rollback'"
            )

    def _remove_new(self, connection: Connection, changed: _State) -> _State:
        """Remove the rows that were added; return what is still changed then, where a test has done more than add."""
        names = _tables_in(changed)
        before = _looked_at(self._state)
        if any(now.number - before[name].number > _MANY for name, now in _looked_at(changed).items()):
            return changed
        kept = names & {each.name for each in self._kept}
        # Of a row that was updated, what is new cannot be removed: others may refer to it, and were removed as well.
        only_new = " AND ".join(is_as_before(name, *before[name]) for name in sorted(kept))
        newest = {name: rows.newest for name, rows in before.items()}
        self._write(connection, changed, names, self._delete(names, newest, only_new))
        if not kept:
            return set()
        return self._read_state(connection) - self._state

    def _bring_back(self, connection: Connection, changed: _State) -> None:
        """Empty the tables and fill them anew."""
        names = _tables_in(changed)
        # To delete a row costs a look at each table that refers to it; to truncate a table, all of those tables.
        is_much = any(rows.number > _MANY for rows in _looked_at(changed).values())
        tables = self._with_references(names, None if is_much else names | {each.name for each in self._kept})
        kept = [each for each in self._kept if each.name in tables]
        statements = [_truncate(tables)] if is_much else [*self._delete(tables, {}, "")]
        statements += [_at_once([each.insert() for each in kept])] if kept else []
        self._write(connection, changed, tables, statements)
        self._state = self._read_state(connection)  # the same rows, but others to PostgreSQL

    def _write(self, connection: Connection, changed: _State, tables: set[str], statements: Iterable[str]) -> None:
        triggers = [each for each in self._triggers if each.name in tables]
        sequences = {name for kind, name, _ in changed if kind == "sequence"}
        try:
            _do(
                connection,
                [
                    *(each.off for each in triggers),
                    *statements,
                    "SET CONSTRAINTS ALL IMMEDIATE",  # what is deferred keeps a trigger from being enabled
                    *(each.on for each in triggers),
                    *self._reset(sequences),
                ],
            )
        except IntegrityError as exc:
            raise self._give_up(
                f"rows of {', '.join(sorted(tables))} cannot be brought back after the test ({exc.orig}): set "
                f"isolation = 'rollback'"
            ) from exc
        except DBAPIError as exc:
            exc.add_note(
                f"while rows of {', '.join(sorted(tables))} were removed after the test: has it left a session or a "
                f"connection open?"
            )
            raise

    def _give_up(self, why: str) -> IsolationError:
        self.beyond_repair = IsolationError(f"{why}; the tests of the class that come after are skipped")
        return self.beyond_repair

    @property
    def _referenced(self) -> set[str]:
        return {other for one, other in self._references if one != other}

    def _with_references(self, names: set[str], among: set[str] | None) -> set[str]:
        """Return the tables with those that refer to them, and so on; the others have no rows that do."""
        more = {one for one, other in self._references if other in names and (among is None or one in among)}
        return names if more <= names else self._with_references(names | more, among)

    def _delete(self, tables: set[str], newest: Mapping[str, int], condition: str) -> Iterator[str]:
        """
        Have rows removed: those of newer transactions than the newest that had written a table.

        Args:
            tables: Where from.
            newest: The newest of each; all rows are removed from others.
            condition: What has to hold when nobody else can write any more; empty for nothing.
        """
        looked_at = sorted(tables & _looked_at(self._state).keys())
        if alone := tables.difference(looked_at):
            yield _truncate(alone)
        if looked_at:
            # DELETE does not see what a transaction that is still open has written, and would not wait for it.
            yield f"LOCK TABLE ONLY {', ONLY '.join(looked_at)} IN SHARE ROW EXCLUSIVE MODE"
            delete = _at_once(
                [f"DELETE FROM ONLY {name} WHERE xmin::text::int8 > {newest.get(name, 0)}" for name in looked_at]
            )
            yield f"IF {condition} THEN {delete}; END IF" if condition else delete

    def _reset(self, oids: set[str]) -> Iterator[str]:
        for sequence in self._sequences:
            if str(sequence.oid) in oids:
                if sequence.is_cached:  # other connections have numbers ahead, which setval() leaves them
                    yield f"ALTER SEQUENCE {sequence.name} RESTART"
                yield f"PERFORM setval({sequence.oid}::regclass, {sequence.value}, {sequence.is_called})"


def _tables_in(state: _State) -> set[str]:
    return {name for kind, name, _ in state if kind != "sequence"}


def _looked_at(state: _State) -> dict[str, _Rows]:
    return {name: _Rows(*map(int, how.split())) for kind, name, how in state if kind == "rows"}


def _and(*parts: str | list[str]) -> str:
    return " and ".join(str(part) for part in parts if part)


def _rows(connection: Connection, query: str) -> list[Any]:
    return list(connection.exec_driver_sql(query).all()) if query else []


def _do(connection: Connection, statements: list[str]) -> None:
    """Execute statements at once: all of them, or none."""
    body = ";\n".join(statements)
    connection.exec_driver_sql(f"DO $fastapi_testing$ BEGIN {body}; END $fastapi_testing$")


def _truncate(tables: set[str]) -> str:
    # The others that refer to them are emptied for that matter, or have been made by a test.
    return f"TRUNCATE TABLE {', '.join(sorted(tables))} CASCADE"


def _at_once(statements: list[str]) -> str:
    """Return one statement that does what several do: the tables may refer to one another in a circle."""
    *first, last = statements
    parts = ", ".join(f"part_{number} AS ({statement})" for number, statement in enumerate(first))
    return f"WITH {parts} {last}" if parts else last


def _limit_waiting(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute(f"SET lock_timeout = {baseline.LOCK_TIMEOUT * 1000:.0f}")
    cursor.close()
