"""Which classes have the same schema."""

import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from sqlalchemy import DDL, Column, Connection, Index, Integer, MetaData, Table, event, text
from sqlalchemy.engine import make_url

from fastapi_testing.databases import SQLAlchemyMixin
from fastapi_testing.databases.templates.sameness import makes_schema, schema_key
from tests.databases.provisioning import own_templates
from tests.databases.templates import schemas
from tests.databases.templates.schemas import MADE, migrated_case
from tests.running import outcomes, run_classes

__all__: list[str] = []

TABLES = ["one"]


class HelpedBase(SQLAlchemyMixin[Any, Any]):
    """Has its schema made by another method, with names of its module."""

    prefix: Any = "a"

    @classmethod
    def create_schema(cls, connection: Connection) -> None:  # pragma: no cover - read, and not run
        """Call a helper."""
        cls.help(connection, TABLES, cls.check(1))

    @classmethod
    def help(cls, connection: Connection, *_: Any) -> None:  # pragma: no cover - read, and not run
        """Read an attribute, and call another method."""
        connection.execute(text(cls.prefix))
        cls.create_schema(connection)

    @staticmethod
    def check(number: int) -> int:  # pragma: no cover - read, and not run
        """Have nothing to do with the class."""
        return number


class Alone(SQLAlchemyMixin[Any, Any]):
    """Has a schema that nobody else can have."""

    @classmethod
    def create_schema(cls, connection: Connection) -> None:  # pragma: no cover - read, and not run
        """Make nothing."""


class Named(HelpedBase):
    """Reads what each class has of its own."""

    @classmethod
    def help(cls, connection: Connection, *_: Any) -> None:  # pragma: no cover - read, and not run
        connection.execute(text(cls.__name__))


class Missing(HelpedBase):
    """Reads what no class has, but perhaps their metaclass."""

    @classmethod
    def help(cls, connection: Connection, *_: Any) -> None:  # pragma: no cover - read, and not run
        connection.execute(cls.no_such)  # type: ignore[attr-defined]


def key_of(case: type, **attributes: Any) -> Any:
    """Return the key of a class that has another one as its base."""
    metadata = attributes.pop("metadata", None)
    return schema_key(type("SongTests", (case,), attributes), metadata)


class KeyTests(unittest.TestCase):
    """The key is equal, or it is not, or there is none."""

    def test_same(self) -> None:
        """Classes with the same functions, and equal values of what those read, have the same."""
        self.assertIsNotNone(key_of(HelpedBase))
        self.assertEqual(key_of(HelpedBase), key_of(HelpedBase, other=1))
        self.assertEqual(key_of(HelpedBase, prefix=["x", {"y": {1}}]), key_of(HelpedBase, prefix=["x", {"y": {1}}]))
        self.assertEqual(hash(key_of(HelpedBase)), hash(key_of(HelpedBase)))

    def test_different_attributes(self) -> None:
        """What the functions read may not differ: by the kind of a value, its order, what is in it, or which it is."""
        values = ("b", 1, True, None, [1, 2], [2, 1], (1, 2), {1: 2}, {1}, object(), object(), Path("b"))
        keys = [key_of(HelpedBase), *(key_of(HelpedBase, prefix=each) for each in values)]
        self.assertEqual(len(set(keys)), len(keys))

    def test_different_module(self) -> None:
        """Nor what the names of its module stand for."""
        before = key_of(HelpedBase)
        with mock.patch.dict(globals(), TABLES=["one", "two"]):
            self.assertNotEqual(key_of(HelpedBase), before)
        self.assertEqual(key_of(HelpedBase), before)

    def test_different_functions(self) -> None:
        """Nor the functions themselves, and those that they call."""

        def make(_: Any) -> None:
            """Not to be run."""

        self.assertNotEqual(key_of(HelpedBase, check=staticmethod(make)), key_of(HelpedBase))
        self.assertIsNone(key_of(HelpedBase, help=classmethod(make)))
        self.assertIsNone(key_of(HelpedBase, create_schema=classmethod(make)))

    def test_no_key(self) -> None:
        """A class has none whose schema was written for it alone, or that reads what cannot be looked at."""
        for case in (Alone, type("NamedTests", (Named,), {}), type("MissingTests", (Missing,), {})):
            self.assertIsNone(schema_key(case, None))
        self.assertIsNotNone(key_of(Alone))

    def test_metadata(self) -> None:
        """The tables are the same as long as nothing is added to them, and nobody has come to listen."""
        metadata, other = MetaData(), MetaData()
        keys = [key_of(SQLAlchemyMixin, metadata=each) for each in (None, metadata, other)]
        table = Table("one", metadata, Column("id", Integer))
        keys.append(key_of(SQLAlchemyMixin, metadata=metadata))
        table.append_column(Column("two", Integer))
        keys.append(key_of(SQLAlchemyMixin, metadata=metadata))
        table.c.two.nullable = False
        keys.append(key_of(SQLAlchemyMixin, metadata=metadata))
        Index("of_two", table.c.two)
        keys.append(key_of(SQLAlchemyMixin, metadata=metadata))
        event.listen(metadata, "after_create", DDL("SELECT 1"))  # type: ignore[no-untyped-call]
        keys.append(key_of(SQLAlchemyMixin, metadata=metadata))
        self.assertEqual(len(set(keys)), 8)
        self.assertEqual(key_of(SQLAlchemyMixin, metadata=metadata), keys[-1])

    def test_more(self) -> None:
        """What else is given makes a difference by what it is."""
        urls = (make_url("sqlite://"), make_url("sqlite://"), make_url("sqlite:///shop.db"))
        one, same, other = (schema_key(HelpedBase, None, each, {"echo": False}) for each in urls)
        self.assertEqual(one, same)
        self.assertNotEqual(one, other)


class SharingTests(unittest.TestCase):
    """How often classes make a schema."""

    def made_by(self, *classes: type[unittest.TestCase]) -> int:
        """Run classes, of which no template is there, and return how often."""
        MADE.take()
        with own_templates():
            result = run_classes(*classes)
        self.assertEqual(outcomes(result), {})
        return MADE.take()

    def test_class_scope(self) -> None:
        """With schema_scope = "class" each class makes its own."""
        classes = [migrated_case("sqlite://", schema_scope="class") for _ in range(2)]
        self.assertEqual(self.made_by(*classes), 2)

    def test_without_a_word(self) -> None:
        """Where the class says nothing of it, one with a function makes its own, and one with tables shares them."""
        self.assertEqual(self.made_by(*(migrated_case("sqlite://", schema_scope=None) for _ in range(2))), 2)
        self.assertFalse(makes_schema(SQLAlchemyMixin))

    def test_unknown_scope(self) -> None:
        """Another word is refused."""
        result = run_classes(migrated_case("sqlite://", schema_scope="module"))
        self.assertEqual(
            outcomes(result), {"setUpClass": "ValueError: schema_scope must be 'run', 'class' or None, got 'module'"}
        )

    def test_different(self) -> None:
        """Classes that differ by what the function reads, the server or an option have schemas of their own."""
        classes = [
            migrated_case("sqlite://"),
            migrated_case("sqlite://", first_title="another"),
            migrated_case("sqlite:///shop.db"),
            migrated_case("sqlite://", engine_options={"connect_args": {"timeout": 3}}),
        ]
        self.assertEqual(self.made_by(*classes), 4)

    def test_what_it_leaves(self) -> None:
        """A function that leaves something on its class or its connection is called for each class."""
        for case in schemas.LEAVING:
            with self.subTest(case):
                self.assertEqual(self.made_by(*(migrated_case(schemas.url_of(case), case) for _ in range(3))), 3)
