"""Task groups of the lifespan's: their tasks belong to it, and their exceptions are the app's."""

import asyncio
import re
import unittest
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import anyio
import httpx
from fastapi import FastAPI, Request

from fastapi_testing import AsyncServerTestCase, ServerTestCase, ServerThread
from tests.running import outcomes, run_classes
from tests.timing import MS


class Desk:
    """What the app does in the group: sessions that are opened and closed, each with a task of its own."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.gate = asyncio.Event()

    async def session(self, name: str) -> None:
        """Be open until the gate is, and note where a cancellation comes."""
        beating = asyncio.create_task(self.beat())
        async with anyio.create_task_group() as group:
            group.start_soon(self.beat)
            try:
                await self.gate.wait()
                self.steps.append(name)
            finally:
                self.steps.append(f"{name} ends{' late' if beating.done() else ''}")
                beating.cancel()
                group.cancel_scope.cancel()

    async def beat(self) -> None:
        """Go on for ever."""
        await asyncio.Event().wait()

    async def fail(self) -> None:
        """Fail."""
        raise LookupError("no desk")


@asynccontextmanager
async def with_anyio(app: FastAPI) -> AsyncIterator[None]:
    """Open a group of anyio's."""
    async with anyio.create_task_group() as group:
        app.state.desk, app.state.start = Desk(), group.start_soon
        yield
        group.cancel_scope.cancel()


@asynccontextmanager
async def with_asyncio(app: FastAPI) -> AsyncIterator[None]:
    """Open a group of asyncio's."""
    async with asyncio.TaskGroup() as group:
        tasks = []

        def start(function: Callable[..., Any], *args: Any) -> None:
            tasks.append(group.create_task(function(*args)))

        app.state.desk, app.state.start = Desk(), start
        yield
        for task in tasks:
            task.cancel()


def make_app(lifespan: Any) -> FastAPI:
    """Return an app whose requests start tasks in the lifespan's group."""
    app = FastAPI(title="desk", lifespan=lifespan)

    @app.post("/sessions/{name}")
    async def open_session(request: Request, name: str) -> None:
        state = request.app.state
        state.start(state.desk.session, name)

    @app.post("/close")
    async def close(request: Request) -> None:
        request.app.state.desk.gate.set()

    @app.post("/fail")
    async def fail(request: Request) -> None:
        request.app.state.start(request.app.state.desk.fail)

    return app


def is_over(case: Any) -> bool:
    """Tell whether the lifespan has ended."""
    return case.server.recorder.lifespan.ended_at is not None


LIFESPANS = (with_anyio, with_asyncio)


class GroupTests(unittest.TestCase):
    """Tasks in it."""

    def check(self, base: type[unittest.TestCase], first: Any, second: Any) -> None:
        """Run two tests in turn with each kind of group, and find nothing wrong with them."""
        for lifespan in LIFESPANS:
            for scope in ("class", "module"):
                with self.subTest(lifespan=lifespan.__name__, scope=scope):
                    attributes = {"test_1": first, "test_2": second, "app": make_app(lifespan), "leaks": "fail"}
                    result = run_classes(type("Case", (base,), {**attributes, "server_scope": scope}))
                    self.assertEqual([text for _, text in [*result.errors, *result.failures]], [])
                    self.assertEqual(result.testsRun, 2)

    def test_of_a_request(self) -> None:
        """A task that a request has started in it goes on in the next test, and so does all that it started itself."""

        async def first(case: AsyncServerTestCase) -> None:
            case.assertStatus(await case.client.post("/sessions/a"), 200)

        async def second(case: AsyncServerTestCase) -> None:
            await case.client.post("/close")
            await case.assertEventually(lambda: case.app.state.desk.steps == ["a", "a ends"])

        self.check(AsyncServerTestCase, first, second)

    def test_of_the_test(self) -> None:
        """So does one that the test itself has started in it."""

        async def first(case: AsyncServerTestCase) -> None:
            case.app.state.start(case.app.state.desk.session, "a")
            await asyncio.sleep(0)

        async def second(case: AsyncServerTestCase) -> None:
            await case.client.post("/close")
            await case.assertEventually(lambda: case.app.state.desk.steps == ["a", "a ends"])

        self.check(AsyncServerTestCase, first, second)

    def test_plain(self) -> None:
        """The same with plain tests, whose server has a loop of its own."""

        def first(case: ServerTestCase) -> None:
            case.assertStatus(case.client.post("/sessions/a"), 200)

        def second(case: ServerTestCase) -> None:
            case.client.post("/close")
            case.assertEventually(lambda: case.app.state.desk.steps == ["a", "a ends"])

        self.check(ServerTestCase, first, second)

    def test_another_server(self) -> None:
        """So it is with a server that a test speaks to and that runs on another thread."""
        served = make_app(with_anyio)

        class Case(AsyncServerTestCase):
            app = FastAPI()
            leaks = "fail"
            other: ClassVar[ServerThread]

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                await super().asyncSetUpClass()
                cls.other = cls.enterClassContext(ServerThread(served))

            async def ask(self, path: str) -> None:
                await asyncio.to_thread(httpx.post, f"{self.other.url}{path}")

            async def test_1(self) -> None:
                await self.ask("/sessions/a")

            async def test_2(self) -> None:
                await self.ask("/close")
                await self.assertEventually(lambda: served.state.desk.steps == ["a", "a ends"])

        self.assertEqual(outcomes(run_classes(Case)), {})

    def test_server_for_each_test(self) -> None:
        """With a server for each test it ends with the lifespan, and nothing is said."""

        async def test(case: AsyncServerTestCase) -> None:
            case.assertStatus(await case.client.post("/sessions/a"), 200)
            case.addCleanup(lambda: case.assertEqual(case.app.state.desk.steps, []))

        for lifespan in LIFESPANS:
            with self.subTest(lifespan=lifespan.__name__):
                app = make_app(lifespan)
                attributes: dict[str, Any] = {"test": test, "app": app, "leaks": "fail", "server_scope": "test"}
                result = run_classes(type("Case", (AsyncServerTestCase,), attributes))
                self.assertEqual([*result.errors, *result.failures], [])
                self.assertEqual(app.state.desk.steps, ["a ends"])


def without_lines(text: str) -> str:
    """Take the numbers of lines, and the marks below code, away."""
    return re.sub(r", line \d+, in", ", in", re.sub(r"(?m)^ *(?:[|] *)?[~^]+\n", "", text))


class DeathTests(unittest.TestCase):
    """A lifespan that ends while the server runs."""

    maxDiff = None

    def run_tests(self, base: type[unittest.TestCase], **attributes: Any) -> tuple[list[str], list[str]]:
        """Run tests, and return the names of those that failed, and what is told of them."""
        result = run_classes(type("Case", (base,), attributes))
        told = [(test.id().rpartition(".")[2], text) for test, text in [*result.errors, *result.failures]]
        return [name for name, _ in told], [without_lines(text) for _, text in told]

    def check_told(self, lifespan: Any, names: list[str], told: list[str]) -> None:
        """Check that one test has failed with what the app raised."""
        self.assertEqual(names, ["test_1"])
        head, _, traceback = told[0].partition("\n")
        self.assertEqual(
            head,
            "AssertionError: the app's lifespan ended while the server ran: LookupError: no desk; where that is meant, "
            "expect it with assertServerRaises(): the app raised, for its lifespan:",
        )
        self.assertIn(f'File "{__file__}", in {lifespan.__name__}', traceback)
        self.assertIn(f'File "{__file__}", in fail\n      |     raise LookupError("no desk")', traceback)
        self.assertNotIn("unexpected ASGI message", traceback)

    def test_told(self) -> None:
        """The test that ran then is told of it, with the app's exception, and nobody else is."""

        async def first(case: AsyncServerTestCase) -> None:
            await case.client.post("/fail")
            await case.assertEventually(lambda: is_over(case))

        async def second(case: AsyncServerTestCase) -> None:
            case.assertStatus(await case.client.post("/close"), 200)

        for lifespan in LIFESPANS:
            for scope in ("class", "test", "module"):
                with self.subTest(lifespan=lifespan.__name__, scope=scope):
                    tests = {"test_1": first, "test_2": second}
                    tests = {"test_1": first} if scope == "test" else tests
                    self.check_told(
                        lifespan,
                        *self.run_tests(AsyncServerTestCase, app=make_app(lifespan), server_scope=scope, **tests),
                    )

    def test_plain(self) -> None:
        """The same with plain tests."""

        def test(case: ServerTestCase) -> None:
            case.client.post("/fail")
            case.assertEventually(lambda: is_over(case))

        for lifespan in LIFESPANS:
            for scope in ("class", "test"):
                with self.subTest(lifespan=lifespan.__name__, scope=scope):
                    attributes: dict[str, Any] = {"app": make_app(lifespan), "server_scope": scope, "test_1": test}
                    self.check_told(lifespan, *self.run_tests(ServerTestCase, **attributes))

    def test_between_two_tests(self) -> None:
        """One that ends between two tests is told in the second one."""

        async def pass_(_: AsyncServerTestCase) -> None: ...

        def tear_down(case: Any) -> None:
            AsyncServerTestCase.doCleanups(case)
            if case.id().endswith("test_0"):
                case._class_loop.run(die(case), case._class_loop.context)

        async def die(case: AsyncServerTestCase) -> None:
            case.app.state.start(case.app.state.desk.fail)
            await case.assertEventually(lambda: is_over(case))

        def do_cleanups(case: Any) -> None:
            tear_down(case)

        tests = {"test_0": pass_, "test_1": pass_, "doCleanups": do_cleanups}
        self.check_told(with_anyio, *self.run_tests(AsyncServerTestCase, app=make_app(with_anyio), **tests))

    def test_expected(self) -> None:
        """A test may expect it; then nobody is told of it, at the end of the class either."""

        async def test(case: AsyncServerTestCase) -> None:
            with case.assertServerRaises(LookupError, "no desk") as raised:
                await case.client.post("/fail")
                await case.assertEventually(lambda: is_over(case))
            case.assertEqual(str(raised.exchange), "its lifespan")

        self.assertEqual(self.run_tests(AsyncServerTestCase, app=make_app(with_anyio), test=test), ([], []))

    def test_by_itself(self) -> None:
        """One that ends without an exception is told as well."""

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            with anyio.CancelScope() as app.state.scope:
                yield

        async def test(case: AsyncServerTestCase) -> None:
            case.app.state.scope.cancel()
            await case.assertEventually(lambda: is_over(case))

        names, told = self.run_tests(AsyncServerTestCase, app=FastAPI(lifespan=lifespan), test=test)
        self.assertEqual(names, ["test"])
        self.assertIn(
            "the app's lifespan ended while the server ran: RuntimeError: the app has ended its lifespan by itself, "
            "before the server was told to stop; where",
            told[0],
        )

    def test_after_the_tests(self) -> None:
        """One that ends when no test runs any more is an error of the class."""

        class Case(AsyncServerTestCase):
            app = make_app(with_anyio)

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                cls.app.state.start(cls.app.state.desk.fail)
                await asyncio.sleep(2 * MS)
                await super().asyncTearDownClass()

            async def test(self) -> None: ...

        ((_, text),) = run_classes(Case).errors
        self.assertEqual(
            text.rstrip().rpartition("\n")[2],
            "fastapi_testing.errors.ServerShutdownError: the lifespan of FastAPI 'desk' ended while the server ran: "
            "LookupError: no desk",
        )
