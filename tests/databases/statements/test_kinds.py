"""What the text of a statement tells."""

import unittest

from fastapi_testing.databases.statements.kinds import is_notification, kind_of, savepoint_of, shorten

__all__: list[str] = []


class KindTests(unittest.TestCase):
    """What a statement does to the transaction."""

    def test_kinds(self) -> None:
        """It is the first word that tells, wherever it stands and however it is written."""
        for statement, kind in {
            "SELECT 1": "read",
            "  -- why\n/* not */ select 1": "read",
            "(SELECT 1) UNION (SELECT 2)": "read",
            "SELECT * FROM t FOR UPDATE": "read",
            "WITH x AS (SELECT 1) SELECT * FROM x": "read",
            "WITH x AS (DELETE FROM t RETURNING 1) SELECT * FROM x": "write",
            "EXPLAIN SELECT 1": "read",
            "explain analyze insert into t values (1)": "write",
            "INSERT INTO t VALUES (1)": "write",
            "CALL work()": "define",
            "create table t (id integer)": "define",
            "PRAGMA foreign_keys = ON": "pragma",
            "SAVEPOINT a": "control",
            "ROLLBACK TO SAVEPOINT a": "restore",
            "rollback work to a": "restore",
            "ROLLBACK": "rollback",
            "COMMIT": "commit",
            "BEGIN IMMEDIATE": "begin",
            "START TRANSACTION": "begin",
            "": "write",
            "-- nothing": "write",
        }.items():
            with self.subTest(statement):
                self.assertEqual(kind_of(statement), kind)


class NotificationTests(unittest.TestCase):
    """What only a COMMIT sends."""

    def test_notifications(self) -> None:
        """It is LISTEN, NOTIFY or the function that does the same, and no table of that name."""
        for statement in "LISTEN news", "\n notify news", "SELECT pg_notify('news', $1)":
            self.assertTrue(is_notification(statement), statement)
        for statement in "SELECT * FROM listen", "UNLISTEN *", "":
            self.assertFalse(is_notification(statement), statement)


class SavepointTests(unittest.TestCase):
    """What it does to a savepoint."""

    def test_savepoints(self) -> None:
        """Quotes are no part of the name, and names without them are the same in capitals."""
        for statement, about in {
            "SAVEPOINT a": ("set", "a"),
            "/* why */ savepoint A": ("set", "a"),
            "RELEASE SAVEPOINT a": ("release", "a"),
            'release "A ""b"""': ("release", 'A "b"'),
            "ROLLBACK TO SAVEPOINT a": ("restore", "a"),
            "rollback work to a": ("restore", "a"),
            "ROLLBACK": None,
            "SELECT 1": None,
            "": None,
        }.items():
            with self.subTest(statement):
                self.assertEqual(savepoint_of(statement), about)


class ShortenTests(unittest.TestCase):
    """How messages quote it."""

    def test_shorten(self) -> None:
        """On one line, and cut."""
        self.assertEqual(shorten("SELECT 1\n  FROM t"), "SELECT 1 FROM t")
        self.assertEqual(shorten("SELECT 1", 3), "SEL...")
