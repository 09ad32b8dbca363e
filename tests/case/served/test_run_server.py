"""Classes of the whole run that share a server, of both kinds of test case: who shares it, and when it ends."""

import asyncio
import contextlib
import io
import os
import signal
import unittest
from collections.abc import AsyncIterator, Callable
from typing import Any, ClassVar

from fastapi import FastAPI, Response

from fastapi_testing import AsyncServerTestCase, ServerTestCase
from fastapi_testing.case.loops.share import close_modules, close_run
from fastapi_testing.server.serving.ports import PortGenerator
from tests.resources import held_again, held_resources
from tests.running import outcomes, run_classes
from tests.timing import MS

events: list[str] = []
"""What the apps and the tests did."""


def lifespan_of(name: str, failure: type[Exception] | None = None) -> Callable[[FastAPI], Any]:
    """Return a lifespan that notes when an app starts and stops, and fails at its end if it is to."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        events.append(f"start {name}")
        yield
        await asyncio.to_thread(events.append, f"stop {name}")
        if failure is not None:
            raise failure("no database")

    return lifespan


app = FastAPI(lifespan=lifespan_of("app"))


def own() -> str:
    """Return what an override has another of."""
    raise NotImplementedError  # pragma: no cover - no route needs it


@app.get("/")
async def index(response: Response) -> None:
    """Set a cookie."""
    response.set_cookie("seen", "yes")


class Awaiting(AsyncServerTestCase):
    """The base of the asynchronous cases that are run inside a test."""

    app: Any = app
    server_scope: ClassVar[Any] = "run"
    leaks = "fail"


class Plain(ServerTestCase):
    """The base of the others."""

    app: Any = app
    server_scope: ClassVar[Any] = "run"
    leaks = "fail"


Kind = type[Awaiting] | type[Plain]

KINDS: tuple[Kind, ...] = (Awaiting, Plain)


def note_url(case: Any) -> None:
    """Note which server a test has."""
    events.append(case.server.url)


def made(base: Kind, **attributes: Any) -> Any:
    """Return a class with one test."""
    return type("Case", (base,), {"__module__": __name__, "test": note_url, **attributes})


def free_port() -> int:
    """Return a port that nobody else has: none that the system gives away, and not those of a suite beside this one."""
    first = 10_000 + os.getpid() % 10_000
    ports = PortGenerator(first, first + 1000)
    ports.release_port(port := ports.get_port())
    return port


def run(*cases: type[unittest.TestCase], failfast: bool = False) -> tuple[unittest.TestResult, str]:
    """Run classes by a runner, as ``python -m unittest`` does; return the result, and what is printed."""
    printed = io.StringIO()
    suite = unittest.TestSuite(unittest.TestLoader().loadTestsFromTestCase(case) for case in cases)
    return unittest.TextTestRunner(printed, failfast=failfast).run(suite), printed.getvalue()


class RunServerCase(unittest.TestCase):
    """The base of the tests: it ends what they have begun."""

    def setUp(self) -> None:
        events.clear()
        self.addCleanup(close_modules)
        self.addCleanup(close_run)

    def urls(self) -> list[str]:
        """Return which servers the tests had."""
        return [event for event in events if event.startswith("http")]

    def lives(self) -> list[str]:
        """Return which apps were started and stopped."""
        return [event for event in events if not event.startswith("http")]


class WhoTests(RunServerCase):
    """Who shares a server."""

    def test_modules(self) -> None:
        """Classes of several modules that name one app share its server until the runner has run them all."""
        for kind in KINDS:
            with self.subTest(kind=kind.__name__):
                events.clear()
                result, _ = run(*(made(kind, __module__=f"no module {name}") for name in "abc"))
                self.assertEqual((result.testsRun, outcomes(result)), (3, {}))
                self.assertEqual((len(self.urls()), len({*self.urls()})), (3, 1))
                self.assertEqual((events[0], events[-1], len(events)), ("start app", "stop app", 5))

    def test_what_is_the_classes_own(self) -> None:
        """Overrides, headers, cookies and tasks are each class's own."""
        left: list[asyncio.Task[Any]] = []

        class First(Awaiting):
            dependency_overrides: ClassVar[Any] = {own: lambda: "another"}
            headers: ClassVar[Any] = {"x-class": "first"}
            cookies: ClassVar[Any] = {"class": "first"}

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                await super().asyncSetUpClass()
                left.append(asyncio.create_task(asyncio.Event().wait()))

            async def test(self) -> None:
                self.assertEqual([*self.app.dependency_overrides], [own])
                response = await self.client.get("/")
                self.assertEqual(response.request.headers["x-class"], "first")
                self.assertEqual(dict(self.client.cookies), {"class": "first", "seen": "yes"})

        class Second(Awaiting):
            __module__ = "no module"

            async def test(self) -> None:
                response = await self.client.get("/")
                self.assertNotIn("x-class", response.request.headers)
                self.assertEqual(dict(self.client.cookies), {"seen": "yes"})
                self.assertEqual(self.app.dependency_overrides, {})
                self.assertTrue(left[0].cancelled())

        with self.assertWarns(UserWarning):  # the override serves no route
            result, _ = run(First, Second)
        self.assertEqual((outcomes(result), self.lives()), ({}, ["start app", "stop app"]))

    def test_what_is_the_plain_classes_own(self) -> None:
        """So are those of classes with plain tests."""

        class First(Plain):
            dependency_overrides: ClassVar[Any] = {own: lambda: "another"}
            cookies: ClassVar[Any] = {"class": "first"}

            def test(self) -> None:
                self.assertEqual([*self.app.dependency_overrides], [own])
                self.client.get("/")
                self.assertEqual(dict(self.client.cookies), {"class": "first", "seen": "yes"})

        class Second(Plain):
            __module__ = "no module"

            def test(self) -> None:
                self.assertEqual((dict(self.client.cookies), self.app.dependency_overrides), ({}, {}))

        with self.assertWarns(UserWarning):  # the override serves no route
            result, _ = run(First, Second)
        self.assertEqual((outcomes(result), self.lives()), ({}, ["start app", "stop app"]))

    def test_differences(self) -> None:
        """Another app, loop, option or scope makes another server, and so does the other kind of test case."""
        recorders: list[Any] = []  # and no URLs: the port of a server that has ended may be that of the next one

        def test(case: Any) -> None:
            recorders.append(case.server.recorder)

        cases = [
            made(kind, test=test, **attributes)
            for kind in KINDS
            for attributes in (
                {},
                {"app": FastAPI()},
                {"app": f"{__name__}:app"},
                {"loop_factory": asyncio.new_event_loop},
                {"startup_timeout": 7.0},
                {"shutdown_timeout": 7.0},
                {"server_options": {"http": "h11"}},
                {"server_scope": "module"},
                {"server_scope": "class"},
            )
        ]
        result, _ = run(*cases, *cases)
        self.assertEqual(outcomes(result), {})
        # The one of a class is a new one each time.
        self.assertEqual((len(recorders), len({*recorders})), (36, 20))

    def test_wrong_loop(self) -> None:
        """A server of the run is refused where its event loop would end before."""
        self.assertEqual(
            outcomes(run_classes(made(Awaiting, loop_scope="module")))["setUpClass"],
            "ValueError: Case has server_scope = 'run' and loop_scope = 'module', and a server ends with its "
            "event loop: set loop_scope = 'run', or server_scope = 'module'",
        )

    def test_no_app(self) -> None:
        """A class that names no app has nothing to share."""
        for base in (AsyncServerTestCase, ServerTestCase):
            case = type("Case", (base,), {"test": note_url, "server_scope": "run"})
            self.assertEqual(
                outcomes(run_classes(case))["setUpClass"],
                "TypeError: Case has server_scope = 'run' and names no app that others could share",
            )

    def test_port(self) -> None:
        """Another app is refused the port of a server that is shared; classes with the same options have it."""
        for kind in KINDS:
            for other, scope in ((kind, "run"), (Plain, "class"), (Awaiting, "class")):
                with self.subTest(kind=kind.__name__, other=other.__name__, scope=scope):
                    events.clear()
                    options: Any = {"server_options": {"port": (port := free_port())}}
                    another = made(other, app=FastAPI(), server_scope=scope, **options)
                    result, _ = run(made(kind, **options), made(kind, **options), another)
                    self.assertEqual(
                        outcomes(result),
                        {
                            "setUpClass": "fastapi_testing.errors.ServerStartupError: "
                            f"port {port} is that of the server of FastAPI 'FastAPI', which other classes share until "
                            "the run or their module ends: give Case another port, or those classes "
                            "server_scope = 'class'"
                        },
                    )
                    self.assertEqual(self.urls(), [f"http://127.0.0.1:{port}"] * 2)

    def test_stopped_by_a_test(self) -> None:
        """Where a test has stopped the server, the next class has a new one."""

        async def stop(case: Any) -> None:
            await case.server.stop()

        run(made(Awaiting, test=stop), made(Awaiting))
        run(made(Plain, test=lambda case: case.server.stop()), made(Plain))
        self.assertEqual(self.lives(), ["start app", "stop app"] * 4)

    def test_nothing_is_left(self) -> None:
        """Fifty classes leave no more descriptors and threads than five."""
        for kind in KINDS:
            cases = [made(kind) for _ in range(50)]
            run_classes(*cases[:5])
            before = held_resources()
            run_classes(*cases)
            self.assertTrue(held_again(before))


class EndTests(RunServerCase):
    """When a shared server ends."""

    def test_without_a_runner(self) -> None:
        """A suite that nobody runs in the name of a run leaves the server to the next one."""
        for kind in KINDS:
            events.clear()
            for _ in range(2):
                self.assertEqual(outcomes(run_classes(made(kind))), {})
            self.assertEqual((self.lives(), len({*self.urls()})), (["start app"], 1))
            self.assertEqual(close_run(), [])
            self.assertEqual(self.lives(), ["start app", "stop app"])

    def test_result_of_two_runs(self) -> None:
        """A result has its own method again when a run has ended, and does for another one."""
        for kind in KINDS:
            events.clear()
            result, stops = unittest.TestResult(), list[int]()
            before = result.stopTestRun = lambda stops=stops: stops.append(len(events))  # type: ignore[method-assign,misc]
            for _ in range(2):
                unittest.TestSuite([made(kind)("test"), made(kind)("test")]).run(result)
                result.stopTestRun()
                self.assertIs(result.stopTestRun, before)
            self.assertEqual(stops, [4, 8])

    def test_runner_within_a_test(self) -> None:
        """The end of a run that a test itself makes ends no server that the test is on."""
        for kind in KINDS:
            events.clear()

            def test(case: Any, kind: Kind = kind) -> None:
                self.assertTrue(run(made(kind))[0].wasSuccessful())
                note_url(case)

            result, _ = run(made(kind, test=test), made(kind))
            self.assertEqual(outcomes(result), {})
            self.assertEqual((len({*self.urls()}), self.lives()), (1, ["start app", "stop app"]))

    def test_runner_with_a_server_of_its_own(self) -> None:
        """It ends the server that its own classes have begun, and none of the run around it."""
        inner = FastAPI(lifespan=lifespan_of("inner"))
        for kind in KINDS:
            events.clear()

            class Plainest(unittest.TestCase):
                def test(self, kind: Kind = kind) -> None:
                    assert run(made(kind, app=inner))[0].wasSuccessful()
                    events.append("between")

            run(made(kind), Plainest, made(kind))
            lives = [event for event in events if not event.startswith("http")]
            self.assertEqual(lives, ["start app", "start inner", "stop inner", "between", "stop app"])

    def test_buffered(self) -> None:
        """With -b, what the app prints at its end is shown with what fails of it, and the rest is told as ever."""

        @contextlib.asynccontextmanager
        async def printing(_: FastAPI) -> AsyncIterator[None]:
            yield
            print("closing the till")  # noqa: T201 - it is what is looked for
            raise LookupError("no till")

        for kind in KINDS:
            case = made(kind, app=FastAPI(lifespan=printing), test=lambda case: case.fail("too dear"))
            printed = io.StringIO()
            suite = unittest.TestLoader().loadTestsFromTestCase(case)
            with contextlib.redirect_stdout(io.StringIO()):  # where it is shown as well
                result = unittest.TextTestRunner(printed, buffer=True).run(suite)
            self.assertEqual((len(result.errors), len(result.failures)), (1, 1))
            self.assertIn("Stdout:\nclosing the till\n", result.errors[0][1])
            self.assertIn("AssertionError: too dear\n", printed.getvalue())

    def test_after_a_failure(self) -> None:
        """After a failure of a test or of its set-up, and the stop by -f, they end as well."""
        for kind in KINDS:
            for name in ("test", "setUp"):
                events.clear()
                failing: Any = {name: lambda case: case.fail()}
                result, _ = run(made(kind), made(kind, **failing), made(kind), failfast=True)
                self.assertEqual((result.testsRun, len(result.failures)), (2, 1))
                self.assertEqual(self.lives(), ["start app", "stop app"])

    def test_failing_start(self) -> None:
        """A server that does not start fails each class, and leaves nothing."""

        @contextlib.asynccontextmanager
        async def broken(_: FastAPI) -> AsyncIterator[None]:
            events.append("tried")
            raise LookupError("no database")
            yield

        for kind in KINDS:
            events.clear()
            broken_app = FastAPI(lifespan=broken)
            result, _ = run(made(kind, app=broken_app), made(kind, app=broken_app))
            self.assertEqual((len(result.errors), events), (2, ["tried", "tried"]))
            self.assertEqual(close_run(), [])

    def test_failing_end(self) -> None:
        """A shutdown that fails is an error of the run, with the app's traceback; the others end nevertheless."""
        apps = [
            FastAPI(title=name, lifespan=lifespan_of(name, failure))
            for name, failure in (("a", LookupError), ("b", None), ("c", ValueError))
        ]
        for kind in KINDS:
            with self.subTest(kind=kind.__name__):
                events.clear()
                result, printed = run(*(made(kind, app=each) for each in apps))
                lives = ["start a", "start b", "start c", "stop a", "stop b", "stop c"]
                self.assertEqual(sorted(self.lives()), lives)
                self.assertEqual((result.testsRun, result.wasSuccessful()), (3, False))
                self.assertRegex(printed, r"FAILED \(errors=2\)\n\Z")
                self.assert_told(result.errors[0], "c", "ValueError: no database")
                self.assert_told(result.errors[1], "a", "LookupError: no database")

    def assert_told(self, error: tuple[Any, str], title: str, what: str) -> None:
        """Check the failure of a lifespan's end, to the letter."""
        self.assertEqual(str(error[0]), f"end of the run (the server of FastAPI '{title}')")
        self.assertRegex(
            error[1],
            rf"\ATraceback \(most recent call last\):\n  File \"{__file__}\", line \d+, in lifespan\n"
            rf"    raise failure\(\"no database\"\)\n{what}\n\n"
            rf"The above exception was the direct cause of the following exception:\n\n"
            rf"fastapi_testing.errors.ServerShutdownError: the lifespan of FastAPI '{title}' failed in its "
            rf"shutdown: {what}\n\Z",
        )

    def test_end_that_hangs(self) -> None:
        """The shutdown is waited for, as long as shutdown_timeout says."""

        @contextlib.asynccontextmanager
        async def hanging(_: FastAPI) -> AsyncIterator[None]:
            yield
            await asyncio.Event().wait()

        for kind in KINDS:
            result, _ = run(made(kind, app=FastAPI(lifespan=hanging), shutdown_timeout=10 * MS))
            ((_, text),) = result.errors
            self.assertIn("the lifespan of FastAPI 'FastAPI' did not complete its shutdown within ", text)

    def test_interrupted(self) -> None:
        """After Ctrl-C they end too; what fails then is a note of it, as nobody prints the result."""

        async def interrupt(_: Any) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.Event().wait()

        handler = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, handler)

        @contextlib.asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            yield
            events.append("stop")
            try:
                events.remove("no such event")
            except ValueError:
                raise LookupError("no database")  # noqa: B904 - as apps do

        with self.assertRaises(KeyboardInterrupt) as raised:
            run(made(Awaiting, app=FastAPI(lifespan=lifespan)), made(Awaiting, test=interrupt))
        self.assertEqual(self.lives(), ["start app", "stop app", "stop"])
        (note,) = raised.exception.__notes__
        self.assertRegex(
            note,
            r"\Aand then, at the end of the run \(the server of FastAPI 'FastAPI'\):\nTraceback .*\n  File .*\n.*\n"
            r"(?: *[~^]+\n)?ValueError: list.remove\(x\): x not in list\n\n"
            r"During handling of the above exception, another exception occurred:\n\n"
            r"Traceback .*\n  File .*\n.*\n(?: *[~^]+\n)?LookupError: no database\n\n"
            r"The above exception was the direct cause of the following exception:\n\n.*"
            r"failed in its shutdown: LookupError: no database\Z",
        )

    def test_interrupted_plain_test(self) -> None:
        """Ctrl-C in a plain test stops its server at once, and the others at the end of the run."""

        def interrupt(case: Any) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            case.run_async(asyncio.Event().wait())  # pragma: no cover - interrupted, mostly before

        handler = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, handler)
        other = FastAPI(lifespan=lifespan_of("other"))
        with self.assertRaises(KeyboardInterrupt):
            run(made(Plain, app=other), made(Plain, test=interrupt))
        self.assertEqual(self.lives(), ["start other", "start app", "stop app", "stop other"])
