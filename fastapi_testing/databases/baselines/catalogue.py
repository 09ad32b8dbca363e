"""What PostgreSQL is asked about a database: its tables, its sequences, and what has become of them."""

from collections.abc import Iterable

__all__ = [
    "COPIES",
    "REFERENCES",
    "SEQUENCES",
    "SHAPES",
    "TABLES",
    "TRIGGERS",
    "has_rows",
    "is_as_before",
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
SELECT c.oid::int8 AS oid, {_NAME} AS name, pg_relation_size(c.oid) > 0 AS is_touched, coalesce((
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
), '') AS columns
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


_SHAPE = """
SELECT 'shape', catalogue, concat_ws(' ', count(*), coalesce(sum(xmin::text::int8), 0)) FROM (
    SELECT 'columns' AS catalogue, xmin FROM pg_attribute WHERE attrelid >= 16384
    UNION ALL SELECT 'constraints', xmin FROM pg_constraint WHERE oid >= 16384
) AS entries GROUP BY catalogue
"""
"""What changes when a table is made, dropped or altered; the cost is that of an index over the tests' own columns."""

SHAPES = f"""
SELECT c.oid::int8, {_NAME}, concat_ws(' ', {_NAME}, CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END, (
    SELECT string_agg(concat_ws(
        ' ', attnum, attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, attcollation,
        attisdropped, pg_get_expr(adbin, adrelid)
    ), ', ' ORDER BY attnum)
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = c.oid AND attnum > 0
), (
    SELECT string_agg(concat_ws(' ', conname, pg_get_constraintdef(oid)), ', ' ORDER BY conname)
    FROM pg_constraint WHERE conrelid = c.oid
), (SELECT string_agg(pg_get_indexdef(indexrelid), ', ' ORDER BY indexrelid) FROM pg_index WHERE indrelid = c.oid))
FROM {_NAMED} WHERE c.relkind IN ('r', 'p', 'v', 'm') AND {_USERS} ORDER BY 2
"""
"""What each table and view is like: it is asked for when something of the kind has changed."""


def has_rows(tables: Iterable[str]) -> str:
    """Return a query for which of the tables have rows; empty if there are no tables."""
    return " UNION ALL ".join(f"SELECT {_literal(name)} WHERE EXISTS (SELECT FROM ONLY {name})" for name in tables)


def is_as_before(table: str, number: int, total: int, newest: int) -> str:
    """
    Return a condition for whether the rows that were in a table are there still, and have not been updated.

    Args:
        table: The table.
        number: How many rows there were.
        total: The sum of the transactions that had written them.
        newest: The greatest of those.
    """
    return (
        f"(SELECT count(*) = {number} AND coalesce(sum(xmin::text::int8), 0) = {total} FROM ONLY {table} "
        f"WHERE xmin::text::int8 <= {newest})"
    )


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
        _SHAPE,
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
