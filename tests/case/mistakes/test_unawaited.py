"""Coroutines that nobody awaits, and who is told."""

import functools
import gc
import inspect
import linecache
import sys
import types
import unittest
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock

from fastapi import FastAPI

from fastapi_testing import AsyncClassTestCase, AsyncServerTestCase, ServerTestCase, override_dependencies
from fastapi_testing.case.mistakes.unawaited import check_warnings
from tests.running import outcomes, run_classes

app = FastAPI()

SOURCE = Path(__file__).read_text("utf-8").splitlines()

kept: list[Any] = []
"""What outlives the test that makes it."""


async def notify(*_: object) -> None:
    """Do what nobody waits for."""


async def tell(case: object) -> None:
    """Do what nobody waits for, to a test."""


async def use(*_: object) -> None:
    """Do what is waited for."""
    kept.append("used")


def decorated(function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Wrap a coroutine function in a plain one, as asyncpg does with its methods."""

    @functools.wraps(function)
    def call(*args: Any) -> Awaitable[Any]:
        return function(*args)

    return call


@app.get("/async")
async def forget() -> None:
    """Forget to await."""
    notify()  # type: ignore[unused-coroutine]


@app.get("/thread")
def forget_in_thread() -> None:
    """Do the same in a thread of its own."""
    forgotten = notify()  # noqa: F841 - until the function returns


def text_of(function: Any, line: str, *, name: str = "notify", how: str = "", app: str = "") -> str:
    """Return what a test says of a coroutine that a line of a function has made."""
    code = function.__code__
    source = enumerate(SOURCE[code.co_firstlineno - 1 :], code.co_firstlineno)
    number = next(at for at, each in source if line in each)
    app = app or (" (where it was made, loop_debug = True shows)" if how == "defined" else "")
    start = "a function at " if how == "defined" else ""
    where = f'{start}File "{__file__}", line {number}{"" if how == "defined" else f", in {code.co_name}"}'
    return f"AssertionError: coroutine {name!r} was never awaited: {where}{app}"


def run_async(test: Any, **attributes: Any) -> dict[str, str]:
    """Run a test in a class that has a server, and return its outcomes."""
    return outcomes(run_classes(type("Case", (AsyncServerTestCase,), {"app": app, "test": test, **attributes})))


def run_sync(test: Any, **attributes: Any) -> dict[str, str]:
    """Run a test in a class of plain tests."""
    return outcomes(run_classes(type("Case", (ServerTestCase,), {"app": app, "test": test, **attributes})))


async def passing(_: Any) -> None:
    """Pass."""


def passing_plain(_: Any) -> None:
    """Pass, too."""


class HeldTests(unittest.TestCase):
    """A variable that holds one to the end of a test, on an event loop that notes no origins."""

    maxDiff = None

    def test_hooks(self) -> None:
        """The line is named that made it: in a test, a hook, a cleanup and a hook of the class."""

        async def hook(_: Any) -> None:
            forgotten = notify()  # noqa: F841 - until the hook ends

        def plain(_: Any) -> None:
            forgotten = notify()  # noqa: F841 - until the test ends

        async def clean_up(case: Any) -> None:
            case.addAsyncCleanup(hook, case)

        text = text_of(hook, "notify()")
        for attributes in ({"asyncSetUp": hook}, {"asyncTearDown": hook}, {"asyncSetUp": clean_up}):
            self.assertEqual(run_async(passing, **attributes), {"test": text})
        self.assertEqual(run_async(plain), {"test": text_of(plain, "notify()")})
        tear_down = {"asyncTearDownClass": classmethod(hook)}
        self.assertEqual(run_async(passing, **tear_down), {"tearDownClass": text})

    def test_containers(self) -> None:
        """So it is where a list holds it, or an attribute, and where another call gets it that keeps it."""

        async def in_list(_: Any) -> None:
            held = [notify(number) for number in range(2)]  # noqa: F841 - until the test ends

        async def given_away(_: Any) -> None:
            held: list[object] = []
            held.append(notify())

        self.assertEqual(run_async(given_away), {"test": text_of(given_away, "notify()")})
        ((_, text),) = run_classes(type("Case", (AsyncServerTestCase,), {"app": app, "test": in_list})).failures
        self.assertIn(f"{text_of(in_list, 'notify(')} (2 times)\n", text)

    def test_attributes(self) -> None:
        """One that an attribute of the test holds is told at its end: unittest keeps both for longer."""

        async def test(case: Any) -> None:
            case.order = notify()
            case.response = case.client.get("/")

        def sync_test(case: Any) -> None:
            case.order = notify()

        for _ in range(2):  # garbage of a second class is older
            (failure,) = run_classes(type("Case", (AsyncServerTestCase,), {"app": app, "test": test})).failures
            first = test.__code__.co_firstlineno
            self.assertIn(f"'notify' was never awaited: File \"{__file__}\", line {first + 1}, in test\n", failure[1])
            self.assertIn(
                f"'AsyncClient.get' was never awaited: File \"{__file__}\", line {first + 2}, in test\n", failure[1]
            )
        (failure,) = run_classes(type("Case", (ServerTestCase,), {"app": app, "test": sync_test})).failures
        line = sync_test.__code__.co_firstlineno + 1
        self.assertIn(f"'notify' was never awaited: File \"{__file__}\", line {line}, in sync_test\n", failure[1])

    def test_awaited_at_last(self) -> None:
        """One that a cleanup awaits is none of them."""

        async def test(case: Any) -> None:
            case.order = notify()
            case.addAsyncCleanup(lambda: case.order)

        self.assertEqual(run_async(test), {})

    def test_several(self) -> None:
        """Each line is named that may be it; those that await what they make, or drop it at once, are not."""

        async def test(_: Any) -> None:
            first = notify()
            await notify()
            held = notify()  # noqa: F841 - until the test ends
            await first

        text = text_of(test, "first = notify()").replace(", in test", " or {}, in test")
        line = test.__code__.co_firstlineno + 3
        self.assertEqual(run_async(test), {"test": text.format(line)})

    def test_decorated(self) -> None:
        """The same where a decorator of this package, or a patch, is around the test."""

        @override_dependencies({})
        @mock.patch.object(unittest, "main")
        async def test(*_: Any) -> None:
            forgotten = notify()  # noqa: F841 - until the test ends

        held = text_of(inspect.unwrap(test), "notify()")
        self.assertEqual(run_async(test), {"test": held})

    def test_without_source(self) -> None:
        """Where the source is not to be had, or another, the coroutine's function is named."""
        text = text_of(notify, "async def notify", how="defined")
        for source in ("", "async def test(_):\n    pass\n", "async def test(_:\n"):
            names = {"notify": notify}
            exec(compile("async def test(_):\n    forgotten = notify()", "<made up>", "exec"), names)  # noqa: S102
            lines = source.splitlines(keepends=True)
            with mock.patch.dict(linecache.cache, {"<made up>": (len(source), None, lines, "<made up>")}):
                self.assertEqual(run_async(names["test"]), {"test": text})

    def test_of_a_helper(self) -> None:
        """What a function within the test has made is not taken for the test's own."""

        async def test(_: Any) -> None:
            def make() -> object:
                return notify()

            forgotten = make()  # noqa: F841 - until the test ends

        self.assertEqual(run_async(test), {"test": text_of(notify, "async def notify", how="defined")})


class ForgottenTests(unittest.TestCase):
    """What fails a test."""

    maxDiff = None

    def setUp(self) -> None:
        kept.clear()

    def test_assertion(self) -> None:
        """An assertion that is not awaited fails the test, and the line is named."""

        async def test(case: AsyncServerTestCase) -> None:
            case.assertEventually(lambda: False)  # type: ignore[unused-coroutine]

        name = "EventuallyAssertions.assertEventually"
        self.assertEqual(run_async(test), {"test": text_of(test, "assertEventually", name=name)})

    def test_request(self) -> None:
        """So does a request whose response is not used, also where a variable holds it."""

        async def test(case: AsyncServerTestCase) -> None:
            response = case.client.get("/async")  # noqa: F841 - that is the point

        text = text_of(test, "client.get", name="AsyncClient.get")
        self.assertEqual(run_async(test, loop_debug=True), {"test": text})
        self.assertEqual(run_async(test), {"test": text})
        self.assertEqual(run_async(test, test_timeout=60), {"test": text})

    def test_plain_tests(self) -> None:
        """A coroutine that a plain test drops fails it in each kind of case."""

        def test(_: Any) -> None:
            notify()  # type: ignore[unused-coroutine]

        expected = {"test": text_of(test, "notify()")}
        self.assertEqual(run_async(test, loop_debug=True), {"test": text_of(test, "notify()")})
        self.assertEqual(run_sync(test), expected)
        self.assertEqual(outcomes(run_classes(type("Case", (AsyncClassTestCase,), {"test": test}))), expected)

    def test_several(self) -> None:
        """Each line is told once, with the number of times."""

        async def test(_: Any) -> None:
            for _ in range(3):
                notify()  # type: ignore[unused-coroutine]
            use()  # type: ignore[unused-coroutine]

        (failure,) = run_classes(type("Case", (AsyncClassTestCase,), {"test": test})).failures
        lines = failure[1].rstrip().splitlines()[-2:]
        second = text_of(test, "use()", name="use").removeprefix("AssertionError: ")
        self.assertEqual(lines, [f"{text_of(test, 'notify()')} (3 times)", second])

    def test_app(self) -> None:
        """One that the app drops fails the test, and the request is named."""

        async def test(case: AsyncServerTestCase) -> None:
            case.assertStatus(await case.client.get("/async?a=1"), 200)

        def test_plain(case: ServerTestCase) -> None:
            case.assertStatus(case.client.get("/async?a=1"), 200)

        text = text_of(forget, "notify()", app=", by the app for GET /async?a=1")
        self.assertEqual(run_async(test), {"test": text})
        self.assertEqual(run_sync(test_plain), {"test": text})

    def test_thread_of_the_app(self) -> None:
        """In a handler's own thread no line is noted: the coroutine's definition is named."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.client.get("/thread")

        text = text_of(notify, "async def notify", how="defined", app=", by the app for GET /thread")
        self.assertEqual(run_async(test), {"test": text})

    def test_mock(self) -> None:
        """The coroutine of an AsyncMock is told at the line that drops it."""
        send = mock.AsyncMock()

        async def test(_: Any) -> None:
            send("mail")

        name = "AsyncMockMixin._execute_mock_call"
        about = (
            "; all methods of an AsyncMock make coroutines: for one that is not awaited, say `mock.add = Mock()`, or "
            "make the mock by create_autospec()"
        )
        self.assertEqual(run_async(test), {"test": text_of(test, "send(", name=name) + about})

    def test_hooks_and_cleanups(self) -> None:
        """Each hook and cleanup that drops one fails the test at its end; a set-up, before the test."""

        def hook(_: Any) -> None:
            notify()  # type: ignore[unused-coroutine]

        async def async_hook(_: Any) -> None:
            notify()  # type: ignore[unused-coroutine]

        def clean_up(case: Any) -> None:
            case.addCleanup(hook, case)

        async def unreached(_: Any) -> None:
            raise AssertionError("set up nevertheless")  # pragma: no cover - that is the point

        text, async_text = text_of(hook, "notify()"), text_of(async_hook, "notify()")
        self.assertEqual(run_async(unreached, setUp=hook), {"test": text})
        self.assertEqual(run_async(unreached, asyncSetUp=async_hook), {"test": async_text})
        self.assertEqual(run_async(passing, asyncTearDown=async_hook), {"test": async_text})
        self.assertEqual(run_async(passing, setUp=clean_up), {"test": text})
        self.assertEqual(run_sync(passing_plain, tearDown=hook), {"test": text})
        self.assertEqual(run_sync(passing_plain, setUp=clean_up), {"test": text})

    def test_parts(self) -> None:
        """The part fails in which it was dropped; what the test dropped before fails the test."""

        async def test(case: AsyncClassTestCase) -> None:
            use()  # type: ignore[unused-coroutine]
            for part in range(3):
                with case.subTest(part=part):
                    if part == 1:
                        notify()  # type: ignore[unused-coroutine]

        def test_plain(case: ServerTestCase) -> None:
            with case.subTest(part=1):
                notify()  # type: ignore[unused-coroutine]

        result = run_classes(type("Case", (AsyncClassTestCase,), {"test": test}))
        self.assertEqual(
            [(str(case).rpartition(".")[2], text.rstrip().rpartition("\n")[2]) for case, text in result.failures],
            [
                ("test) (part=1)", text_of(test, "notify()")),
                ("test)", text_of(test, "use()", name="use")),
            ],
        )
        self.assertEqual([*run_sync(test_plain).values()], [text_of(test_plain, "notify()")])

    def test_part_that_fails(self) -> None:
        """The failure of a part has what was dropped in it as a note."""

        def test(case: Any) -> None:
            with case.subTest(part=1):
                notify()  # type: ignore[unused-coroutine]
                case.fail("for another reason")

        note = text_of(test, "notify()").removeprefix("AssertionError: ")
        for base in (AsyncServerTestCase, ServerTestCase):
            (failure,) = run_classes(type("Case", (base,), {"app": app, "test": test})).failures
            self.assertTrue(failure[1].endswith(f"AssertionError: for another reason\n{note}\n"), failure[1])

    def test_class_hooks(self) -> None:
        """A class hook that drops one fails the class: a set-up before its tests, the rest at its end."""

        async def hook(_: Any) -> None:
            notify()  # type: ignore[unused-coroutine]

        def plain(cls: Any) -> None:
            cls.addClassCleanup(hook, cls)

        text = text_of(hook, "notify()")
        base = {"test": passing}
        for attributes, where in (
            ({"asyncSetUpClass": classmethod(hook)}, "setUpClass"),
            ({"asyncTearDownClass": classmethod(hook)}, "tearDownClass"),
        ):
            result = run_classes(type("Case", (AsyncClassTestCase,), base | attributes))
            self.assertEqual(outcomes(result), {where: text})

        class Case(AsyncClassTestCase):
            test = passing

            @classmethod
            def setUpClass(cls) -> None:
                super().setUpClass()
                plain(cls)

        self.assertEqual(outcomes(run_classes(Case)), {"tearDownClass": text})

    def test_plain_class_hooks(self) -> None:
        """So does one of a plain class, also after a test that failed."""

        class Case(ServerTestCase):
            app = app

            @classmethod
            def setUpClass(cls) -> None:
                super().setUpClass()
                notify()  # type: ignore[unused-coroutine]

            @classmethod
            def tearDownClass(cls) -> None:
                super().tearDownClass()
                use()  # type: ignore[unused-coroutine]

            def test(self) -> None:
                self.fail("for another reason")

        result = run_classes(Case)
        ((_, text),) = result.errors
        self.assertIn("coroutine 'notify' was never awaited: File ", text)
        self.assertIn("coroutine 'use' was never awaited: File ", text)
        self.assertEqual([text.rpartition(": ")[2] for _, text in result.failures], ["for another reason\n"])

    def test_failing_test(self) -> None:
        """A test that fails anyway fails once: with a note of what it had dropped, and Python's word of the rest."""

        async def test(case: AsyncServerTestCase) -> None:
            notify()  # type: ignore[unused-coroutine]
            response = case.client.get("/async")  # noqa: F841 - kept by the frame of the failure
            case.fail("for another reason")

        with self.assertWarnsRegex(RuntimeWarning, "^coroutine 'AsyncClient.get' was never awaited$"):
            result = run_classes(type("Case", (AsyncServerTestCase,), {"app": app, "test": test}))
        ((_, text),) = result.failures
        note = text_of(test, "notify()").removeprefix("AssertionError: ")
        self.assertTrue(text.endswith(f"AssertionError: for another reason\n{note}\n"), text)
        self.assertEqual(result.errors, [])

    def test_expected_failure(self) -> None:
        """A failure that is expected is not this one."""

        @unittest.expectedFailure
        async def test(_: Any) -> None:
            notify()  # type: ignore[unused-coroutine]

        @unittest.expectedFailure
        async def test_failing(case: AsyncClassTestCase) -> None:
            notify()  # type: ignore[unused-coroutine]
            case.fail("as expected")

        expected = {"test": text_of(test, "notify()"), "test_failing": text_of(test_failing, "notify()")}
        case = type("Case", (AsyncServerTestCase,), {"app": app, "test": test, "test_failing": test_failing})
        self.assertEqual(outcomes(run_classes(case)), expected)

    def test_skipped(self) -> None:
        """A test that is skipped stays so; the line is warned of."""

        async def test(case: AsyncClassTestCase) -> None:
            notify()  # type: ignore[unused-coroutine]
            case.skipTest("later")

        with self.assertWarnsRegex(RuntimeWarning, "coroutine 'notify' was never awaited: File "):
            self.assertEqual(run_async(test), {"test": "later"})


class CollectedLaterTests(unittest.TestCase):
    """What outlives the test that made it."""

    def setUp(self) -> None:
        kept.clear()

    def test_cycle(self) -> None:
        """One in a reference cycle fails the class, and the test is named."""

        async def test_cycle(_: Any) -> None:
            cycle: list[Any] = [notify()]
            cycle.append(cycle)

        result = run_classes(type("Case", (AsyncClassTestCase,), {"test_cycle": test_cycle}))
        text = f"{text_of(test_cycle, 'notify()')}, and collected after the end of test_cycle"
        self.assertEqual(outcomes(result), {"tearDownClass": text})

    def test_next_test(self) -> None:
        """One that the next test drops is not the next one's."""

        async def test_a(_: Any) -> None:
            kept.append(notify())

        async def test_b(_: Any) -> None:
            kept.clear()

        result = run_classes(type("Case", (AsyncClassTestCase,), {"test_a": test_a, "test_b": test_b}))
        text = f"{text_of(test_a, 'notify()')}, and collected after the end of test_a"
        self.assertEqual(outcomes(result), {"tearDownClass": text})

    def test_cycle_of_unknown_test(self) -> None:
        """Where coroutines do not note where they are made, one in a cycle fails the class as well."""

        async def test(_: Any) -> None:
            cycle: list[Any] = [notify()]
            cycle.append(cycle)

        self.assertEqual(run_async(test), {"tearDownClass": text_of(notify, "async def notify", how="defined")})

    def test_argument(self) -> None:
        """The test that a coroutine has as its argument is the one that made it."""

        def make(case: Any) -> None:
            kept.append(tell(case))

        async def test_a(case: Any) -> None:
            make(case)

        async def test_b(_: Any) -> None:
            kept.clear()

        case = type("Case", (AsyncClassTestCase,), {"app": app, "test_a": test_a, "test_b": test_b})
        text = f"{text_of(make, 'tell(case)', name='tell')}, and collected after the end of test_a"
        self.assertEqual(outcomes(run_classes(case)), {"tearDownClass": text})

    def test_of_a_failed_test(self) -> None:
        """A test that has failed does not fail its class as well."""

        async def test_a(case: AsyncClassTestCase) -> None:
            kept.append(notify())
            case.fail("for another reason")

        async def test_b(_: Any) -> None:
            kept.clear()

        case = type("Case", (AsyncClassTestCase,), {"test_a": test_a, "test_b": test_b})
        with self.assertWarnsRegex(RuntimeWarning, "^coroutine 'notify' was never awaited"):
            result = run_classes(case)
        self.assertEqual(outcomes(result), {"test_a": "AssertionError: for another reason"})

    def test_unknown_maker(self) -> None:
        """Where the garbage collector drops one that shows no test, Python warns of it."""

        def make() -> None:
            cycle: list[Any] = [notify()]
            cycle.append(cycle)

        async def test(_: Any) -> None:
            make()
            gc.collect()

        with self.assertWarnsRegex(RuntimeWarning, "^coroutine 'notify' was never awaited"):
            self.assertEqual(run_async(test), {})


class LibraryTests(unittest.TestCase):
    """What is not the user's."""

    def make_library(self) -> Any:
        """Return a module whose file is within the standard library's folder."""
        library = types.ModuleType("library")
        source = (
            "async def send(): pass\ndef lose():\n    lost = [send()]\n    del lost\ndef make():\n    return send()\n"
        )
        exec(compile(source, unittest.__file__, "exec"), vars(library))  # noqa: S102
        return library

    def test_library(self) -> None:
        """What a library makes and drops is left to Python's own warning."""
        library = self.make_library()

        async def test(_: Any) -> None:
            library.lose()

        with self.assertWarnsRegex(RuntimeWarning, "^coroutine 'send' was never awaited"):
            self.assertEqual(run_async(test), {})

    def test_made_for_the_user(self) -> None:
        """What a library's function has made for the user is told where the user drops it."""
        library = self.make_library()

        async def test(_: Any) -> None:
            library.make()

        self.assertEqual(run_async(test), {"test": text_of(test, "library.make()", name="send")})


class ChoiceTests(unittest.TestCase):
    """The class attribute."""

    def test_warn(self) -> None:
        """With unawaited = "warn" the line is warned of, and the test passes."""

        async def test(case: Any) -> None:
            with case.subTest():
                notify()  # type: ignore[unused-coroutine]

        with self.assertWarnsRegex(RuntimeWarning, "coroutine 'notify' was never awaited: File ") as caught:
            self.assertEqual(run_async(test, unawaited="warn"), {})
        self.assertEqual(caught.filename, __file__)

    def test_ignore(self) -> None:
        """With "ignore" it is Python's own matter."""

        async def test(_: Any) -> None:
            notify()  # type: ignore[unused-coroutine]

        with self.assertWarnsRegex(RuntimeWarning, "^coroutine 'notify' was never awaited$"):
            run_async(test, unawaited="ignore")
        self.assertEqual(run_sync(passing_plain, unawaited="ignore"), {})

    def test_other_values(self) -> None:
        """Anything else is refused before anything is started."""
        expected = {"setUpClass": "ValueError: unawaited must be 'fail', 'warn' or 'ignore', got 'never'"}
        self.assertEqual(run_async(passing, unawaited="never"), expected)
        self.assertEqual(run_sync(passing_plain, unawaited="never"), expected)

    def test_filters(self) -> None:
        """No filter for warnings hides it, and the test's own eyes do not see it."""

        async def test(case: AsyncServerTestCase) -> None:
            with warnings.catch_warnings(record=True) as caught:
                notify()  # type: ignore[unused-coroutine]
            case.assertEqual(caught, [])

        for action in ("ignore", "error", "always"):
            with self.subTest(action=action), warnings.catch_warnings():
                warnings.simplefilter(action)
                self.assertEqual(run_async(test), {"test": text_of(test, "notify()")})

    def test_put_back(self) -> None:
        """After the class, Python is as it was."""
        before = (warnings._warn_unawaited_coroutine, sys.get_coroutine_origin_tracking_depth(), [*gc.callbacks])  # type: ignore[attr-defined]
        self.assertEqual(run_async(passing), {})
        after = (warnings._warn_unawaited_coroutine, sys.get_coroutine_origin_tracking_depth(), [*gc.callbacks])  # type: ignore[attr-defined]
        self.assertEqual(before, after)

    def test_other_python(self) -> None:
        """A Python whose warnings module has no such function is told at the import."""
        with self.assertRaisesRegex(ImportError, "^this Python's warnings module has no _warn_unawaited_coroutine$"):
            check_warnings(unittest)


class AwaitedTests(AsyncServerTestCase):
    """What is awaited though no coroutine function is called."""

    app = app
    done: ClassVar[list[str]] = []

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        await super().asyncSetUpClass()
        cls.addClassCleanup(cls.done.clear)
        for add in (cls.addAsyncClassCleanup, cls.addClassCleanup):
            add(decorated(use))
            add(use)

    def tearDown(self) -> None:
        """See, after each test, that what it added will be called."""
        self.addCleanup(self.done.append, self.id())

    async def test_cleanups(self) -> None:
        """What a function returns that is added as a cleanup is awaited, whichever way it is added."""
        kept.clear()
        self.addCleanup(lambda: self.assertEqual(kept, ["used"] * 4))
        for add in (self.addAsyncCleanup, self.addCleanup):
            add(decorated(use))
            add(use)
        self.addAsyncCleanup(lambda: None)

    def test_class_cleanups(self) -> None:
        """So are those of a class."""

        class Case(AsyncClassTestCase):
            test = passing

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                for add in (cls.addAsyncClassCleanup, cls.addClassCleanup):
                    add(decorated(use))
                    add(use)

        kept.clear()
        self.assertEqual(outcomes(run_classes(Case)), {})
        self.assertEqual(kept, ["used"] * 4)

    def test_decorated_test(self) -> None:
        """A test that is decorated by a plain function runs, within its time."""

        async def test(case: AsyncServerTestCase) -> None:
            await use()
            case.fail("run")

        kept.clear()
        for limit in (None, 60.0):
            self.assertEqual(run_async(decorated(test), test_timeout=limit), {"test": "AssertionError: run"})
        self.assertEqual(kept, ["used"] * 2)
