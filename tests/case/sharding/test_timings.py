"""The file of timings: what is in it, and that several processes at once lose nothing."""

import json
import multiprocessing
import os
import stat
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

from fastapi_testing import ConfigurationError
from fastapi_testing.case.sharding import timings as module
from fastapi_testing.case.sharding.timings import Taken, Timings, changing, now
from tests.timing import MS

EARLY, LATE = "2026-11-29T13:14:15Z", "2026-11-30T08:09:10Z"


def write(path: str, number: int) -> None:
    """Write what a shard has measured, as several processes do at the same time."""
    for step in range(5):
        with changing(Path(path)) as timings:
            timings.record({f"Tests{number}_{step}": Taken(EARLY, 1.0)}, is_shard=number % 2 == 0)


class FileCase(unittest.TestCase):
    """A folder with a file of timings in it."""

    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.path = self.folder / "timings.json"


class ParseTests(unittest.TestCase):
    """What is read, and what is refused."""

    def test_what_is_written_is_read(self) -> None:
        """A file has what it was given, in the order of the names and to the millisecond."""
        timings = Timings({"b.B": Taken(EARLY, 1.23456), "a.A": Taken(LATE, 2.0)}, {"c.C": Taken(LATE, 0.1)})
        text = timings.dump()
        self.assertEqual(
            json.loads(text),
            {
                "version": 1,
                "classes": {"a.A": {"seconds": 2.0, "at": LATE}, "b.B": {"seconds": 1.235, "at": EARLY}},
                "measured": {"c.C": {"seconds": 0.1, "at": LATE}},
            },
        )
        self.assertLess(text.index("a.A"), text.index("b.B"))
        self.assertEqual(Timings.parse(text, Path("t.json")).dump(), text)

    def test_none_yet(self) -> None:
        """An empty object stands for no times."""
        self.assertEqual(Timings.parse("{}", Path("t.json")), Timings())

    def test_mistakes(self) -> None:
        """What is something else is refused, by the name of the file, and says what is wrong with it."""
        one = '{"version": 1, "classes": {"a.A": {"seconds": %s, "at": ""}}}'
        as_written = "t.json: expected timings of classes, as a run writes them "
        for text, message in [
            ('{"version": 2, "classes": {}}', "t.json: expected timings of version 1, got 2"),
            ('{"tests/test_a.py::A::test": 1.5}', f"{as_written}(KeyError: 'version')"),
            (one % "true", f"{as_written}(ValueError: a.A took True seconds)"),
            (one % "-1", f"{as_written}(ValueError: a.A took -1 seconds)"),
            (one % "NaN", f"{as_written}(ValueError: a.A took nan seconds)"),
            (one % '"1"', f"{as_written}(ValueError: a.A took '1' seconds)"),
            ('{"version": 1, "classes": []}', f"{as_written}(AttributeError: 'list' object has no attribute 'items')"),
            (
                '{"version": 1, "classes"',
                f"{as_written}(JSONDecodeError: Expecting ':' delimiter: line 1 column 25 (char 24))",
            ),
        ]:
            with self.subTest(text), self.assertRaises(ConfigurationError) as caught:
                Timings.parse(text, Path("t.json"))
            self.assertEqual(str(caught.exception), message)
        with self.assertRaisesRegex(ConfigurationError, r"UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff"):
            Timings.parse(b'{"version": 1, "classes": {"\xff": 1}}', Path("t.json"))


class MergeTests(unittest.TestCase):
    """Times of several runs."""

    def test_latest_counts(self) -> None:
        """Files that are read in any order are the same together: the latest time of a class, the longer of two."""
        first = Timings({"A": Taken(EARLY, 1.0), "B": Taken(LATE, 2.0), "C": Taken(EARLY, 3.0)})
        second = Timings({"A": Taken(LATE, 4.0), "B": Taken(EARLY, 5.0), "C": Taken(EARLY, 6.0)})
        together = {"A": Taken(LATE, 4.0), "B": Taken(LATE, 2.0), "C": Taken(EARLY, 6.0)}
        for one, other in [(first, second), (second, first)]:
            both = Timings()
            both.add(one)
            both.add(other)
            self.assertEqual(both.classes, together)

    def test_shards_change_no_plan(self) -> None:
        """What a shard has measured is kept apart until a run of the whole suite."""
        timings = Timings({"A": Taken(EARLY, 1.0)})
        timings.record({"A": Taken(LATE, 9.0)}, is_shard=True)
        self.assertEqual(timings, Timings({"A": Taken(EARLY, 1.0)}, {"A": Taken(LATE, 9.0)}))
        timings.record({"B": Taken(LATE, 2.0)}, is_shard=False)
        self.assertEqual(timings, Timings({"A": Taken(LATE, 9.0), "B": Taken(LATE, 2.0)}))


class WriteTests(FileCase):
    """A file that is changed."""

    def test_several_processes(self) -> None:
        """Those that write at the same time lose nothing of each other, and leave nothing beside the file."""
        context = multiprocessing.get_context("spawn")
        workers = [context.Process(target=write, args=(str(self.path), number)) for number in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.assertEqual([worker.exitcode for worker in workers], [0, 0])
        timings = Timings.parse(self.path.read_text("utf-8"), self.path)
        names = {f"Tests{number}_{step}" for number in range(2) for step in range(5)}
        self.assertEqual(timings.classes.keys() | timings.measured.keys(), names)
        self.assertEqual([*self.folder.iterdir()], [self.path])

    def test_several_threads(self) -> None:
        """So do threads, of which one waits for the other."""
        threads = [threading.Thread(target=write, args=(str(self.path), number)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        timings = Timings.parse(self.path.read_text("utf-8"), self.path)
        self.assertEqual(len(timings.classes.keys() | timings.measured.keys()), 30)

    def test_nothing_is_half_written(self) -> None:
        """Where it cannot be written, the file is as it was, and nothing else is left."""
        self.path.write_text("{}", "utf-8")
        with (
            mock.patch.object(Path, "replace", side_effect=OSError(28, "No space left on device")),
            self.assertRaises(OSError),
            changing(self.path),
        ):
            pass
        self.assertEqual(self.path.read_text("utf-8"), "{}")
        self.assertEqual([*self.folder.iterdir()], [self.path])

    def test_something_else_stays(self) -> None:
        """A file that no run has written is not written over."""
        self.path.write_text('{"tests": []}', "utf-8")
        with self.assertRaises(ConfigurationError), changing(self.path):
            self.fail("there is nothing to change")  # pragma: no cover - not reached
        self.assertEqual(self.path.read_text("utf-8"), '{"tests": []}')

    @unittest.skipIf(os.name == "nt", "Windows has other permissions")
    def test_permissions(self) -> None:
        """A new file is as any other; one that is there keeps what it has, and a link stays a link."""
        mask = os.umask(0o022)
        self.addCleanup(os.umask, mask)
        with changing(self.path):
            pass
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o644)
        self.path.chmod(0o600)
        link = self.folder / "link.json"
        link.symlink_to(self.path)
        with changing(link) as timings:
            timings.record({"A": Taken(now(), 1.0)}, is_shard=False)
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)
        self.assertTrue(link.is_symlink())
        self.assertIn('"A"', self.path.read_text("utf-8"))

    @unittest.skipIf(os.name == "nt", "it cannot remove a file that is open")
    def test_lock_that_is_kept(self) -> None:
        """Who waits too long for another process says so."""
        lock = self.path.resolve().with_name(".timings.json.lock")
        with (
            changing(self.path),
            mock.patch.object(module, "_PATIENCE", 20 * MS),
            self.assertRaises(TimeoutError) as caught,
            changing(self.path),
        ):
            self.fail("it is locked")  # pragma: no cover - not reached
        self.assertEqual(str(caught.exception), f"another process has held {lock} for {20 * MS:g} s")

    @unittest.skipIf(os.name == "nt", "it cannot remove a file that is open")
    def test_lock_that_is_gone(self) -> None:
        """A lock that its holder has removed, between its opening and its locking here, is none."""
        lock = self.folder / "lock"
        with mock.patch.object(Path, "exists", return_value=False):
            self.assertIsNone(module._lock(lock))
        held = module._lock(lock)
        assert held is not None
        os.close(held)

    def test_time(self) -> None:
        """The time is that of the world, so that machines in several places compare."""
        self.assertRegex(now(), r"\A20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")
