"""What a statement does, as far as its text tells: whether it reads or writes, and what it does to savepoints."""

import re
from typing import Literal, NamedTuple

__all__ = ["Kind", "SavepointStatement", "is_notification", "kind_of", "savepoint_of", "shorten"]

Kind = Literal["begin", "commit", "rollback", "read", "pragma", "control", "restore", "write", "define"]

_LEADING = re.compile(r"(?:\s|\(|/\*.*?\*/|--[^\n]*(?:\n|$))*", re.DOTALL)
_WORD = re.compile(r"[A-Za-z]+")
_ROLLBACK_TO = re.compile(r"ROLLBACK\s+(?:(?:WORK|TRANSACTION)\s+)?TO\b", re.IGNORECASE)
_WRITING_WORD = re.compile(r"\b(?:INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)

_KINDS: dict[str, Kind] = {
    "BEGIN": "begin",
    "START": "begin",
    "COMMIT": "commit",
    "END": "commit",
    "ROLLBACK": "rollback",
    "ABORT": "rollback",
    "SELECT": "read",
    "VALUES": "read",
    "TABLE": "read",
    "SHOW": "read",
    "PRAGMA": "pragma",
    "SAVEPOINT": "control",
    "RELEASE": "control",
    "SET": "control",
    "RESET": "control",
    "LOCK": "control",
    "CREATE": "define",
    "ALTER": "define",
    "DROP": "define",
    "DO": "define",
    "CALL": "define",
}

_NAME = r'(?:"(?:[^"]|"")+"|\w+)'
_SAVEPOINT = re.compile(
    rf"(SAVEPOINT|RELEASE(?:\s+SAVEPOINT)?|{_ROLLBACK_TO.pattern}(?:\s+SAVEPOINT)?)\s+({_NAME})", re.IGNORECASE
)


Verb = Literal["set", "release", "restore"]

_VERBS: dict[str, Verb] = {"SA": "set", "RE": "release", "RO": "restore"}


class SavepointStatement(NamedTuple):
    """What a statement does to which savepoint."""

    verb: Verb
    name: str


def kind_of(statement: str) -> Kind:
    """
    Return what kind of statement it is.

    ``control`` changes the transaction and no rows; ``restore`` goes back to a savepoint of the app's own; ``define``
    writes, and may change the schema. What is not known is taken to write.
    """
    start = _LEADING.match(statement)
    word = _WORD.match(statement, start.end() if start else 0)
    first = word.group().upper() if word else ""
    if first == "ROLLBACK" and _ROLLBACK_TO.search(statement):
        return "restore"
    if first in ("WITH", "EXPLAIN"):
        return "write" if _WRITING_WORD.search(statement) else "read"
    return _KINDS.get(first, "write")


def savepoint_of(statement: str) -> SavepointStatement | None:
    """Return what it does to a savepoint, if it is a statement about one."""
    start = _LEADING.match(statement)
    match = _SAVEPOINT.match(statement, start.end() if start else 0)
    if match is None:
        return None
    return SavepointStatement(_VERBS[match[1][:2].upper()], _fold(match[2]))


def is_notification(statement: str) -> bool:
    """Tell whether it is one of PostgreSQL's whose effect comes with the commit: LISTEN or NOTIFY."""
    return "pg_notify" in statement or statement.lstrip()[:7].upper() in ("LISTEN ", "NOTIFY ")


def shorten(statement: str, length: int = 60) -> str:
    """Return it on one line, cut after so many characters."""
    line = " ".join(statement.split())
    return line if len(line) <= length else f"{line[:length]}..."


def _fold(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
