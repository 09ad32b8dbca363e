"""
Which class is in which shard.

Theory of operation. Whole numbers are dealt out: tests, or milliseconds where times are known. The largest goes first,
each to the shard that has the least by then (longest processing time first; R. L. Graham, 1969). That is at most a
third above the best possible, and far less where there are many classes. What is left to gain, where the classes are
few, is gained by moving one class, or two against one another, between the longest shard and another.

Every choice has one outcome, by numbers and names: neither the order in which classes were found nor the hash of a
string plays a part, so that machines which know the same agree.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping

__all__ = ["assign", "assign_times", "fingerprint", "weigh"]

_GOOD = 1.01
"""The longest shard, in parts of what no plan can be below: then nobody looks for a better plan."""


def assign(weights: Mapping[str, int], total: int) -> dict[str, int]:
    """
    Return the shard of each unit: the largest first, each goes to the shard that has the least by then.

    Args:
        weights: How many tests each unit has, or what else it weighs.
        total: How many shards there are.
    """
    loads = [0] * total
    shards: dict[str, int] = {}
    for unit in sorted(weights, key=lambda unit: (-weights[unit], unit)):
        shards[unit] = _emptiest(loads, unit)
        loads[shards[unit]] += weights[unit]
    return shards


def assign_times(weights: Mapping[str, int], total: int) -> dict[str, int]:
    """Return the shard of each unit as :func:`assign` does, and better where the longest shard can be shortened."""
    shards = assign(weights, total)
    least = _GOOD * max(max(weights.values(), default=0), sum(weights.values()) / total)
    for _ in range(len(weights)):
        loads = _loads(weights, shards, total)
        if max(loads) <= least or not _shorten(weights, shards, loads):
            break
    return shards


def weigh(units: Collection[str], loose: Collection[str], seconds: Mapping[str, float]) -> dict[str, int]:
    """
    Return what each unit weighs, in milliseconds; an empty dictionary where nothing is known of any.

    Args:
        units: All units.
        loose: Those of them that are no classes, as doctests: they are never timed, and short.
        seconds: What classes took.
    """
    known = {unit: max(1, round(1000 * seconds[unit])) for unit in units if unit in seconds}
    if not known:
        return {}
    times = sorted(known.values())
    median = (times[(len(times) - 1) // 2] + times[len(times) // 2]) // 2  # statistics would be a large import
    return {unit: known.get(unit, times[0] if unit in loose else median) for unit in units}


def fingerprint(shards: Mapping[str, int], total: int) -> str:
    """Return eight digits that tell a plan from others."""
    lines = [f"{unit} {shards[unit]}" for unit in sorted(shards)]
    return hashlib.sha256("\n".join([str(total), *lines]).encode()).hexdigest()[:8]


def _emptiest(loads: list[int], unit: str) -> int:
    """Return the shard with the least; of several, not always the first, or small suites would all have it."""
    first = int.from_bytes(hashlib.sha256(unit.encode()).digest()[:8])
    return min(range(len(loads)), key=lambda shard: (loads[shard], (shard - first) % len(loads)))


def _loads(weights: Mapping[str, int], shards: Mapping[str, int], total: int) -> list[int]:
    loads = [0] * total
    for unit, shard in shards.items():
        loads[shard] += weights[unit]
    return loads


def _shorten(weights: Mapping[str, int], shards: dict[str, int], loads: list[int]) -> bool:
    """Shorten the longest shard, where that can be; return whether it was."""
    longest = loads.index(max(loads))
    best = min(_exchanges(weights, shards, loads, longest), default=None)
    if best is None:
        return False
    _, given, other, taken = best
    shards[given] = other
    if taken:
        shards[taken] = longest
    return True


def _exchanges(
    weights: Mapping[str, int], shards: Mapping[str, int], loads: list[int], longest: int
) -> Iterator[tuple[int, str, int, str]]:
    """
    Yield what would shorten the longest shard and make no other as long.

    Each is the longer of the two shards then, the unit that is given away, to which shard, and what comes for it.
    """
    own = [unit for unit, shard in shards.items() if shard == longest]
    nothing = [(0, shard, "") for shard in range(len(loads))]
    for weight, other, taken in [*nothing, *((weights[unit], shard, unit) for unit, shard in shards.items())]:
        for given in own if other != longest else ():
            moved = weights[given] - weight
            if moved > 0 and (longer := max(loads[longest] - moved, loads[other] + moved)) < loads[longest]:
                yield longer, given, other, taken
