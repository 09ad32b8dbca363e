"""What a row of the soak is."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.soak.budget import Budget
from tests.soak.outcome import Outcome

__all__ = ["Row"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """
    Something done again and again, and judged.

    Args:
        name: How the command line calls it.
        title: What is done and what has to hold, for the documentation.
        run: Does it, for as long as the budget says.
        share: Its part of the time, compared with the other rows.
    """

    name: str
    title: str
    run: Callable[[Budget], Outcome]
    share: float = 1.0
