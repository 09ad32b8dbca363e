"""The command line: ``python -m tests.benchmarks [row ...]``."""

import argparse
import json
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.benchmarks.chart import draw
from tests.benchmarks.choosing import choose_rows
from tests.benchmarks.environment import describe_environment
from tests.benchmarks.harness import QUICK, STANDARD, Effort, measure
from tests.benchmarks.results import Result
from tests.benchmarks.row import Row
from tests.benchmarks.rows import ROWS
from tests.benchmarks.table import format_row, format_summary, header

__all__ = ["main"]

_WIDTH = 105
_EPILOG = "A ratio is this framework's time divided by the peer's, in the same round: less than 1 is faster."


def main(arguments: Sequence[str]) -> int:
    """
    Measure, and print the table as it comes.

    Args:
        arguments: The words of the command line.

    Returns:
        The exit code: with ``--check``, 1 where a target was not met or could not be measured; else 0.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        rows = choose_rows(ROWS, options.rows)
    except ValueError as exc:
        parser.error(str(exc))
    effort = _effort(options)
    environment = describe_environment()
    print(_introduction(environment, effort))
    results = [_measure_and_print(row, effort) for row in rows]
    print(f"\n{format_summary(results)}")
    if options.json:
        _write_json(options.json, environment, results)
    if options.chart:
        options.chart.write_text(draw(results, environment), encoding="utf-8")
    return int(options.check and any(_failed(result) for result in results))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__, epilog=_EPILOG)
    parser.add_argument("rows", nargs="*", metavar="row", help="name of a row, or a pattern such as 'p*'; default: all")
    parser.add_argument("--rounds", type=_positive, help=f"batches of each contender; default: {STANDARD.rounds}")
    parser.add_argument("--quick", action="store_true", help="one operation a batch: to see that it runs, not how fast")
    parser.add_argument("--check", action="store_true", help="exit with 1 unless every target is met")
    parser.add_argument("--chart", type=Path, metavar="FILE", help="draw the ratios as an SVG")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample as JSON")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {number}")
    return number


def _effort(options: argparse.Namespace) -> Effort:
    effort = QUICK if options.quick else STANDARD
    return effort if options.rounds is None else replace(effort, rounds=options.rounds)


def _introduction(environment: dict[str, str], effort: Effort) -> str:
    where = ", ".join(f"{name} {value}" for name, value in environment.items())
    how = (
        f"{effort.rounds} rounds, interleaved" if effort.seconds else "quick: it runs, and the figures say nothing more"
    )
    return f"{textwrap.fill(where, _WIDTH)}\n{textwrap.fill(f'{how}. {_EPILOG}', _WIDTH)}\n\n{header()}"


def _measure_and_print(row: Row, effort: Effort) -> Result:
    result = measure(row, effort)
    print(format_row(result), flush=True)
    return result


def _failed(result: Result) -> bool:
    return any(result.verdict(target) != "met" for target in result.row.targets)


def _write_json(path: Path, environment: dict[str, str], results: Sequence[Result]) -> None:
    document = {"environment": environment, "results": [result.as_json() for result in results]}
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
