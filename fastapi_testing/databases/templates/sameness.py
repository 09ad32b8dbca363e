"""
Whether two classes have the same schema: told from what makes it, without making it.

It is the key of a schema. Two classes have it in common where nothing is seen in which their schemas could differ;
where that cannot be seen, a class has no key, and makes its schema for itself.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from pathlib import PurePath
from typing import Any

from sqlalchemy import MetaData
from sqlalchemy.engine import URL

from fastapi_testing.databases.templates.reading import reading_of

__all__ = ["UntoldError", "listeners_of", "makes_schema", "parts_of", "schema_key"]

_PACKAGE = __name__.partition(".")[0]
_PLAIN = (str, bytes, int, float, bool, type(None), URL, PurePath)
_EVENTS = ("before_create", "after_create")


class UntoldError(Exception):
    """It cannot be told what a schema depends on."""


class _Same:
    """Is equal to itself: an object by its identity, which nobody else has as long as this one is kept."""

    def __init__(self, thing: Any) -> None:
        self._thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self._thing is other._thing

    def __hash__(self) -> int:
        return id(self._thing)


def schema_key(case: type, metadata: MetaData | None, *more: Any, is_for_next_run: bool = False) -> Hashable | None:
    """
    Return what is equal for classes that have the same schema; None for a class whose schema is its own.

    Args:
        case: The class, with its ``create_schema``.
        metadata: Its tables.
        more: What else makes a difference, such as the server and the options of the engine.
        is_for_next_run: Whether a copy is for somebody where no other class has this schema.
    """
    if _is_for_itself(case) and not is_for_next_run:
        return None
    try:
        return *map(_same, more), _metadata_key(metadata), *parts_of(case, "create_schema", _same)
    except UntoldError:
        return None


def makes_schema(case: Any) -> bool:
    """Tell whether a class has a ``create_schema`` of its own or inherits one, besides what makes its ``metadata``."""
    return not _is_ours(getattr(case.create_schema, "__func__", case.create_schema))


def _is_for_itself(case: type) -> bool:
    """Tell whether the schema was written in the class, which nobody has inherited from: a copy would be for nobody."""
    function = getattr(vars(case).get("create_schema"), "__func__", None)
    return getattr(function, "__qualname__", "") == f"{case.__qualname__}.create_schema" and not case.__subclasses__()


def _metadata_key(metadata: MetaData | None) -> Hashable:
    """Return what changes with the tables: a module that is imported between two classes may bring more of them."""
    if metadata is None:
        return None
    tables = metadata.tables.values()
    counts = [(each.fullname, len(each.columns), len(each.constraints), len(each.indexes)) for each in tables]
    columns = [[each.name, each.type, each.nullable, each.server_default] for table in tables for each in table.columns]
    return _same([metadata, *tables, counts, columns, *listeners_of(metadata)])


def listeners_of(metadata: MetaData) -> Iterator[Any]:
    """Yield what is called before or after tables are made."""
    for target in (metadata, *metadata.tables.values()):
        for event in _EVENTS:
            yield from getattr(target.dispatch, event)


def parts_of(case: type, name: str, same: Callable[[Any], Hashable]) -> Iterator[Hashable]:
    """
    Yield what an attribute is, in the class and in each of its bases, for ``super()``, and what it depends on.

    Args:
        case: The class.
        name: The attribute.
        same: Returns what is equal for values that are the same.

    Raises:
        UntoldError: Where that cannot be told.
    """
    return _attribute_key(case, name, same, set())


def _attribute_key(case: type, name: str, same: Callable[[Any], Hashable], seen: set[str]) -> Iterator[Hashable]:
    if name in seen:
        return
    seen.add(name)
    values = [vars(base)[name] for base in case.__mro__ if name in vars(base)]
    if not values or name.startswith("__"):
        raise UntoldError
    for value in values:
        yield same(value)
        if isinstance(value, classmethod) and not _is_ours(value.__func__):
            yield from _function_key(case, value.__func__, same, seen)


def _function_key(case: type, function: Any, same: Callable[[Any], Hashable], seen: set[str]) -> Iterator[Hashable]:
    reading = reading_of(function)
    if reading is None:
        raise UntoldError
    for name in sorted(reading.others & function.__globals__.keys()):
        yield same(function.__globals__[name])
    for name in sorted(reading.attributes):
        yield from _attribute_key(case, name, same, seen)


def _is_ours(function: Any) -> bool:
    return str(function.__module__).partition(".")[0] == _PACKAGE


def _same(value: Any) -> Hashable:
    """Return what is equal for values that are the same: of plain ones and of collections by what they are."""
    if isinstance(value, _PLAIN):
        return type(value), value
    if isinstance(value, classmethod | staticmethod):
        return _Same(value.__func__)
    if type(value) in (list, tuple):
        return type(value), *map(_same, value)
    if type(value) in (set, frozenset):
        return type(value), frozenset(map(_same, value))
    if isinstance(value, Mapping):
        return type(value), *((_same(name), _same(each)) for name, each in value.items())
    return _Same(value)
