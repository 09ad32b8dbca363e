"""The processes that tests start: what they find in their environment, and several of them side by side."""

import os
import subprocess
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

__all__ = ["EXAMPLES", "ROOT", "environment", "in_fork", "run_python", "side_by_side"]

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "docs" / "examples"

_T = TypeVar("_T")
_Item = TypeVar("_Item")


def environment(**variables: str) -> dict[str, str]:
    """
    Return the environment of a process that finds this repository.

    It may keep what Python compiles: with PYTHONDONTWRITEBYTECODE, each process would compile this package anew, and
    each pytest its plugins, which takes a third of a second, and three seconds. And pytest loads the plugins that it is
    told to load: those that other libraries bring, such as Locust's with gevent, take two seconds of each run. Users
    have them; ``PYTEST_DISABLE_PLUGIN_AUTOLOAD=""`` is for the test that runs it as they do.
    """
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return inherited | {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"} | variables


def run_python(*arguments: str, folder: Path, typed: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder; both its outputs are in ``stdout``."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment(**variables),
        input=typed,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )


def side_by_side(function: Callable[[_Item], _T], items: Iterable[_Item]) -> list[_T]:
    """Call a function that starts a process with each item, one for each core at a time; return the results."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(function, items))


def in_fork(function: Callable[[], object]) -> bool:  # pragma: no cover - in processes whose coverage nobody saves
    """
    Fork this process, and return whether a function in the child returned something true.

    For a script that a test runs, and not for the test itself: among the threads of a whole suite, one may hold a lock
    that its child then waits for, for ever.
    """
    # Since Python 3.12 it warns of threads, and the system counts one for a moment after its end.
    with warnings.catch_warnings(action="ignore"):
        child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if function() else 1
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)  # whatever happened: the rest of the script is its parent's
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
