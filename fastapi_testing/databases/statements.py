"""What a statement does, as far as its text tells: whether it reads, and which tables it writes."""

import re
from typing import Literal

__all__ = ["Kind", "kind_of", "shorten", "written_names"]

Kind = Literal["begin", "commit", "rollback", "read", "control", "restore", "write"]

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
    "PRAGMA": "read",
    "SAVEPOINT": "control",
    "RELEASE": "control",
    "SET": "control",
    "RESET": "control",
    "LOCK": "control",
}

_NAME = r'(?:"(?:[^"]|"")+"|\w+)'
_TARGET = re.compile(
    r"\b(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|REPLACE\s+INTO|UPDATE(?:\s+OR\s+\w+)?|DELETE\s+FROM|MERGE\s+INTO|COPY)\s+"
    rf"(?:ONLY\s+)?(?:{_NAME}\s*\.\s*)*({_NAME})",
    re.IGNORECASE,
)


def kind_of(statement: str) -> Kind:
    """
    Return what kind of statement it is.

    ``control`` changes the transaction and no rows; ``restore`` goes back to a savepoint of the app's own. What is not
    known, such as ``CALL`` or DDL, is taken to write.
    """
    start = _LEADING.match(statement)
    word = _WORD.match(statement, start.end() if start else 0)
    first = word.group().upper() if word else ""
    if first == "ROLLBACK" and _ROLLBACK_TO.search(statement):
        return "restore"
    if first in ("WITH", "EXPLAIN"):
        return "write" if _WRITING_WORD.search(statement) else "read"
    return _KINDS.get(first, "write")


def written_names(statement: str) -> set[str]:
    """Return the names of the tables that it says it writes, without their schemas and quotes."""
    return {_unquote(name) for name in _TARGET.findall(statement)}


def shorten(statement: str, length: int = 60) -> str:
    """Return it on one line, cut after so many characters."""
    line = " ".join(statement.split())
    return line if len(line) <= length else f"{line[:length]}..."


def _unquote(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
