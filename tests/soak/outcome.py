"""What a row has done: its figures, the bound of each, and what went wrong."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

__all__ = ["Figure", "Outcome"]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """
    A figure.

    Args:
        name: What it is of.
        value: What was measured.
        unit: What it is in.
        bound: What it may be at most; None for one that is shown, and not judged.
    """

    name: str
    value: float
    unit: str = ""
    bound: float | None = None

    @property
    def held(self) -> bool:
        """Whether it keeps within its bound."""
        return self.bound is None or self.value <= self.bound


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """
    What came of a row.

    Args:
        done: What was done, and how often, such as ``20,000 requests``.
        figures: What was measured.
        mistakes: What went wrong, each a text of one line or more.
    """

    done: str
    figures: tuple[Figure, ...] = ()
    mistakes: tuple[str, ...] = ()

    @property
    def held(self) -> bool:
        """Whether nothing went wrong, and every figure keeps within its bound."""
        return not self.mistakes and all(figure.held for figure in self.figures)

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Return the outcome that a JSON object is of."""
        figures = tuple(Figure(**figure) for figure in document["figures"])
        return cls(done=document["done"], figures=figures, mistakes=tuple(document["mistakes"]))
