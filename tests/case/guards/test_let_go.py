"""What is left of a test that has failed, once its result has the text: nothing of the app."""

import asyncio
import gc
import io
import unittest
import weakref
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Literal

from fastapi import FastAPI, HTTPException, Request, WebSocket

from fastapi_testing import AsyncServerTestCase, ServerTestCase
from tests.running import run_classes
from tests.timing import MS


class Order:
    """What a handler makes of a request."""


class Watched:
    """The objects that have to go, by name."""

    objects: ClassVar[list[tuple[str, "weakref.ref[Any]"]]] = []

    @classmethod
    def add(cls, name: str, watched: Any) -> None:
        """Watch an object."""
        cls.objects.append((name, weakref.ref(watched)))

    @classmethod
    def alive(cls) -> list[str]:
        """Return the names of those that are there, and watch them no more."""
        gc.collect()
        alive = [name for name, watched in cls.objects if watched() is not None]
        cls.objects.clear()
        return alive


def make_app() -> FastAPI:
    """Return an app whose handlers fail."""
    app = FastAPI()

    @app.post("/")
    async def fail(request: Request) -> None:
        order = Order()
        Watched.add("order", order)
        raise LookupError(len(await request.body()))

    @app.get("/caught")
    async def caught() -> None:
        order = Order()
        Watched.add("order", order)
        try:
            int("x")
        except ValueError as exc:
            raise HTTPException(500) from exc

    @app.websocket("/ws")
    async def chat(websocket: WebSocket) -> None:
        await websocket.accept()
        order = Order()
        Watched.add("order", order)
        raise LookupError("no room")

    Watched.add("app", app)
    return app


class WatchedCase:
    """A class with an app of its own."""

    server: Any
    _framework_guard: Any

    @classmethod
    async def create_app(cls) -> FastAPI:
        return make_app()

    def watch(self) -> None:
        """Watch what belongs to the test."""
        Watched.add("guard", self._framework_guard)
        Watched.add("recorder", self.server.recorder)


class AsyncCase(WatchedCase, AsyncServerTestCase):
    """Its tests are asynchronous."""


class PlainCase(WatchedCase, ServerTestCase):
    """The same for plain tests."""


Test = Callable[[Any], Awaitable[None] | None]


async def fail(case: Any) -> None:
    """Fail, and hold what the test has got."""
    case.watch()
    case.response = await case.client.post("/", content=b"x")
    case.assertStatus(case.response, 200)


@unittest.expectedFailure
async def expect_failure(case: Any) -> None:
    """Fail as expected."""
    await fail(case)


async def fail_twice(case: Any) -> None:
    """Fail in parts."""
    for number in range(2):
        with case.subTest(number=number):
            await fail(case)


async def skip(case: Any) -> None:
    """Be skipped once it has asked something."""
    case.watch()
    case.responses = [await case.client.post("/"), await case.client.get("/caught"), await case.client.get("/none")]
    case.skipTest("not today")


async def raise_seen(case: Any) -> None:
    """Expect what the app raises, and fail."""
    case.watch()
    with case.assertServerRaises(LookupError) as case.raised:
        await case.client.post("/")
    case.fail("but")


async def leave_task(case: Any) -> None:
    """Leave a task, which has to be cancelled, and hold it."""
    Watched.add("recorder", case.server.recorder)
    await case.client.post("/")
    case.task = asyncio.create_task(asyncio.Event().wait())
    case.fail("but")


async def chat(case: Any) -> None:
    """Fail for what a WebSocket's handler raises, unseen."""
    case.watch()
    async with case.ws.connect("/ws") as case.session:
        pass


def fail_plainly(case: Any) -> None:
    """Fail with a client of its own."""
    case.watch()
    case.alice = case.new_client()
    case.response = case.alice.post("/", content=b"x")
    case.assertStatus(case.response, 200)


def chat_plainly(case: Any) -> None:
    """Fail for what a WebSocket's handler raises, unseen."""
    case.watch()
    with case.ws.connect("/ws") as case.session:
        pass


def pass_plainly(case: Any) -> None:
    """Pass, with what the app raises."""
    case.watch()
    case.client.post("/")


class LetGoTests(unittest.TestCase):
    """Tests that unittest runs: its result keeps the test, and the text of the failure."""

    def look(self, test: Test, base: type = AsyncCase, **attributes: Any) -> unittest.TestResult:
        """Run a test, and look what is left with the result."""
        result = run_classes(type("Case", (base,), {"test": test, **attributes}))
        self.assertEqual(Watched.alive(), [])
        return result

    def test_coroutines(self) -> None:
        """Of a test that is a coroutine, the app, what its handlers had and the framework's own objects go."""
        for test in (fail, fail_twice, skip, raise_seen, leave_task, chat, expect_failure):
            for scope in ("class", "test"):
                with self.subTest(test=test, scope=scope):
                    result = self.look(test, server_scope=scope, leaks="ignore")
                    self.assertTrue([*result.failures, *result.skipped, *result.expectedFailures])

    def test_plain(self) -> None:
        """So they do of a plain one, also where it holds a client or a session."""
        scopes: tuple[Literal["class", "test"], ...] = ("class", "test")
        for test in (fail_plainly, chat_plainly):
            for scope in scopes:
                with self.subTest(test=test, scope=scope):
                    result = self.look(test, PlainCase, server_scope=scope)
                    self.assertEqual(len(result.failures), 1)

    def test_next_test(self) -> None:
        """What the next test provokes goes as well, although the failed one holds a client."""
        result = self.look(fail_plainly, PlainCase, test_next=pass_plainly)
        self.assertEqual(result.testsRun, 2)

    def test_limits(self) -> None:
        """Nobody holds it who looks at the time and at the event loop."""
        for base, test in ((AsyncCase, fail), (PlainCase, fail_plainly)):
            with self.subTest(base=base):
                self.look(test, base, test_timeout=10_000 * MS, blocking="warn")

    def test_text(self) -> None:
        """What the test holds of it says what it was."""
        result = run_classes(type("Case", (AsyncCase,), {"test": skip}))
        (test, _) = result.skipped[0]
        failed, handled, missing = (each.extensions["exchange"] for each in vars(test)["responses"])
        self.assertEqual((failed.exception, failed.is_error, failed.status), (None, True, 500))
        self.assertTrue(failed.app_traceback.endswith("\nLookupError: 0"), failed.app_traceback)
        self.assertEqual(failed.endpoint, f"{__name__}.make_app.<locals>.fail")
        self.assertEqual((handled.handled, handled.is_error), (None, True))
        self.assertIn("ValueError: invalid literal for int() with base 10: 'x'", handled.app_traceback)
        self.assertEqual((missing.is_error, missing.endpoint, missing.app_traceback), (False, "", ""))
        self.assertTrue(missing.obstacle.startswith("no route of the app"), missing.obstacle)

    def test_run_again(self) -> None:
        """A test that has been run may be run again."""
        case = type("Case", (AsyncCase,), {"test": fail})
        test = case("test")
        first, second = unittest.TestResult(), unittest.TestResult()
        for result in (first, second):
            unittest.TestSuite([test]).run(result)
        self.assertEqual(len(first.failures), 1)
        self.assertEqual([text for _, text in first.failures], [text for _, text in second.failures])
        del result, first, second, test
        self.assertEqual(Watched.alive(), [])

    def test_printed_result(self) -> None:
        """The text is there for whoever prints it when the run ends."""
        stream = io.StringIO()
        suite = unittest.TestSuite([type("Case", (AsyncCase,), {"test": fail})("test")])
        unittest.TextTestRunner(stream).run(suite)
        self.assertIn("the app raised, for POST /, in ", stream.getvalue())
        self.assertEqual(Watched.alive(), [])


class Runner:
    """Who runs tests and is no result of unittest's, as pytest is none: it keeps the failure itself."""

    def __init__(self) -> None:
        self.failure: BaseException | None = None

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None

    def addFailure(self, _test: unittest.TestCase, failure: Any) -> None:
        """Keep it."""
        self.failure = failure[1]


class KeptTests(unittest.TestCase):
    """Who wants to look at what there was finds it."""

    def tearDown(self) -> None:
        Watched.objects.clear()

    def test_other_runners(self) -> None:
        """A runner that keeps the failure itself has the test with it, and the exchange with its exception."""
        for base, function in ((AsyncCase, fail), (PlainCase, fail_plainly)):
            with self.subTest(base=base):
                case = type("Case", (base,), {"test": function})
                case.setUpClass()  # type: ignore[attr-defined]
                runner, test = Runner(), case("test")
                test.run(runner)
                exchange = vars(test)["response"].extensions["exchange"]
                self.assertEqual((type(runner.failure), repr(exchange.exception)), (AssertionError, "LookupError(1)"))
                self.assertIsNotNone(exchange.exception.__traceback__)
                self.assertIs(vars(test)["app"], test.server.app)
                case.doClassCleanups()  # type: ignore[attr-defined]

    def test_debug(self) -> None:
        """So has debug(), which raises it."""
        for base, function in ((AsyncCase, fail), (PlainCase, fail_plainly)):
            with self.subTest(base=base):
                test = type("Case", (base,), {"test": function})("test")
                with self.assertRaises(AssertionError):
                    unittest.TestSuite([test]).debug()
                exchange = vars(test)["response"].extensions["exchange"]
                self.assertIsNotNone(exchange.exception.__traceback__)
                self.assertIn("app", vars(test))
