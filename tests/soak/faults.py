"""Faults, again and again: how long the worst of them took, and what was not as it has to be."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

from tests.soak.budget import Budget
from tests.soak.outcome import Figure, Outcome

__all__ = ["Faults"]

_ENOUGH = 3
"""Mistakes after which a row ends: the next ones would say the same."""


@dataclass
class Faults:
    """
    The faults of a row.

    Args:
        budget: How long the row takes.
        bound: The seconds that one may take, until everything works again.
    """

    budget: Budget
    bound: float
    number: int = 0
    longest: float = 0.0
    mistakes: list[str] = field(default_factory=list)

    def turns(self, at_least: int = 6) -> Iterator[int]:
        """Yield the number of each turn, from 0, until the time is over or enough went wrong."""
        for turn in self.budget.all_turns(at_least):
            yield turn
            if len(self.mistakes) >= _ENOUGH:
                return

    @contextmanager
    def one(self, name: str) -> Iterator[None]:
        """Time one fault; an exception says that something was not as it has to be."""
        begun = perf_counter()
        try:
            yield
        except Exception as exc:
            self.mistakes.append(f"{name}, number {self.number}: {type(exc).__name__}: {exc}")
        self.longest = max(self.longest, perf_counter() - begun)
        self.number += 1

    def outcome(self, what: str) -> Outcome:
        """
        Judge the row.

        Args:
            what: What the faults are, in the plural.
        """
        longest = Figure(name="longest", value=self.longest, unit="s", bound=self.bound)
        return Outcome(done=f"{self.number:,} {what}", figures=(longest,), mistakes=tuple(self.mistakes))
