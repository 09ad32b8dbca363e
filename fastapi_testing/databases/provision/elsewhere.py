"""What goes past a class's database: engines of the app's own, made from its settings."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakSet

from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine

from fastapi_testing.case.where import definition
from fastapi_testing.errors import IsolationError

__all__ = ["Address", "OtherDatabaseWarning", "unwatched", "watch_engines"]

_WHAT_TO_DO = (
    "name the dependency that gives the app its sessions in session_dependency, and where it opens sessions by itself "
    "give it cls.engine"
)

_LOCAL = ("127.0.0.1", "::1", "None", "")

_owned: list["Address"] = []
"""The databases of the classes that run; one may run within a test of another."""

_unwatched: ContextVar[bool] = ContextVar("fastapi_testing.databases.unwatched", default=False)


class OtherDatabaseWarning(UserWarning):
    """The app has connected to a database that is not the class's: what it writes there is not undone."""


class Address(NamedTuple):
    """Where a database is, whichever driver and role connect to it."""

    backend: str
    server: str
    name: str

    @classmethod
    def of(cls, dialect: Any, positional: Iterable[Any], named: Mapping[str, Any]) -> "Address":
        """Return it as a driver is told it, in the arguments of its ``connect()``."""
        if dialect.name == "sqlite":
            return cls(dialect.name, "", _file(str(next(iter(positional), ""))))
        name, host = str(named.get("database") or named.get("dbname") or ""), str(named.get("host"))
        port = named.get("port") or {"postgresql": 5432}.get(dialect.name, "")
        return cls(dialect.name, f"{'localhost' if host in _LOCAL else host}:{port}", name)

    @classmethod
    def of_url(cls, url: URL, connect_args: Mapping[str, Any]) -> "Address":
        """Return that of a URL."""
        dialect = url.get_dialect()()
        positional, named = dialect.create_connect_args(url)
        return cls.of(dialect, positional, {**named, **connect_args})

    @classmethod
    def of_engine(cls, engine: Engine) -> "Address":
        """Return that of the URL of an engine."""
        return cls.of(engine.dialect, *engine.dialect.create_connect_args(engine.url))

    @property
    def is_in_memory(self) -> bool:
        """Whether it is gone when nobody is connected."""
        return self.backend == "sqlite" and not self.name

    def __str__(self) -> str:
        return f"{self.backend}://{self.server}/{self.name}"


@contextmanager
def unwatched() -> Iterator[None]:
    """Connect, while the block runs, to wherever a database is made."""
    token = _unwatched.set(True)
    try:
        yield
    finally:
        _unwatched.reset(token)


@contextmanager
def watch_engines(own: URL, given: URL, connect_args: Mapping[str, Any], case: type) -> Iterator[None]:
    """
    Refuse the configured database to every engine while the block runs, and warn of others that are no class's.

    Databases in memory are left alone.

    Args:
        own: The database of the class.
        given: The configured one.
        connect_args: As for :func:`sqlalchemy.ext.asyncio.create_async_engine`.
        case: The class.
    """
    owned = [Address.of_url(own, {}), Address.of_url(own, connect_args)]
    configured = Address.of_url(given, connect_args)

    def check(to: Address) -> None:
        if to in _owned or to.is_in_memory or _unwatched.get():
            return
        told, whose = f"an engine of the app's own connects to {to}", case.__qualname__
        if to == configured:
            raise IsolationError(f"{told}, the configured database, which {whose} never writes to: {_WHAT_TO_DO}")
        definition(case).warn(
            f"{told}, which is not the database of {whose}: what is written there is not undone; {_WHAT_TO_DO}",
            OtherDatabaseWarning,
        )

    def check_new(dialect: Any, _record: Any, positional: list[Any], named: dict[str, Any]) -> None:
        check(Address.of(dialect, positional, named))

    known: WeakSet[Engine] = WeakSet()  # to take an address from an engine costs as much as a short statement

    def check_pooled(connection: Connection) -> None:
        if connection.engine in known:
            return
        try:
            check(Address.of_engine(connection.engine))
        except Exception:
            connection.close()
            raise
        known.add(connection.engine)

    with _listening({"do_connect": check_new, "engine_connect": check_pooled}):
        _owned.extend(owned)
        try:
            yield
        finally:
            for address in owned:
                _owned.remove(address)


@contextmanager
def _listening(listeners: Mapping[str, Callable[..., None]]) -> Iterator[None]:
    """Hear of new connections, and of those that a pool has had before, as of an app that makes its tables early."""
    for name, listener in listeners.items():
        event.listen(Engine, name, listener)
    try:
        yield
    finally:
        for name, listener in listeners.items():
            event.remove(Engine, name, listener)


def _file(name: str) -> str:
    """Return the path of an SQLite database, which may be a URI; empty for one in memory."""
    path = name.removeprefix("file:").partition("?")[0] if name.startswith("file:") else name
    return "" if path in ("", ":memory:") or "mode=memory" in name else str(Path(path).resolve())
