"""The statistics: medians, quartiles, ratios taken round by round, and whether a target was met."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from tests.benchmarks.row import Row, Target

__all__ = ["Result", "Summary", "Verdict"]

Verdict = Literal["met", "missed", "not measured"]


@dataclass(frozen=True)
class Summary:
    """The median of some values, and the quartiles around it: neither is moved by a few disturbed rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Summarize one value or more."""
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high)


@dataclass(frozen=True, kw_only=True)
class Result:
    """
    What came of a row.

    Args:
        row: The row.
        samples: By the contender's name, the seconds that one operation took in each round.
        missing: By the contender's name, the modules for want of which it was left out.
    """

    row: Row
    samples: dict[str, list[float]]
    missing: dict[str, list[str]] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        """The contender that all others are compared with."""
        return self.row.contenders[0].name

    @property
    def peers(self) -> list[str]:
        """The other contenders that were measured."""
        return [name for name in self.samples if name != self.subject]

    def seconds(self, name: str) -> Summary:
        """Return what one operation took a contender."""
        return Summary.of(self.samples[name])

    def ratio(self, peer: str) -> Summary:
        """
        Return the subject's time divided by a peer's.

        They are divided in each round, where both met the same machine, and the ratios summarized.
        """
        pairs = zip(self.samples[self.subject], self.samples[peer], strict=True)
        return Summary.of([ours / theirs for ours, theirs in pairs])

    def verdict(self, target: Target) -> Verdict:
        """Return whether a target was met, by the median."""
        if target.peer is None:
            reached = self.seconds(self.subject).median
        elif target.peer in self.samples:
            reached = self.ratio(target.peer).median
        else:
            return "not measured"
        return "met" if reached <= target.at_most else "missed"

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object, every sample included."""
        return {
            "row": self.row.name,
            "title": self.row.title,
            "unit": self.row.unit,
            "samples": self.samples,
            "missing": self.missing,
            "ratios": {peer: vars(self.ratio(peer)) for peer in self.peers},
            "targets": [{**vars(target), "verdict": self.verdict(target)} for target in self.row.targets],
        }
