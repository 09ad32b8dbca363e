"""A class whose schema has been made for another one before, against one that runs the migrations."""

import atexit
import shutil
import tempfile
import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Literal

import alembic.command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session

from fastapi_testing.databases import SQLAlchemyMixin
from tests.benchmarks.batches import time_suite
from tests.benchmarks.peers import OURS
from tests.benchmarks.row import Batch, Contender, Row, Target
from tests.databases.postgresql import postgresql_url

__all__ = ["ROWS"]

_TABLES = 10
_CLASSES = 5
_FIRST = "migrations in each class"

_ENV = """
from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
"""

_REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "{revision:04}"
down_revision = {before!r}


def upgrade():
    {what}
"""

_TABLE = (
    'op.create_table("table_{table}", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(50)))'
)
_COLUMN = 'op.add_column("table_{table}", sa.Column("price", sa.Numeric(10, 2), server_default="0"))'


class _Migrated(SQLAlchemyMixin[Any, Any]):
    """Ten tables, made by twenty revisions of Alembic."""

    session_class = Session

    @classmethod
    def create_schema(cls, connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(_migrations()))
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, "head")

    def test_nothing(self) -> None:
        """Have the class set up and torn down."""


@cache
def _migrations() -> Path:
    """Return a folder with the revisions, which goes with the process."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    (folder / "versions").mkdir()
    (folder / "env.py").write_text(_ENV, "utf-8")
    for number in range(2 * _TABLES):
        what = (_TABLE if number < _TABLES else _COLUMN).format(table=number % _TABLES)
        before = f"{number - 1:04}" if number else None
        source = _REVISION.format(revision=number, before=before, what=what)
        (folder / "versions" / f"{number:04}_change.py").write_text(source, "utf-8")
    return folder


def _contender(name: str, url: Callable[[], URL], scope: Literal["run", "class"]) -> Contender:
    @contextmanager
    def opened() -> Iterator[Batch]:
        attributes = {"database_url": url(), "schema_scope": scope}

        def run_classes(number: int) -> float:
            classes = [type("Tests", (_Migrated, unittest.TestCase), attributes) for _ in range(number)]
            return time_suite(cls("test_nothing") for cls in classes)

        run_classes(1)  # the first one, with which the schema of the others is made
        yield run_classes

    return Contender(name=name, opened=opened, number=_CLASSES)


def _row(name: str, title: str, url: Callable[[], URL]) -> Row:
    return Row(
        name=name,
        title=f"A class with a database of ten tables and twenty Alembic revisions, {title}",
        unit="a class",
        contenders=(_contender(OURS, url, "run"), _contender(_FIRST, url, "class")),
        targets=(Target(peer=_FIRST, at_most=0.1),),
        rounds=5,
        note="A class with one test that does nothing; the first class of the run is not in it.",
    )


ROWS = (
    _row("schema-sqlite", "SQLite", lambda: URL.create("sqlite")),
    _row("schema-postgresql", "PostgreSQL", lambda: postgresql_url("psycopg")),
)
