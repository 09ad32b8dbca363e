"""
Whatever the schema is and whatever a test writes, the database is afterwards what it was before, to the byte.

FASTAPI_TESTING_EXAMPLES is the number of examples. Those of CI are the same each time; with more of them, others come.
"""

import contextlib
import os
import sqlite3
import unittest
from abc import abstractmethod
from functools import partial
from random import Random
from typing import Any, ClassVar

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import URL, make_url

from fastapi_testing.databases.baselines.baseline import Baseline
from fastapi_testing.databases.baselines.postgresql import PostgreSQLBaseline
from fastapi_testing.databases.baselines.sqlite import SQLiteBaseline
from fastapi_testing.databases.provision.engines import make_sync_engine
from fastapi_testing.databases.provision.provision import own_database
from fastapi_testing.databases.statements.writers import Writers
from tests.databases.baselines.random_postgresql import Example, Transaction, make_example
from tests.databases.baselines.random_sqlite import make_sqlite_example
from tests.databases.postgresql import postgresql_url

__all__: list[str] = []

IN_CI = 50
NUMBER = int(os.environ.get("FASTAPI_TESTING_EXAMPLES", IN_CI))
PROFILE = settings(
    max_examples=NUMBER,
    derandomize=NUMBER == IN_CI,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
RANDOM = st.randoms(use_true_random=True)  # which hypothesis seeds: to draw each choice would take most of the time

READ = """
CREATE FUNCTION pg_temp.read(query text) RETURNS text LANGUAGE plpgsql AS
$$ DECLARE found text; BEGIN EXECUTE query INTO found; RETURN found; END $$
"""
CLEAR = """
DROP SCHEMA IF EXISTS fastapi_testing, "other room" CASCADE;
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
"""
DUMP = r"""
SELECT coalesce(string_agg(line, E'\n' ORDER BY line), '') FROM (
    SELECT format('%s: %s', oid::regclass, pg_temp.read(format(
        'SELECT string_agg(t::text, E''\n'' ORDER BY t::text) FROM ONLY %s t', oid::regclass))) AS line
    FROM pg_class
    WHERE oid >= 16384 AND relkind IN ('r', 'v') AND relnamespace <> coalesce(to_regnamespace('fastapi_testing'), 0)
    UNION ALL SELECT format('%s: %s', oid::regclass, pg_temp.read(format(
        'SELECT (last_value, is_called)::text FROM %s', oid::regclass)))
    FROM pg_class WHERE oid >= 16384 AND relkind = 'S'
    UNION ALL SELECT concat_ws(' ', conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint WHERE oid >= 16384
    UNION ALL SELECT concat_ws(' ', tgenabled, pg_get_triggerdef(oid)) FROM pg_trigger WHERE NOT tgisinternal
) AS lines
"""


class Behaviour(unittest.TestCase):
    """The property; the classes below say of what."""

    written: ClassVar[int]

    @classmethod
    def setUpClass(cls) -> None:
        cls.written = 0

    def enter(self, url: str) -> URL:
        """Make a database for the test."""
        return self.enterContext(own_database(make_url(url), {}, make_sync_engine))

    def check(self, baseline: Baseline, example: Example) -> None:
        """Check that each test of an example leaves what it has found."""
        self.write(example.rows)
        baseline.keep()
        before = self.dump()
        for transactions in example.tests:
            self.write(transactions)
            type(self).written += self.dump() != before
            baseline.restore()
            self.assertEqual(self.dump(), before, example)

    @abstractmethod
    def write(self, transactions: list[Transaction]) -> None:
        """Execute transactions as they come; one that is refused is rolled back."""

    @abstractmethod
    def dump(self) -> str:
        """Return all that is in the database."""

    def run_property(self, check: Any) -> None:
        """Check it for many examples; most of the tests in them change something."""
        PROFILE(given(RANDOM)(check))()
        self.assertGreater(self.written, NUMBER)


class PostgreSQLTests(Behaviour):
    """On PostgreSQL: foreign keys of every kind, and whatever else has a say in what a write does."""

    def test_as_before(self) -> None:
        """Each test leaves what it has found."""
        url = self.enter(postgresql_url("psycopg").render_as_string(hide_password=False))
        dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self.connection = self.enterContext(psycopg.connect(dsn, autocommit=True))
        self.connection.execute(READ)
        self.connection.execute("SET synchronous_commit = off")
        make = partial(make_sync_engine, url)
        baseline = PostgreSQLBaseline({"options": "-c synchronous_commit=off"}, make)
        self.addCleanup(baseline.close)

        def check(random: Random) -> None:
            example = make_example(random)
            self.connection.execute(CLEAR + example.schema)
            self.check(baseline, example)

        self.run_property(check)

    def write(self, transactions: list[Transaction]) -> None:
        for statements, is_kept in transactions:
            body = f"BEGIN; {'; '.join(statements)}; {'COMMIT' if is_kept else 'ROLLBACK'}"
            try:
                self.connection.execute(body)
            except psycopg.Error:
                self.connection.execute("ROLLBACK")

    def dump(self) -> str:
        row = self.connection.execute(DUMP).fetchone()
        assert row is not None
        return str(row[0])


class SQLiteTests(Behaviour):
    """On SQLite: so too, and tables that tests drop or alter come back."""

    def test_as_before(self) -> None:
        """Each test leaves what it has found."""
        url = self.enter("sqlite://")
        self.connection = sqlite3.connect(str(url.database), isolation_level=None)
        self.addCleanup(self.connection.close)
        engine = make_sync_engine(url, {})
        self.addCleanup(engine.dispose)

        def check(random: Random) -> None:
            example = make_sqlite_example(random)
            self.clear()
            self.connection.executescript(example.schema)
            self.connection.execute("PRAGMA foreign_keys = ON")
            baseline = SQLiteBaseline(engine, Writers(), lambda call: call())
            try:
                self.check(baseline, example)
            finally:
                baseline.close()

        self.run_property(check)

    def clear(self) -> None:
        """Have an empty database."""
        with contextlib.closing(sqlite3.connect(":memory:")) as empty:
            empty.backup(self.connection)
        self.connection.execute("PRAGMA synchronous = OFF")

    def write(self, transactions: list[Transaction]) -> None:
        for statements, is_kept in transactions:
            self.connection.execute("BEGIN")
            with contextlib.suppress(sqlite3.Error):
                for statement in statements:
                    self.connection.execute(statement)
                if is_kept:
                    self.connection.execute("COMMIT")
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")

    def dump(self) -> str:
        return "\n".join(self.connection.iterdump())


del Behaviour
