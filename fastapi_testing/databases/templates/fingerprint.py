"""
What a schema is made of, in one number that is the same in another run: for what is kept from run to run.

The key of a schema says which classes of a process have the same one, and knows objects by their identity. Here they
are known by what is in the files that they come from. Where that does not say enough, there is no fingerprint.
"""

import hashlib
import inspect
import sqlite3
import sys
import time
from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path, PurePath
from types import FunctionType, ModuleType
from typing import Any

from sqlalchemy import MetaData, create_mock_engine
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import ExecutableDDLElement

from fastapi_testing.databases.provision.likeness import listeners_to
from fastapi_testing.databases.templates.sameness import UntoldError, listeners_of, makes_schema, parts_of

__all__ = ["fingerprint_of"]

_PLAIN = (str, bytes, int, float, bool, type(None), PurePath)

_BEGUN = time.time()
"""When this module was imported: of a file that was written since, the code that runs may be another one's."""

_OURS = __name__.partition(".")[0]


def fingerprint_of(case: Any, given: URL, engine: Engine, options: Mapping[str, Any]) -> str | None:
    """
    Return hexadecimal digits that stand for the schema of a class; None where it is not known what that depends on.

    Args:
        case: The class, with its ``metadata``, ``create_schema`` and ``schema_files``.
        given: The database beside which the class has its own.
        engine: One that has the listeners and options of the engine by which the schema is made; it does not connect.
        options: The arguments of that one.

    Raises:
        FileNotFoundError: If one of ``schema_files`` is not there.
    """
    if makes_schema(case) and case.schema_files is None:
        return None
    try:
        parts = [*_parts(case, given, engine, options)]
    except UntoldError:
        return None
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _parts(case: Any, given: URL, engine: Engine, options: Mapping[str, Any]) -> Iterator[Any]:
    stable = _Stable(given.get_backend_name())
    yield [sys.version, sqlite3.sqlite_version, *_installed()]
    yield given.render_as_string(hide_password=True)
    yield stable(options)
    yield stable(engine.get_execution_options())
    yield [stable(each) for each in listeners_to(engine) if _package(each) != _OURS]
    yield stable(case.metadata)
    if makes_schema(case):
        yield [*parts_of(case, "create_schema", stable)]
        yield [*_files(case)]


def _installed() -> list[str]:
    """Return what is installed, with versions, as the names of folders say it."""
    return sorted({each.name for path in sys.path for each in Path(path).glob("*.dist-info")})


def _files(case: Any) -> Iterator[tuple[str, str]]:
    """Yield the names and the contents of the class's files, and of all that are in its folders."""
    given = case.schema_files
    for path in map(Path, [given] if isinstance(given, str | PathLike) else given):
        if not path.exists():
            raise FileNotFoundError(f"schema_files of {case.__qualname__}: there is no {path}")
        for each in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if each.is_file() and each.suffix != ".pyc":
                yield each.relative_to(path).as_posix(), _content(each)


def _content(path: Path) -> str:
    if path.stat().st_mtime > _BEGUN:
        raise UntoldError
    return hashlib.sha256(path.read_bytes()).hexdigest()


class _Stable:
    """Returns what is equal, and has an equal ``repr``, for values that are the same in two runs."""

    def __init__(self, backend: str) -> None:
        self._backend = backend

    def __call__(self, value: Any) -> Any:
        if isinstance(value, _PLAIN):
            return type(value).__name__, str(value) if isinstance(value, PurePath) else value
        if isinstance(value, MetaData):
            return self._statements(value)
        if isinstance(value, Mapping):
            return [(self(name), self(each)) for name, each in value.items()]
        if type(value) in (list, tuple, set, frozenset):
            parts = [self(each) for each in value]
            return parts if isinstance(value, list | tuple) else sorted(map(repr, parts))
        return _source(value.__func__ if isinstance(value, classmethod | staticmethod) else value)

    def _statements(self, metadata: MetaData) -> list[str]:
        """Return what makes the tables: in no order, as the indexes of a table have none."""
        create_all = getattr(metadata.create_all, "__func__", None)
        if create_all is not MetaData.create_all or not all(map(_is_statement, listeners_of(metadata))):
            raise UntoldError
        statements: list[str] = []
        dialect = URL.create(self._backend).get_dialect()()
        mock = create_mock_engine(
            f"{self._backend}://", lambda each, *_, **__: statements.append(str(each.compile(dialect=dialect)))
        )
        try:
            metadata.create_all(mock, checkfirst=False)
        except SQLAlchemyError:
            raise UntoldError from None
        return sorted(statements)


def _source(value: Any) -> tuple[str, str]:
    """Return the name of a module, a class or a function, and the content of the file that it is written in."""
    variables = value.__code__.co_freevars if isinstance(value, FunctionType) else ()
    if not isinstance(value, ModuleType | type | FunctionType) or variables not in ((), ("__class__",)):
        raise UntoldError
    try:
        return getattr(value, "__qualname__", value.__name__), _content(Path(inspect.getfile(value)))
    except (TypeError, OSError):
        raise UntoldError from None


def _is_statement(listener: Any) -> bool:
    """Tell whether what is called when tables are made is nothing but a statement, or SQLAlchemy's own."""
    if isinstance(listener, ExecutableDDLElement):
        condition = listener._ddl_if  # noqa: SLF001 - nothing else tells
        return condition is None or condition.callable_ is None
    return _package(getattr(listener, "func", listener)) == "sqlalchemy"


def _package(value: Any) -> str:
    return str(getattr(value, "__module__", None)).partition(".")[0]
