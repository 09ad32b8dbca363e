"""The command line: ``python -m tests.soak [--minutes N] [row ...]``."""

import argparse
import gc
import json
import textwrap
from collections.abc import Sequence
from dataclasses import asdict, replace
from time import monotonic

from tests.benchmarks.choosing import choose_rows
from tests.benchmarks.environment import describe_environment
from tests.processes import ROOT
from tests.soak.budget import LONG, Budget
from tests.soak.outcome import Outcome
from tests.soak.process import run_alone
from tests.soak.row import Row
from tests.soak.rows import ROWS
from tests.soak.table import format_outcome, format_summary

__all__ = ["PAGE", "main"]

PAGE = ROOT / "docs" / "explanation" / "reliability.txt"
"""What the documentation shows of a run."""

_MINUTES = 2.0
_QUICK = 2
"""Turns of each row where nothing is to be measured."""

_FACTOR = 3
_GRACE = 180.0
"""Seconds that a row may take beyond so many times its own: to start, and for what it does last."""

_WIDTH = 110


class _Report:
    """What is printed, and then written."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def tell(self, text: str) -> None:
        self.lines.append(text)
        print(text, flush=True)


def main(arguments: Sequence[str]) -> int:
    """
    Run rows, and print a line for each as it comes.

    Args:
        arguments: The words of the command line.

    Returns:
        The exit code: 1 where a row has failed, else 0.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        rows = choose_rows(ROWS, options.rows)
    except ValueError as exc:
        parser.error(str(exc))
    if options.budget:
        print(json.dumps(rows[0].run(Budget(**json.loads(options.budget))).as_json()))
        return 0
    report = _Report()
    held = _run_all(rows, options, report)
    if options.write:
        PAGE.write_text("\n".join(report.lines) + "\n", encoding="utf-8")
    return int(not held)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="Whether the framework holds.")
    parser.add_argument(
        "rows", nargs="*", metavar="row", help="name of a row, or a pattern such as 'fuzz-*'; default: all"
    )
    parser.add_argument(
        "--minutes", type=_positive, default=_MINUTES, help=f"for all rows together; default: {_MINUTES:g}"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the first case of each fuzz; default: 1")
    parser.add_argument(
        "--quick", action="store_true", help="a few turns of each, in this process: to see that it runs"
    )
    parser.add_argument("--write", action="store_true", help=f"write the table into {PAGE.name} of the documentation")
    parser.add_argument("--budget", help=argparse.SUPPRESS)  # a row in its own process: its budget, as JSON
    return parser


def _positive(text: str) -> float:
    number = float(text)
    if number <= 0:
        raise argparse.ArgumentTypeError(f"must be more than 0, got {text}")
    return number


def _run_all(rows: Sequence[Row], options: argparse.Namespace, report: _Report) -> bool:
    begun = monotonic()
    if options.quick:
        gc.freeze()  # what the libraries are made of takes a tenth of a second in each look at what has grown
    report.tell(_introduction(options))
    share = options.minutes * 60 / sum(row.share for row in rows)
    outcomes = []
    for row in rows:
        outcome = _run(row, share * row.share, options)
        report.tell(format_outcome(row, outcome))
        outcomes.append((row, outcome))
    report.tell(f"\n{format_summary(outcomes, monotonic() - begun)}")
    return all(outcome.held for _, outcome in outcomes)


def _introduction(options: argparse.Namespace) -> str:
    how = "quick: it runs, and the figures say nothing more" if options.quick else f"--minutes {options.minutes:g}"
    where = ", ".join(f"{name} {value}" for name, value in describe_environment().items())
    return textwrap.fill(f"{how}, --seed {options.seed}; {where}", _WIDTH) + "\n"


def _run(row: Row, seconds: float, options: argparse.Namespace) -> Outcome:
    budget = Budget(seconds=seconds, seed=options.seed, long=options.minutes >= LONG)
    if options.quick:
        return row.run(replace(budget, turns=_QUICK))
    command = ["-m", "tests.soak", row.name, "--budget", json.dumps(asdict(budget))]
    return run_alone(command, seconds * _FACTOR + _GRACE)
