"""Tasks that nobody looks after at the end of a test: whose they are, and what becomes of them."""

import asyncio
import itertools
import sysconfig
import types
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import httpx
from fastapi import FastAPI
from fastapi.routing import APIRoute

from fastapi_testing import AsyncServerTestCase, ServerTestCase, ServerThread
from tests.case.failing import failures
from tests.running import outcomes, run_classes
from tests.timing import MS

LIBRARY = Path(sysconfig.get_path("purelib"), "keeper", "pool.py")
"""Where the library would be if it was installed, which is what tells a library."""

SOURCE = """\
import asyncio

tasks = []
ended = []

async def keep():
    try:
        await asyncio.Event().wait()
    finally:
        ended.append(1)

async def keep_two():
    tasks.append(asyncio.create_task(keep()))
    await keep()

async def end_soon():
    await asyncio.sleep(0.001)

def start(function=keep):
    tasks.append(asyncio.create_task(function()))

def start_once():
    if not tasks or tasks[-1].done():
        start()

async def handle():
    start()
"""


def install_keeper() -> Any:
    """Make a library that keeps a task for what it does in between, in a module by itself."""
    module = types.ModuleType("keeper.pool")
    exec(compile(SOURCE, str(LIBRARY), "exec"), vars(module))  # noqa: S102 - the code above
    return module


async def poll() -> None:
    """Do what the app does again and again."""
    await asyncio.Event().wait()


def make_app(keeper: Any) -> FastAPI:
    """Return an app that uses the library, in every way."""
    app = FastAPI()
    app.state.keeper = keeper
    app.state.tasks = []

    @app.get("/query")
    async def query() -> None:
        keeper.start_once()

    @app.get("/flush")
    async def flush() -> None:
        keeper.start(keeper.end_soon)

    @app.get("/given")
    async def given() -> None:
        keeper.start(poll)

    @app.get("/own")
    async def own() -> None:
        app.state.tasks.append(asyncio.create_task(poll(), name="own"))

    @app.get("/of-the-library")
    async def of_the_library() -> None:
        app.state.tasks.append(asyncio.create_task(keeper.keep(), name="of the library"))

    app.router.routes.append(APIRoute("/installed", keeper.handle, methods=["GET"]))
    return app


class KeeperCase(unittest.TestCase):
    """Runs tests of that app in every kind of case."""

    maxDiff = None
    line: ClassVar[int] = SOURCE.splitlines().index("        await asyncio.Event().wait()") + 1

    def setUp(self) -> None:
        self.keeper = install_keeper()

    def outcomes(self, *paths: str, plain: bool = False, **attributes: Any) -> dict[str, str]:
        """Run one test for each path, and return the failures and their last lines."""
        result = self.run_tests(*paths, plain=plain, **attributes)
        self.assertEqual(result.testsRun, len(paths))
        return outcomes(result)

    def run_tests(self, *paths: str, plain: bool = False, **attributes: Any) -> unittest.TestResult:
        """Run one test for each path; with leaks = "fail", unless that is given."""

        def make_test(path: str) -> Any:
            async def test(case: AsyncServerTestCase) -> None:
                case.assertStatus(await case.client.get(path), 200)

            def plain_test(case: ServerTestCase) -> None:
                case.assertStatus(case.client.get(path), 200)

            return plain_test if plain else test

        tests = {f"test_{number}": make_test(path) for number, path in enumerate(paths)}
        base = ServerTestCase if plain else AsyncServerTestCase
        chosen = {"app": make_app(self.keeper), "leaks": "fail", **attributes}
        return run_classes(type("Case", (base,), {**tests, **chosen}))

    def kinds(self) -> Iterator[dict[str, Any]]:
        """Yield what there is of cases and servers, with a library that nobody has used before."""
        for plain, scope in itertools.product((False, True), ("class", "module")):
            self.keeper = install_keeper()
            yield {"plain": plain, "server_scope": scope}


class LibraryTests(KeeperCase):
    """Tasks that a library has started for itself."""

    def test_told_once(self) -> None:
        """An unknown library's is told in the test in which it was started, with its name, and goes on."""
        for kind in self.kinds():
            result = self.run_tests("/query", "/query", **kind)
            ((test, text),) = result.failures
            self.assertEqual((test.id().rpartition(".")[2], result.errors), ("test_0", []))
            self.assertRegex(
                text,
                r"^AssertionError: .*\.Case\.test_0 left a task running that a library started for itself, to end with "
                rf"the class:\n  task '[^']+' of keep\(\), waits at File \"{LIBRARY}\", line {self.line}, in keep\n"
                r'close what they are for in the test; where they are meant to stay: background_tasks = \("keeper",\)'
                r"\nasked in this test:\n  GET /query: 200 OK, in ",
            )
            self.assertEqual(len(self.keeper.tasks), 1)

    def test_ends_with_the_class(self) -> None:
        """It ends with the class, as every task on its loop does."""
        self.run_tests("/query", leaks="ignore")
        self.assertEqual((len(self.keeper.tasks), self.keeper.ended), (1, [1]))

    def test_server_for_each_test(self) -> None:
        """With a server for each test as well."""
        self.assertEqual([*self.outcomes("/query", "/query", server_scope="test")], ["test_0"])
        self.assertEqual((len(self.keeper.tasks), self.keeper.ended), (1, [1]))

    def test_two(self) -> None:
        """Two are told together, and with what else the test has left; what they started themselves goes without."""

        async def test(case: AsyncServerTestCase) -> None:
            for path in ("/installed", "/own"):
                await case.client.get(path)
            self.keeper.start()
            self.keeper.start(self.keeper.keep_two)
            await asyncio.sleep(0)

        (text,) = failures(test, app=make_app(self.keeper), leaks="fail")
        self.assertIn(".Case.test left 2 tasks running, cancelled now:\n", text)
        self.assertIn("\n  task 'own' of poll(), waits at File ", text)
        self.assertIn(".Case.test left 2 tasks running that a library started for itself, to end with the class:", text)

    def test_of_the_test(self) -> None:
        """The same where a test uses the library without a request, and has nothing else to clean up."""

        async def test(_: AsyncServerTestCase) -> None:
            self.keeper.start_once()
            await asyncio.sleep(0)

        attributes = {"test_0": test, "test_1": test, "leaks": "fail"}
        result = run_classes(type("Case", (AsyncServerTestCase,), attributes))
        self.assertEqual([*outcomes(result)], ["test_0"])
        self.assertEqual(len(self.keeper.tasks), 1)

    def test_ends_by_itself(self) -> None:
        """One that has something to finish has a moment for it."""
        for kind in self.kinds():
            self.assertEqual(self.outcomes("/flush", **kind), {})

    def test_named(self) -> None:
        """One that is named is not told, be it by its package, its module or its function."""
        for name in ("keeper", "keeper.pool", "keeper.pool:keep"):
            for kind in self.kinds():
                with self.subTest(name=name):
                    self.assertEqual(self.outcomes("/query", "/query", background_tasks=(name,), **kind), {})
                    self.assertEqual(len(self.keeper.tasks), 1)

    def test_other_names(self) -> None:
        """The names of others, or parts of names, do not count."""
        for name in ("keep", "keeper.pool2", "keeper:keep", "keeper.pool:start"):
            with self.subTest(name=name):
                self.keeper = install_keeper()
                self.assertEqual([*self.outcomes("/query", background_tasks=(name,))], ["test_0"])

    def test_server_on_another_thread(self) -> None:
        """The same with a server that runs beside the test's own."""
        served = make_app(self.keeper)

        class Case(AsyncServerTestCase):
            app = FastAPI()
            leaks = "fail"
            settle_timeout: ClassVar[float] = 20 * MS
            other: ClassVar[ServerThread]

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                await super().asyncSetUpClass()
                cls.other = cls.enterClassContext(ServerThread(served))

            async def test_0(self) -> None:
                await asyncio.to_thread(httpx.get, f"{self.other.url}/query")

            async def test_1(self) -> None:
                await asyncio.to_thread(httpx.get, f"{self.other.url}/own")

        result = run_classes(Case)
        self.assertEqual([*outcomes(result)], ["test_0", "test_1"])
        self.assertIn(" left a task running that a library started for itself, to end with the", result.failures[0][1])
        self.assertIn(" left a task running, cancelled now:\n  task 'own' of poll()", result.failures[1][1])
        self.assertEqual(len(self.keeper.tasks), 1)


class OwnTests(KeeperCase):
    """Tasks that are the app's own."""

    def check_left(self, path: str, task: str, name: str, **kind: Any) -> None:
        """Check that each test is told of a task, and how to name it, and that it is cancelled."""
        result = self.run_tests(path, path, **kind)
        self.assertEqual([*outcomes(result)], ["test_0", "test_1"])
        for _, text in result.failures:
            self.assertIn(f" left a task running, cancelled now:\n  {task}", text)
            self.assertIn(
                f'\nwhere it is meant to stay until the class ends: background_tasks = ("{name}",)\nasked in', text
            )

    def test_own(self) -> None:
        """One of the app's functions is told each time, with the name by which it may stay."""
        for kind in self.kinds():
            self.check_left("/own", "task 'own' of poll(), waits at File ", f"{__name__}:poll", **kind)

    def test_named(self) -> None:
        """Once it is named it stays until the class ends, and nothing is said of it."""
        for name in (__name__, f"{__name__}:poll"):
            for kind in self.kinds():
                with self.subTest(name=name):
                    app = make_app(self.keeper)
                    found: list[bool] = []

                    def note(_: Any, app: FastAPI = app, found: list[bool] = found) -> None:
                        found.extend(task.done() for task in app.state.tasks)

                    attributes = {"app": app, "background_tasks": (name,), "setUp": note, **kind}
                    self.assertEqual(self.outcomes("/own", "/own", **attributes), {})
                    self.assertEqual(found, [False])

    def test_started_by_the_app(self) -> None:
        """A function of a library's that the app itself has started is the app's."""
        self.check_left("/of-the-library", "task 'of the library' of keep(), waits at File ", "keeper.pool:keep")

    def test_given_to_a_library(self) -> None:
        """So is one of the app's that a library has started for it."""
        self.check_left("/given", "task '", f"{__name__}:poll")

    def test_installed(self) -> None:
        """An app that is installed itself is no library."""
        self.check_left("/installed", "task '", "keeper.pool:keep")

    def test_call_of_a_named_module(self) -> None:
        """A request that hangs is told, also where its handler is in a module that is named."""

        async def test(case: AsyncServerTestCase) -> None:
            request = asyncio.create_task(case.client.get("/never"))
            await case.assertEventually(lambda: case.server.recorder.in_flight)
            request.cancel()

        (text,) = failures(test, leaks="fail", background_tasks=("tests.case.failing",))
        self.assertIn("left a task running, cancelled now:\n  GET /never, in tests.case.failing.never", text)

    def test_of_a_task_of_the_class(self) -> None:
        """What a task of the class's has started meanwhile goes on as long as that does."""
        started: list[asyncio.Task[None]] = []

        class Case(AsyncServerTestCase):
            leaks = "fail"
            gate: ClassVar[asyncio.Event]
            worker: ClassVar[asyncio.Task[None]]

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                await super().asyncSetUpClass()
                cls.gate = asyncio.Event()
                cls.worker = asyncio.create_task(cls.work())

            @classmethod
            async def work(cls) -> None:
                await cls.gate.wait()
                started.append(asyncio.create_task(poll()))
                await asyncio.Event().wait()

            async def test_1(self) -> None:
                self.gate.set()
                await self.assertEventually(lambda: started)

            async def test_2(self) -> None:
                self.assertFalse(started[0].done())

        self.assertEqual(outcomes(run_classes(Case)), {})


class NamesTests(unittest.TestCase):
    """What ``background_tasks`` takes."""

    def test_no_names(self) -> None:
        """A class that says something else is told before it starts anything."""
        for base in (AsyncServerTestCase, ServerTestCase):
            for wrong in ("sse_starlette", None, (poll,)):
                with self.subTest(base=base.__name__, wrong=wrong):
                    case = type("Case", (base,), {"background_tasks": wrong, "test": lambda _: None})
                    self.assertEqual(
                        outcomes(run_classes(case)),
                        {
                            "setUpClass": "TypeError: background_tasks must be a tuple of modules and functions, such "
                            f'as ("sse_starlette", "shop.workers:poll"), got {wrong!r}'
                        },
                    )
