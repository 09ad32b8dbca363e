"""What stands for a schema in another run, and where nothing does."""

import json
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from sqlalchemy import DDL, Column, Connection, Engine, Index, Integer, MetaData, String, Table, event
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.engine import URL, make_url

from fastapi_testing.databases.provision.engines import make_sync_engine
from fastapi_testing.databases.templates import fingerprint
from fastapi_testing.databases.templates.fingerprint import fingerprint_of
from tests.databases.templates import schemas
from tests.databases.templates.schemas import migrated_case

__all__: list[str] = []

SQLITE = make_url("sqlite://")
POSTGRESQL = make_url("postgresql+psycopg://user:secret@host/shop")


class Pair(NamedTuple):
    """Has functions that no file has."""

    one: int


def tables(*columns: Any) -> MetaData:
    """Return a schema of one table."""
    metadata = MetaData()
    Table("song", metadata, Column("id", Integer, primary_key=True), *columns)
    return metadata


def is_wanted(*_: Any, **__: Any) -> None:
    """Do what nobody sees."""


def told(url: URL = SQLITE, options: Any = None, engine: Engine | None = None, **attributes: Any) -> str | None:
    """Return the fingerprint of a class with such attributes."""
    case = migrated_case(url, schemas.KeptCase, **attributes)
    return fingerprint_of(case, url, engine or make_sync_engine(url, {}), options or {})


class FingerprintCase(unittest.TestCase):
    """No file is too young, where somebody is at work on them."""

    def setUp(self) -> None:
        self.enterContext(mock.patch.object(fingerprint, "_BEGUN", float("inf")))


class FingerprintTests(FingerprintCase):
    """Two of them."""

    def test_same(self) -> None:
        """They are equal for what is equal, and are hexadecimal digits."""
        self.assertEqual(told(metadata=tables()), told(metadata=tables()))
        self.assertRegex(told() or "", "^[0-9a-f]{64}$")

    def test_different(self) -> None:
        """They differ where anything differs that a schema is made of."""
        indexed = tables(Column("title", String, index=True))
        listening = make_sync_engine(SQLITE, {})
        event.listen(listening, "connect", is_wanted)
        translated = make_sync_engine(SQLITE, {}).execution_options(schema_translate_map={None: "shop"})
        found = {
            "nothing": told(),
            "tables": told(metadata=tables()),
            "a column": told(metadata=tables(Column("title", String))),
            "an index": told(metadata=indexed),
            "a default": told(metadata=tables(Column("title", String, server_default="?"))),
            "a plain attribute that is read": told(first_title="other"),
            "its type": told(first_title=5),
            "a list": told(first_title=["of the schema"]),
            "a set": told(first_title={"of the schema"}),
            "a path": told(first_title=Path("of the schema")),
            "an option": told(options={"json_serializer": json.dumps}),
            "a listener": told(engine=listening),
            "an execution option": told(engine=translated),
            "the database": told(make_url("sqlite:///other.db")),
            "the server": told(POSTGRESQL),
            "the user": told(POSTGRESQL.set(username="other")),
            "an option of the URL": told(POSTGRESQL.update_query_dict({"sslmode": "require"})),
            "a file": told(schema_files=[__file__]),
            "another file": told(schema_files=schemas.__file__),
        }
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()), "alembic-9.9.dist-info")
        folder.mkdir()
        with mock.patch.object(sys, "path", [*sys.path, str(folder.parent)]):
            found["a version"] = told()
        self.assertNotIn(None, found.values())
        self.assertEqual(len({*found.values()}), len(found), found)

    def test_password(self) -> None:
        """A new password is no new schema."""
        self.assertEqual(told(POSTGRESQL), told(POSTGRESQL.set(password="other")))

    def test_order(self) -> None:
        """The indexes of a table have no order, nor have the members of a set."""
        columns = [Column("title", String), Column("label", String)]
        one, other = (
            tables(*columns),
            tables(*(column.copy() if False else Column(column.name, String) for column in columns)),
        )
        for metadata, names in ((one, ("title", "label")), (other, ("label", "title"))):
            for name in names:
                Index(f"ix_{name}", metadata.tables["song"].c[name])
        self.assertEqual(told(metadata=one), told(metadata=other))
        self.assertEqual(told(first_title=set("abc")), told(first_title=set("cba")))

    def test_statements_with_tables(self) -> None:
        """A DDL that goes with a table is part of it, as are types that PostgreSQL makes before."""
        found = set()
        for statement in ("CREATE TRIGGER one", "CREATE TRIGGER two"):
            metadata = tables()
            event.listen(metadata, "after_create", DDL(statement).execute_if(dialect="sqlite"))  # type: ignore[no-untyped-call]
            found.add(told(metadata=metadata))
        self.assertEqual(len(found - {None}), 2)
        self.assertIsNotNone(told(POSTGRESQL, metadata=tables(Column("data", JSONB))))

    def test_folder(self) -> None:
        """Of a folder, names and contents count, in each folder of it; what Python compiles does not."""
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (folder / "versions").mkdir()
        found = [told(schema_files=folder)]
        for name, content in (("0001.py", "one"), ("0001.py", "two"), ("0002.py", "two"), ("0002.pyc", "two")):
            (folder / "versions" / name).write_text(content, "utf-8")
            found.append(told(schema_files=[folder]))
        self.assertEqual(found[3], found[4])
        self.assertEqual(len({*found} - {None}), 4)


class UntoldTests(FingerprintCase):
    """There is none."""

    def test_files_are_not_named(self) -> None:
        """A create_schema may read any file, if nobody says which."""
        self.assertIsNone(told(schema_files=None))

    def test_function_with_tables(self) -> None:
        """Neither what a function does when tables are made is seen, nor what it decides."""
        decided = DDL("CREATE TRIGGER one").execute_if(callable_=mock.Mock())  # type: ignore[no-untyped-call]
        for listener in (is_wanted, decided):
            metadata = tables()
            event.listen(metadata, "after_create", listener)
            with self.subTest(type(listener).__name__):
                self.assertIsNone(told(metadata=metadata))

    def test_own_create_all(self) -> None:
        """What makes the tables is not SQLAlchemy's own."""
        metadata = tables()
        with mock.patch.object(metadata, "create_all"):
            self.assertIsNone(told(metadata=metadata))

    def test_type_of_another_database(self) -> None:
        """Tables that this database does not take."""
        self.assertIsNone(told(metadata=tables(Column("data", ARRAY(Integer)))))

    def test_values(self) -> None:
        """Objects, closures, and what is written in no file are not known in another run."""
        for value in (object(), int, mock.Mock(), told_by(1), Pair.__new__):
            with self.subTest(value=value):
                self.assertIsNone(told(first_title=value))

    def test_code(self) -> None:
        """A create_schema that hands on its class."""

        def create_schema(cls: type, connection: Connection) -> None:  # pragma: no cover - read, and not run
            repr((cls, connection))

        self.assertIsNone(told(create_schema=classmethod(create_schema)))


def told_by(number: int) -> Any:
    """Return a function that has a variable of another one's."""
    return lambda: number
