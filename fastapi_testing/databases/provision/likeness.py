"""
What an app's own engine has, taken over by the engines of the tests: its listeners, and the options that can be seen.

A listener belongs to one of three things. To the pool: what is done to a new connection, such as to switch on SQLite's
foreign keys, is done to each real one. To the dialect: it is the same one for the engines that lend a connection. To
the engine: it is given to each of them.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import event
from sqlalchemy.engine import Engine

from fastapi_testing.case.where import definition

__all__ = ["EngineDifferenceWarning", "Likeness", "likeness_to", "listeners_to"]

_OF_CONNECTIONS = ("connect", "first_connect")
_OF_LOANS = ("checkout", "checkin", "reset")
_OF_DIALECTS = ("do_execute", "do_executemany", "do_execute_no_params", "do_setinputsizes", "handle_error")
_OF_ENGINES = (
    "before_execute",
    "after_execute",
    "before_cursor_execute",
    "after_cursor_execute",
    "begin",
    "commit",
    "rollback",
    "savepoint",
    "rollback_savepoint",
    "release_savepoint",
    "engine_connect",
    "set_connection_execution_options",
)
_RETURNING = ("before_execute", "before_cursor_execute")
"""Those whose listeners SQLAlchemy has made to return something, if they did not by themselves."""

_TOLD = (*_OF_CONNECTIONS, *_OF_LOANS, "begin", "do_connect")
"""Those that make a difference to what the database does, as a rule."""

_SESSION_ARGUMENTS = ("server_settings", "options", "autocommit", "detect_types")
"""Arguments of drivers that are about what a session is like, and not about where the database is."""


class EngineDifferenceWarning(UserWarning):
    """The app's own engine has something that the tests' does not have: a test may find what the app does not do."""


class _Listener(NamedTuple):
    name: str
    call: Callable[..., Any]
    written: Callable[..., Any]

    def __str__(self) -> str:
        code = inspect.unwrap(self.written)
        where = getattr(code, "__qualname__", repr(code))
        return f"{getattr(code, '__module__', '?')}.{where} (for {self.name!r})"


def likeness_to(source: Engine | None, case: type) -> "Likeness":
    """
    Return what has engines be like the app's own.

    Args:
        source: The app's engine; None where it cannot be seen.
        case: The test class, for warnings.
    """
    return Likeness() if source is None else _SeenLikeness(source, case)


class Likeness:
    """Has the tests' engines be like the app's own: nothing is done where that cannot be seen."""

    def options(self, drivername: str, given: Mapping[str, Any], *, lends: bool) -> dict[str, Any]:  # noqa: ARG002
        """
        Return arguments of ``create_async_engine``: those of the app's that can be seen, and before them the class's.

        Args:
            drivername: Of the tests' URL.
            given: The class's.
            lends: Whether the connections of sessions are loans of a single one, in a transaction of its own.
        """
        return dict(given)

    def take_connections(self, target: Engine) -> None:
        """Have the listeners to connections, and those of the dialect, on an engine that connects."""

    def take_statements(self, target: Engine, *, lends: bool) -> None:
        """
        Have the listeners to statements and transactions on an engine that sessions use.

        Args:
            target: The engine.
            lends: Whether its connections are loans of a single one.
        """

    def warn(self, target: Engine, *, lends: bool) -> None:
        """
        Tell of what is not taken over.

        Args:
            target: An engine of the tests.
            lends: Whether the connections of sessions are loans, so that no pool has them.
        """


class _SeenLikeness(Likeness):
    """Takes over what the app's engine has."""

    def __init__(self, source: Engine, case: type) -> None:
        self._source = source
        self._case = case

    def options(self, drivername: str, given: Mapping[str, Any], *, lends: bool) -> dict[str, Any]:
        if not self._is_like(drivername):
            return dict(given)
        dialect = self._source.dialect
        level = getattr(dialect, "_on_connect_isolation_level", None)
        seen = {
            "isolation_level": None if lends and level == "AUTOCOMMIT" else level,
            "json_serializer": getattr(dialect, "_json_serializer", None),
            "json_deserializer": getattr(dialect, "_json_deserializer", None),
        }
        arguments = {**self._session_arguments(), **given.get("connect_args", {})}
        return {
            **{name: value for name, value in seen.items() if value is not None},
            **given,
            **({"connect_args": arguments} if arguments else {}),
        }

    def take_connections(self, target: Engine) -> None:
        if not self._is_like(target.url.drivername):
            return
        self._listen(target, (*_OF_CONNECTIONS, *_OF_DIALECTS))
        self._take_execution_options(target, without="isolation_level")

    def take_statements(self, target: Engine, *, lends: bool) -> None:
        if not self._is_like(target.url.drivername):
            return
        self._listen(target, _OF_ENGINES if lends else (*_OF_ENGINES, *_OF_LOANS))
        level = getattr(self._source.dialect, "_on_connect_isolation_level", None)
        self._take_execution_options(target, **({"isolation_level": level} if lends and level == "AUTOCOMMIT" else {}))

    def warn(self, target: Engine, *, lends: bool) -> None:
        if not self._is_like(target.url.drivername):
            self._warn(_TOLD, "which has another driver")
            return
        self._warn(("do_connect",), "which connects to its own database")
        if lends:
            self._warn(_OF_LOANS, "which has one connection for all with isolation = 'rollback'")

    def _take_execution_options(self, target: Engine, without: str = "", **more: Any) -> None:
        options = {**more, **self._source.get_execution_options(), **target.get_execution_options()}
        target.update_execution_options(**{name: value for name, value in options.items() if name != without})

    def _is_like(self, drivername: str) -> bool:
        return _kind(self._source.url.drivername) == _kind(drivername)

    def _warn(self, names: tuple[str, ...], why: str) -> None:
        if listeners := [str(each) for each in self._listeners() if each.name in names]:
            definition(self._case).warn(
                f"the app's engine ({self._source.url.drivername}) has listeners that the engine of "
                f"{self._case.__qualname__}, {why}, does not have: {', '.join(listeners)}",
                EngineDifferenceWarning,
            )

    def _listen(self, target: Engine, names: tuple[str, ...]) -> None:
        for each in self._listeners():
            if each.name in names:
                event.listen(target, each.name, each.call, **({"retval": True} if each.name in _RETURNING else {}))

    def _listeners(self) -> Iterator[_Listener]:
        """Yield those of the one engine; those of all engines are on the tests' anyway."""
        for dispatch, names in _dispatches(self._source):
            for name in names:
                for call in getattr(getattr(dispatch, name), "listeners", ()):
                    if (written := _written(call)) is not None:
                        yield _Listener(name, call, written)

    def _session_arguments(self) -> dict[str, Any]:
        """Return what is in the engine's ``connect_args``; they are nowhere but in what makes its connections."""
        creator = getattr(self._source.pool, "_creator", None)
        arguments = _closure(creator).get("cparams", {})
        return {name: arguments[name] for name in _SESSION_ARGUMENTS if name in arguments}


def listeners_to(engine: Engine) -> Iterator[Callable[..., Any]]:
    """Yield the functions that somebody has written to be called by an engine, those for all engines too."""
    for dispatch, names in _dispatches(engine):
        for name in names:
            for call in getattr(dispatch, name):
                if (written := _written(call)) is not None:
                    yield written


def _dispatches(engine: Engine) -> tuple[tuple[Any, tuple[str, ...]], ...]:
    return (
        (engine.pool.dispatch, (*_OF_CONNECTIONS, *_OF_LOANS)),
        (engine.dialect.dispatch, (*_OF_DIALECTS, "do_connect")),
        (engine.dispatch, _OF_ENGINES),
    )


def _kind(drivername: str) -> str:
    """Return what is the same where a listener does the same: SQLite has one driver, in two wrappings."""
    backend, _, driver = drivername.partition("+")
    return backend if backend == "sqlite" else f"{backend}+{driver.removesuffix('_async')}"


def _written(call: Any) -> Callable[..., Any] | None:
    """Return the function that somebody has written, without what SQLAlchemy has put around it; None for its own."""
    while (getattr(call, "__module__", None) or "").partition(".")[0] == "sqlalchemy":
        closure = _closure(call)
        if (call := closure.get("orig_fn") or closure.get("fn")) is None:
            return None
    return call  # type: ignore[no-any-return]


def _closure(function: Any) -> dict[str, Any]:
    return dict(inspect.getclosurevars(function).nonlocals) if inspect.isfunction(function) else {}
