"""What is measured: rows, the contenders in each, and the targets they are held to."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.util import find_spec

__all__ = ["Batch", "Contender", "Row", "Target"]

Batch = Callable[[int], float]
"""Does an operation a number of times, and returns how many seconds all of them took."""


@dataclass(frozen=True, kw_only=True)
class Contender:
    """
    One way to do what a row is about.

    Args:
        name: What the table calls it.
        opened: Opens it, and yields its batches; what that takes is not measured.
        needs: Modules of the ``benchmarks`` extra that it imports.
        number: Operations in a batch; None has the harness find out how many fill the time of one.
    """

    name: str
    opened: Callable[[], AbstractContextManager[Batch]]
    needs: tuple[str, ...] = ()
    number: int | None = None

    @property
    def missing(self) -> list[str]:
        """The modules that it needs and that are not installed."""
        return [module for module in self.needs if find_spec(module) is None]


@dataclass(frozen=True, kw_only=True)
class Target:
    """
    What the first contender of a row is to reach.

    Args:
        at_most: The ratio of its time to the peer's or, without a peer, the seconds that an operation may take.
        peer: The name of another contender of the row.
    """

    at_most: float
    peer: str | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """
    A thing to do.

    Args:
        name: How the command line calls it.
        title: What is done, for the table and the chart.
        unit: What the times are of.
        contenders: This framework first, and its peers.
        targets: What is to be reached.
        rounds: The number of rounds that are enough, where one takes long.
        note: What a reader of the figures has to know.
    """

    name: str
    title: str
    unit: str
    contenders: tuple[Contender, ...]
    targets: tuple[Target, ...] = ()
    rounds: int | None = None
    note: str = ""

    def target(self, peer: str | None) -> Target | None:
        """Return the target that this peer sets or, for None, the one that is a time."""
        return next((target for target in self.targets if target.peer == peer), None)
