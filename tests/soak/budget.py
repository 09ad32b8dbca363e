"""How much a row may do: until its time is over."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Self

__all__ = ["LONG", "Budget"]

LONG = 10.0
"""Minutes from which a run is a long one: only then is there enough of everything to judge what it costs."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """
    How much a row may do; the clock runs from here on.

    Args:
        seconds: When to do no more.
        turns: How often to do it at most; None for as often as there is time.
        seed: Where the cases of a fuzz begin: the first has this seed, the next one the one behind it.
        long: Whether the run is a long one.
    """

    seconds: float
    turns: int | None = None
    seed: int = 1
    long: bool = False
    begun: float = field(default_factory=monotonic)

    def all_turns(self, at_least: int = 1) -> Iterator[int]:
        """
        Yield the number of each turn, from 0, while there is time.

        Args:
            at_least: How many there are even where time is short, unless ``turns`` says less.
        """
        turn = 0
        while (turn < at_least or monotonic() - self.begun < self.seconds) and turn != self.turns:
            yield turn
            turn += 1

    def part(self, number: int) -> Self:
        """Return one of so many equal parts of the time that is left."""
        left = max(self.begun + self.seconds - monotonic(), 0.0)
        return replace(self, seconds=left / number, begun=monotonic())
