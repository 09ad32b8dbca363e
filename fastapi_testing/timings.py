"""
The command that takes into a file of timings what shards, and the reports of other runners, say of classes.

::

    python -m fastapi_testing.timings timings.json              # what shards have measured since
    python -m fastapi_testing.timings timings.json reports/     # and what these reports say
"""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from fastapi_testing.case.sharding.sources import Sources
from fastapi_testing.case.sharding.timings import Taken, changing
from fastapi_testing.errors import ConfigurationError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit status."""
    parser = ArgumentParser(
        prog="python -m fastapi_testing.timings", description="Take into a file what shards and reports say of classes."
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the timings that plans are made from; made if need be")
    parser.add_argument(
        "sources",
        nargs="*",
        metavar="SOURCE",
        help="timings, reports in JUnit's XML, subunit streams; folders and patterns of them",
    )
    options = parser.parse_args(arguments)
    try:
        sources = Sources.read(os.pathsep.join(options.sources)) if options.sources else Sources("")
        with changing(options.file) as timings:
            before = len(timings.classes)
            timings.add(sources.timings)
            timings.take_in()
            for name, seconds in sources.reported.items():  # what has been measured counts before reports
                timings.classes.setdefault(name, Taken("", seconds))
    except (ConfigurationError, OSError) as exc:
        parser.exit(2, f"{parser.prog}: {exc}\n")
    print(f"{options.file}: {len(timings.classes)} classes, {before} before", file=sys.stderr)  # noqa: T201 - a command
    return 0


if __name__ == "__main__":
    sys.exit(main())
