"""Measuring a row: every contender in every round, in an order that rotates."""

import gc
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from math import ceil
from typing import TypeVar

from tests.benchmarks.results import Result
from tests.benchmarks.row import Batch, Contender, Row

__all__ = ["QUICK", "STANDARD", "Effort", "measure", "rotated"]

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Effort:
    """
    How much is measured.

    Args:
        rounds: Batches of each contender; a row may want fewer.
        seconds: What a batch shall take at least; 0 for one operation a batch, to see that everything runs.
    """

    rounds: int
    seconds: float


STANDARD = Effort(rounds=21, seconds=0.05)
QUICK = Effort(rounds=2, seconds=0.0)


def measure(row: Row, effort: Effort) -> Result:
    """
    Measure a row.

    All contenders are open at the same time; each is idle while the others have their turn. One that needs a module
    that is not installed is left out.

    Args:
        row: The row.
        effort: How much to measure.
    """
    missing = {contender.name: contender.missing for contender in row.contenders if contender.missing}
    contenders = [contender for contender in row.contenders if contender.name not in missing]
    samples: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    with ExitStack() as stack:
        batches = {contender.name: stack.enter_context(contender.opened()) for contender in contenders}
        numbers = {contender.name: _number(contender, batches[contender.name], effort) for contender in contenders}
        for turn in range(min(effort.rounds, row.rounds or effort.rounds)):
            for contender in rotated(contenders, turn):
                name = contender.name
                samples[name].append(_sample(batches[name], numbers[name]))
    return Result(row=row, samples=samples, missing=missing)


def rotated(items: Sequence[_T], turn: int) -> list[_T]:
    """Return the items beginning with another one each turn, so that none always follows the same disturbance."""
    start = turn % len(items)
    return [*items[start:], *items[:start]]


def _number(contender: Contender, batch: Batch, effort: Effort) -> int:
    """Warm a contender up, and return the number of operations that fill a batch."""
    if effort.seconds == 0:
        return 1
    elapsed, number = batch(1), 1
    if contender.number is not None:
        return contender.number
    while elapsed < effort.seconds / 2:
        number *= 2
        elapsed = batch(number)
    return ceil(number * effort.seconds / elapsed)


def _sample(batch: Batch, number: int) -> float:
    """
    Return the seconds that one operation takes.

    What was there before is collected, and then frozen: a collection during the batch, as it happens in any program,
    looks at this contender's objects only.
    """
    gc.collect()
    gc.freeze()
    try:
        return batch(number) / number
    finally:
        gc.unfreeze()
