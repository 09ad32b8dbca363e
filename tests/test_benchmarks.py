"""The benchmarks: that their arithmetic is right, that they say it rightly, and that all of them run. Never a time."""

import contextlib
import functools
import io
import json
import re
import subprocess
import sys
import unittest
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch
from xml.etree import ElementTree as ET

from tests.benchmarks.batches import AsyncOperation, Operation, asynchronous, synchronous, time_suite
from tests.benchmarks.chart import Scale, draw
from tests.benchmarks.choosing import choose_rows
from tests.benchmarks.command import main
from tests.benchmarks.environment import describe_environment
from tests.benchmarks.harness import QUICK, Effort, measure, rotated
from tests.benchmarks.results import Result, Summary
from tests.benchmarks.row import Batch, Contender, Row, Target
from tests.benchmarks.rows import ROWS, processes
from tests.benchmarks.table import format_number, format_ratio, format_row, format_seconds, format_summary, header
from tests.databases.postgresql import postgresql_url
from tests.processes import ROOT, environment, side_by_side
from tests.timing import MS

DOCS = ROOT / "docs" / "explanation"
TABLE = """\
                              median  quartiles               ratio  quartiles          target

tea: Tea & milk; time of a cup
  ours                       1.10 ms  1.05 - 1.15 ms                                    <= 2.00 ms  met
  theirs                     2.00 ms  2.00 - 2.10 ms          0.50x  0.50x - 0.55x      <= 0.35x    missed
  absent                    not measured, tea_pot is missing: pip install 'fastapi-unittest[benchmarks]'
  With sugar.
"""
SVG = "{http://www.w3.org/2000/svg}"


def contender(
    name: str, seconds: float = 1.0, *, journal: list[str] | None = None, number: int | None = None, needs: str = ""
) -> Contender:
    """Return a contender whose every operation takes the same time, and that writes its batches in a journal."""
    entries = [] if journal is None else journal

    def batch(operations: int) -> float:
        entries.append(f"{name} {operations}")
        return seconds * operations

    @contextlib.contextmanager
    def opened() -> Iterator[Batch]:
        yield batch
        entries.append(f"{name} closed")

    return Contender(name=name, opened=opened, number=number, needs=tuple(needs.split()))


def row(*contenders: Contender, targets: tuple[Target, ...] = (), note: str = "", rounds: int | None = None) -> Row:
    """Return a row."""
    return Row(
        name="tea", title="Tea & milk", unit="a cup", contenders=contenders, targets=targets, note=note, rounds=rounds
    )


def result(ours: list[float], theirs: list[float], *targets: Target, note: str = "") -> Result:
    """Return a result with one peer that was measured, and one that was not."""
    contenders = (contender("ours"), contender("theirs"), contender("absent"))
    samples = {"ours": ours, "theirs": theirs}
    return Result(row=row(*contenders, targets=targets, note=note), samples=samples, missing={"absent": ["tea_pot"]})


class StatisticsTests(unittest.TestCase):
    """Medians, quartiles, ratios and verdicts."""

    def test_median_and_quartiles(self) -> None:
        """A value far off moves neither."""
        self.assertEqual(Summary.of([3.0, 1.0, 2.0, 5.0, 900.0]), Summary(3.0, 2.0, 5.0))

    def test_one_value(self) -> None:
        """One round has no spread."""
        self.assertEqual(Summary.of([2.0]), Summary(2.0, 2.0, 2.0))

    def test_ratio_is_taken_in_each_round(self) -> None:
        """A round in which the machine was slow for both is a round like the others."""
        self.assertEqual(result([1.0, 20.0, 1.0], [2.0, 40.0, 2.0]).ratio("theirs"), Summary(0.5, 0.5, 0.5))

    def test_subject_and_peers(self) -> None:
        """The first contender is compared with those that were measured."""
        measured = result([1.0], [2.0])
        self.assertEqual((measured.subject, measured.peers), ("ours", ["theirs"]))

    def test_target_that_is_a_ratio(self) -> None:
        """A target is met when the median reaches it, and missed above."""
        measured = result([1.0], [2.0])
        self.assertEqual(measured.verdict(Target(peer="theirs", at_most=0.5)), "met")
        self.assertEqual(measured.verdict(Target(peer="theirs", at_most=0.49)), "missed")

    def test_target_that_is_a_time(self) -> None:
        """Without a peer, the subject's own time counts."""
        measured = result([1.0], [2.0])
        self.assertEqual(measured.verdict(Target(at_most=1.0)), "met")
        self.assertEqual(measured.verdict(Target(at_most=0.9)), "missed")

    def test_target_without_a_measurement(self) -> None:
        """A peer that was left out leaves the target open."""
        self.assertEqual(result([1.0], [2.0]).verdict(Target(peer="absent", at_most=9.0)), "not measured")


class HarnessTests(unittest.TestCase):
    """Which batches are run, and in which order."""

    def setUp(self) -> None:
        self.gc = self.enterContext(patch("tests.benchmarks.harness.gc"))  # this process has much to collect

    def test_collected(self) -> None:
        """Before a batch, what was there is collected and frozen; after it, it is no longer."""
        journal: list[str] = []
        for name in ("collect", "freeze", "unfreeze"):
            getattr(self.gc, name).side_effect = functools.partial(journal.append, name)
        measure(row(contender("a", journal=journal)), Effort(rounds=1, seconds=0))
        self.assertEqual(journal, ["collect", "freeze", "a 1", "unfreeze", "a closed"])

    def test_order_rotates(self) -> None:
        """Each round begins with another contender."""
        self.assertEqual(["".join(rotated("abc", turn)) for turn in range(4)], ["abc", "bca", "cab", "abc"])

    def test_quick(self) -> None:
        """A quick run has one operation a batch, in every round of every contender, without a warm-up."""
        journal: list[str] = []
        measured = measure(row(contender("a", journal=journal, number=9), contender("b", journal=journal)), QUICK)
        self.assertEqual(journal, ["a 1", "b 1", "b 1", "a 1", "b closed", "a closed"])
        self.assertEqual(measured.samples, {"a": [1.0, 1.0], "b": [1.0, 1.0]})

    def test_batches_are_filled(self) -> None:
        """The number of operations is doubled until it can be told how many fill a batch."""
        journal: list[str] = []
        measured = measure(row(contender("a", 0.25, journal=journal)), Effort(rounds=1, seconds=4.0))
        self.assertEqual(journal, ["a 1", "a 2", "a 4", "a 8", "a 16", "a closed"])
        self.assertEqual(measured.samples, {"a": [0.25]})

    def test_fixed_number(self) -> None:
        """A contender that says how many is warmed up with one."""
        journal: list[str] = []
        measure(row(contender("a", journal=journal, number=7)), Effort(rounds=1, seconds=4.0))
        self.assertEqual(journal, ["a 1", "a 7", "a closed"])

    def test_rounds_of_a_row(self) -> None:
        """A row that takes long has fewer rounds, and never more than were asked for."""
        slow = row(contender("a"), rounds=2)
        self.assertEqual(len(measure(slow, Effort(rounds=5, seconds=0)).samples["a"]), 2)
        self.assertEqual(len(measure(slow, Effort(rounds=1, seconds=0)).samples["a"]), 1)

    def test_missing_module(self) -> None:
        """A contender is left out where a module that it needs is not installed."""
        measured = measure(row(contender("a"), contender("b", needs="json no_such_module")), QUICK)
        self.assertEqual((measured.peers, measured.missing), ([], {"b": ["no_such_module"]}))

    def test_batches_of_operations(self) -> None:
        """An operation, synchronous or not, is repeated between the opening and the closing of its context."""
        journal: list[str] = []

        async def wait() -> None:
            journal.append("awaited")

        @contextlib.asynccontextmanager
        async def opened_async() -> AsyncIterator[AsyncOperation]:
            yield wait
            journal.append("closed")

        @contextlib.contextmanager
        def opened() -> Iterator[Operation]:
            yield lambda: journal.append("called")
            journal.append("closed")

        for batches in (asynchronous(opened_async), synchronous(opened)):
            with batches() as batch:
                self.assertGreaterEqual(batch(2), 0.0)
        self.assertEqual(journal, ["awaited", "awaited", "closed", "called", "called", "closed"])

    def test_suites_have_to_pass(self) -> None:
        """The time of a suite holds the set-up of its classes; of one that fails, there is no time."""

        class Tests(unittest.TestCase):
            @classmethod
            def setUpClass(cls) -> None:
                done.append("class")

            def test_it(self) -> None:
                done.append("test")

            def test_that_fails(self) -> None:
                self.fail("seen")

        done: list[str] = []
        self.assertGreater(time_suite([Tests("test_it"), Tests("test_it")]), 0)
        self.assertEqual(done, ["class", "test", "test"])
        with self.assertRaisesRegex(AssertionError, "seen"):
            time_suite([Tests("test_it"), Tests("test_that_fails")])


class TableTests(unittest.TestCase):
    """What is printed."""

    def test_numbers(self) -> None:
        """Three digits say enough."""
        numbers = (1234.5, 340.4, 12.34, 1.234, 0.0571, 0.0)
        self.assertEqual([format_number(number) for number in numbers], ["1234", "340", "12.3", "1.23", "0.0571", "0"])

    def test_seconds(self) -> None:
        """A time has the unit that suits it."""
        times = (2.5, 0.0011, 0.00034, 7e-8, 3e-10)
        self.assertEqual(
            [format_seconds(seconds) for seconds in times], ["2.50 s", "1.10 ms", "340 µs", "70.0 ns", "0.300 ns"]
        )

    def test_ratios(self) -> None:
        """Two digits or three."""
        ratios = (0.00647, 0.01, 0.354, 1.1, 52.4)
        self.assertEqual([format_ratio(ratio) for ratio in ratios], ["0.0065x", "0.01x", "0.35x", "1.10x", "52x"])

    def test_row(self) -> None:
        """A row has a line for each contender, also for one that is missing, and its note."""
        targets = (Target(at_most=0.002), Target(peer="theirs", at_most=0.35))
        measured = result([1e-3, 1.1e-3, 1.2e-3], [2e-3, 2.2e-3, 2e-3], *targets, note="With sugar.")
        self.assertEqual(f"{header()}\n{format_row(measured)}\n", TABLE)

    def test_summary(self) -> None:
        """The end says how many targets were met, and names the others."""
        targets = (Target(at_most=2.0), Target(peer="theirs", at_most=0.35), Target(peer="absent", at_most=1.0))
        self.assertEqual(
            format_summary([result([1.0], [2.0], *targets)]).splitlines(),
            ["1 of 3 targets met", "  missed: tea, <= 0.35x of theirs", "  not measured: tea, <= 1.00x of absent"],
        )


class ChartTests(unittest.TestCase):
    """What is drawn."""

    def test_scale(self) -> None:
        """The axis goes from power to power of ten, and always has room on both sides of 1."""
        self.assertEqual((Scale.around([0.005, 3.0]), Scale.around([])), (Scale(-3, 1), Scale(-1, 1)))

    def test_scale_is_logarithmic(self) -> None:
        """Each power of ten takes the same room."""
        scale = Scale(-1, 1)
        left, middle, right = map(scale.x, scale.ticks())
        self.assertEqual(middle - left, right - middle)

    def test_bars(self) -> None:
        """A bar is drawn for each peer that was measured, to the side of 1 where its ratio is."""
        svg = ET.fromstring(draw([result([1.0], [2.0]), result([3.0], [2.0])], {}))  # noqa: S314 - our own
        bars = [bar for bar in svg.iter(f"{SVG}rect") if bar.get("class") != "page"]
        one = next(line.get("x1") for line in svg.iter(f"{SVG}line") if line.get("class") == "one")
        less, more = bars
        self.assertEqual((less.get("class"), more.get("class"), more.get("x")), ("less", "more", one))

    def test_texts(self) -> None:
        """The picture says the title, the peer, the ratio, the targets and the environment."""
        targets = (Target(at_most=2.0), Target(peer="theirs", at_most=0.35))
        svg = ET.fromstring(draw([result([1.0], [2.0], *targets)], {"CPython": "3.11.7", "httpx": "1"}))  # noqa: S314
        self.assertEqual(
            [text.text for text in svg.iter(f"{SVG}text")][2:],
            [
                "0.1x",
                "1x",
                "10x",
                "Tea & milk",
                "1.00 s, target 2.00 s: met",
                "theirs",
                "0.50x, target 0.35x: missed",
                "CPython 3.11.7, httpx 1",
            ],
        )

    def test_light_and_dark(self) -> None:
        """The colours follow what the reader prefers."""
        self.assertIn("@media (prefers-color-scheme: dark)", draw([], {}))


class CommandTests(unittest.TestCase):
    """The command line."""

    def run_command(self, *arguments: str, rows: tuple[Row, ...] = ()) -> tuple[int, str]:
        """Run the command, and return its exit code and what it printed."""
        stdout = contextlib.redirect_stdout(io.StringIO())
        with patch("tests.benchmarks.command.ROWS", rows), patch("tests.benchmarks.harness.gc"), stdout as printed:
            return main(arguments), printed.getvalue()

    def test_every_row_runs(self) -> None:
        """A quick run of everything prints a block for each row, with a line for each contender."""
        waiting = {row.name for row in processes.ROWS}  # for what they start: the others run meanwhile
        halves = [[row for row in ROWS if (row.name in waiting) is half] for half in (True, False)]
        postgresql_url()  # or both would start a server
        targets = 0
        for rows, run in zip(halves, side_by_side(run_rows, halves), strict=True):
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            _environment, _header, *blocks, summary = run.stdout.split("\n\n")
            for block, each in zip(blocks, rows, strict=True):
                title, *lines = block.splitlines()
                self.assertEqual(title, f"{each.name}: {each.title}; time of {each.unit}")
                for line, competitor in zip(lines, each.contenders, strict=False):
                    self.assertRegex(line, rf"^  {re.escape(competitor.name)} +(not measured|[\d.]+ (s|ms|µs) )")
            self.assertRegex(summary, r"^\d+ of \d+ targets met\n")
            targets += int(summary.split()[2])
        self.assertEqual(targets, 22)

    def test_rows_by_name(self) -> None:
        """Rows are chosen by name or by pattern, and keep their order."""
        chosen = choose_rows(ROWS, ["server", "[gp]*t"])
        self.assertEqual([chosen_row.name for chosen_row in chosen], ["get", "post", "server"])

    def test_no_such_row(self) -> None:
        """A name that leads to nothing is an error that says which there are."""
        with contextlib.redirect_stderr(io.StringIO()) as stderr, self.assertRaises(SystemExit):
            self.run_command("coffee", rows=(row(contender("a")),))
        self.assertTrue(
            stderr.getvalue().endswith(" error: no row matches 'coffee': there are tea\n"), stderr.getvalue()
        )

    def test_no_rounds(self) -> None:
        """Less than one round is refused."""
        with contextlib.redirect_stderr(io.StringIO()) as stderr, self.assertRaises(SystemExit):
            self.run_command("--rounds", "0")
        self.assertIn("argument --rounds: must be at least 1, got 0", stderr.getvalue())

    def test_check(self) -> None:
        """A missed target is an exit code of 1 where that is asked for, and only there."""
        missed = row(contender("a", 2.0), contender("b"), targets=(Target(peer="b", at_most=1.0),))
        met = row(contender("a"), contender("b"), targets=(Target(peer="b", at_most=1.0),))
        codes = [
            self.run_command("--rounds", "1", "--check", rows=(missed,))[0],
            self.run_command("--rounds", "1", rows=(missed,))[0],
            self.run_command("--rounds", "1", "--check", rows=(met,))[0],
        ]
        self.assertEqual(codes, [1, 0, 0])

    def test_files(self) -> None:
        """The samples are written as JSON, and the ratios drawn."""
        measured = row(contender("a"), contender("b", 2.0), targets=(Target(peer="b", at_most=1.0),))
        with TemporaryDirectory() as folder:
            data, chart = Path(folder, "data.json"), Path(folder, "chart.svg")
            self.run_command("--quick", "--json", str(data), "--chart", str(chart), rows=(measured,))
            document = json.loads(data.read_text("utf-8"))
            self.assertIn("0.50x, target 1.00x: met", chart.read_text("utf-8"))
        self.assertEqual(
            document["results"],
            [
                {
                    "row": "tea",
                    "title": "Tea & milk",
                    "unit": "a cup",
                    "samples": {"a": [1.0, 1.0], "b": [2.0, 2.0]},
                    "missing": {},
                    "ratios": {"b": {"median": 0.5, "low": 0.5, "high": 0.5}},
                    "targets": [{"at_most": 1.0, "peer": "b", "verdict": "met"}],
                }
            ],
        )

    def test_environment(self) -> None:
        """What is not installed has no version."""
        with patch("tests.benchmarks.environment._PACKAGES", ("no-such-package", "httpx")):
            self.assertEqual(list(describe_environment())[1:], ["machine", "httpx"])


def run_rows(rows: list[Row]) -> subprocess.CompletedProcess[str]:
    """Run rows quickly, in a process: in this one, coverage.py loses track of a test that has run those of HTTP."""
    names = [row.name for row in rows]
    # The server that the run has got already: starting another takes longer than all rows but one.
    url = postgresql_url().render_as_string(hide_password=False)
    return subprocess.run(
        [sys.executable, "-X", "utf8", "-m", "tests.benchmarks", "--quick", "--rounds", "1", *names],
        cwd=ROOT,
        env=environment(TEST_POSTGRES_URL=url),
        capture_output=True,
        encoding="utf-8",
        timeout=120_000 * MS,
        check=False,
    )


class RowTests(unittest.TestCase):
    """The rows themselves."""

    def test_targets_name_contenders(self) -> None:
        """Every target is of a contender of its row, and every contender has a name of its own."""
        for each in ROWS:
            with self.subTest(row=each.name):
                names = [contender.name for contender in each.contenders]
                self.assertEqual(len(names), len(set(names)))
                self.assertLessEqual({target.peer for target in each.targets}, {None, *names})

    def test_names_fit_the_chart(self) -> None:
        """The name of each contender has its place to the left of the bars."""
        for row in ROWS:
            with self.subTest(row=row.name):
                self.assertLessEqual(max(len(contender.name) for contender in row.contenders), 26)

    def test_documentation(self) -> None:
        """The page about performance has every row, and so has its chart."""
        page = (DOCS / "performance.rst").read_text("utf-8")
        chart = (DOCS / "performance.svg").read_text("utf-8")
        for each in ROWS:
            with self.subTest(row=each.name):
                self.assertIn(f"\n``{each.name}``\n", page)
                self.assertIn(f">{each.title}<", chart)
