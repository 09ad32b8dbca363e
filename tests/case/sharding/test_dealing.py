"""Plans by seconds: how long the shards take, on sets of classes that were made up."""

import contextlib
import io
import itertools
import math
import random
import unittest

from fastapi_testing.case.sharding.dealing import assign, assign_times, fingerprint, weigh
from tests.case.sharding.simulation import BOUND, least, longest, main, make_times


def best(times: list[int], total: int) -> int:
    """Return the longest shard of the best plan, by trying them all."""
    return min(
        max(sum(time for time, own in zip(times, plan, strict=True) if own == index) for index in range(total))
        for plan in itertools.product(range(total), repeat=len(times))
        if plan[0] == 0  # what the first one's shard is called makes no difference
    )


class BoundTests(unittest.TestCase):
    """How long the longest shard takes."""

    def test_ten_shards(self) -> None:
        """Ten shards of 200 suites of 40 to 400 classes, of 0.1 to 60 s each, end within 1.15 of the best possible."""
        for seed in range(200):
            dice = random.Random(seed)  # noqa: S311 - it has to be the same each time
            weights = make_times(dice, dice.randrange(40, 401))
            with self.subTest(seed=seed, classes=len(weights)):
                self.assertLessEqual(longest(weights, 10), BOUND * least(weights, 10))

    def test_few_classes(self) -> None:
        """So do a few shards of a few classes, where the best plan of all is known."""
        for seed in range(40):
            dice = random.Random(seed)  # noqa: S311 - it has to be the same each time
            weights = make_times(dice, dice.randrange(3, 8))
            with self.subTest(seed=seed):
                self.assertLessEqual(longest(weights, 3), BOUND * best([*weights.values()], 3))

    def test_hard_for_longest_first(self) -> None:
        """So does what is worst for dealing out the longest first, which alone is 1.3 times the best possible here."""
        times = [time for time in range(11, 20) for _ in range(2)] + [10, 10, 10]
        weights = {f"Tests{number}": 1000 * time for number, time in enumerate(times)}
        dealt = assign(weights, 10)
        self.assertEqual(max(sum(weights[n] for n in weights if dealt[n] == i) for i in range(10)), 39_000)
        self.assertLessEqual(longest(weights, 10), BOUND * 30_000)

    def test_moves(self) -> None:
        """Where a class has nothing that it could be exchanged for, it moves alone; the plan is the best one here."""
        weights = {"a": 11, "b": 18, "c": 18, "d": 13, "e": 16, "f": 27, "g": 1}
        for total in (2, 3):
            self.assertEqual(longest(weights, total), best([*weights.values()], total))

    def test_printed(self) -> None:
        """The simulation prints how long each of ten shards takes."""
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            main()
        self.assertRegex(printed.getvalue(), r"(?m)^seed 0: 120 classes, .* s: (\d+\.\d ){10}\(1\.\d\d\d of .*\)$")

    def test_no_classes(self) -> None:
        """A suite without classes has a plan, too."""
        self.assertEqual(assign_times({}, 3), {})


class SameTests(unittest.TestCase):
    """Every machine makes the same plan."""

    def test_order_does_not_matter(self) -> None:
        """Classes that are found in another order, many of them with the same time, are in the same shards."""
        for seed in range(40):
            dice = random.Random(seed)  # noqa: S311 - it has to be the same each time
            weights = {f"Tests{number}": dice.choice([100, 100, 250, 400]) for number in range(dice.randrange(4, 40))}
            names = list(weights)
            dice.shuffle(names)
            with self.subTest(seed=seed):
                expected = assign_times(weights, 4)
                self.assertEqual(assign_times({name: weights[name] for name in names}, 4), expected)

    def test_to_the_letter(self) -> None:
        """No version of Python, and no seed of its hashes, makes another plan than this one."""
        weights = {f"tests.test_{name}.Tests": 100 * len(name) for name in ("orders", "prices", "users", "chat", "x")}
        shards = [assign_times(weights, 3)[name] for name in weights]
        self.assertEqual(shards, [2, 1, 0, 0, 1])
        self.assertEqual(fingerprint(assign_times(weights, 3), 3), "fd86856c")

    def test_fingerprint(self) -> None:
        """It is the same for the same plan, and another one where a class is elsewhere, or there are more shards."""
        self.assertEqual(fingerprint({"A": 0, "B": 1}, 2), fingerprint({"B": 1, "A": 0}, 2))
        prints = [fingerprint({"A": 0, "B": 1}, 2), fingerprint({"A": 1, "B": 0}, 2), fingerprint({"A": 0, "B": 1}, 3)]
        self.assertEqual(len({*prints}), 3)


class WeighTests(unittest.TestCase):
    """What classes weigh."""

    def test_unknown_at_the_median(self) -> None:
        """A class of which nothing is known takes as long as most: the median, between two where there are two."""
        seconds = {"A": 0.1, "B": 2.0, "C": 60.0}
        self.assertEqual(weigh("ABCD", (), seconds), {"A": 100, "B": 2000, "C": 60_000, "D": 2000})
        self.assertEqual(weigh("ABD", (), seconds)["D"], 1050)

    def test_others_do_not_count(self) -> None:
        """Of classes that are no more, the times are no measure."""
        self.assertEqual(weigh("AB", (), {"A": 1.0, "gone": 3600.0}), {"A": 1000, "B": 1000})

    def test_loose_ones(self) -> None:
        """Doctests, which nobody times, are as short as the shortest class."""
        self.assertEqual(weigh(["A", "B", "m.f"], {"m.f"}, {"A": 0.5, "B": 9.0})["m.f"], 500)

    def test_nothing_is_known(self) -> None:
        """Then there are no weights."""
        self.assertEqual(weigh("AB", (), {"C": 1.0}), {})

    def test_no_time_at_all(self) -> None:
        """A class that took no time weighs a little, so that those are spread too."""
        self.assertEqual(weigh("A", (), {"A": 0.0}), {"A": 1})
        self.assertTrue(math.isclose(longest(weigh("ABC", (), dict.fromkeys("ABC", 0.0)), 3), 1))
