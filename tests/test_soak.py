"""The soak: that it judges rightly, tells what fails, and that every row of it runs. Never how much or how long."""

import asyncio
import contextlib
import io
import json
import subprocess
import sys
import time
import unittest
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from tests.databases.postgresql import postgresql_url
from tests.processes import ROOT, environment, side_by_side
from tests.soak.budget import Budget
from tests.soak.command import PAGE, main
from tests.soak.faults import Faults
from tests.soak.footprint import Footprint
from tests.soak.fuzz import Fuzz
from tests.soak.growth import Growth, Limits
from tests.soak.outcome import Figure, Outcome
from tests.soak.process import run_alone
from tests.soak.row import Row
from tests.soak.rows import ROWS
from tests.soak.table import format_figure, format_outcome, format_summary
from tests.timing import MS

LIMIT = 60_000 * MS
"""Seconds after which a process that hangs is ended."""

GOOD = Outcome(done="7 things", figures=(Figure(name="longest", value=0.5, unit="s", bound=2),))
BAD = Outcome(done="7 things", mistakes=("thing 3: it broke\nin two lines",))


def row(name: str, outcome: Outcome, seen: list[Budget] | None = None) -> Row:
    """Return a row that comes to an outcome, and notes with which budget."""
    budgets = [] if seen is None else seen

    def run(budget: Budget) -> Outcome:
        budgets.append(budget)
        return outcome

    return Row(name=name, title=name, run=run)


def footprint(turns: int, **held: float) -> Footprint:
    """Return what a process holds that has taken a second for each turn."""
    numbers: dict[str, Any] = {
        "seconds": float(turns),
        "megabytes": 50.0,
        "descriptors": 7,
        "threads": 2,
        "tasks": 3,
        "objects": 1000,
    }
    return Footprint(turns=turns, **numbers | held)


class BudgetTests(unittest.TestCase):
    """How much a row may do."""

    def test_turns(self) -> None:
        """A row does no more turns than it may."""
        self.assertEqual(list(Budget(seconds=LIMIT, turns=3).all_turns()), [0, 1, 2])

    def test_time(self) -> None:
        """When the time is over there is no more turn, but for those that there are in any case."""
        over = Budget(seconds=1.0, begun=time.monotonic() - 2.0)
        self.assertEqual(list(over.all_turns()), [0])
        self.assertEqual(list(over.all_turns(at_least=3)), [0, 1, 2])
        self.assertEqual(list(replace(over, turns=2).all_turns(at_least=3)), [0, 1])

    def test_part(self) -> None:
        """A part has its share of the time that is left, which may be none, and all else that the budget has."""
        part = Budget(seconds=LIMIT, turns=5, seed=7, long=True).part(4)
        self.assertLessEqual(part.seconds, LIMIT / 4)
        self.assertEqual((part.turns, part.seed, part.long), (5, 7, True))
        self.assertEqual(Budget(seconds=1.0, begun=time.monotonic() - 2.0).part(2).seconds, 0.0)


class OutcomeTests(unittest.TestCase):
    """When a row has held."""

    def test_bounds(self) -> None:
        """A figure holds up to its bound, and one without a bound always."""
        values = [Figure(name="a", value=value, bound=bound).held for value, bound in ((2, 2), (2.1, 2), (9, None))]
        self.assertEqual(values, [True, False, True])

    def test_held(self) -> None:
        """A row holds when all of its figures do and nothing went wrong."""
        over = Outcome(done="", figures=(*GOOD.figures, Figure(name="a", value=3, bound=2)))
        self.assertEqual([outcome.held for outcome in (GOOD, over, BAD)], [True, False, False])

    def test_json(self) -> None:
        """What a process has written is what it had."""
        for outcome in (GOOD, BAD):
            self.assertEqual(Outcome.from_json(json.loads(json.dumps(outcome.as_json()))), outcome)


class GrowthTests(unittest.TestCase):
    """What a process holds late, compared with early."""

    def judge(self, limits: Limits, *footprints: Footprint, long: bool = False) -> dict[str, tuple[float, Any]]:
        """Return the figures of a row, each with its bound."""
        growth = Growth(Budget(seconds=1.0, long=long), limits, footprints=list(footprints))
        return {figure.name: (figure.value, figure.bound) for figure in growth.outcome("things").figures}

    def test_looks(self) -> None:
        """The process is looked at after the first turn, after a warm-up, and three times more."""
        growth = Growth(Budget(seconds=1.0, begun=time.monotonic() - 2.0), Limits(megabytes=1), warm_up=12)
        self.assertEqual(list(growth.turns()), list(range(12 + 3 * 3)))
        self.assertEqual([each.turns for each in growth.footprints], [1, 12, 15, 18, 21])

    def test_figures(self) -> None:
        """What has come since the warm-up is judged, and what a turn costs is shown."""
        first = footprint(1, megabytes=20.0)
        late = footprint(40, seconds=60.0, megabytes=53.0, descriptors=9, threads=3, tasks=2, objects=1500)
        figures = self.judge(Limits(megabytes=2), first, footprint(10), footprint(20), footprint(30), late)
        self.assertEqual(
            figures,
            {
                "memory": (3.0, 2.0),
                "in all": (33.0, None),
                "objects": (500, 2000.0),
                "descriptors": (2, 4),
                "threads": (1, 4),
                "tasks": (-1, 4),
                "late/early": (3.0, None),
            },
        )

    def test_long(self) -> None:
        """Only a long run judges what a turn costs."""
        footprints = [footprint(turns) for turns in (1, 10, 20, 30, 40)]
        self.assertEqual(self.judge(Limits(megabytes=2), *footprints, long=True)["late/early"], (1.0, 1.5))

    def test_many_turns(self) -> None:
        """Where something is kept of each turn, the bounds grow with their number."""
        footprints = [footprint(turns) for turns in (1, 100, 200, 300, 500)]
        limits = Limits(megabytes=2, in_all=4, per=100, objects_per_turn=0.5)
        figures = self.judge(limits, *footprints)
        self.assertEqual([figures[name][1] for name in ("memory", "in all", "objects")], [8.0, 20.0, 2200.0])

    def test_quick(self) -> None:
        """A few turns are not judged: they are of the warm-up."""
        growth = Growth(Budget(seconds=LIMIT, turns=1), Limits(megabytes=-1000))
        self.assertEqual(list(growth.turns()), [0, 1, 2, 3])
        outcome = growth.outcome("things")
        self.assertEqual((outcome.done, outcome.held), ("4 things", True))

    def test_mistakes(self) -> None:
        """What went wrong is told instead of figures, which there may not be."""
        outcome = Growth(Budget(seconds=LIMIT), Limits(megabytes=1)).outcome("things", ("it broke",))
        self.assertEqual(outcome, Outcome(done="some things", mistakes=("it broke",)))

    def test_footprint(self) -> None:
        """What is opened, started and made is seen."""

        async def two_tasks() -> Footprint:
            task = asyncio.create_task(asyncio.sleep(0))
            held = Footprint.now(2)
            await task
            return held

        before = Footprint.now(1)
        with Path(__file__).open(encoding="utf-8"):
            kept: Any = [[] for _ in range(100_000)], bytearray(b"x" * 50_000_000)
            after = asyncio.run(two_tasks())
        del kept
        self.assertGreaterEqual(after.tasks - before.tasks, 2)
        self.assertGreaterEqual(after.descriptors - before.descriptors, 1)
        self.assertGreaterEqual(after.objects - before.objects, 50_000)
        self.assertGreater(after.megabytes - before.megabytes, 40)
        self.assertGreaterEqual(after.threads, 1)
        self.assertGreater(after.seconds, before.seconds)


class FaultsTests(unittest.TestCase):
    """Faults, each with its bound."""

    def test_longest(self) -> None:
        """The longest fault is judged."""
        faults = Faults(Budget(seconds=LIMIT, turns=3), bound=0.1)
        for turn, took in zip(faults.turns(), (0.05, 0.2, 0.1), strict=True):
            with patch("tests.soak.faults.perf_counter", side_effect=(10.0, 10.0 + took)), faults.one(f"fault {turn}"):
                pass
        outcome = faults.outcome("faults")
        self.assertEqual((outcome.done, outcome.mistakes, outcome.held), ("3 faults", (), False))
        self.assertAlmostEqual(outcome.figures[0].value, 0.2)

    def test_mistakes(self) -> None:
        """What was not as it has to be is told, and the row ends when that has been so three times."""
        faults = Faults(Budget(seconds=LIMIT, turns=9), bound=LIMIT)
        for turn in faults.turns():
            with faults.one("fault"):
                self.assertEqual(turn % 2, 1)
        outcome = faults.outcome("faults")
        self.assertEqual((outcome.done, outcome.held), ("5 faults", False))
        self.assertEqual(
            outcome.mistakes, tuple(f"fault, number {number}: AssertionError: 0 != 1" for number in (0, 2, 4))
        )


class FuzzTests(unittest.TestCase):
    """What several clients see of the same."""

    def fuzz(self, other: Any, *, turns: int = 9, seed: int = 1) -> Outcome:
        """Compare a client with another on random numbers."""

        async def ours(case: int) -> Any:
            return {"numbers": [case, (case, "x")]}

        fuzz = Fuzz(
            Budget(seconds=LIMIT, turns=turns, seed=seed),
            lambda random: random.randrange(100),
            {"ours": ours, "theirs": other},
        )
        asyncio.run(fuzz.run())
        return fuzz.outcome("cases")

    def test_same(self) -> None:
        """Where all see the same, the row holds."""

        async def theirs(case: int) -> Any:
            return {"numbers": [case, (case, "x")]}

        outcome = self.fuzz(theirs)
        self.assertEqual((outcome.done, outcome.held), ("9 cases by 2 clients", True))

    def test_difference(self) -> None:
        """A difference is told with the seed that makes it again, and the row ends after three."""

        async def theirs(case: int) -> Any:
            return {"numbers": [case, (case, "y")]}

        outcome = self.fuzz(theirs)
        self.assertEqual((outcome.done, outcome.held), ("3 cases by 2 clients", False))
        case = Random(1).randrange(100)  # noqa: S311 - the case of the first seed
        told = f"--seed 1: {case}\n  ours['numbers'][1][1]: 'x'\n  theirs['numbers'][1][1]: 'y'"
        self.assertEqual(outcome.mistakes[0], told)
        self.assertEqual(self.fuzz(theirs, turns=1, seed=2).mistakes[0], outcome.mistakes[1])

    def test_errors(self) -> None:
        """An exception is seen as its name."""

        async def theirs(case: int) -> Any:
            raise LookupError(case)

        self.assertEqual(self.fuzz(theirs, turns=1).mistakes[0].splitlines()[2], "  theirs: 'LookupError'")

    @patch("tests.soak.fuzz.LIMIT", MS)
    def test_waits(self) -> None:
        """A client that waits for too long has seen that."""

        async def theirs(case: int) -> Any:
            await asyncio.sleep(3600)

        # One line: coverage.py loses track of it, once a task was cancelled.
        self.assertEqual(self.fuzz(theirs, turns=1).mistakes[0].splitlines()[2], f"  theirs: 'nothing in {MS:g} s'")


class TableTests(unittest.TestCase):
    """What is printed."""

    def test_figures(self) -> None:
        """A figure has its bound and its unit."""
        figures = [
            Figure(name="memory", value=1.25, unit="MB", bound=3.0),
            Figure(name="in all", value=12.3456, unit="MB"),
            Figure(name="objects", value=-1234, bound=2000.0),
            Figure(name="longest", value=0.0123, unit="s", bound=5.0),
            Figure(name="shortest", value=2.5, unit="s"),
        ]
        self.assertEqual(
            [format_figure(figure) for figure in figures],
            [
                "memory 1.2 of 3 MB",
                "in all 12.3 MB",
                "objects -1,234 of 2,000",
                "longest 12.3 ms of 5 s",
                "shortest 2.50 s",
            ],
        )

    def test_rows(self) -> None:
        """A row has a line, and of one that has failed all that went wrong."""
        self.assertEqual(
            format_outcome(row("tea", GOOD), GOOD), "tea                 7 things; longest 500 ms of 2 s; ok"
        )
        self.assertEqual(
            format_outcome(row("tea", BAD), BAD),
            "tea                 7 things; FAILED\n    thing 3: it broke\n    in two lines",
        )

    def test_summary(self) -> None:
        """The end names the rows that have failed."""
        tea, milk = row("tea", GOOD), row("milk", BAD)
        self.assertEqual(format_summary([(tea, GOOD)], 120.0), "1 of 1 rows held, in 2.0 minutes")
        self.assertEqual(
            format_summary([(tea, GOOD), (milk, BAD)], 30.0), "1 of 2 rows held, in 0.5 minutes; FAILED: milk"
        )


class ProcessTests(unittest.TestCase):
    """A row in a process of its own."""

    def test_outcome(self) -> None:
        """The last line of what it prints is its outcome."""
        code = f"print('noise'); print({json.dumps(GOOD.as_json())!r})"
        self.assertEqual(run_alone(["-c", code], LIMIT), GOOD)

    def test_error(self) -> None:
        """What a process wrote is told when it fails."""
        outcome = run_alone(["-c", "import sys; print('noise'); sys.exit('it broke')"], LIMIT)
        self.assertEqual(outcome.mistakes, ("it ended with 1, and wrote:\nnoise\nit broke\n",))

    def test_hangs(self) -> None:
        """One that takes far too long is ended, and so is what it has started."""
        code = (
            "import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])"
        )
        outcome = run_alone(["-c", f"{code}; print('noise', flush=True); time.sleep(600)"], 1_500 * MS)
        (mistake,) = outcome.mistakes
        self.assertRegex(mistake, r"^it had not ended after \d+ s, and wrote:\n(noise\n)?$")


class CommandTests(unittest.TestCase):
    """The command line."""

    def run_command(self, *arguments: str, rows: tuple[Row, ...]) -> tuple[int, list[str]]:
        """Run a command, and return its exit code and the lines that it printed, without those of the environment."""
        stdout = contextlib.redirect_stdout(io.StringIO())
        with patch("tests.soak.command.ROWS", rows), patch("tests.soak.command.gc"), stdout as printed:
            code = main(arguments)
        return code, printed.getvalue().partition("\n\n")[2].splitlines()

    def test_held(self) -> None:
        """Where all rows hold, the exit code is 0, and each had its part of the time."""
        budgets: list[Budget] = []
        rows = (row("tea", GOOD, budgets), replace(row("milk", GOOD, budgets), share=3.0))
        code, lines = self.run_command("--quick", "--minutes", "20", "--seed", "7", rows=rows)
        self.assertEqual(code, 0)
        self.assertEqual([line.split()[0] for line in lines if line], ["tea", "milk", "2"])
        self.assertEqual(
            [(budget.seconds, budget.turns, budget.seed, budget.long) for budget in budgets],
            [(300.0, 2, 7, True), (900.0, 2, 7, True)],
        )

    def test_failed(self) -> None:
        """A row that fails is told, the others run, and the exit code is 1."""
        code, lines = self.run_command("--quick", rows=(row("tea", BAD), row("milk", GOOD)))
        self.assertEqual(code, 1)
        self.assertEqual(lines[0], "tea                 7 things; FAILED")
        self.assertRegex(lines[-1], r"^1 of 2 rows held, in 0\.0 minutes; FAILED: tea$")

    def test_alone(self) -> None:
        """Each row is a process, which is given three times its time, and three minutes."""
        with patch("tests.soak.command.run_alone", return_value=GOOD) as run:
            code, _ = self.run_command("--minutes", "1", "tea", rows=(row("tea", GOOD), row("milk", BAD)))
        (command, limit), _ = run.call_args
        self.assertEqual((code, command[:4], limit), (0, ["-m", "tests.soak", "tea", "--budget"], 360.0))
        self.assertLessEqual(
            {"seconds": 60.0, "turns": None, "seed": 1, "long": False}.items(), json.loads(command[4]).items()
        )

    def test_one_row(self) -> None:
        """That process prints the row's outcome."""
        budgets: list[Budget] = []
        budget = {"seconds": 5.0, "turns": None, "seed": 7, "long": False, "begun": 1.0}
        with (
            contextlib.redirect_stdout(io.StringIO()) as printed,
            patch("tests.soak.command.ROWS", (row("tea", GOOD, budgets),)),
        ):
            self.assertEqual(main(["tea", "--budget", json.dumps(budget)]), 0)
        self.assertEqual(Outcome.from_json(json.loads(printed.getvalue())), GOOD)
        self.assertEqual(budgets, [Budget(seconds=5.0, seed=7, begun=1.0)])

    def test_file(self) -> None:
        """What is printed is written, where that is asked for."""
        with TemporaryDirectory() as folder:
            page = Path(folder, "page.txt")
            with patch("tests.soak.command.PAGE", page):
                self.run_command("--quick", rows=(row("tea", GOOD),))
                self.assertFalse(page.exists())
                _, lines = self.run_command("--quick", "--write", rows=(row("tea", GOOD),))
            self.assertEqual(page.read_text("utf-8").partition("\n\n")[2].splitlines(), lines)

    def test_refused(self) -> None:
        """A row that is not there, and no time, are errors."""
        for arguments, told in (
            (["coffee"], "error: no row matches 'coffee': there are tea\n"),
            (["--minutes", "0"], "error: argument --minutes: must be more than 0, got 0\n"),
        ):
            stderr = io.StringIO()
            with self.subTest(arguments), contextlib.redirect_stderr(stderr), self.assertRaises(SystemExit):
                self.run_command(*arguments, rows=(row("tea", GOOD),))
            self.assertTrue(stderr.getvalue().endswith(told), stderr.getvalue())


def run_rows(names: list[str]) -> "subprocess.CompletedProcess[str]":
    """Run rows quickly, in a process, as they would be run."""
    url = postgresql_url().render_as_string(hide_password=False)
    return subprocess.run(
        [sys.executable, "-X", "utf8", "-m", "tests.soak", "--quick", *names],
        cwd=ROOT,
        env=environment(TEST_POSTGRES_URL=url),
        capture_output=True,
        encoding="utf-8",
        timeout=300_000 * MS,
        check=False,
    )


class RowTests(unittest.TestCase):
    """The rows themselves."""

    maxDiff = None  # what a row found is in what it prints

    def test_every_row_runs(self) -> None:
        """A few turns of each row hold."""
        names = [row.name for row in ROWS]
        last = names.index("rounds")  # takes as long as all others
        for run in side_by_side(run_rows, (names[:last], names[last:])):
            self.assertEqual((run.returncode, run.stdout if run.returncode else ""), (0, ""))

    def test_names(self) -> None:
        """Each row has a name of its own, which leaves room beside it."""
        names = [row.name for row in ROWS]
        self.assertEqual(len(names), len(set(names)))
        self.assertLess(max(map(len, names)), 20)

    def test_documentation(self) -> None:
        """The page about reliability has every row, and so has the table on it."""
        page = PAGE.with_suffix(".rst").read_text("utf-8")
        table = PAGE.read_text("utf-8")
        for each in ROWS:
            with self.subTest(row=each.name):
                self.assertIn(f"\n``{each.name}``\n", page)
                self.assertRegex(table, rf"(?m)^{each.name} ")
