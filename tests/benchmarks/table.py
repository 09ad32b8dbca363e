"""The results as text."""

import textwrap
from collections.abc import Iterator, Sequence

from tests.benchmarks.results import Result, Summary
from tests.benchmarks.row import Target

__all__ = ["format_number", "format_ratio", "format_row", "format_seconds", "format_summary", "header"]

_INDENT = "  "
_WIDTH = 105
_NAME = "24"
_COLUMNS = (_NAME, ">8", "20", ">7", "17", "10", "")
"""How the cells of a line are aligned."""

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


def format_number(value: float) -> str:
    """Return a number with three significant digits, all digits before the point among them: ``1234``, ``0.0571``."""
    decimals = 0
    while abs(value) * 10**decimals < 100 and decimals < 4 and value:
        decimals += 1
    return f"{value:.{decimals}f}"


def format_seconds(seconds: float) -> str:
    """Return a time in the unit that suits it: ``340 µs``."""
    scale, unit = _unit(seconds)
    return f"{format_number(seconds / scale)} {unit}"


def format_ratio(ratio: float) -> str:
    """Return a ratio as it is spoken of: ``0.35x``."""
    return f"{ratio:.2g}x" if ratio < 0.1 else f"{ratio:.2f}x" if ratio < 10 else f"{ratio:.0f}x"


def header() -> str:
    """Return the heads of the columns."""
    return _columns("", "median", "quartiles", "ratio", "quartiles", "target", "")


def format_row(result: Result) -> str:
    """Return a row's block of the table: its title, a line for each contender, and what has to be said of them."""
    return "\n".join(
        [
            f"\n{result.row.name}: {result.row.title}; time of {result.row.unit}",
            *_contenders(result),
            *textwrap.wrap(result.row.note, _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT),
        ]
    )


def format_summary(results: Sequence[Result]) -> str:
    """Return how many targets were met, and which were not."""
    verdicts = [(result, target, result.verdict(target)) for result in results for target in result.row.targets]
    met = sum(verdict == "met" for _, _, verdict in verdicts)
    others = [
        f"{_INDENT}{verdict}: {_describe(result, target)}" for result, target, verdict in verdicts if verdict != "met"
    ]
    return "\n".join([f"{met} of {len(verdicts)} targets met", *others])


def _contenders(result: Result) -> Iterator[str]:
    for contender in result.row.contenders:
        name = contender.name
        if name in result.missing:
            yield f"{_INDENT}{name:{_NAME}}  {_format_missing(result.missing[name])}"
        elif name == result.subject:
            yield _line(result, name, None, result.row.target(None))
        else:
            yield _line(result, name, result.ratio(name), result.row.target(name))


def _format_missing(modules: list[str]) -> str:
    return f"not measured, {', '.join(modules)} is missing: pip install 'fastapi-unittest[benchmarks]'"


def _line(result: Result, name: str, ratio: Summary | None, target: Target | None) -> str:
    seconds = result.seconds(name)
    return _columns(
        name,
        format_seconds(seconds.median),
        _format_times(seconds),
        "" if ratio is None else format_ratio(ratio.median),
        "" if ratio is None else f"{format_ratio(ratio.low)} - {format_ratio(ratio.high)}",
        "" if target is None else _format_target(target),
        "" if target is None else result.verdict(target),
    )


def _columns(*cells: str) -> str:
    return (_INDENT + "  ".join(map(format, cells, _COLUMNS))).rstrip()


def _format_times(seconds: Summary) -> str:
    """Return the quartiles, the unit of the median said once."""
    scale, unit = _unit(seconds.median)
    return f"{format_number(seconds.low / scale)} - {format_number(seconds.high / scale)} {unit}"


def _format_target(target: Target) -> str:
    return f"<= {format_seconds(target.at_most) if target.peer is None else format_ratio(target.at_most)}"


def _describe(result: Result, target: Target) -> str:
    of = "" if target.peer is None else f" of {target.peer}"
    return f"{result.row.name}, {_format_target(target)}{of}"


def _unit(seconds: float) -> tuple[float, str]:
    return next((unit for unit in _UNITS if seconds >= unit[0]), _UNITS[-1])
