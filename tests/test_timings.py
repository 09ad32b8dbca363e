"""The command that takes into a file of timings what shards and reports say."""

import contextlib
import io
import json
import runpy
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from fastapi_testing.timings import main

AT = "2026-11-29T13:14:15Z"
REPORT = """<testsuite><testcase classname="a.A" name="t" time="9"/><testcase classname="b.B" name="t" time="2.5"/>
</testsuite>"""


class CommandTests(unittest.TestCase):
    """``python -m fastapi_testing.timings``."""

    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.path = self.folder / "timings.json"

    def run_command(self, *arguments: str) -> tuple[int | str | None, str]:
        """Run the command, and return its exit status and what it prints."""
        with contextlib.redirect_stderr(io.StringIO()) as printed:
            try:
                status: int | str | None = main([str(self.path), *arguments])
            except SystemExit as exc:
                status = exc.code
        return status, printed.getvalue()

    def seconds(self) -> dict[str, float]:
        """Return the seconds of classes that plans are made from."""
        document = json.loads(self.path.read_text("utf-8"))
        self.assertEqual(document["measured"], {})
        return {name: taken["seconds"] for name, taken in document["classes"].items()}

    def test_measured(self) -> None:
        """What shards have measured counts from now on."""
        one = {"seconds": 1.5, "at": AT}
        self.path.write_text(json.dumps({"version": 1, "classes": {"a.A": one}, "measured": {"b.B": one}}), "utf-8")
        self.assertEqual(self.run_command(), (0, f"{self.path}: 2 classes, 1 before\n"))
        self.assertEqual(self.seconds(), {"a.A": 1.5, "b.B": 1.5})

    def test_sources(self) -> None:
        """Files of other machines are taken in, and reports where nothing was measured."""
        (self.folder / "report.xml").write_text(REPORT, "utf-8")
        one = {"seconds": 1.5, "at": AT}
        for name in ("c.C", "a.A"):
            document = {"version": 1, "classes": {}, "measured": {name: one}}
            (self.folder / f"shard-{name}.json").write_text(json.dumps(document), "utf-8")
        arguments = [str(self.folder / "shard-*.json"), str(self.folder / "report.xml")]
        self.assertEqual(self.run_command(*arguments), (0, f"{self.path}: 3 classes, 0 before\n"))
        self.assertEqual(self.seconds(), {"a.A": 1.5, "b.B": 2.5, "c.C": 1.5})

    def test_mistakes(self) -> None:
        """What cannot be read is said, and the file is left as it is."""
        self.path.write_text("[]", "utf-8")
        status, printed = self.run_command()
        self.assertEqual(status, 2)
        what = "expected timings of classes, as a run writes them "
        what += "(TypeError: list indices must be integers or slices, not str)"
        self.assertEqual(printed, f"python -m fastapi_testing.timings: {self.path.resolve()}: {what}\n")
        self.assertEqual(self.path.read_text("utf-8"), "[]")

    def test_module(self) -> None:
        """It is a module to be run."""
        arguments = ["timings", str(self.path)]
        with (
            mock.patch.object(sys, "argv", arguments),
            mock.patch.dict(sys.modules),
            contextlib.redirect_stderr(io.StringIO()),
            self.assertRaises(SystemExit) as caught,
        ):
            del sys.modules["fastapi_testing.timings"]
            runpy.run_module("fastapi_testing.timings", run_name="__main__")
        self.assertEqual(caught.exception.code, 0)
        self.assertEqual(self.seconds(), {})
