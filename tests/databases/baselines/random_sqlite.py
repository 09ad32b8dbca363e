"""Random schemas of SQLite, and random writes to them, for a property test."""

from random import Random

from tests.databases.baselines.random_postgresql import ACTIONS, Example, Transaction

__all__ = ["make_sqlite_example"]

DEFERRED = ("", "DEFERRABLE INITIALLY DEFERRED")
PAYLOADS = ("'it''s'", "x'00ff'", "NULL", "1.5", "0", """'{"a": [1, null]}'""")


def make_sqlite_example(random: Random) -> Example:
    """Make a schema with what is written to it; a test may drop tables and alter them."""
    names = [f"t{index}" for index in range(random.randint(1, 4))]
    schema = ["CREATE TABLE log (id INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT)"]
    for name in names:
        schema += _make_table(random, name, names)
    return Example(
        ";\n".join(schema),
        [_make_transaction(random, _write, names, keep=1) for _ in range(random.randint(0, 6))],
        [
            [_make_transaction(random, _write_or_alter, names, keep=0.75) for _ in range(random.randint(1, 4))]
            for _ in range(random.randint(1, 3))
        ],
    )


def _make_table(random: Random, name: str, names: list[str]) -> list[str]:
    identity, end = random.choice(
        [("INTEGER PRIMARY KEY", ""), ("INTEGER PRIMARY KEY AUTOINCREMENT", ""), ("TEXT PRIMARY KEY", "WITHOUT ROWID")]
    )
    mine, theirs = random.choice([("r", "id"), ("r, k", "id, k")])
    parts = [
        f"id {identity}",
        "k INTEGER DEFAULT 1 CHECK (k < 9)",
        "payload",
        "r DEFAULT 1",
        f"double INTEGER GENERATED ALWAYS AS (k * 2) {random.choice(['STORED', 'VIRTUAL'])}",
        "UNIQUE (id, k)",
        (
            f"FOREIGN KEY ({mine}) REFERENCES {random.choice(names)} ({theirs}) ON DELETE {random.choice(ACTIONS)} "
            f"ON UPDATE {random.choice(ACTIONS)} {random.choice(DEFERRED)}"
        ),
    ]
    what = random.choice(["INSERT", "UPDATE", "DELETE"])
    return [
        f"CREATE TABLE {name} ({', '.join(parts)}) {end}",
        f"CREATE TRIGGER note_{name} AFTER {what} ON {name} BEGIN INSERT INTO log (what) VALUES ('{what} {name}'); END",
        f"CREATE VIEW {name}_seen AS SELECT id, k FROM {name}",
    ]


def _make_transaction(random: Random, write: object, names: list[str], *, keep: float) -> Transaction:
    assert callable(write)
    writes = tuple(write(random, random.choice(names)) for _ in range(random.randint(1, 4)))
    return Transaction(writes, random.random() < keep)


def _write(random: Random, name: str) -> str:
    one, other = random.randint(1, 4), random.randint(1, 4)
    values = f"{other}, {random.choice(PAYLOADS)}, {random.choice(['NULL', '1', '2', '3'])}"
    return random.choice(
        [
            f"INSERT INTO {name} (id, k, payload, r) VALUES ({one}, {values})",
            f"INSERT INTO {name} (k, payload, r) VALUES ({values})",
            f"INSERT OR REPLACE INTO {name} (id, k, payload, r) VALUES ({one}, {values})",
            f"UPDATE {name} SET id = {one} WHERE id = {other}",
            f"UPDATE {name} SET k = k + 1",
            f"UPDATE {name} SET r = {one} WHERE id = {other}",
            f"DELETE FROM {name} WHERE id = {one}",
            f"DELETE FROM {name}",
        ]
    )


def _write_or_alter(random: Random, name: str) -> str:
    if random.random() < 0.8:
        return _write(random, name)
    return random.choice(
        [
            f"DROP TABLE {name}",
            f"ALTER TABLE {name} RENAME TO {name}_before",
            f"ALTER TABLE {name} ADD COLUMN more DEFAULT 5",
            f"DROP VIEW {name}_seen",
            f"CREATE INDEX {name}_payload ON {name} (payload)",
            "CREATE TABLE made (id)",
        ]
    )
