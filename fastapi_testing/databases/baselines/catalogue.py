"""What PostgreSQL is asked about a database: its tables, its sequences, and what has become of them."""

from collections.abc import Iterable

__all__ = [
    "COPIES",
    "REFERENCES",
    "SEQUENCES",
    "TABLES",
    "TRIGGERS",
    "dropped",
    "has_rows",
    "sequence_position",
    "state",
]

COPIES = "fastapi_testing"
"""The schema of the copies; it is made if there is something to copy."""

_NAME = "format('%I.%I', n.nspname, c.relname)"

_NAMED = "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"

# Neither PostgreSQL's own (FirstNormalObjectId), nor another session's temporary ones, nor the copies.
_USERS = f"c.oid >= 16384 AND c.relpersistence <> 't' AND n.nspname <> '{COPIES}'"

_OF_EXTENSIONS = "SELECT objid FROM pg_depend WHERE classid = 'pg_class'::regclass AND deptype = 'e'"

TABLES = f"""
SELECT c.oid::int8 AS oid, {_NAME} AS name, pg_relation_size(c.oid) > 0 AS is_touched, (
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
) AS columns
FROM {_NAMED} WHERE c.relkind = 'r' AND {_USERS} AND c.oid NOT IN ({_OF_EXTENSIONS})
"""

TRIGGERS = f"""
SELECT
    {_NAME} AS name, tgtype & 32 > 0 AS at_truncate,
    format('ALTER TABLE %s DISABLE TRIGGER %I', {_NAME}, tgname) AS off,
    format('ALTER TABLE %s ENABLE %sTRIGGER %I', {_NAME}, CASE tgenabled WHEN 'A' THEN 'ALWAYS ' END, tgname) AS "on"
FROM {_NAMED} JOIN pg_trigger ON tgrelid = c.oid
WHERE c.relkind = 'r' AND {_USERS} AND NOT tgisinternal AND tgenabled IN ('O', 'A')
"""
"""Of which table, how to have it off, and on again, and whether TRUNCATE sets it off (TRIGGER_TYPE_TRUNCATE)."""

REFERENCES = f"""
WITH named AS (SELECT c.oid, {_NAME} AS name FROM {_NAMED})
SELECT one.name, other.name
FROM (
    SELECT conrelid AS one, confrelid AS other FROM pg_constraint WHERE contype = 'f'
    UNION SELECT inhrelid, inhparent FROM pg_inherits
) AS pairs JOIN named AS one ON one.oid = pairs.one JOIN named AS other ON other.oid = pairs.other
"""
"""Which table refers to which, so that TRUNCATE ... CASCADE empties it along with that."""

SEQUENCES = f"""
SELECT c.oid::int8, {_NAME}, s.seqcache > 1
FROM {_NAMED} JOIN pg_sequence s ON s.seqrelid = c.oid WHERE {_USERS}
"""


def dropped(tables: Iterable[tuple[int, str]]) -> str:
    """Return a query for which of the tables, given by oid and name, are no longer there; empty if there are none."""
    values = ", ".join(f"({oid}, {_literal(name)})" for oid, name in tables)
    return values and (
        f"SELECT 'dropped', name, '' FROM (VALUES {values}) AS kept (oid, name) "
        f"WHERE NOT EXISTS (SELECT FROM pg_class WHERE pg_class.oid = kept.oid)"
    )


def has_rows(tables: Iterable[str]) -> str:
    """Return a query for which of the tables have rows; empty if there are no tables."""
    return " UNION ALL ".join(f"SELECT {_literal(name)} WHERE EXISTS (SELECT FROM ONLY {name})" for name in tables)


def sequence_position(name: str) -> str:
    """Return a query for where a sequence is."""
    return f"SELECT last_value, is_called FROM {name}"


def state(looked_at: list[tuple[int, str]]) -> str:
    """
    Return a query whose rows change when somebody writes, by whatever means.

    A table that was empty has no pages until something is written, even by a transaction that is still open, or that
    is rolled back; TRUNCATE takes them away again. Others are looked at: each row knows the transaction that wrote it.
    So the cost is that of an entry in the catalogue for each table, and of a scan for some.

    Args:
        looked_at: The oids and names of the tables that have pages anyway, or are not to be truncated.
    """
    oids = ", ".join(str(oid) for oid, _ in looked_at)
    parts = [
        f"""
        SELECT 'touched', {_NAME}, '' FROM {_NAMED}
        WHERE c.relkind = 'r' AND {_USERS} AND c.oid <> ALL ('{{{oids}}}'::oid[]) AND pg_relation_size(c.oid) > 0
            AND c.oid NOT IN ({_OF_EXTENSIONS})
        """,
        f"""
        SELECT 'sequence', c.oid::text, coalesce(pg_sequence_last_value(c.oid)::text, '')
        FROM {_NAMED} WHERE c.relkind = 'S' AND {_USERS}
        """,
    ]
    parts += [
        f"""
        SELECT 'rows', {_literal(name)},
            concat_ws(' ', count(*), coalesce(sum(xmin::text::int8), 0), coalesce(max(xmin::text::int8), 0))
        FROM ONLY {name}
        """
        for _, name in looked_at
    ]
    parts.append(
        f"""
        SELECT 'locked', {_NAME}, '' FROM {_NAMED}
        JOIN pg_locks l ON l.relation = c.oid
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        WHERE c.oid = ANY ('{{{oids}}}'::oid[]) AND l.mode = 'RowExclusiveLock' AND l.pid <> pg_backend_pid()
        """
    )
    return " UNION ALL ".join(parts)


def _literal(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"
