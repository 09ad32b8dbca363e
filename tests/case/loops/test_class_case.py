"""One event loop a class: its hooks, its contexts, its end."""

import asyncio
import contextlib
import contextvars
import copy
import pickle
import signal
import subprocess
import sys
import tempfile
import traceback
import unittest
import warnings
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock

from fastapi_testing import AsyncClassTestCase
from fastapi_testing.case.loops.class_case import check_standard_library
from tests.processes import environment
from tests.resources import held_resources
from tests.running import outcomes, run_classes
from tests.timing import MS

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


class Recording(AsyncClassTestCase):
    """A class that notes what is called; the cases below inherit from it."""

    calls: ClassVar[list[str]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.calls = []

    @classmethod
    def note(cls, name: str) -> None:
        """Note a call."""
        cls.calls.append(name)

    @classmethod
    async def anote(cls, name: str) -> None:
        """Note a call of something asynchronous."""
        await asyncio.sleep(0)
        cls.calls.append(name)

    @classmethod
    async def asyncTearDownClass(cls) -> None:
        cls.note("asyncTearDownClass")


class FrameResult(unittest.TestResult):
    """Notes the function in which each failure's traceback ends, as it is when the result gets it."""

    def __init__(self) -> None:
        super().__init__()
        self.last_frames: list[str] = []

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        self.last_frames.append(traceback.extract_tb(err[2])[-1].name)
        super().addFailure(test, err)

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: Any) -> None:
        self.last_frames.append(traceback.extract_tb(err[2])[-1].name)
        super().addSubTest(test, subtest, err)


class LoopTests(unittest.TestCase):
    """The loop itself."""

    def test_one_loop_for_everything(self) -> None:
        """Class hooks, set-ups, tests, cleanups: all run on the same loop, also of sync hooks."""
        loops = []

        class Case(AsyncClassTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                loops.append(asyncio.get_running_loop())
                cls.addAsyncClassCleanup(cls.asyncTearDownClass)

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                loops.append(asyncio.get_running_loop())

            async def asyncSetUp(self) -> None:
                self.addAsyncCleanup(self.asyncTearDown)
                loops.append(asyncio.get_running_loop())

            async def asyncTearDown(self) -> None:
                loops.append(asyncio.get_running_loop())

            async def test_a(self) -> None:
                loops.append(asyncio.get_running_loop())

            async def test_b(self) -> None:
                loops.append(asyncio.get_running_loop())

        self.assertTrue(run_classes(Case).wasSuccessful())
        self.assertEqual(len(loops), 11)
        self.assertEqual(len(set(loops)), 1)
        self.assertTrue(loops[0].is_closed())

    def test_inheriting_classes_have_their_own(self) -> None:
        """A class that inherits from another has a loop of its own, and runs the inherited hooks on it."""
        loops = {}

        class Base(AsyncClassTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                loops[cls] = asyncio.get_running_loop()

            async def test(self) -> None:
                loop = asyncio.get_running_loop()
                self.assertIs(loops[type(self)], loop)

        class Derived(Base):
            pass

        self.assertTrue(run_classes(Base, Derived).wasSuccessful())
        self.assertEqual(len(set(loops.values())), 2)

    def test_factory(self) -> None:
        """A loop factory makes the loop, be it a class or a function."""

        class Loop(asyncio.SelectorEventLoop):
            pass

        def make_loop() -> asyncio.AbstractEventLoop:
            return Loop()

        for factory in (Loop, make_loop, staticmethod(make_loop)):

            class Case(AsyncClassTestCase):
                loop_factory = factory

                async def test(self) -> None:
                    self.assertIsInstance(asyncio.get_running_loop(), Loop)

            self.assertEqual(outcomes(run_classes(Case)), {})

    def test_debug(self) -> None:
        """Debug mode is off, unless the class or asyncio's environment variable says otherwise."""
        seen = []

        class Case(AsyncClassTestCase):
            async def test(self) -> None:
                seen.append(asyncio.get_running_loop().get_debug())

        class DebugCase(Case):
            loop_debug = True

        with mock.patch("asyncio.coroutines._is_debug_mode", return_value=False):
            run_classes(Case, DebugCase)
        with mock.patch("asyncio.coroutines._is_debug_mode", return_value=True):
            run_classes(Case)
        self.assertEqual(seen, [False, True, True])

    def test_sync_tests(self) -> None:
        """Sync tests and set-ups run as ever."""

        class Case(AsyncClassTestCase):
            def setUp(self) -> None:
                self.ready = True

            def test_sync(self) -> None:
                self.assertTrue(self.ready)

            def test_failing(self) -> None:
                self.fail("as it should")

        self.assertEqual(outcomes(run_classes(Case)), {"test_failing": "AssertionError: as it should"})

    def test_returned_value(self) -> None:
        """A test that returns something is warned about, as by the standard library."""

        class Case(AsyncClassTestCase):
            async def test(self) -> int:
                return 1

        class Plain(unittest.TestCase):
            test = lambda _: 1  # noqa: E731 - a coroutine in the way of unittest's own words

        with self.assertWarns(DeprecationWarning) as warned:
            run_classes(Case)
        with self.assertWarns(DeprecationWarning) as own:
            run_classes(Plain)
        words = str(own.warning).replace(repr(Plain("test").test), repr(Case("test").test))
        self.assertEqual(str(warned.warning), words)

    def test_traceback(self) -> None:
        """A failure shows the user's lines, and none of asyncio's or unittest's."""

        class Case(AsyncClassTestCase):
            async def helper(self) -> None:
                self.fail("here")

            async def test(self) -> None:
                await self.helper()

        ((_, text),) = run_classes(Case).failures
        places = [line.rpartition(", in ")[2] for line in text.splitlines() if line.startswith("  File")]
        self.assertEqual(places, ["test", "helper"])

    def test_traceback_that_ends_on_the_users_line(self) -> None:
        """Also a result that takes no frames away, as that of stestr, gets none of the assertion's at the end."""

        class Case(AsyncClassTestCase):
            """A case."""

            async def test(self) -> None:
                with self.subTest("async"):
                    self.assertEqual(1, 2)
                self.check()

            def check(self) -> None:
                """Check with a function of the user's own."""
                self.assertEqual(3, 4)

        result = FrameResult()
        unittest.TestLoader().loadTestsFromTestCase(Case).run(result)
        self.assertEqual(result.last_frames, ["test", "check"])

    def test_failure_without_a_line_of_the_users(self) -> None:
        """A failure that no test's line has caused keeps its frames: there is nothing else to show."""

        class Case(AsyncClassTestCase):
            """A case."""

            async def test(self) -> None:
                self.addCleanup(self.fail, "left something")

        result = FrameResult()
        unittest.TestLoader().loadTestsFromTestCase(Case).run(result)
        self.assertEqual(result.last_frames, ["fail"])

    def test_standard_library_without_the_private_names(self) -> None:
        """A Python whose unittest has changed is named when the module is imported."""
        with self.assertRaises(ImportError) as caught:
            check_standard_library(type("OtherTestCase", (), {}))
        self.assertEqual(
            str(caught.exception),
            "this Python's unittest.OtherTestCase has no _setupAsyncioRunner, _tearDownAsyncioRunner, _callSetUp, "
            "_callTestMethod, _callTearDown, _callCleanup",
        )


class HookTests(unittest.TestCase):
    """The class hooks: their order, and what becomes of failing ones."""

    def test_order(self) -> None:
        """Set-up, tests, tear-down, and then the cleanups in reverse, sync and async ones mixed."""

        class Case(Recording):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.addClassCleanup(cls.note, "cleanup 1")
                cls.addAsyncClassCleanup(cls.anote, name="cleanup 2")
                cls.addClassCleanup(cls.note, "cleanup 3")
                cls.note("asyncSetUpClass")

            async def test(self) -> None:
                self.note("test")

        self.assertTrue(run_classes(Case).wasSuccessful())
        self.assertEqual(
            Case.calls, ["asyncSetUpClass", "test", "asyncTearDownClass", "cleanup 3", "cleanup 2", "cleanup 1"]
        )

    def test_failing_set_up(self) -> None:
        """A failing asyncSetUpClass is one error; no test is run, no tear-down, but the cleanups."""

        class Case(Recording):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.addAsyncClassCleanup(cls.anote, "cleanup")
                raise LookupError("no database")

            async def test(self) -> None:
                self.note("test")  # pragma: no cover - must not be run

        result = run_classes(Case)
        self.assertEqual(outcomes(result), {"setUpClass": "LookupError: no database"})
        self.assertEqual((result.testsRun, Case.calls), (0, ["cleanup"]))
        self.assertIsNone(Case._class_loop)

    def test_skipping_set_up(self) -> None:
        """A SkipTest in asyncSetUpClass skips the class, and the cleanups are run."""

        class Case(Recording):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.addAsyncClassCleanup(cls.anote, "cleanup")
                raise unittest.SkipTest("no database")

            async def test(self) -> None:
                self.note("test")  # pragma: no cover - must not be run

        result = run_classes(Case)
        self.assertEqual(outcomes(result), {"setUpClass": "no database"})
        self.assertEqual((len(result.skipped), Case.calls), (1, ["cleanup"]))

    def test_failing_tear_down_and_cleanups(self) -> None:
        """A failing tear-down and each failing cleanup are errors; nothing stops the other cleanups."""

        class Case(Recording):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.addAsyncClassCleanup(cls.anote, "cleanup")
                cls.addAsyncClassCleanup(cls.fail_late)

            @classmethod
            async def fail_late(cls) -> None:
                raise LookupError("in the cleanup")

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                raise LookupError("in the tear-down")

            async def test(self) -> None: ...

        result = run_classes(Case)
        self.assertEqual(
            [text.splitlines()[-1] for _, text in result.errors],
            ["LookupError: in the tear-down", "LookupError: in the cleanup"],
        )
        self.assertEqual(Case.calls, ["cleanup"])

    def test_sync_hooks_with_super(self) -> None:
        """Sync class hooks that call super() run around the asynchronous ones."""

        class Case(Recording):
            @classmethod
            def setUpClass(cls) -> None:
                cls.note("before")
                super().setUpClass()
                cls.note("after")

            @classmethod
            def tearDownClass(cls) -> None:
                super().tearDownClass()
                cls.note("tearDownClass")

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.note("asyncSetUpClass")

            async def test(self) -> None: ...

        self.assertTrue(run_classes(Case).wasSuccessful())
        self.assertEqual(Case.calls, ["before", "asyncSetUpClass", "after", "asyncTearDownClass", "tearDownClass"])

    def test_sync_hook_without_super(self) -> None:
        """A setUpClass that forgets super() makes every test an error that says so, and a tear-down too."""

        class Case(AsyncClassTestCase):
            @classmethod
            def setUpClass(cls) -> None:
                pass

            async def test(self) -> None: ...

        case = Case.__qualname__
        advice = (
            f"needs the event loop of {case}, which is not open: call super().setUpClass() first in its setUpClass(), "
            "and run single tests in a unittest.TestSuite"
        )
        self.assertEqual(
            outcomes(run_classes(Case)),
            {
                "test": f"RuntimeError: {__name__}.{case}.test {advice}",
                "tearDownClass": f"RuntimeError: asyncTearDownClass() {advice}",
            },
        )

    def test_failing_sync_hook_after_super(self) -> None:
        """Where a setUpClass fails after super(), the loop is closed all the same."""

        class Case(AsyncClassTestCase):
            @classmethod
            def setUpClass(cls) -> None:
                super().setUpClass()
                raise LookupError("no database")

            async def test(self) -> None: ...

        self.assertEqual(outcomes(run_classes(Case)), {"setUpClass": "LookupError: no database"})
        self.assertIsNone(Case._class_loop)

    def test_hook_that_is_no_class_method(self) -> None:
        """A hook without @classmethod, or without async, is told what it lacks."""

        class Case(AsyncClassTestCase):
            async def asyncSetUpClass(self) -> None:  # type: ignore[override]
                pass  # pragma: no cover - must not be run

            async def test(self) -> None: ...

        class OtherCase(AsyncClassTestCase):
            @classmethod
            def asyncSetUpClass(cls) -> None:  # type: ignore[override]
                pass  # pragma: no cover - must not be run

            async def test(self) -> None: ...

        for case in (Case, OtherCase):
            self.assertEqual(
                outcomes(run_classes(case)),
                {
                    "setUpClass": f"TypeError: {case.__qualname__}.asyncSetUpClass must be a class method and "
                    "asynchronous: `@classmethod async def`"
                },
            )

    def test_cleanup_before_the_loop(self) -> None:
        """An asynchronous cleanup cannot be added before there is a loop to run it on."""

        class Case(AsyncClassTestCase):
            @classmethod
            def setUpClass(cls) -> None:
                cls.addAsyncClassCleanup(cls.asyncTearDownClass)

            async def test(self) -> None: ...

        self.assertRegex(
            outcomes(run_classes(Case))["setUpClass"],
            r"^RuntimeError: addAsyncClassCleanup\(\) needs the event loop of ",
        )

    def test_skipped_class_and_tests(self) -> None:
        """Skipped tests need no loop, and skipped classes open none."""

        @unittest.skip("all")
        class SkippedCase(AsyncClassTestCase):
            async def test(self) -> None: ...

        class Case(AsyncClassTestCase):
            @unittest.skip("one")
            async def test(self) -> None: ...

        self.assertEqual([reason for _, reason in run_classes(SkippedCase, Case).skipped], ["all", "one"])
        result = unittest.TestResult()
        Case("test").run(result)
        self.assertEqual([reason for _, reason in result.skipped], ["one"])

    def test_expected_failure_and_subtests(self) -> None:
        """Expected failures and subtests mean what they mean elsewhere."""

        class Case(AsyncClassTestCase):
            @unittest.expectedFailure
            async def test_expected(self) -> None:
                self.fail("as expected")

            async def test_subtests(self) -> None:
                for number in range(3):
                    with self.subTest(number=number):
                        self.assertNotEqual(number, 1)

        result = run_classes(Case)
        self.assertEqual((len(result.expectedFailures), len(result.failures)), (1, 1))
        self.assertIn("(number=1)", str(result.failures[0][0]))

    def test_cancelled_in_a_subtest(self) -> None:
        """A subtest fails with what it awaits and is cancelled, and the test goes on."""

        class Case(Recording):
            async def test(self) -> None:
                with self.subTest(number=1):
                    cancelled = asyncio.get_running_loop().create_future()
                    cancelled.cancel()
                    await cancelled
                self.note("test")

        result = run_classes(Case)
        self.assertIn("(number=1)", str(result.errors[0][0]))
        self.assertEqual(Case.calls, ["test", "asyncTearDownClass"])

    def test_failing_set_up_of_a_test(self) -> None:
        """A failing asyncSetUp runs the test's cleanups, and neither test nor tear-down."""

        class Case(Recording):
            async def asyncSetUp(self) -> None:
                self.addAsyncCleanup(self.anote, "cleanup")
                raise LookupError("no database")

            async def asyncTearDown(self) -> None:
                self.note("asyncTearDown")  # pragma: no cover - must not be run

            async def test(self) -> None:
                self.note("test")  # pragma: no cover - must not be run

        self.assertEqual(outcomes(run_classes(Case)), {"test": "LookupError: no database"})
        self.assertEqual(Case.calls, ["cleanup", "asyncTearDownClass"])


class EnterAsyncClassContextTests(unittest.TestCase):
    """Context managers that stay open for a class."""

    def test_entered_and_exited(self) -> None:
        """The context is exited after the tear-down."""

        class Case(Recording):
            @classmethod
            @contextlib.asynccontextmanager
            async def context(cls) -> AsyncIterator[str]:
                cls.note("enter")
                yield "value"
                cls.note("exit")

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.note(await cls.enterAsyncClassContext(cls.context()))

            async def test(self) -> None: ...

        self.assertTrue(run_classes(Case).wasSuccessful())
        self.assertEqual(Case.calls, ["enter", "value", "asyncTearDownClass", "exit"])

    def test_not_a_context_manager(self) -> None:
        """What is no asynchronous context manager is named, as by the standard library."""

        class Case(AsyncClassTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                await cls.enterAsyncClassContext(contextlib.nullcontext.__enter__)  # type: ignore[arg-type]

            async def test(self) -> None: ...

        self.assertEqual(
            outcomes(run_classes(Case)),
            {
                "setUpClass": "TypeError: 'builtins.function' object does not support the asynchronous "
                "context manager protocol"
            },
        )


class ContextTests(unittest.TestCase):
    """Context variables."""

    def test_class_to_test_but_not_on(self) -> None:
        """What the class sets, each test sees; what a test sets, no other does."""
        seen = []

        class Case(AsyncClassTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                variable.set("class")

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                seen.append(variable.get())

            async def asyncSetUp(self) -> None:
                seen.append(variable.get())
                variable.set("test")

            def tearDown(self) -> None:
                seen.append(variable.get())

            async def test_a(self) -> None: ...

            async def test_b(self) -> None: ...

        self.assertEqual(outcomes(run_classes(Case)), {})
        self.assertEqual(seen, ["class", "test", "class", "test", "class"])
        self.assertEqual(variable.get(), "unset")


class LeftoverTests(unittest.TestCase):
    """Tasks that a test leaves."""

    def test_cancelled(self) -> None:
        """A test's tasks are cancelled at its end; the class's live on."""
        tasks: dict[str, asyncio.Task[Any]] = {}

        class Case(AsyncClassTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                tasks["class"] = asyncio.create_task(asyncio.Event().wait())

            async def test_a(self) -> None:
                tasks["test"] = asyncio.create_task(asyncio.Event().wait())

            async def test_b(self) -> None:
                self.assertTrue(tasks["test"].cancelled())
                self.assertFalse(tasks["class"].done())

        self.assertEqual(outcomes(run_classes(Case)), {})
        self.assertTrue(tasks["class"].cancelled())

    def test_failing_when_cancelled(self) -> None:
        """An exception with which a task answers its cancellation is not lost."""
        reported = []

        async def fail() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                raise LookupError("in the task")

        class Case(AsyncClassTestCase):
            async def test(self) -> None:
                loop = asyncio.get_running_loop()
                loop.set_exception_handler(lambda _, context: reported.append(context))
                self.task = asyncio.create_task(fail())
                await asyncio.sleep(0)

        run_classes(Case)
        (context,) = reported
        self.assertEqual(context["message"], "unhandled exception while a test's leftover task was cancelled")
        self.assertEqual(str(context["exception"]), "in the task")

    def test_ignoring_its_cancellation(self) -> None:
        """A task that does not end when it is cancelled is warned of, and waited for no longer."""
        with (
            mock.patch("fastapi_testing.server.cancelling._CANCEL_TIMEOUT", 10 * MS),
            self.assertWarns(RuntimeWarning) as caught,
        ):
            result = run_classes(self.stubborn_case())
        self.assertTrue(result.wasSuccessful())
        self.assertRegex(
            str(caught.warning), f"^cancelled, but not ended after {10 * MS:g} s: <Task cancelling name='stubborn' "
        )

    def test_warning_as_an_error(self) -> None:
        """With warnings as errors, that one is the test's own error, and the run goes on."""
        timeout = mock.patch("fastapi_testing.server.cancelling._CANCEL_TIMEOUT", 10 * MS)
        with timeout, warnings.catch_warnings(action="error"):
            result = run_classes(self.stubborn_case())
        self.assertEqual((result.testsRun, len(result.errors)), (2, 1))
        self.assertRegex(outcomes(result)["test_a"], "^RuntimeWarning: cancelled, but not ended after ")

    def stubborn_case(self) -> type[AsyncClassTestCase]:
        """Return a case whose first test leaves a task that ends only when the second one lets it."""
        let_go: list[asyncio.Future[None]] = []

        async def stubborn() -> None:
            while not let_go[0].done():
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.shield(let_go[0])

        class Case(AsyncClassTestCase):
            async def test_a(self) -> None:
                let_go.append(asyncio.get_running_loop().create_future())
                self.task = asyncio.create_task(stubborn(), name="stubborn")
                await asyncio.sleep(0)

            async def test_b(self) -> None:
                let_go[0].set_result(None)

        return Case


class AloneTests(unittest.TestCase):
    """Tests that no suite runs."""

    class Case(Recording):
        """What is run below."""

        @classmethod
        async def asyncSetUpClass(cls) -> None:
            cls.note("asyncSetUpClass")

        async def test(self) -> None:
            self.note("test")

        async def test_failing(self) -> None:
            self.addAsyncCleanup(self.anote, "never run, as in the standard library")
            self.fail("as it should")

    def setUp(self) -> None:
        self.Case.calls.clear()

    def test_run(self) -> None:
        """A test that is run alone has its class set up and torn down around it, each time."""
        result = unittest.TestResult()
        for _ in range(2):
            self.assertIs(self.Case("test").run(result), result)
        self.assertEqual((result.testsRun, outcomes(result)), (2, {}))
        self.assertEqual(self.Case.calls, ["asyncSetUpClass", "test", "asyncTearDownClass"] * 2)

    def test_run_with_a_set_up_of_its_own(self) -> None:
        """A class that overrides setUpClass, with super(), is set up just the same."""

        class Case(Recording):
            @classmethod
            def setUpClass(cls) -> None:
                super().setUpClass()
                cls.note("setUpClass")

            async def test(self) -> None:
                self.note("test")

        result = Case("test").run()
        assert result is not None
        self.assertEqual(outcomes(result), {})
        self.assertEqual(Case.calls, ["setUpClass", "test", "asyncTearDownClass"])

    def test_call_without_a_result(self) -> None:
        """Without a result, a new one is returned."""
        result = self.Case("test_failing").run()
        assert result is not None
        self.assertEqual(outcomes(result), {"test_failing": "AssertionError: as it should"})

    def test_debug(self) -> None:
        """debug() works the same, and a failing test leaves no loop open."""
        self.Case("test").debug()
        self.assertEqual(self.Case.calls, ["asyncSetUpClass", "test", "asyncTearDownClass"])
        with self.assertRaisesRegex(AssertionError, "as it should"):
            self.Case("test_failing").debug()
        self.assertIsNone(self.Case._class_loop)

    def test_debug_of_a_suite(self) -> None:
        """A suite's debug() works as well."""
        unittest.TestSuite([self.Case("test")]).debug()
        self.assertEqual(self.Case.calls, ["asyncSetUpClass", "test", "asyncTearDownClass"])

    def test_unknown_method(self) -> None:
        """A case without a test method can be made, as in the standard library."""
        self.assertIsNone(self.Case().__class__._class_loop)


class Parametrised(AsyncClassTestCase):
    """A case with an argument, which load_tests() functions make."""

    def __init__(self, name: str, limit: int = 0) -> None:
        super().__init__(name)
        self.limit = limit

    async def test(self) -> None: ...


class PickleTests(unittest.TestCase):
    """Cases that go to another process."""

    def test_pickle(self) -> None:
        """A pickled case is the same test of the same class, and runs."""
        case = pickle.loads(pickle.dumps(AloneTests.Case("test")))  # noqa: S301 - pickled here
        self.assertIsInstance(case, AloneTests.Case)
        self.assertEqual(case.id(), AloneTests.Case("test").id())
        self.assertTrue(case.run().wasSuccessful())

    def test_attributes(self) -> None:
        """What the case was made with goes along, as parametrised tests need it."""
        case = Parametrised("test", limit=7)
        self.assertEqual(pickle.loads(pickle.dumps(case)).limit, 7)  # noqa: S301 - pickled here

    def test_copy(self) -> None:
        """So is a copy."""
        self.assertEqual(copy.deepcopy(AloneTests.Case("test")), AloneTests.Case("test"))


class InterruptTests(unittest.TestCase):
    """Ctrl-C, at any moment."""

    def setUp(self) -> None:
        handler = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, handler)

    def interrupt(self, *moments: str) -> tuple[KeyboardInterrupt, list[str]]:
        """Press Ctrl-C at some moments of a class's life; return the exception and what was called."""

        class Case(Recording):
            @classmethod
            async def reach(cls, moment: str) -> None:
                cls.note(moment)
                if moment in moments:
                    signal.raise_signal(signal.SIGINT)
                    await asyncio.Event().wait()

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.addAsyncClassCleanup(cls.anote, "cleanup")
                await cls.reach("asyncSetUpClass")

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                await cls.reach("asyncTearDownClass")

            async def test(self) -> None:
                await self.reach("test")

        with self.assertRaises(KeyboardInterrupt) as caught:
            run_classes(Case)
        self.assertIsNone(Case._class_loop)
        Case.tearDownClass()  # pytest calls it nevertheless; there is nothing left to do
        return caught.exception, Case.calls

    def test_in_a_test(self) -> None:
        """The class cleanups run, and the loop is closed."""
        self.assertEqual(self.interrupt("test")[1], ["asyncSetUpClass", "test", "cleanup"])

    def test_in_the_class_set_up(self) -> None:
        """The same in asyncSetUpClass."""
        self.assertEqual(self.interrupt("asyncSetUpClass")[1], ["asyncSetUpClass", "cleanup"])

    def test_in_the_class_tear_down(self) -> None:
        """The same in asyncTearDownClass."""
        self.assertEqual(
            self.interrupt("asyncTearDownClass")[1], ["asyncSetUpClass", "test", "asyncTearDownClass", "cleanup"]
        )

    def test_in_a_subtest(self) -> None:
        """Ctrl-C in a subtest is no failure of the subtest: it ends the run."""

        class Case(AsyncClassTestCase):
            async def test(self) -> None:
                with self.subTest():
                    signal.raise_signal(signal.SIGINT)
                    await asyncio.Event().wait()

        with self.assertRaises(KeyboardInterrupt):
            run_classes(Case)

    def test_failing_cleanup(self) -> None:
        """What goes wrong in the cleanups is noted on the KeyboardInterrupt."""

        class Case(AsyncClassTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.addAsyncClassCleanup(cls.fail_late)

            @classmethod
            async def fail_late(cls) -> None:
                raise LookupError("in the cleanup")

            async def test(self) -> None:
                signal.raise_signal(signal.SIGINT)
                await asyncio.Event().wait()

        with self.assertRaises(KeyboardInterrupt) as caught:
            run_classes(Case)
        (note,) = caught.exception.__notes__
        self.assertTrue(note.startswith(f"and then, in a class cleanup of {Case.__qualname__}:\nTraceback"), note)
        self.assertTrue(note.endswith("LookupError: in the cleanup"), note)


SCRIPT = """
import asyncio, contextlib, signal
from fastapi import FastAPI
from fastapi_testing import AsyncServerTestCase

signal.signal(signal.SIGINT, signal.default_int_handler)  # the shell ignores it for what runs in the background

class HangTests(AsyncServerTestCase):
    @contextlib.asynccontextmanager
    async def lifespan(app):
        yield
        print("shut down", flush=True)

    async def test_waits(self):
        print("ready", flush=True)
        await asyncio.Event().wait()
"""


class SubprocessInterruptTests(unittest.TestCase):
    """Ctrl-C as a user presses it."""

    def test_every_runner(self) -> None:
        """Under unittest and under pytest, the app is shut down, and no other error is shown."""
        folder = self.enterContext(tempfile.TemporaryDirectory())
        Path(folder, "test_hang.py").write_text(SCRIPT, encoding="utf-8")
        runners = (["unittest"], ["pytest", "-q", "-s", "-p", "no:cacheprovider"])
        runs = [
            subprocess.Popen(
                [sys.executable, "-m", *runner, "test_hang.py"],
                cwd=folder,
                env=environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for runner in runners
        ]
        for runner, run in zip(runners, runs, strict=True):
            self.addCleanup(run.kill)
            assert run.stdout is not None
            with self.subTest(runner=runner):
                self.assertEqual(run.stdout.readline(), "ready\n")
                run.send_signal(signal.SIGINT)
                output, errors = run.communicate(timeout=30)
                self.assertTrue(output.startswith("shut down\n"), output)
                self.assertNotEqual(run.returncode, 0)
                self.assertIn("KeyboardInterrupt", output + errors)
                self.assertNotIn("RuntimeError", output + errors)


class ResourceTests(unittest.TestCase):
    """What classes leave behind."""

    def test_nothing_is_left(self) -> None:
        """Fifty classes later, there are the same file descriptors, and not a thread for each class."""

        class Case(AsyncClassTestCase):
            async def test(self) -> None:
                await asyncio.to_thread(int)

        run_classes(Case)
        descriptors, threads = held_resources()
        for _ in range(50):
            run_classes(type("Derived", (Case,), {}))
        self.assertEqual(held_resources()[0], descriptors)
        # The loop's executor starts another one where the first is not idle yet, on a busy machine.
        self.assertLess(held_resources()[1], threads + 10)
