"""What a copy of a PostgreSQL database lacks, and is given: settings and rights, which are the server's to keep."""

from sqlalchemy import text
from sqlalchemy.engine import Connection

__all__ = ["copy_settings"]

_HAS_SOME = text("""
SELECT datacl IS NOT NULL OR EXISTS (SELECT FROM pg_db_role_setting WHERE setdatabase = oid)
FROM pg_database WHERE datname = :source
""")

# The value of a setting that is a list is kept as one text, with quotes where a name needs them.
_SETTINGS = text("""
WITH settings AS (
    SELECT setrole, split_part(setting, '=', 1) AS name, substr(setting, strpos(setting, '=') + 1) AS value
    FROM pg_db_role_setting, unnest(setconfig) AS setting
    WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = :source)
)
SELECT format(
    'ALTER %s SET %I TO %s',
    CASE setrole
        WHEN 0 THEN format('DATABASE %I', CAST(:name AS text))
        ELSE format('ROLE %I IN DATABASE %I', pg_get_userbyid(setrole), CAST(:name AS text))
    END,
    name,
    CASE WHEN name IN (
        'local_preload_libraries', 'search_path', 'session_preload_libraries', 'temp_tablespaces'
    ) THEN coalesce((
        SELECT string_agg(quote_literal(coalesce(replace(part[1], '""', '"'), part[2])), ', ' ORDER BY number)
        FROM regexp_matches(value, '"((?:[^"]|"")*)"|([^,\\s]+)', 'g') WITH ORDINALITY AS found (part, number)
    ), '''''') ELSE quote_literal(value) END
) FROM settings
""")

_RIGHTS = text("""
WITH source AS (SELECT * FROM pg_database WHERE datname = :source AND datacl IS NOT NULL)
SELECT statement FROM (
    SELECT 1 AS number, format('REVOKE ALL ON DATABASE %I FROM PUBLIC', CAST(:name AS text)) AS statement FROM source
    UNION ALL
    SELECT 2, format(
        'GRANT %s ON DATABASE %I TO %s%s',
        privilege_type,
        CAST(:name AS text),
        CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
        CASE WHEN is_grantable AND grantee <> datdba THEN ' WITH GRANT OPTION' ELSE '' END
    ) FROM source, aclexplode(datacl)
) AS statements ORDER BY number
""")


def copy_settings(connection: Connection, source: str, name: str) -> None:
    """
    Give a database what ``ALTER DATABASE`` and ``GRANT ... ON DATABASE`` have given to another.

    Args:
        connection: To any database of the server.
        source: The name of the other one; nothing is done if it is not there any more.
        name: That of the copy.
    """
    if not connection.scalar(_HAS_SOME, {"source": source}):
        return
    for query in (_SETTINGS, _RIGHTS):
        for statement in connection.scalars(query, {"source": source, "name": name}).all():
            connection.exec_driver_sql(statement)
