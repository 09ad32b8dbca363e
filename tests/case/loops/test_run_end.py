"""The end of the run, as runners and processes have it: what ends then, and how a failure is told."""

import os
import re
import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar
from unittest.mock import patch

from fastapi_testing.case.loops import run_end
from fastapi_testing.case.loops.run_end import end_with_run
from tests.processes import run_python, side_by_side

MODULE = """
import asyncio, contextlib, functools, os, sys
from fastapi import FastAPI
from fastapi_testing import AsyncServerTestCase, ServerTestCase


@contextlib.asynccontextmanager
async def lifespan(app):
    yield
    # Python 3.12.0 and 3.12.1 start no thread once the process is about to end: python/cpython#113964.
    call = print if sys.version_info[:3] in ((3, 12, 0), (3, 12, 1)) else functools.partial(asyncio.to_thread, print)
    if (waiting := call("stopped", app.title, flush=True)) is not None:
        await waiting
    if "BROKEN" in os.environ:
        raise LookupError("no database")


class First(AsyncServerTestCase):
    app = FastAPI(title="a", lifespan=lifespan)
    server_scope = "run"

    def test(self):
        pass


class Second(First):
    pass


class Third(ServerTestCase):
    app = FastAPI(title="b", lifespan=lifespan)
    server_scope = "run"

    def test(self):
        pass
"""

SCRIPT = """
import atexit, os, sys, unittest, warnings

if sys.argv[1:] == ["left"]:
    import test_it

    for case in (test_it.First, test_it.Third):
        case.setUpClass()
    sys.exit()
suite, result = unittest.defaultTestLoader.loadTestsFromName("test_it"), unittest.TestResult()
suite.run(result)
print(result.testsRun, "tests", result.wasSuccessful())
if sys.argv[1:] == ["fork"]:
    sys.stdout.flush()
    warnings.simplefilter("ignore")  # there are threads in this process
    child = os.fork()
    if child:
        print("child", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
else:
    atexit.register(print, "at exit")
    sys.stdout.write("not flushed, ")
"""

STESTR = "[DEFAULT]\ntest_path=.\ntop_dir=.\n"

TRACEBACK = """Traceback \\(most recent call last\\):
  File ".*test_it\\.py", line \\d+, in lifespan
    raise LookupError\\("no database"\\)
LookupError: no database

The above exception was the direct cause of the following exception:

fastapi_testing.errors.ServerShutdownError: the lifespan of FastAPI 'NAME' failed in its shutdown: LookupError: no \
database
"""


def told(name: str) -> str:
    """Return the pattern of what is told of one app."""
    return TRACEBACK.replace("NAME", name)


class ProcessTests(unittest.TestCase):
    """Whole processes."""

    commands: ClassVar[dict[str, tuple[list[str], dict[str, str]]]] = {
        "unittest": (["-m", "unittest", "test_it"], {"BROKEN": "1"}),
        "pytest": (["-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "test_it.py"], {"BROKEN": "1"}),
        "stestr": (["-m", "stestr", "run", "--serial"], {"BROKEN": "1"}),
        "script": (["script.py"], {"BROKEN": "1"}),
        "left": (["script.py", "left"], {}),
    } | ({"fork": (["script.py", "fork"], {})} if hasattr(os, "fork") else {})

    codes: ClassVar[dict[str, int]]
    printed: ClassVar[dict[str, str]]

    @classmethod
    def setUpClass(cls) -> None:
        """Run all of them, side by side."""
        super().setUpClass()
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        for name, text in (("test_it.py", MODULE), ("script.py", SCRIPT), (".stestr.conf", STESTR)):
            Path(folder, name).write_text(text, "utf-8")
        runs = side_by_side(lambda each: run_python(*each[0], folder=folder, **each[1]), cls.commands.values())
        cls.codes = {name: each.returncode for name, each in zip(cls.commands, runs, strict=True)}
        # Each Python underlines in its own way.
        cls.printed = {
            name: re.sub(r"(?m)^ *[~^]+\n", "", each.stdout) for name, each in zip(cls.commands, runs, strict=True)
        }

    def assert_printed(self, name: str, code: int, pattern: str) -> None:
        """Check how a process has ended, and what it has printed."""
        self.assertRegex(self.printed[name], rf"\A{pattern}\Z")
        self.assertEqual(self.codes[name], code, self.printed[name])

    def test_unittest(self) -> None:
        """Under unittest the servers end before the summary, which has the failures; the exit code is 1."""
        line = "=" * 70
        errors = "".join(
            rf"{line}\nERROR: end of the run \(the server of FastAPI '{name}'\)\n{'-' * 70}\n{told(name)}\n"
            for name in "ba"
        )
        summary = rf"{'-' * 70}\nRan 3 tests in .*s\n\nFAILED \(errors=2\)\n"
        self.assert_printed("unittest", 1, rf"(?:\.\.\.)?stopped b\nstopped a\n(?:\.\.\.)?EE\n{errors}{summary}")

    def test_pytest(self) -> None:
        """Under pytest they end with the last test, whose tear-down has an error."""
        printed = self.printed["pytest"]
        start = r"\.\.\.stopped b\nstopped a\nE\n=+ ERRORS =+\n_+ ERROR at teardown of Third.test _+\n"
        self.assertRegex(printed, rf"\A{start}")
        self.assertEqual(printed.count("in its shutdown: LookupError: no database\n"), 2)
        for name in "ab":
            self.assertIn(f"at the end of the run (the server of FastAPI '{name}')\n", printed)
        self.assertRegex(printed, r"\nERROR test_it\.py::Third::test - .*\n3 passed, 1 error in .*\n\Z")
        self.assertEqual(self.codes["pytest"], 1)

    def test_stestr(self) -> None:
        """Under stestr they are two more tests that have failed."""
        printed = self.printed["stestr"]
        for name in "ab":
            self.assertIn(f"end of the run (the server of FastAPI '{name}')\n", printed)
        self.assertRegex(printed, r"(?s) - Passed: 3\n.* - Failed: 2\n")
        self.assertEqual(self.codes["stestr"], 1)

    def test_end_of_the_process(self) -> None:
        """Without a runner it is printed at the end of the process, whose exit code is 1; no handler is left out."""
        errors = "".join(rf"ERROR: end of the run \(the server of FastAPI '{name}'\)\n{told(name)}" for name in "ba")
        start = r"3 tests True\nnot flushed, stopped b\nstopped a\n"
        self.assert_printed("script", 1, rf"{start}{errors}at exit\n")

    def test_classes_left_half_way(self) -> None:
        """Servers of classes whose cleanups nobody calls, as after Ctrl-C in a set-up, end with the process."""
        self.assert_printed("left", 0, "stopped b\nstopped a\n")

    @unittest.skipUnless(hasattr(os, "fork"), "needs fork()")
    def test_fork(self) -> None:
        """The child of a fork ends nothing of its parent's; an end that does not fail leaves the exit code as it is."""
        self.assert_printed("fork", 0, r"3 tests True\nchild 0\nstopped b\nstopped a\n")


class Session:
    """What of pytest's session counts here."""

    def __init__(self) -> None:
        self.finalizers: list[Callable[[], None]] = []

    def addfinalizer(self, finalizer: Callable[[], None]) -> None:
        """Add what is called at the end."""
        self.finalizers.append(finalizer)


class Item:
    """What pytest gives to a test as its result."""

    def __init__(self, session: Session) -> None:
        self.session = session


class ResultTests(unittest.TestCase):
    """What is made of a result."""

    def end(self, *failures: tuple[str, Exception]) -> None:
        """End a session of two tests with these failures."""
        session = Session()
        end_with_run(Item(session))
        end_with_run(Item(session))
        (finalizer,) = session.finalizers
        with patch.object(run_end, "close_run", lambda: [*failures]):
            finalizer()

    def test_session(self) -> None:
        """The session of pytest is told once; one failure is raised as it is, several as a group."""
        self.end()
        with self.assertRaises(LookupError) as raised:
            self.end(("the server of a", LookupError("a")))
        self.assertEqual(raised.exception.__notes__, ["at the end of the run (the server of a)"])
        with self.assertRaises(ExceptionGroup) as group:
            self.end(("the server of a", LookupError("a")), ("the server of b", ValueError("b")))
        self.assertEqual(str(group.exception), "at the end of the run (2 sub-exceptions)")

    def test_results_that_take_nothing(self) -> None:
        """A result that hands attributes on, or takes none, is left as it is: what is shared ends with the process."""

        class Handing:
            def __init__(self) -> None:
                self.__dict__["held"] = unittest.TestResult()

            def __getattr__(self, name: str) -> Any:
                return getattr(self.held, name)

            def __setattr__(self, name: str, value: Any) -> None:
                raise AttributeError(name)

        class Slotted:
            __slots__ = ()

            def stopTestRun(self) -> None:
                ended.append("run")

        ended: list[str] = []
        slotted = Slotted()
        end_with_run(slotted)
        slotted.stopTestRun()
        self.assertEqual(ended, ["run"])
        handing = Handing()
        end_with_run(handing)
        handing.stopTestRun()

    def test_no_run(self) -> None:
        """What tells of no end is left as it is."""
        results: list[Any] = [None, object()]
        for result in results:
            end_with_run(result)
            self.assertFalse(hasattr(result, "stopTestRun"))
