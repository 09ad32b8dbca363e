"""Which database the tests are given, and what theirs is called."""

import os
from typing import Any

from sqlalchemy.engine import URL, make_url

from fastapi_testing.databases.provision.kind import SessionKind

__all__ = ["DRIVERS", "choose_url", "cut", "describe_url", "is_for_async"]

DRIVERS: dict[str, dict[str, tuple[str | None, str | None]]] = {
    "postgresql": {
        "asyncpg": (None, "asyncpg"),
        "psycopg": ("psycopg", "psycopg_async"),
        "psycopg_async": ("psycopg", "psycopg_async"),
        "psycopg2": ("psycopg2", None),
    },
    "sqlite": {"pysqlite": ("pysqlite", "aiosqlite"), "aiosqlite": ("pysqlite", "aiosqlite")},
}
"""
The databases that are served, and of each the drivers: by what a URL names, what synchronous and asynchronous sessions
have instead, which may be the same; None where a driver is not for sessions of a kind.
"""

_SERVED = "postgresql+asyncpg, postgresql+psycopg, postgresql+psycopg2, sqlite and sqlite+aiosqlite"


def choose_url(given: str | URL | None, whose: str, *, kind: SessionKind | None = None, is_async: bool = True) -> URL:
    """
    Return the URL of the database beside which the tests have theirs, with a driver that is for the app's sessions.

    Args:
        given: The class's; None for the environment variable TEST_DATABASE_URL, and SQLite where there is none.
        whose: The name of the class, for messages.
        kind: Of which kind the app's sessions are; None where nothing tells, and any driver is right.
        is_async: Which kind it is to be then, where the driver is for both.

    Raises:
        ValueError: If it is no URL of a database and a driver that are served, and that are for such sessions.
    """
    value = given or os.environ.get("TEST_DATABASE_URL") or "sqlite://"
    where = f"{'database_url' if given else 'TEST_DATABASE_URL'} of {whose}"
    url = _parse(value, where)
    drivers = DRIVERS.get(url.get_backend_name(), {}).get(url.get_driver_name())
    if drivers is None:
        raise ValueError(f"{where} is {describe_url(url)}; SQLAlchemyMixin serves {_SERVED}")
    if kind is None:
        wished = drivers[is_async] or drivers[not is_async]
    elif (wished := drivers[kind.is_async]) is None:
        own, other = ("asynchronous", "synchronous") if kind.is_async else ("synchronous", "asynchronous")
        instead = "asyncpg" if kind.is_async else "psycopg2"
        raise ValueError(
            f"{where} is {describe_url(url)}, whose driver is {other}, and the sessions of the app are {own} (see "
            f"{kind.because}): write postgresql+psycopg, which is for both, or postgresql+{instead}"
        )
    return url.set(drivername=f"{url.get_backend_name()}+{wished}")


def is_for_async(url: URL) -> bool:
    """Tell whether sessions on a URL that was chosen here are asynchronous; psycopg's own is for both."""
    return url.get_driver_name() in ("asyncpg", "psycopg_async", "aiosqlite")


def describe_url(url: URL) -> str:
    """Return a URL without what may be secret: its password, and its query, which may hold one too."""
    return url.set(query={}).render_as_string(hide_password=True)


def cut(name: str, size: int) -> str:
    """Return the beginning of a name: as many characters as fit into so many bytes of UTF-8."""
    return name.encode()[:size].decode(errors="ignore")


def _parse(value: Any, what: str) -> URL:
    try:
        url = make_url(value)
        url.get_driver_name()  # of a dialect that SQLAlchemy has
    except Exception:  # noqa: BLE001 - SQLAlchemy's own may show the URL, and the password in it
        raise ValueError(f"{what} is no URL of a database; SQLAlchemyMixin serves {_SERVED}") from None
    return url
