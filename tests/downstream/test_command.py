"""The suites of others: which count as passed, what is printed of them, and which package they get."""

import contextlib
import io
import re
import runpy
import sys
import tempfile
import textwrap
import unittest
import venv
from pathlib import Path
from unittest import mock

from tests.downstream.command import main
from tests.downstream.suite import PACKAGE
from tests.test_migrating import RUNNERS

PASSING = """
    import unittest
    class PassingTests(unittest.TestCase):
        def test_one(self): pass
        @unittest.skip("not today")
        def test_two(self): pass
"""

FAILING = """
    import unittest
    class FailingTests(unittest.TestCase):
        def test_failure(self): self.assertEqual(1, 2)
        def test_error(self): [].pop()
        @unittest.expectedFailure
        def test_expected(self): self.fail("as it was said")
        @unittest.expectedFailure
        def test_unexpected(self): pass
"""


COUNTED = 1 if sys.version_info[:3] == (3, 12, 1) else 2
"""Tests that unittest counts of two, one of which is skipped: it did not count that in one version of Python."""


class DownstreamCase(unittest.TestCase):
    """A folder for the projects of a test."""

    def setUp(self) -> None:
        """Make it."""
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()

    def project(self, name: str, **modules: str) -> str:
        """Write a project, and return its path."""
        folder = self.folder / name
        for module, source in modules.items():
            path = folder / f"{module.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(source), "utf-8")
        return str(folder)

    def run_main(self, *arguments: str) -> tuple[int, str]:
        """Run the command, and return its exit status and what it prints, without the seconds."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            status = main(arguments)
        return status, re.sub(r"\d+\.\d+ ?s\b", "... s", printed.getvalue())

    def refusal(self, *arguments: str) -> str:
        """Return the last line of what the command says where it runs nothing."""
        printed = io.StringIO()
        with contextlib.redirect_stderr(printed), self.assertRaises(SystemExit) as caught:
            main(arguments)
        self.assertEqual(caught.exception.code, 2)
        return printed.getvalue().splitlines()[-1]


class ReportTests(DownstreamCase):
    """What is told of a suite."""

    def test_passing(self) -> None:
        """A suite that passes has a line, and nothing that it prints is shown."""
        path = self.project("passing", test_it=PASSING)
        self.assertEqual(
            self.run_main(path),
            (0, f"ok      {path}  {COUNTED} tests, 0 failures, 0 errors, 1 skipped, ... s\n1 passed, 0 failed\n"),
        )

    def test_failing(self) -> None:
        """A suite that fails is counted as such, and shown with all that it printed; those after it are run."""
        failing, passing = self.project("failing", test_it=FAILING), self.project("passing", test_it=PASSING)
        status, printed = self.run_main(failing, passing)
        first, *shown = printed.splitlines()
        self.assertEqual(status, 1)
        self.assertEqual(first, f"FAILED  {failing}  4 tests, 2 failures, 1 errors, 0 skipped, ... s: exit status 1")
        self.assertIn("test_failure (test_it.FailingTests.test_failure) ... FAIL", shown)
        self.assertIn("AssertionError: 1 != 2", shown)
        self.assertIn("IndexError: pop from empty list", shown)
        self.assertEqual(
            shown[-2:],
            [f"ok      {passing}  {COUNTED} tests, 0 failures, 0 errors, 1 skipped, ... s", "1 passed, 1 failed"],
        )

    def test_broken(self) -> None:
        """A suite that cannot be imported has failed, with the reason."""
        path = self.project("broken", test_it="import nowhere_to_be_found")
        status, printed = self.run_main(path)
        self.assertEqual(status, 1)
        self.assertIn(f"FAILED  {path}  1 tests, 0 failures, 1 errors, 0 skipped, ... s: exit status 1\n", printed)
        self.assertIn("ModuleNotFoundError: No module named 'nowhere_to_be_found'\n", printed)
        self.assertRegex(printed, r"\n0 passed, 1 failed\n\Z")

    def test_empty(self) -> None:
        """A folder in which no test is found has failed, whatever its Python returns for that."""
        path = self.project("empty", shop="x = 1")
        status, printed = self.run_main(path)
        self.assertEqual(status, 1)
        self.assertIn(f"FAILED  {path}  0 tests, 0 failures, 0 errors, 0 skipped, ... s: no test was run\n", printed)

    def test_ended_by_the_suite(self) -> None:
        """A suite that ends its process in the middle has failed, though the status says that all is well."""
        path = self.project("gone", test_it="import os\nos._exit(0)\n")
        status, printed = self.run_main(path)
        self.assertEqual(status, 1)
        self.assertIn("0 errors, 0 skipped, ... s: no test was run\n", printed)

    def test_hanging(self) -> None:
        """A suite that takes longer than it may is ended, and has failed with what it printed until then."""
        path = self.project("hanging", test_it="import time\nprint('so far', flush=True)\ntime.sleep(600)\n")
        status, printed = self.run_main("--timeout", "1.5", path)
        self.assertEqual(status, 1)
        self.assertIn("0 errors, 0 skipped, ... s: not ended within ... s\nso far\n", printed)


class EnvironmentTests(DownstreamCase):
    """What a suite runs with."""

    def test_package(self) -> None:
        """It gets the package of this checkout, and none of the other folders that stand beside it here."""
        path = self.project(
            "plain",
            tests__helpers="ANSWER = 42",
            tests__test_it=f"""
                import unittest
                from pathlib import Path
                import fastapi_testing
                from tests.helpers import ANSWER
                class PathTests(unittest.TestCase):
                    def test_package(self):
                        self.assertEqual(Path(fastapi_testing.__file__).resolve().parent, Path({str(PACKAGE)!r}))
            """,
        )
        status, printed = self.run_main("--start", "tests", path)
        self.assertEqual(status, 0, printed)
        self.assertEqual(list(Path(path).rglob("__pycache__")), [])

    def test_virtual_environment(self) -> None:
        """With ``--venv``, it has the libraries of an environment of its own, found in its folder; and this package."""
        path = self.project(
            "own",
            test_it=f"""
                import importlib.util, sys, unittest
                from pathlib import Path
                class PathTests(unittest.TestCase):
                    def test_libraries(self):
                        self.assertEqual(Path(sys.prefix).resolve(), Path(__file__).resolve().parent / ".venv")
                    def test_package(self):
                        found = Path(importlib.util.find_spec("fastapi_testing").origin)
                        self.assertEqual(found.resolve().parent, Path({str(PACKAGE)!r}))
            """,
        )
        venv.create(Path(path, ".venv"))
        scripts = "Scripts/python.exe" if sys.platform == "win32" else "bin/python"
        status, printed = self.run_main("--venv", f".venv/{scripts}", path)
        self.assertEqual(status, 0, printed)
        self.assertRegex(printed, "^ok .* 2 tests, ")


class RefusalTests(DownstreamCase):
    """What is told before anything runs."""

    def test_paths(self) -> None:
        """A path that is not there, one that is a file, and a folder within that is not there are told."""
        path = self.project("passing", test_it=PASSING)
        why = "python -m tests.downstream: error:"
        for arguments, what in [
            ([f"{path}/../nowhere"], f"{path}/../nowhere is not there: give a folder with a unittest suite"),
            ([path, f"{path}/test_it.py"], f"{path}/test_it.py is no folder: give a folder with a unittest suite"),
            (["--start", "specs", path], f"{path}/specs is not there: give a folder with a unittest suite"),
            (["--start", "specs"], "--start needs a PATH"),
            (["--venv", ".venv/bin/python", path], f"no Python at {path}/.venv/bin/python"),
        ]:
            with self.subTest(arguments=arguments):
                self.assertEqual(self.refusal(*arguments), f"{why} {what}")


class FirstTests(DownstreamCase):
    """The suites of this repository that are written as users write them."""

    def test_every_one(self) -> None:
        """Without a path they are run, each passes, and none has fewer tests than its page says."""
        printed = io.StringIO()
        with (
            mock.patch.object(sys, "argv", ["downstream"]),
            contextlib.redirect_stdout(printed),
            self.assertRaises(SystemExit) as caught,
        ):
            runpy.run_module("tests.downstream", run_name="__main__")
        lines = printed.getvalue().splitlines()
        self.assertEqual(caught.exception.code, 0, printed.getvalue())
        self.assertEqual(lines[-1], f"{len(lines) - 1} passed, 0 failed")
        found = [re.match(r"ok +(\S+) +(\d+) tests, 0 failures, 0 errors, ", line) for line in lines[:-1]]
        counts = {match[1]: int(match[2]) for match in found if match is not None}
        migrated = {f"migrating/{name}" for name in RUNNERS}
        self.assertEqual(counts.keys(), {"songs", *migrated})
        self.assertEqual([name for name, tests in counts.items() if tests < 3], [])
