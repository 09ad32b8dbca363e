"""
Suites that were made up, and how long their shards take.

``python -m tests.case.sharding.simulation`` prints the seconds of ten shards for some of them.
"""

import random

from fastapi_testing.case.sharding.dealing import assign_times

__all__ = ["BOUND", "least", "longest", "make_times"]

BOUND = 1.15
"""The longest shard, in parts of the best possible."""


def loads(weights: dict[str, int], total: int) -> list[int]:
    """Return what each shard of a plan takes."""
    shards = assign_times(weights, total)
    assert shards.keys() == weights.keys()
    return [sum(weights[name] for name in weights if shards[name] == index) for index in range(total)]


def longest(weights: dict[str, int], total: int) -> int:
    """Return what the longest shard of a plan takes."""
    return max(loads(weights, total))


def least(weights: dict[str, int], total: int) -> float:
    """Return what no plan can be below: the longest class, and the whole in equal parts."""
    return max(*weights.values(), sum(weights.values()) / total)


def make_times(dice: random.Random, number: int) -> dict[str, int]:
    """Make up classes that take 0.1 to 60 s each: as many of each time, or many quick ones and a few long ones."""
    is_even = dice.random() < 0.5
    times = [dice.uniform(0.1, 60) if is_even else 0.1 * 600 ** dice.random() for _ in range(number)]
    return {f"tests.test_{dice.randrange(10**6)}.Tests{place}": round(1000 * time) for place, time in enumerate(times)}


def main() -> None:
    """Print the shards of five suites."""
    for seed in range(5):
        weights = make_times(random.Random(seed), 120)  # noqa: S311 - it has to be the same each time
        shards, lowest = loads(weights, 10), least(weights, 10)
        times = "".join(f"{load / 1000:.1f} " for load in shards)
        ratio = f"({max(shards) / lowest:.3f} of the best possible)"
        print(f"seed {seed}: {len(weights)} classes, {sum(shards) / 1000:.1f} s: {times}{ratio}")  # noqa: T201 - its table


if __name__ == "__main__":  # pragma: no cover - the tests call main()
    main()
