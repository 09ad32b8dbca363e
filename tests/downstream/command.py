"""The command line: ``python -m tests.downstream [PATH ...]``."""

import argparse
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from tests.downstream.first import first_projects
from tests.downstream.suite import Outcome, Project, run_suite

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """
    Run the suites, and print a line for each as it ends, with all that it printed where it has not passed.

    Those of others run one after the other, as they may want the same port or the same file; those of this repository
    do not, and run one for each core at a time.

    Args:
        arguments: The words of the command line.

    Returns:
        The exit status: 1 where a suite has failed or has run no test, else 0.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        projects = _projects(options.paths, options.start, options.venv)
    except ValueError as exc:
        parser.error(str(exc))
    width = max(len(project.name) for project in projects)
    failed = 0
    with ThreadPoolExecutor(1 if options.paths else os.cpu_count()) as pool:
        outcomes = pool.map(partial(run_suite, timeout=options.timeout), projects)
        for project, outcome in zip(projects, outcomes, strict=True):
            print(_line(project, outcome, width), flush=True)
            if outcome.trouble:
                failed += 1
                print(outcome.output, flush=True)
    print(f"{len(projects) - failed} passed, {failed} failed")
    return int(failed > 0)


def _projects(paths: Sequence[str], start: str, venv: str | None) -> list[Project]:
    """
    Return what to run, before any of it runs.

    Raises:
        ValueError: If a folder or a Python is not there, or a folder to start from has no PATH that it is in.
    """
    if start != "." and not paths:
        raise ValueError("--start needs a PATH")
    projects = [_project(path, start) for path in paths] or first_projects()
    if venv is None:
        return projects
    # absolute(), not resolve(): behind the link that a virtual environment's Python is, there is another's.
    pythons = [(project.folder / venv).absolute() for project in projects]
    if missing := [python for python in pythons if not python.is_file()]:
        raise ValueError(f"no Python at {missing[0]}")
    return [replace(project, python=str(python)) for project, python in zip(projects, pythons, strict=True)]


def _project(path: str, start: str) -> Project:
    folder = Path(path)
    for each in (folder, folder / start):
        if not each.is_dir():
            what = "no folder" if each.exists() else "not there"
            raise ValueError(f"{each} is {what}: give a folder with a unittest suite")
    return Project(path, folder.resolve(), start)


def _line(project: Project, outcome: Outcome, width: int) -> str:
    counts = f"{outcome.tests} tests, {outcome.failures} failures, {outcome.errors} errors, {outcome.skipped} skipped"
    line = f"{'FAILED' if outcome.trouble else 'ok    '}  {project.name:{width}}  {counts}, {outcome.seconds:.1f} s"
    return f"{line}: {outcome.trouble}" if outcome.trouble else line


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.downstream",
        description="Run the unittest suites of other checkouts against the fastapi_testing of this one.",
        epilog="Without a PATH, the projects and the migrated suites of docs/examples are run.",
    )
    parser.add_argument("paths", metavar="PATH", nargs="*", help="a folder with a unittest suite")
    parser.add_argument(
        "--start",
        metavar="FOLDER",
        default=".",
        help="the folder within each PATH from which tests are looked for, as for unittest discover -s (default: PATH)",
    )
    parser.add_argument(
        "--venv",
        metavar="PYTHON",
        help="the Python of a virtual environment that has what the suites need; a relative one is looked for in each "
        "PATH, such as .venv/bin/python (default: the running Python)",
    )
    parser.add_argument(
        "--timeout", metavar="SECONDS", type=float, default=600.0, help="what a suite may take (default: 600)"
    )
    return parser
