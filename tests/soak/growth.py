"""
Growth: what a process holds late in a row, compared with early.

The time of a row has four quarters, and the process is looked at after the first turn and after each quarter. The
first warms up: modules are imported, caches fill, and so does what is kept by number, such as the last exchanges of a
server. What comes in the other three has a bound, whatever is done meanwhile. Only what the user's own objects keep,
such as the text of failed tests in unittest's result, may grow with the number of turns. Where what is kept by number
is large, all that comes after the first turn has a bound, too.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

from tests.soak.budget import Budget
from tests.soak.footprint import Footprint
from tests.soak.outcome import Figure, Outcome

__all__ = ["Growth", "Limits"]

_QUARTERS = 4
_RATIO = 1.5
"""What a turn may cost late, compared with early."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """
    By how much the process may grow.

    Args:
        megabytes: The memory that may come to what is resident, once the process is warm.
        in_all: The memory that may come from the first turn on; None for what is kept by number, and is small.
        per: The number of turns for which that holds; the bound grows where there are more. None for any number.
        objects: The objects that may come.
        objects_per_turn: How many of them may come with each turn.
        handles: The descriptors, and the tasks and the threads, that may come: what is open by chance at the end.
    """

    megabytes: float
    in_all: float | None = None
    per: int | None = None
    objects: int = 2000
    objects_per_turn: float = 0.0
    handles: int = 4

    def memory(self, megabytes: float, turns: int) -> float:
        """Return the megabytes that may come with so many turns."""
        return megabytes * max(1.0, turns / self.per if self.per else 1.0)

    def number(self, turns: int) -> float:
        """Return the objects that may come with so many turns."""
        return self.objects + self.objects_per_turn * turns


@dataclass
class Growth:
    """
    The footprints of a row.

    Args:
        budget: How long the row takes; its number of turns, where it has one, is that of each quarter.
        limits: By how much the process may grow.
        warm_up: The turns of the first quarter, at least; a quarter of them are those of each other one.
    """

    budget: Budget
    limits: Limits
    warm_up: int = 600
    footprints: list[Footprint] = field(default_factory=list)

    def turns(self) -> Iterator[int]:
        """Yield the number of each turn, from 0, and look at the process after each quarter."""
        turn, least = 0, max(self.warm_up, _QUARTERS)
        for quarter in range(_QUARTERS):
            for _ in self.budget.part(_QUARTERS - quarter).all_turns(at_least=least // _QUARTERS if quarter else least):
                if turn == 1:
                    self.footprints.append(Footprint.now(turn))
                yield turn
                turn += 1
            self.footprints.append(Footprint.now(turn))

    def outcome(self, what: str, mistakes: tuple[str, ...] = ()) -> Outcome:
        """
        Judge the row.

        Args:
            what: What has been done in each turn, in the plural.
            mistakes: What went wrong.
        """
        if mistakes:
            return Outcome(done=f"some {what}", mistakes=mistakes)
        first, early, *_, late = self.footprints
        turns, limits = late.turns - early.turns, self.limits
        bound = None if limits.in_all is None else limits.memory(limits.in_all, late.turns)
        figures = [
            _memory("memory", early, late, limits.memory(limits.megabytes, turns)),
            _memory("in all", first, late, bound),
            Figure(name="objects", value=late.objects - early.objects, bound=limits.number(turns)),
            Figure(name="descriptors", value=late.descriptors - early.descriptors, bound=limits.handles),
            Figure(name="threads", value=late.threads - early.threads, bound=limits.handles),
            Figure(name="tasks", value=late.tasks - early.tasks, bound=limits.handles),
            Figure(name="late/early", value=self._ratio(), unit="x", bound=_RATIO if self.budget.long else None),
        ]
        if self.budget.turns:  # so few are of the warm-up
            figures = [replace(figure, bound=None) for figure in figures]
        return Outcome(done=f"{late.turns:,} {what}", figures=tuple(figures), mistakes=mistakes)

    def _ratio(self) -> float:
        """Return what a turn of the last quarter cost, compared with one of the second."""
        costs = [
            (after.seconds - before.seconds) / (after.turns - before.turns)
            for before, after in pairwise(self.footprints[1:])
        ]
        return costs[-1] / costs[0]


def _memory(name: str, before: Footprint, after: Footprint, bound: float | None) -> Figure:
    return Figure(name=name, value=after.megabytes - before.megabytes, unit="MB", bound=bound)
