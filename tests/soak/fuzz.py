"""Fuzz: what several clients see of the same on one server; a difference is a mistake, and tells its seed."""

import asyncio
import reprlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Generic, TypeVar

from tests.soak.budget import Budget
from tests.soak.outcome import Figure, Outcome

__all__ = ["LIMIT", "Fuzz"]

LIMIT = 20.0
"""Seconds after which a client that waits has been waiting for too long."""

_LEAST = 100
"""Cases even where time is short."""

_ENOUGH = 3
"""Differences after which a row ends: the next ones would say the same."""

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxdict = 20

_Case = TypeVar("_Case")


@dataclass
class Fuzz(Generic[_Case]):
    """
    Cases that come from seeds, and clients that try them.

    Args:
        budget: How long the row takes, and the first seed.
        draw: Makes a case.
        clients: By name, what a client sees of a case; this framework's first.
    """

    budget: Budget
    draw: Callable[[Random], _Case]
    clients: Mapping[str, Callable[[_Case], Awaitable[Any]]]
    cases: int = 0
    mistakes: list[str] = field(default_factory=list)

    async def run(self) -> None:
        """Try cases until the time is over, or enough went wrong."""
        for turn in self.budget.all_turns(_LEAST):
            seed = self.budget.seed + turn
            case = self.draw(Random(seed))  # noqa: S311 - cases, not secrets
            seen = {name: await _seen(look, case) for name, look in self.clients.items()}
            self.cases += 1
            if any(other != next(iter(seen.values())) for other in seen.values()):
                self.mistakes.append(_describe(seed, case, seen))
                if len(self.mistakes) >= _ENOUGH:
                    return

    def outcome(self, what: str) -> Outcome:
        """
        Judge the row.

        Args:
            what: What the cases are, in the plural.
        """
        differences = Figure(name="differences", value=len(self.mistakes), bound=0)
        done = f"{self.cases:,} {what} by {len(self.clients)} clients"
        return Outcome(done=done, figures=(differences,), mistakes=tuple(self.mistakes))


async def _seen(look: Callable[[_Case], Awaitable[Any]], case: _Case) -> Any:
    """Return what a client sees, or the name of what it raises: what it says is its own."""
    try:
        async with asyncio.timeout(LIMIT):
            return await look(case)
    except TimeoutError:
        return f"nothing in {LIMIT:g} s"
    except Exception as exc:
        return type(exc).__name__


def _describe(seed: int, case: Any, seen: Mapping[str, Any]) -> str:
    """Return the case, shortened, and where another client has first seen something else."""
    (name, ours), *others = seen.items()
    other, what = next((other, what) for other, what in others if what != ours)
    where, here, there = _first_difference(ours, what)
    told = [f"--seed {seed}: {_SHORT.repr(getattr(case, '__dict__', case))}"]
    return "\n".join([*told, f"  {name}{where}: {_SHORT.repr(here)}", f"  {other}{where}: {_SHORT.repr(there)}"])


def _first_difference(one: Any, other: Any, where: str = "") -> tuple[str, Any, Any]:
    """Return where two values that differ do so first, as it is written in Python, and what is there in each."""
    if type(one) is type(other) and isinstance(one, (list, tuple)) and len(one) == len(other):
        keys: Any = range(len(one))
    elif isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        keys = one
    else:
        return where, one, other
    key = next(key for key in keys if one[key] != other[key])
    return _first_difference(one[key], other[key], f"{where}[{key!r}]")
