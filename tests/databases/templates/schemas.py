"""Classes whose schemas are made by functions of their own, and what counts how often."""

import contextlib
from typing import Any, ClassVar

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, Connection
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from fastapi_testing import AsyncClassTestCase
from fastapi_testing.databases import SQLAlchemyMixin
from fastapi_testing.databases.provision.elsewhere import unwatched
from tests.databases.catalogue import Base
from tests.databases.postgresql import postgresql_url

__all__ = [
    "HELD",
    "LEAVING",
    "MADE",
    "SETTINGS",
    "HeldCase",
    "KeptCase",
    "ListenerCase",
    "Made",
    "MigratedCase",
    "SearchPathCase",
    "databases",
    "execute",
    "migrated_case",
    "url_of",
]


class Made:
    """Counts how often a schema has been made."""

    def __init__(self) -> None:
        self.times = 0

    def add(self) -> None:
        """Count once more."""
        self.times += 1

    def take(self) -> int:
        """Return the count, and begin anew."""
        times, self.times = self.times, 0
        return times


MADE = Made()


class MigratedCase(SQLAlchemyMixin[Any, Any]):
    """A schema with a row, made by a function that its classes inherit."""

    metadata = Base.metadata
    schema_scope = "run"
    first_title: ClassVar[str] = "of the schema"

    @classmethod
    def create_schema(cls, connection: Connection) -> None:
        MADE.add()
        super().create_schema(connection)
        connection.execute(text("INSERT INTO song (title) VALUES (:title)"), {"title": cls.first_title})

    async def test_rows(self) -> None:
        """Its row is there, and what is written besides goes on from it, and is gone in the next class."""
        rows = await self.run_sync(_add_second)
        self.assertEqual(rows, [(1, self.first_title), (2, "second")])


def count() -> None:
    """Count that a schema is made, by a function that says nothing of what it does."""
    MADE.add()


class KeptCase(SQLAlchemyMixin[Any, Any]):
    """The same schema, made by what can be told in another run."""

    metadata = Base.metadata
    schema_scope = "run"
    schema_files = ()
    first_title: ClassVar[str] = "of the schema"
    test_rows = MigratedCase.test_rows

    @classmethod
    def create_schema(cls, connection: Connection) -> None:
        count()
        super().create_schema(connection)
        connection.execute(text("INSERT INTO song (title) VALUES (:title)"), {"title": cls.first_title})


def _add_second(session: Session) -> list[tuple[int, str]]:
    session.execute(text("INSERT INTO song (title) VALUES ('second')"))
    session.commit()
    rows = session.execute(text("SELECT id, title FROM song ORDER BY id"))
    return [(row.id, row.title) for row in rows]


def migrated_case(url: URL | str, *bases: type, **attributes: Any) -> type[AsyncClassTestCase]:
    """Return a class beside a database, whose sessions are of the kind that the driver is for."""
    is_async = any(name in str(url) for name in ("asyncpg", "_async", "aiosqlite"))
    given = {"database_url": url, "session_class": AsyncSession if is_async else Session}
    return type("SongTests", (*(bases or (MigratedCase,)), AsyncClassTestCase), {**given, **attributes})


def execute(url: URL, *statements: str) -> list[Any]:
    """Execute statements outside of a transaction; return the rows of the last one."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with unwatched(), engine.connect() as connection:
        for statement in statements:
            result = connection.exec_driver_sql(statement)
        return [tuple(row) for row in result] if result.returns_rows else []


def databases() -> list[str]:
    """Return the names of the server's databases."""
    rows = execute(postgresql_url("psycopg", "postgres"), "SELECT datname FROM pg_database ORDER BY datname")
    return [name for (name,) in rows]


class SearchPathCase(MigratedCase):
    """Settings and rights that PostgreSQL has for a database, and not in it."""

    @classmethod
    def create_schema(cls, connection: Connection) -> None:
        super().create_schema(connection)
        name = connection.scalar(text("SELECT quote_ident(current_database())"))
        for statement in (
            f'ALTER DATABASE {name} SET search_path TO "$user", public, "odd "" name, of one"',
            f"ALTER DATABASE {name} SET shop.tenant TO 'it''s 100% = blue'",
            f"ALTER DATABASE {name} SET temp_tablespaces TO ''",
            f"ALTER ROLE CURRENT_USER IN DATABASE {name} SET work_mem TO '7MB'",
            f"REVOKE ALL ON DATABASE {name} FROM PUBLIC",
            f"GRANT CONNECT ON DATABASE {name} TO pg_monitor WITH GRANT OPTION",
            f"GRANT TEMPORARY ON DATABASE {name} TO PUBLIC",
        ):
            connection.exec_driver_sql(statement.replace("%", "%%"))

    async def test_settings(self) -> None:
        """They are as in the first one."""
        name = self.engine.url.database
        assert name is not None
        SETTINGS.append(settings_of(name))


class HeldCase(MigratedCase):
    """Somebody stays in the database."""

    @classmethod
    def create_schema(cls, connection: Connection) -> None:
        super().create_schema(connection)
        HELD.enter_context(create_engine(connection.engine.url, poolclass=NullPool).connect())


class ListenerCase(MigratedCase):
    """An app whose engine has a listener that sets what a rollback takes back."""

    session_class = None

    async def test_time_zone(self) -> None:
        """It holds in each test."""
        zone = await self.run_sync(lambda session: session.scalar(text("SHOW TIME ZONE")))
        self.assertEqual(zone, "Asia/Tokyo")


HELD = contextlib.ExitStack()
SETTINGS: list[Any] = []


def settings_of(name: str) -> list[Any]:
    """Return what PostgreSQL has for a database."""
    return execute(
        postgresql_url("psycopg", "postgres"),
        "SELECT setrole::regrole::text, unnest(setconfig) FROM pg_db_role_setting s "
        f"JOIN pg_database d ON s.setdatabase = d.oid WHERE datname = '{name}' UNION ALL "
        "SELECT grantee::regrole::text, privilege_type || is_grantable FROM pg_database, aclexplode(datacl) "
        f"WHERE datname = '{name}' ORDER BY 1, 2",
    )


class Kept:
    """Keeps what a function gives it, out of sight."""

    case: Any = None

    def keep(self, value: Any) -> None:
        """Give it to the class as an attribute."""
        self.case.first_song = value


KEPT = Kept()


class AttributeCase(MigratedCase):
    """Sets an attribute of its class, by somebody else."""

    first_song: ClassVar[Any] = None

    @classmethod
    def create_schema(cls, connection: Connection) -> None:
        super().create_schema(connection)
        KEPT.case = AttributeCase
        KEPT.keep(connection.scalar(text("SELECT title FROM song")))


class GrowingCase(MigratedCase):
    """Changes what it reads."""

    titles: ClassVar[list[str]] = []

    @classmethod
    def create_schema(cls, connection: Connection) -> None:
        super().create_schema(connection)
        cls.titles.append("another")


class TemporaryCase(MigratedCase):
    """Makes a temporary table."""

    @classmethod
    def create_schema(cls, connection: Connection) -> None:
        super().create_schema(connection)
        connection.execute(text("CREATE TEMPORARY TABLE draft (id INTEGER)"))


class SettingCase(MigratedCase):
    """Leaves a setting on its connection."""

    @classmethod
    def create_schema(cls, connection: Connection) -> None:
        super().create_schema(connection)
        connection.execute(text("SET TIME ZONE 'Asia/Tokyo'"))


LEAVING = (AttributeCase, GrowingCase, TemporaryCase, SettingCase)
"""Those whose functions leave something besides the schema."""


def url_of(case: type) -> URL | str:
    """Return the URL of the database that a class is about."""
    return postgresql_url("psycopg") if case is SettingCase else "sqlite://"


class OtherFileCase(KeptCase):
    """Reads a file."""

    path: Any = None

    @classmethod
    def create_schema(cls, connection: Connection) -> None:
        super().create_schema(connection)
        connection.execute(text("INSERT INTO artist (name) VALUES (:name)"), {"name": cls.path.read_text("utf-8")})

    async def test_artist(self) -> None:
        """What the file says is there."""
        found = await self.run_sync(lambda session: session.scalar(text("SELECT name FROM artist")))
        self.assertEqual(found, self.path.read_text("utf-8"))


class SettingsCase(KeptCase):
    """A setting that PostgreSQL has for a database, and not in it."""

    @classmethod
    def create_schema(cls, connection: Connection) -> None:
        super().create_schema(connection)
        name = connection.scalar(text("SELECT quote_ident(current_database())"))
        connection.execute(text(f"ALTER DATABASE {name} SET shop.tenant TO 'blue'"))

    test_rows = None  # type: ignore[assignment]
    test_settings = SearchPathCase.test_settings
