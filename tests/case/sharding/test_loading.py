"""Shards of a suite: together they are the whole, and no test is in two of them."""

import doctest
import pickle
import random
import sys
import tempfile
import unittest
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fastapi_testing import shard_tests
from fastapi_testing.case.sharding.dealing import assign
from fastapi_testing.case.sharding.plan import EmptyShard, Plan
from fastapi_testing.case.sharding.shard import Shard
from tests.case.sharding.environments import environment

SUITES = st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(1, 9), max_size=12)
"""The classes of a suite, each with how many tests it has."""


def make_suite(counts: Mapping[str, int]) -> unittest.TestSuite:
    """Make a suite of classes, as discovery nests them, with so many tests each."""
    loader = unittest.TestLoader()
    classes = [
        type(name, (unittest.TestCase,), {f"test_{number}": lambda _: None for number in range(count)})
        for name, count in counts.items()
    ]
    return unittest.TestSuite(unittest.TestSuite([loader.loadTestsFromTestCase(cls)]) for cls in classes)


def ids(suite: Iterable[unittest.TestCase | unittest.TestSuite]) -> list[str]:
    """Return the ids of the tests of a suite, in their order; not those that stand for no tests."""
    found = []
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            found += ids(test)
        elif not isinstance(test, EmptyShard):
            found.append(test.id())
    return found


def nested(suite: unittest.TestCase | unittest.TestSuite) -> Any:
    """Return the ids of the tests of a suite, in lists that are nested as its suites are."""
    return [nested(test) for test in suite] if isinstance(suite, unittest.TestSuite) else suite.id()


def select(suite: unittest.TestSuite, index: int, total: int) -> unittest.TestSuite:
    """Return the tests of a shard, by their numbers."""
    return Plan.make(suite, Shard(index, total), None).select(suite, unittest.TestSuite)


def shards_of(suite: unittest.TestSuite, total: int) -> list[list[str]]:
    """Return the ids of each shard of a suite."""
    return [ids(select(suite, index, total)) for index in range(total)]


class SelectTests(unittest.TestCase):
    """What each shard gets."""

    @settings(suppress_health_check=[HealthCheck.too_slow])
    @given(SUITES, st.integers(1, 8))
    def test_complete_and_disjoint(self, counts: dict[str, int], total: int) -> None:
        """The shards of any suite have each of its tests once, in the order of the suite."""
        suite = make_suite(counts)
        shards = shards_of(suite, total)
        order = ids(suite)
        self.assertEqual(sorted(test for shard in shards for test in shard), sorted(order))
        for shard in shards:
            self.assertEqual(shard, [test for test in order if test in shard])

    @settings(suppress_health_check=[HealthCheck.too_slow])
    @given(SUITES, st.integers(1, 8))
    def test_balanced(self, counts: dict[str, int], total: int) -> None:
        """No class is split, and no shard has more than the largest class above another."""
        shards = assign(counts, total)
        loads = [sum(count for name, count in counts.items() if shards[name] == index) for index in range(total)]
        self.assertLessEqual(max(loads) - min(loads), max(counts.values(), default=0))

    @settings(suppress_health_check=[HealthCheck.too_slow])
    @given(SUITES, st.integers(1, 8), st.randoms(use_true_random=False))
    def test_order_does_not_matter(self, counts: dict[str, int], total: int, dice: random.Random) -> None:
        """A machine that finds the classes in another order gets the same."""
        names = list(counts)
        dice.shuffle(names)
        self.assertEqual(assign({name: counts[name] for name in names}, total), assign(counts, total))

    def test_same_everywhere(self) -> None:
        """Machines, versions of Python and runs agree: nothing is as random as hash() is."""
        counts = {f"suite.test_{name}.Tests": len(name) for name in ("orders", "prices", "users", "chat", "login", "x")}
        expected = {"chat": 1, "login": 0, "orders": 1, "prices": 2, "users": 0, "x": 2}
        self.assertEqual(assign(counts, 3), {f"suite.test_{name}.Tests": shard for name, shard in expected.items()})

    def test_small_suites_are_spread(self) -> None:
        """Modules of one class each that are sharded on their own do not all end in the first shard."""
        first = [assign({f"test_{number}.Tests": 1}, 4)[f"test_{number}.Tests"] for number in range(40)]
        self.assertEqual(set(first), {0, 1, 2, 3})

    def test_structure_is_kept(self) -> None:
        """The suites of modules and classes stay, as unittest-parallel hands them out."""
        selected = select(make_suite({"A": 2, "B": 1}), 0, 1)
        tests = [f"{__name__}.{test}" for test in ("A.test_0", "A.test_1", "B.test_0")]
        self.assertEqual(nested(selected), [[tests[:2]], [tests[2:]]])

    def test_doctests(self) -> None:
        """Doctests, which are all of one class, are shared out one by one."""
        examples = [doctest.Example("1", "1\n")]
        cases = [doctest.DocTestCase(doctest.DocTest(examples, {}, name, None, 0, "1")) for name in "abcdef"]
        shards = shards_of(unittest.TestSuite(cases), 2)
        self.assertEqual([len(shard) for shard in shards], [3, 3])


class EmptyShardTests(unittest.TestCase):
    """More shards than classes."""

    def test_says_so(self) -> None:
        """A shard without tests has a skipped one, which says why."""
        shards = [select(make_suite({"A": 2, "B": 1}), index, 3) for index in range(3)]
        result = unittest.TestResult()
        unittest.TestSuite(shards).run(result)
        self.assertEqual(result.testsRun, 4)
        ((test, reason),) = result.skipped
        self.assertEqual(test.id(), "fastapi_testing.case.sharding.plan.EmptyShard.no_tests")
        self.assertRegex(reason, r"\Ano tests are left for shard [012] of 0 to 2\Z")

    def test_pickle(self) -> None:
        """unittest-parallel can send it to a worker."""
        result = unittest.TestResult()
        pickle.loads(pickle.dumps(EmptyShard(Shard(4, 5)))).run(result)  # noqa: S301 - just made
        self.assertEqual(result.skipped[0][1], "no tests are left for shard 4 of 0 to 4")

    def test_empty_suite(self) -> None:
        """Where there are no tests at all, nothing hides it."""
        self.assertEqual(select(unittest.TestSuite(), 0, 2).countTestCases(), 0)


CLASS = "class {}(unittest.TestCase):\n    def test(self): pass\n\n"
HEAD = "import unittest\nfrom fastapi_testing import shard_tests\n\n"
SHARDED = "load_tests = shard_tests(__name__)\n"


class LoadingCase(unittest.TestCase):
    """A folder with modules to load."""

    files: ClassVar[dict[str, str]]
    root: ClassVar[str]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.root = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.enterClassContext(mock.patch.object(sys, "path", [cls.root, *sys.path]))
        cls.enterClassContext(mock.patch.dict(sys.modules))
        for name, text in cls.files.items():
            path = Path(cls.root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(HEAD + text, "utf-8")

    def load(self, *arguments: str, index: int = 0, total: int = 1) -> list[str]:
        """Load a shard as the command line of unittest does, and return the ids, sorted, without the package's name."""
        with environment(TEST_TOTAL_SHARDS=str(total), TEST_SHARD_INDEX=str(index)):
            suite = load(*arguments)
        return sorted(test.removeprefix("sharded.") for test in ids(suite))


class LoadTests(LoadingCase):
    """A package whose ``__init__`` has the function, and another package within that has it too."""

    files: ClassVar[dict[str, str]] = {
        "sharded/__init__.py": CLASS.format("OwnTests") + SHARDED,
        "sharded/test_a.py": CLASS.format("ATests") + CLASS.format("BTests") + SHARDED,
        "sharded/test_skipped.py": "raise unittest.SkipTest('no database')\n",
        "sharded/check_c.py": CLASS.format("CTests"),
        "sharded/inner/__init__.py": CLASS.format("InnerTests") + SHARDED,
        "sharded/inner/test_d.py": CLASS.format("DTests"),
    }

    def test_every_way_to_load_it(self) -> None:
        """Discovery from above, discovery in it, its name: each finds the same, no test twice."""
        expected = ["OwnTests.test", "inner.InnerTests.test", "inner.test_d.DTests.test", "test_a.ATests.test"]
        expected += ["test_a.BTests.test", "unittest.loader.ModuleSkipped.sharded.test_skipped"]
        discover = ["discover", "-t", self.root, "-s"]
        for arguments in [[*discover, self.root], [*discover, f"{self.root}/sharded"], ["sharded"]]:
            with self.subTest(arguments):
                self.assertEqual(self.load(*arguments), expected)
                shards = [self.load(*arguments, index=index, total=3) for index in range(3)]
                self.assertEqual(sorted(test for shard in shards for test in shard), expected)
                self.assertNotIn([], shards)

    def test_module(self) -> None:
        """A module that is named on its own is sharded on its own."""
        shards = [self.load("sharded.test_a", index=index, total=2) for index in range(2)]
        self.assertEqual(sorted(shards), [["test_a.ATests.test"], ["test_a.BTests.test"]])

    def test_name_pattern(self) -> None:
        """``-k`` and ``-p`` choose first, and the shards share what is left."""
        discover = ["discover", "-t", self.root, "-s", self.root]
        self.assertIn("inner.test_d.DTests.test", self.load(*discover, "-k", "DTests"))
        self.assertNotIn("test_a.ATests.test", self.load(*discover, "-k", "DTests"))
        self.assertEqual(
            self.load(*discover, "-p", "check*.py"), ["OwnTests.test", "check_c.CTests.test", "inner.InnerTests.test"]
        )

    def test_without_the_variables(self) -> None:
        """A machine that is alone runs everything."""
        with environment():
            self.assertEqual(len(ids(load("sharded"))), 6)

    def test_wrong_variables(self) -> None:
        """The run fails, and says what is wrong."""
        with environment(TEST_SHARD_INDEX="1"):
            suite = load("sharded.test_a")
        result = unittest.TestResult()
        suite.run(result)
        ((_, text),) = result.errors
        self.assertIn("TEST_TOTAL_SHARDS is not set", text.rstrip().rpartition("\n")[2])


class BrokenModuleTests(LoadingCase):
    """A package of which a part cannot be loaded."""

    files: ClassVar[dict[str, str]] = {
        "half_broken/__init__.py": SHARDED,
        "half_broken/test_broken.py": "import nowhere\n",
        "half_broken/test_whole.py": CLASS.format("ATests") + CLASS.format("BTests"),
    }

    def test_error_of_every_shard(self) -> None:
        """A module that cannot be imported is an error of every shard, and the rest is shared out."""
        for index in range(2):
            found = self.load("half_broken", index=index, total=2)
            self.assertEqual(len(found), 2)
            self.assertIn("unittest.loader._FailedTest.half_broken.test_broken", found)


class Loading(unittest.TestProgram):
    """The command line of unittest, which loads and does not run."""

    test: unittest.TestSuite

    def runTests(self) -> None:
        pass


def load(*arguments: str) -> unittest.TestSuite:
    """Load what the command line of unittest would run."""
    # The default loader would keep patterns and folders of the call before.
    argv = ["python -m unittest", *arguments]
    return Loading(module=None, argv=argv, testLoader=unittest.TestLoader()).test


class ScriptTests(unittest.TestCase):
    """A module that is no part of a package."""

    def test_main(self) -> None:
        """A script that is run has nothing below it."""
        suite = make_suite({"A": 1})
        with environment():
            loaded = shard_tests("__main__")(unittest.TestLoader(), suite, None)
        self.assertEqual(ids(loaded), ids(suite))
