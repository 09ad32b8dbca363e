"""The outcomes as text: a line for each row."""

import textwrap

from tests.benchmarks.table import format_seconds
from tests.soak.outcome import Figure, Outcome
from tests.soak.row import Row

__all__ = ["format_figure", "format_outcome", "format_summary"]

_WIDTH = 110
_NAME = 20


def format_figure(figure: Figure) -> str:
    """Return a figure, and what it may be at most: ``memory 1.2 of 3 MB``."""
    if figure.unit == "s":
        bound = "" if figure.bound is None else f" of {figure.bound:g} s"
        return f"{figure.name} {format_seconds(figure.value)}{bound}"
    number = f"{figure.value:,}" if isinstance(figure.value, int) else f"{figure.value:.1f}"
    bound = "" if figure.bound is None else f"of {figure.bound:,.6g}"
    return " ".join(filter(None, [figure.name, number, bound, figure.unit]))


def format_outcome(row: Row, outcome: Outcome) -> str:
    """Return the line of a row, broken where it is too long, and what went wrong."""
    verdict = "ok" if outcome.held else "FAILED"
    figures = ", ".join(map(format_figure, outcome.figures))
    text = "; ".join(filter(None, [outcome.done, figures, verdict]))
    indent = " " * _NAME
    lines = textwrap.wrap(text, _WIDTH, initial_indent=f"{row.name:{_NAME}}", subsequent_indent=indent)
    mistakes = [textwrap.indent(mistake, "    ") for mistake in outcome.mistakes]
    return "\n".join([*lines, *mistakes])


def format_summary(rows: list[tuple[Row, Outcome]], seconds: float) -> str:
    """Return how many rows held, and which did not."""
    failed = [row.name for row, outcome in rows if not outcome.held]
    names = f"; FAILED: {', '.join(failed)}" if failed else ""
    return f"{len(rows) - len(failed)} of {len(rows)} rows held, in {seconds / 60:.1f} minutes{names}"
