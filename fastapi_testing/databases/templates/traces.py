"""What a ``create_schema`` leaves besides the schema: on its connection and on its class."""

from typing import Any

from sqlalchemy.engine import Connection

__all__ = ["attributes_of", "session_of"]

_POSTGRESQL = (
    "SELECT name, setting FROM pg_settings WHERE source = 'session' "
    "UNION ALL SELECT 'temporary tables', CAST(pg_my_temp_schema() AS text) "
    "UNION ALL SELECT 'role', CAST(current_user AS text) || ' ' || CAST(session_user AS text) ORDER BY 1"
)

_SQLITE = "SELECT name, file FROM pragma_database_list UNION ALL SELECT type, name FROM sqlite_temp_master"


def session_of(connection: Connection) -> list[tuple[Any, ...]]:
    """Return what is as long as the connection: settings, databases that are attached, temporary tables."""
    query = _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL
    rows = [tuple(row) for row in connection.exec_driver_sql(query)]
    connection.commit()  # and not a rollback, which would take back what a listener to ``connect`` has set
    return rows


def attributes_of(case: type) -> set[tuple[type, str, int]]:
    """Return the attributes of a class and its bases, each by its identity; Python's own come as it likes."""
    return {
        (base, name, id(value))
        for base in case.__mro__
        for name, value in vars(base).items()
        if not name.startswith("__")
    }
