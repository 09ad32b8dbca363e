"""Hooks and cleanups of a class that do not end, and what limits them."""

import asyncio
import contextlib
import contextvars
import sys
import threading
import time
import unittest
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, ClassVar
from unittest import mock

from fastapi import FastAPI

from fastapi_testing import AsyncServerTestCase, ServerTestCase
from fastapi_testing.case.guards import class_limits
from fastapi_testing.case.guards.hook_timer import HookTimer
from fastapi_testing.case.guards.watchdog import SyncWatchdog, TestTimeout, Watchdog
from tests.case import failing
from tests.case.guards.test_blocking import Terminal
from tests.resources import held_resources
from tests.running import outcomes, run_classes
from tests.timing import MS

LIMIT = 100 * MS
LONG = 60_000 * MS  # of several hooks, of which one takes too long and the others must not

ADVICE = (
    "Server and tests share the event loop: while one of them blocks it, the other stands still. "
    "Use self.client instead of a blocking client, await instead of time.sleep(), asyncio.to_thread() for the rest."
)


class AsyncCase(AsyncServerTestCase):
    """The base of asynchronous classes that are run inside a test."""

    app = failing.app
    hook_timeout: ClassVar[float | None] = LIMIT

    async def passes(self) -> None:
        """Do nothing."""


class SyncCase(ServerTestCase):
    """The base of sync ones."""

    app = failing.app
    hook_timeout: ClassVar[float | None] = LIMIT

    def passes(self) -> None:
        """Do nothing."""


class NextCase(AsyncServerTestCase):
    """The class after one that hangs."""

    app = failing.app

    async def ask(self) -> None:
        """Find that the server answers."""
        self.assertStatus(await self.client.get("/plain"), 200)


async def hang(*_: Any) -> None:
    """Wait for what does not come."""
    await asyncio.Event().wait()


def block(*_: Any) -> None:
    """Block for longer than anybody waits."""
    time.sleep(60)


def made(base: Any, /, **attributes: Any) -> type[unittest.TestCase]:
    """Return a class with these attributes, and one test."""
    return type("Case", (base,), {"test": base.passes, **attributes})


def following() -> type[unittest.TestCase]:
    """Return the class to run after it."""
    return type("Next", (NextCase,), {"test": NextCase.ask})


def errors(base: type[unittest.TestCase], /, **attributes: Any) -> list[str]:
    """Run a class with these attributes, and one more that has to pass; return the errors, without tracebacks."""
    result = run_classes(made(base, **attributes), following())
    assert not [test for test, _ in result.errors + result.failures if isinstance(test, NextCase)]
    return [failing._without_frames(text) for _, text in [*result.errors, *result.failures]]


@contextlib.contextmanager
def short(hook: str) -> Iterator[None]:
    """Give a moment to one hook that has the limit of its class: all else in the class may take its time."""
    call, who = SyncWatchdog.call, f"{hook} of Case"

    def call_in_time(self: SyncWatchdog, function: Any, seconds: float, *args: Any, **kwargs: Any) -> Any:
        return call(self, function, LIMIT if kwargs.get("who") == who else seconds, *args, **kwargs)

    def timer(named: str, seconds: float, *args: Any, **kwargs: Any) -> HookTimer:
        return HookTimer(named, LIMIT if named == who else seconds, *args, **kwargs)

    timers = mock.patch.object(class_limits, "HookTimer", timer)
    with mock.patch.object(SyncWatchdog, "call", call_in_time), timers:
        yield


def in_code(function: Callable[..., Any], line: str, offset: int = 2) -> str:
    """Return a line of a function as a traceback shows it."""
    code = function.__code__
    return f'\n  File "{code.co_filename}", line {code.co_firstlineno + offset}, in {code.co_name}\n    {line}'


HANGING = in_code(hang, "await asyncio.Event().wait()")
BLOCKING = in_code(block, "time.sleep(60)")


class WaitTests(unittest.TestCase):
    """Hooks that wait, while the event loop turns."""

    maxDiff = None

    def test_hooks(self) -> None:
        """A hook of the class is cancelled at its limit, and the error names the line at which it waits."""
        for name in ("asyncSetUpClass", "asyncTearDownClass"):
            with self.subTest(name):
                self.assertIn(
                    f"AssertionError: not ended within {LIMIT:g} s; {name} of Case waits at:{HANGING}",
                    errors(AsyncCase, **{name: classmethod(hang)}),
                )

    def test_limit_of_a_test(self) -> None:
        """Where the limit is the one of a test, the error says which attribute gives hooks another, in both kinds."""
        advice = (
            "A hook may take as long as a test; hook_timeout = SECONDS on the class gives hooks a time of their own."
        )
        for base, who in ((AsyncCase, "asyncSetUpClass"), (SyncCase, "create_app")):
            with self.subTest(base.__name__):
                self.assertEqual(
                    errors(base, create_app=classmethod(hang), hook_timeout=None, test_timeout=LIMIT),
                    [f"AssertionError: not ended within {LIMIT:g} s; {who} of Case waits at:{HANGING}\n{advice}"],
                )

    def test_create_app(self) -> None:
        """So is the making of an app, in both kinds of case."""
        for base, who in ((AsyncCase, "asyncSetUpClass"), (SyncCase, "create_app")):
            with self.subTest(base.__name__):
                self.assertEqual(
                    errors(base, create_app=classmethod(hang)),
                    [f"AssertionError: not ended within {LIMIT:g} s; {who} of Case waits at:{HANGING}"],
                )

    def test_create_app_that_fails(self) -> None:
        """What the making of an app raises itself is the error, in both kinds of case."""

        async def fail(_: Any) -> None:
            raise LookupError("no app")

        for base in (AsyncCase, SyncCase):
            with self.subTest(base.__name__):
                text = errors(base, create_app=classmethod(fail), hook_timeout=60.0)[0]
                self.assertEqual(text, "LookupError: no app")

    def test_cleanups(self) -> None:
        """Each cleanup has the same time, and the others are called."""
        called: list[str] = []

        async def asyncSetUpClass(cls: type[AsyncCase]) -> None:
            await super(AsyncCase, cls).asyncSetUpClass()
            cls.addClassCleanup(called.append, "first")
            cls.addAsyncClassCleanup(hang)
            cls.addClassCleanup(called.append, "last")

        found = errors(AsyncCase, asyncSetUpClass=classmethod(asyncSetUpClass))
        self.assertIn(
            f"AssertionError: not ended within {LIMIT:g} s; the class cleanup hang() of Case waits at:{HANGING}", found
        )
        self.assertEqual(called, ["last", "first"])

    def test_context(self) -> None:
        """One that leaves a context is called by the context's name."""

        @contextlib.asynccontextmanager
        async def rented() -> AsyncIterator[None]:
            yield
            await hang()

        async def asyncSetUpClass(cls: type[AsyncCase]) -> None:
            await cls.enterAsyncClassContext(rented())
            await super(AsyncCase, cls).asyncSetUpClass()

        (found,) = (
            text for text in errors(AsyncCase, asyncSetUpClass=classmethod(asyncSetUpClass)) if "rented" in text
        )
        name = f"{type(self).__qualname__}.test_context.<locals>.rented"
        line = in_code(rented.__wrapped__, "await hang()", 3)  # type: ignore[attr-defined]
        who = f"the class cleanup {name}() of Case"
        self.assertIn(f"AssertionError: not ended within {LIMIT:g} s; {who} waits at:{line}{HANGING}", found)

    def test_generator(self) -> None:
        """A generator that a test has left open, and that does not end, is named at the end of the class."""
        held: list[Any] = []

        async def endless() -> AsyncIterator[int]:
            try:
                yield 1
            finally:
                await hang()

        async def test(_: AsyncCase) -> None:
            held.append(endless())
            await anext(held[0])

        found = errors(AsyncCase, test=test)
        self.assertTrue(
            any(
                text.startswith(f"AssertionError: not ended within {LIMIT:g} s; the end of Case waits at:")
                and f'waits at File "{__file__}", line {hang.__code__.co_firstlineno + 2}, in hang' in text
                for text in found
            ),
            found,
        )

    def test_thread(self) -> None:
        """So is a thread that a test has left in the loop's own pool."""
        gate = threading.Event()

        async def test(_: AsyncCase) -> None:
            asyncio.get_running_loop().run_in_executor(None, gate.wait)

        try:
            found = errors(AsyncCase, test=test)
        finally:
            gate.set()
        self.assertTrue(
            any(f"not ended within {LIMIT:g} s; the end of Case waits at:" in text for text in found), found
        )

    def test_swallowed(self) -> None:
        """A hook that swallows its cancellations is cancelled again until it ends, and told on the terminal."""
        terminal = Terminal()

        async def asyncSetUpClass(_: type[AsyncCase]) -> None:
            while not terminal.getvalue():
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()

        with mock.patch.object(sys, "__stderr__", terminal):
            found = errors(AsyncCase, asyncSetUpClass=classmethod(asyncSetUpClass))
        self.assertIn(terminal.getvalue().strip(), [text.removeprefix("AssertionError: ") for text in found])

    def test_own_outcome(self) -> None:
        """A hook that ends in time has its own outcome: it passes, fails or skips."""

        async def fail(_: Any) -> None:
            raise LookupError("my own")

        async def skip(_: Any) -> None:
            raise unittest.SkipTest("not today")

        before = held_resources()
        self.assertEqual(errors(AsyncCase, hook_timeout=60.0), [])
        self.assertEqual(errors(SyncCase, hook_timeout=60.0), [])
        self.assertEqual(
            errors(AsyncCase, hook_timeout=60.0, asyncSetUpClass=classmethod(fail)), ["LookupError: my own"]
        )
        case = made(AsyncCase, hook_timeout=60.0, asyncSetUpClass=classmethod(skip))
        self.assertEqual(outcomes(run_classes(case)), {"setUpClass": "not today"})
        self.assertEqual(held_resources(), before)


class OwnServerTests(unittest.TestCase):
    """The making of an app for each test."""

    maxDiff = None

    def test_waits(self) -> None:
        """It has the time of a hook, in both kinds of case, whatever a test has; and the next test has it again."""
        for base in (AsyncCase, SyncCase):
            for test_timeout in (None, 60.0):
                with self.subTest(base=base.__name__, test_timeout=test_timeout), short("create_app"):
                    scope = {"server_scope": "test", "test_timeout": test_timeout, "hook_timeout": LONG}
                    self.assertEqual(
                        errors(base, create_app=classmethod(hang), test_again=base.passes, **scope),
                        [f"AssertionError: not ended within {LIMIT:g} s; create_app of Case waits at:{HANGING}"] * 2,
                    )

    def test_blocks(self) -> None:
        """What blocks the event loop of an asynchronous test in it is interrupted."""

        async def blocks(_: Any) -> None:
            block()

        line = in_code(blocks, "block()", 1)
        with short("create_app"):
            found = errors(AsyncCase, create_app=classmethod(blocks), server_scope="test", hook_timeout=LONG)
        self.assertEqual(
            found,
            [f"AssertionError: not ended within {LIMIT:g} s; the event loop is blocked at:{line}{BLOCKING}\n{ADVICE}"],
        )

    def test_fails(self) -> None:
        """What it raises itself is the error."""

        async def fail(_: Any) -> None:
            raise LookupError("no app")

        for base in (AsyncCase, SyncCase):
            with self.subTest(base.__name__):
                found = errors(base, create_app=classmethod(fail), server_scope="test", hook_timeout=60.0)
                self.assertEqual(found, ["LookupError: no app"])


class ContextTests(unittest.TestCase):
    """The context in which an app is made."""

    def test_lifespan(self) -> None:
        """What ``create_app`` sets is seen by the lifespan, in both kinds of case, whatever the server is for."""
        tenant = contextvars.ContextVar("tenant", default="nobody")
        seen: list[str] = []

        @contextlib.asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            seen.append(tenant.get())
            yield

        async def make(_: Any) -> FastAPI:
            tenant.set("acme")
            return FastAPI(lifespan=lifespan)

        for base in (AsyncCase, SyncCase):
            for scope in ("class", "test", "module"):
                for limit in (None, 60.0):
                    with self.subTest(base=base.__name__, scope=scope, limit=limit):
                        seen.clear()
                        attributes = {"create_app": classmethod(make), "server_scope": scope, "hook_timeout": limit}
                        self.assertEqual(errors(base, **attributes), [])
                        self.assertEqual(seen, ["acme"])


class TimerTests(unittest.IsolatedAsyncioTestCase):
    """What is awaited beside the tests, and does not end by its first cancellation."""

    async def test_swallowed(self) -> None:
        """What swallows its cancellations is cancelled again, is told once, and has not ended in time."""
        told: list[str] = []

        async def swallow() -> str:
            while not told:
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            await asyncio.sleep(0)  # in Python 3.11, no coverage is taken of who awaits what swallows and returns
            return "made"

        with self.assertRaises(TestTimeout) as raised:
            await HookTimer("create_app", 20 * MS, told.append, is_ended=True).run(swallow())
        self.assertEqual(told, [str(raised.exception)])
        self.assertTrue(told[0].startswith(f"not ended within {20 * MS:g} s; create_app waits at:"), told[0])
        self.assertEqual(self.cancelling(), 0)

    async def test_own_exception(self) -> None:
        """What it raises as it is cancelled is the cause."""

        async def fail() -> None:
            try:
                await hang()
            finally:
                raise LookupError("no app")

        with self.assertRaisesRegex(TestTimeout, "^not ended within") as raised:
            await HookTimer("create_app", MS, self.fail, is_ended=True).run(fail())
        self.assertEqual(repr(raised.exception.__cause__), "LookupError('no app')")
        self.assertEqual(self.cancelling(), 0)

    async def test_cancelled(self) -> None:
        """A cancellation by somebody else is not taken for the timer's, also where both have come."""
        for seconds in (60.0, MS):
            with self.subTest(seconds=seconds):
                is_cancelled = asyncio.Event()

                async def wait(is_cancelled: asyncio.Event = is_cancelled) -> None:
                    try:
                        await hang()
                    finally:
                        is_cancelled.set()
                        await hang()

                timer = HookTimer("create_app", seconds, lambda _: None, is_ended=True)
                task = asyncio.ensure_future(timer.run(wait()))
                if seconds < 1:
                    await is_cancelled.wait()
                else:
                    await asyncio.sleep(0)
                    task.cancel()
                    await asyncio.sleep(0)
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task

    def cancelling(self) -> int:
        """Return how often the task is cancelled that runs."""
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()


class BlockTests(unittest.TestCase):
    """Hooks that block their thread."""

    maxDiff = None

    def test_async_hooks(self) -> None:
        """What blocks the event loop in a hook is interrupted, and its line named."""

        async def blocks(_: Any) -> None:
            block()

        expected = f"AssertionError: not ended within {LIMIT:g} s; the event loop is blocked at:"
        line = in_code(blocks, "block()", 1)
        for name in ("asyncSetUpClass", "create_app", "asyncTearDownClass"):
            with self.subTest(name):
                self.assertIn(f"{expected}{line}{BLOCKING}\n{ADVICE}", errors(AsyncCase, **{name: classmethod(blocks)}))

    def test_hooks(self) -> None:
        """So is what blocks in ``setUpClass`` and ``tearDownClass``, which are no coroutines, in both kinds of case."""

        def setUpClass(cls: Any) -> None:
            super(cls.mro()[1], cls).setUpClass()
            block()

        def tearDownClass(cls: Any) -> None:
            block()

        for base in (AsyncCase, SyncCase):
            for hook in (setUpClass, tearDownClass):
                with self.subTest(base=base.__name__, hook=hook.__name__):
                    (found,) = (text for text in errors(base, **{hook.__name__: classmethod(hook)}) if BLOCKING in text)
                    line = in_code(hook, "block()", 2 if hook is setUpClass else 1)
                    self.assertEqual(
                        found,
                        f"AssertionError: not ended within {LIMIT:g} s; {hook.__name__} of Case is at:{line}{BLOCKING}",
                    )

    def test_before_the_loop(self) -> None:
        """So is what blocks before an asynchronous class has an event loop; nothing is said of one."""

        def setUpClass(_: Any) -> None:
            block()

        line = in_code(setUpClass, "block()", 1)
        self.assertIn(
            f"AssertionError: not ended within {LIMIT:g} s; setUpClass of Case is at:{line}{BLOCKING}",
            errors(AsyncCase, setUpClass=classmethod(setUpClass)),
        )

    def test_cleanups(self) -> None:
        """So is a cleanup, in both kinds of case."""

        def setUpClass(cls: Any) -> None:
            super(cls.mro()[1], cls).setUpClass()
            cls.addClassCleanup(block)

        for base in (AsyncCase, SyncCase):
            with self.subTest(base.__name__):
                (found,) = (text for text in errors(base, setUpClass=classmethod(setUpClass)) if BLOCKING in text)
                who = "the class cleanup block() of Case"
                self.assertEqual(found, f"AssertionError: not ended within {LIMIT:g} s; {who} is at:{BLOCKING}")

    def test_mixins(self) -> None:
        """So is the hook of a mixin in front of the case, in both kinds of case, and of copies of such a class."""

        class Opens:
            @classmethod
            def setUpClass(cls) -> None:
                block()

        class Closes:
            @classmethod
            def tearDownClass(cls) -> None:
                block()

        for base in (AsyncCase, SyncCase):
            for mixin, hook in ((Opens, "setUpClass"), (Closes, "tearDownClass")):
                case = type("Case", (mixin, base), {"test": base.passes, "hook_timeout": LONG})
                both: list[Any] = [case, type("Case", case.__bases__, dict(vars(case)))]
                for each in both:
                    with self.subTest(base=base.__name__, hook=hook), short(hook):
                        self.assertNotIn(hook, each._body)
                        (found,) = (text for text in errors(each) if BLOCKING in text)
                        report = f"AssertionError: not ended within {LIMIT:g} s; {hook} of Case is at:"
                        self.assertTrue(found.startswith(report), found)


class HookTests(unittest.TestCase):
    """Hooks within their time, and cleanups, are called as if nothing were around them."""

    def test_arguments(self) -> None:
        """They take what other classes give them, be they a class's own or those of a mixin in front of it."""
        given: list[str] = []

        class Takes:
            @classmethod
            def setUpClass(cls, *fixtures: str, **options: bool) -> None:
                given.extend([*fixtures, *options])
                super().setUpClass()  # type: ignore[misc]

            @classmethod
            def tearDownClass(cls, *fixtures: str, **options: bool) -> None:
                given.extend([*fixtures, *options])
                super().tearDownClass()  # type: ignore[misc]

        for kind in (AsyncCase, SyncCase):

            class Own(kind):  # type: ignore[misc,valid-type]
                @classmethod
                def setUpClass(cls, *fixtures: str, **options: bool) -> None:
                    given.extend([*fixtures, *options])
                    super().setUpClass()

                @classmethod
                def tearDownClass(cls, *fixtures: str, **options: bool) -> None:
                    given.extend([*fixtures, *options])
                    super().tearDownClass()

            for base in (Own, type("Mixed", (Takes, kind), {})):

                class Case(base):  # type: ignore[misc,valid-type]
                    test = kind.passes

                    @classmethod
                    def setUpClass(cls) -> None:
                        super().setUpClass("users", keep=True)

                    @classmethod
                    def tearDownClass(cls) -> None:
                        super().tearDownClass("orders", drop=True)

                with self.subTest(kind=kind.__name__, base=base.__name__):
                    given.clear()
                    self.assertEqual(errors(type("Case", (Case,), {"hook_timeout": 60.0}), test=kind.passes), [])
                    self.assertEqual(given, ["users", "keep", "orders", "drop"])

    def test_proxies(self) -> None:
        """A cleanup that answers any attribute is called, and a report names it by what it shows of itself."""
        called: list[str] = []

        class Proxy:
            def __getattr__(self, name: str) -> "Proxy":
                return self

            def __call__(self, what: str) -> None:
                called.append(what)

            def __repr__(self) -> str:
                return "<proxy>"

        def setUpClass(cls: Any) -> None:
            super(cls.mro()[1], cls).setUpClass()
            cls.addClassCleanup(Proxy(), cls.__mro__[1].__name__)
            cls.addClassCleanup(mock.call.shut)

        for base in (AsyncCase, SyncCase):
            self.assertEqual(errors(base, setUpClass=classmethod(setUpClass), hook_timeout=60.0), [])
        self.assertEqual(called, ["AsyncCase", "SyncCase"])
        self.assertEqual(class_limits.describe_cleanup(Proxy(), ("shop",)), "the class cleanup <proxy>()")


class LimitTests(unittest.TestCase):
    """Which limit holds."""

    def test_time_of_a_test(self) -> None:
        """A class that says nothing of its hooks gives them the time of a test."""
        (found,) = errors(AsyncCase, hook_timeout=None, test_timeout=LIMIT, create_app=classmethod(hang))
        self.assertIn(f"not ended within {LIMIT:g} s; asyncSetUpClass of Case waits at:", found)

    def test_own_limit(self) -> None:
        """A hook that has a limit of its own does not go by that of a test."""
        (found,) = errors(AsyncCase, test_timeout=60.0, create_app=classmethod(hang))
        self.assertIn(f"not ended within {LIMIT:g} s; asyncSetUpClass of Case waits at:", found)

    def test_server(self) -> None:
        """The time that the server takes to start and to stop does not count: it has limits of its own."""
        left: list[float] = []
        cases: list[Any] = []

        @contextlib.asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            left.append(cases[-1]._framework_watchdog._watch.left())
            yield
            watch = cases[-1]._framework_watchdog._watch  # at the end of a sync class, nothing is watched
            left.append(float("inf") if watch is None else watch.left())

        def begin(cls: Any) -> None:
            super(cls.mro()[1], cls).setUpClass()
            left.append(cls._framework_watchdog._watch.left())

        for base in (AsyncCase, SyncCase):
            with self.subTest(base.__name__):
                left.clear()
                app = FastAPI(lifespan=lifespan)
                cases.append(made(base, hook_timeout=60.0, app=app, setUpClass=classmethod(begin)))
                self.assertTrue(run_classes(cases[-1]).wasSuccessful())
                starting, begun, stopping = left
                self.assertEqual((starting, stopping), (float("inf"), float("inf")))
                self.assertLessEqual(begun, 60.0)

    def test_paused_timer(self) -> None:
        """A hook whose limit was paused is cancelled once what is left of it is over."""

        async def asyncSetUpClass(cls: type[AsyncCase]) -> None:
            with cls._unlimited():
                await asyncio.sleep(2 * LIMIT)
            await hang()

        (found,) = errors(AsyncCase, asyncSetUpClass=classmethod(asyncSetUpClass))
        self.assertTrue(found.endswith(HANGING), found)

    def test_module(self) -> None:
        """What the app of a module's server leaves on the loop has an end with the module."""
        held: list[Any] = []

        async def endless() -> AsyncIterator[int]:
            try:
                yield 1
            finally:
                await hang()

        @contextlib.asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            held.append(endless())
            await anext(held[0])
            yield

        case = made(AsyncCase, app=FastAPI(lifespan=lifespan), server_scope="module", hook_timeout=LIMIT)
        found = "".join(text for _, text in run_classes(case, following()).errors)
        self.assertIn(f"not ended within {LIMIT:g} s; the end of {case.__module__} waits at:", found)

    def test_wrong_limits(self) -> None:
        """What is no positive number of seconds is refused."""
        for wrong in (0, -1.0, "soon", ()):
            for base in (AsyncCase, SyncCase):
                with self.subTest(wrong=wrong, base=base.__name__):
                    self.assertEqual(
                        errors(base, hook_timeout=wrong),
                        [f"ValueError: hook_timeout must be a positive number of seconds, got {wrong!r}"],
                    )

    def test_unwatched(self) -> None:
        """What is called outside of any hook, as after Ctrl-C, has no limit."""
        called: list[str] = []

        async def work() -> str:
            with watchdog.paused():
                return "done"

        case = made(SyncCase, tearDownClass=classmethod(lambda _: called.append("end")))
        case.tearDownClass()
        self.assertEqual(called, ["end"])
        watchdog = Watchdog(60.0)
        self.addCleanup(watchdog.close)
        self.assertEqual(asyncio.run(watchdog.run(work())), "done")

    def test_inherited_hooks(self) -> None:
        """Hooks of base classes are a part of those that call them, and have no time of their own."""
        watches: list[Any] = []

        class Base(SyncCase):
            hook_timeout = 60.0

            @classmethod
            def setUpClass(cls) -> None:
                super().setUpClass()
                watches.append(cls._framework_watchdog._watch)  # type: ignore[union-attr]

        class Derived(Base):
            @classmethod
            def setUpClass(cls) -> None:
                watches.append(cls._framework_watchdog._watch)  # type: ignore[union-attr]
                super().setUpClass()

            def test(self) -> None: ...

        self.assertTrue(run_classes(Derived).wasSuccessful())
        self.assertEqual(len(watches), 2)
        self.assertIs(watches[0], watches[1])


class NoticeTests(unittest.TestCase):
    """What is told where nothing limits a hook."""

    maxDiff = None

    def setUp(self) -> None:
        self.terminal = Terminal()
        self.enterContext(mock.patch.object(sys, "__stderr__", self.terminal))
        self.enterContext(mock.patch.object(class_limits, "_NOTICE", LIMIT))

    async def wait(self) -> None:
        """Wait for the notice."""
        while not self.terminal.printed.is_set():  # noqa: ASYNC110 - a thread sets it
            await asyncio.sleep(MS)
        await asyncio.sleep(3 * LIMIT)  # long enough to tell it again

    def waiting(self) -> str:
        """Return the line at which it waits."""
        return in_code(type(self).wait, "await asyncio.sleep(MS)", 3)

    def told(self, who: str, base: type[unittest.TestCase], /, **attributes: Any) -> list[str]:
        """Run a class that has to pass, and return what was told of a hook; a busy machine may hold up others too."""
        self.terminal.truncate(0)
        self.terminal.seek(0)
        self.terminal.printed.clear()
        result = run_classes(made(base, **{"hook_timeout": None, "blocked_after": 0} | attributes))
        self.assertEqual([text for _, text in result.errors + result.failures], [])
        return [each for each in self.terminal.getvalue().strip().split("\n\n") if f"; {who} of Case " in each]

    def test_waits(self) -> None:
        """A hook that waits long is told once, with its line, and goes on."""

        async def tear_down(_: Any) -> None:
            await self.wait()

        line = in_code(tear_down, "await self.wait()", 1)
        self.assertEqual(
            self.told("asyncTearDownClass", AsyncCase, asyncTearDownClass=classmethod(tear_down)),
            [f"not ended within {LIMIT:g} s; asyncTearDownClass of Case waits at:{line}{self.waiting()}"],
        )

    def test_create_app(self) -> None:
        """So is the making of an app, in both kinds of case."""

        async def make(_: Any) -> FastAPI:
            await self.wait()
            return failing.app

        line = in_code(make, "await self.wait()", 1)
        for base, who in ((AsyncCase, "asyncSetUpClass"), (SyncCase, "create_app")):
            with self.subTest(base.__name__):
                self.assertEqual(
                    self.told(who, base, create_app=classmethod(make)),
                    [f"not ended within {LIMIT:g} s; {who} of Case waits at:{line}{self.waiting()}"],
                )

    def test_own_server(self) -> None:
        """So is the making of an app for each test."""

        async def make(_: Any) -> FastAPI:
            await self.wait()
            return failing.app

        line = in_code(make, "await self.wait()", 1)
        for base in (AsyncCase, SyncCase):
            with self.subTest(base.__name__):
                self.assertEqual(
                    self.told("create_app", base, create_app=classmethod(make), server_scope="test"),
                    [f"not ended within {LIMIT:g} s; create_app of Case waits at:{line}{self.waiting()}"],
                )

    def test_blocks(self) -> None:
        """So is one that blocks: an asynchronous class tells it here only where it does not tell it before."""

        def tear_down(_: Any) -> None:
            self.terminal.block()
            time.sleep(3 * LIMIT)

        line = in_code(tear_down, "self.terminal.block()", 1)
        for base in (SyncCase, AsyncCase):
            with self.subTest(base.__name__):
                told = self.told("tearDownClass", base, tearDownClass=classmethod(tear_down))
                self.assertIn(f"not ended within {LIMIT:g} s; tearDownClass of Case is at:{line}", told[0])

    def test_told_before(self) -> None:
        """A block that is told after ``blocked_after`` is not told again."""

        def tear_down(_: Any) -> None:
            self.terminal.block()
            time.sleep(3 * LIMIT)

        told = self.told("tearDownClass", AsyncCase, tearDownClass=classmethod(tear_down), blocked_after=LIMIT / 2)
        self.assertEqual(told, [])
        self.assertIn("has been blocked for", self.terminal.getvalue())
