"""Which database the tests are given, and what theirs is called."""

import os
from typing import Any

from sqlalchemy.engine import URL, make_url

__all__ = ["DRIVERS", "choose_url", "cut", "describe_url"]

DRIVERS: dict[str, tuple[str, ...]] = {
    "postgresql": ("asyncpg", "psycopg", "psycopg_async"),
    "sqlite": ("aiosqlite",),
}
"""The databases that are served, each with its drivers."""

_SERVED = "postgresql+asyncpg, postgresql+psycopg and sqlite+aiosqlite"


def choose_url(given: str | URL | None, whose: str) -> URL:
    """
    Return the URL of the database beside which the tests have theirs.

    Args:
        given: The class's; None for the environment variable TEST_DATABASE_URL, and SQLite where there is none.
        whose: The name of the class, for messages.

    Raises:
        ValueError: If it is no URL of a database and a driver that are served.
    """
    value = given or os.environ.get("TEST_DATABASE_URL") or "sqlite+aiosqlite://"
    where = "database_url" if given else "TEST_DATABASE_URL"
    url = _parse(value, f"{where} of {whose}")
    if url.get_driver_name() not in DRIVERS.get(url.get_backend_name(), ()):
        raise ValueError(f"{where} of {whose} is {describe_url(url)}; SQLAlchemyMixin serves {_SERVED}")
    return url


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
