"""Classes of one module that share a server: who shares it, and when it ends."""

import asyncio
import contextlib
import contextvars
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import unittest
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

from fastapi import FastAPI, Response, WebSocket

from fastapi_testing import AsyncServerTestCase
from fastapi_testing.case.loops.shared_loop import SharedLoop
from tests.processes import environment
from tests.running import outcomes, run_classes

events: list[str] = []
"""What the apps and the tests did."""


@contextlib.asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Note when the app starts and stops."""
    events.append("start")
    yield
    events.append("stop")


@contextlib.asynccontextmanager
async def failing_at_its_end(_: FastAPI) -> AsyncIterator[None]:
    """Fail as the app stops."""
    yield
    raise LookupError("no database")


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def index(response: Response) -> None:
    """Set a cookie."""
    response.set_cookie("seen", "yes")


@app.websocket("/chat")
async def chat(websocket: WebSocket) -> None:
    """Accept and wait."""
    await websocket.accept()
    await websocket.receive_text()


def own_loop() -> asyncio.AbstractEventLoop:
    """Make a loop for one test alone."""
    return asyncio.new_event_loop()


class Base(AsyncServerTestCase):
    """The base of the cases that are run inside a test."""

    app: Any = app
    server_scope: ClassVar[Any] = "module"
    leaks = "fail"


class SharingTests(unittest.TestCase):
    """Who shares a server."""

    def setUp(self) -> None:
        events.clear()

    def test_same_app(self) -> None:
        """Classes that name one app share its server and its loop; clients, overrides and tasks are their own."""
        urls, loops = [], []
        left: list[asyncio.Task[Any]] = []

        class First(Base):
            dependency_overrides: ClassVar[Any] = {len: lambda: 3}

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                await super().asyncSetUpClass()
                left.append(asyncio.create_task(asyncio.Event().wait()))

            async def test(self) -> None:
                urls.append(self.server.url)
                loops.append(asyncio.get_running_loop())
                await self.client.get("/")
                await self.ws.connect("/chat")
                self.assertEqual(dict(self.client.cookies), {"seen": "yes"})

        class Second(Base):
            async def test(self) -> None:
                urls.append(self.server.url)
                loops.append(asyncio.get_running_loop())
                self.assertEqual(dict(self.client.cookies), {})
                self.assertEqual(self.app.dependency_overrides, {})
                self.assertTrue(left[0].cancelled())

        with self.assertWarns(UserWarning):  # the override serves no route
            self.assertEqual(outcomes(run_classes(First, Second)), {})
        self.assertEqual((len(set(urls)), len(set(loops)), events), (1, 1, ["start", "stop"]))

    def test_class_context(self) -> None:
        """A context variable that one class sets is not seen by the next."""
        variable = contextvars.ContextVar("variable", default="unset")

        class First(Base):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                await super().asyncSetUpClass()
                variable.set("first")

            async def test_a(self) -> None:
                self.assertEqual(variable.get(), "first")

        class Second(Base):
            async def test_b(self) -> None:
                self.assertEqual(variable.get(), "unset")

        self.assertEqual(outcomes(run_classes(First, Second)), {})

    def test_created_app(self) -> None:
        """A create_app that classes inherit is called once, and an import string is loaded once."""

        class Creating(Base):
            app = None

            @classmethod
            async def create_app(cls) -> Any:
                events.append("created")
                return FastAPI()

            async def test(self) -> None: ...

        class Importing(Base):
            app = f"{__name__}:app"

            async def test(self) -> None: ...

        inheriting = [type("Inheriting", (case,), {}) for case in (Creating, Importing)]
        self.assertEqual(outcomes(run_classes(Creating, Importing, *inheriting)), {})
        self.assertEqual(sorted(events), ["created", "start", "stop"])

    def test_differences(self) -> None:
        """Another app, another loop or other options make another server."""
        recorders: list[Any] = []  # and no URLs: the port of a server that has ended may be that of the next one

        class Plain(Base):
            async def test(self) -> None:
                recorders.append(self.server.recorder)

        others = [
            type("Other", (Plain,), attributes)
            for attributes in (
                {"app": FastAPI()},
                {"loop_factory": asyncio.SelectorEventLoop},
                {"startup_timeout": 7.0},
                {"server_options": {"http": "h11"}},
                {"server_scope": "class"},
            )
        ]
        self.assertEqual(outcomes(run_classes(Plain, *others, Plain)), {})
        self.assertEqual((len(recorders), len(set(recorders))), (7, 6))

    def test_what_the_app_goes_on_with(self) -> None:
        """What the app of a shared server has begun goes on with it, on the loop of the run, and ends with it."""
        may_end = threading.Event()

        async def numbers() -> AsyncIterator[int]:
            try:
                yield 1
                yield 2  # pragma: no cover - nobody asks for it
            finally:
                events.append("numbers")

        async def wait() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                events.append("waited")

        @contextlib.asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            app.state.task = asyncio.create_task(wait())
            app.state.call = asyncio.get_running_loop().run_in_executor(None, may_end.wait)
            app.state.numbers = numbers()
            await anext(app.state.numbers)
            yield
            may_end.set()

        class First(Base):
            app = FastAPI(lifespan=lifespan)
            loop_scope = "run"
            loop_factory = own_loop

            async def test(self) -> None:
                await asyncio.sleep(0)
                state = self.app.state
                self.assertFalse(state.task.done() or state.call.done() or events)

        self.addCleanup(SharedLoop.for_class(__name__, None, own_loop).close)
        self.assertEqual(outcomes(run_classes(First, type("Second", (First,), {}))), {})
        self.assertEqual(events, ["waited", "numbers"])
        self.assertTrue(First.app.state.call.done())
        self.assertFalse(First.app.state.task.get_loop().is_closed())

    def test_stopped_by_a_test(self) -> None:
        """Where a test has stopped the server, the next class has a new one."""

        class Case(Base):
            async def test(self) -> None:
                await self.server.stop()

        self.assertEqual(outcomes(run_classes(Case, type("Other", (Case,), {}))), {})
        self.assertEqual(events, ["start", "stop", "start", "stop"])

    def test_other_scope_below(self) -> None:
        """A class that inherits from one that shares may have a server of its own."""

        class Sharing(Base):
            async def test(self) -> None: ...

        class Alone(Sharing):
            server_scope = "class"

        self.assertEqual(outcomes(run_classes(Sharing, Alone)), {})
        self.assertEqual(events, ["start", "start", "stop", "stop"])

    def test_no_app(self) -> None:
        """A class that names no app has nothing to share."""

        class Case(AsyncServerTestCase):
            server_scope = "module"

            async def test(self) -> None: ...

        self.assertRegex(
            outcomes(run_classes(Case))["setUpClass"],
            r"^TypeError: .*Case has server_scope = 'module' and names no app that others could share$",
        )

    def test_settings_of_an_app(self) -> None:
        """What the app sets on the loop stays for all classes of its server, and is gone with the server."""

        def handle(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            events.append(context["message"])

        @contextlib.asynccontextmanager
        async def setting(_: FastAPI) -> AsyncIterator[None]:
            asyncio.get_running_loop().set_exception_handler(handle)
            yield

        class Case(Base):
            app = FastAPI(lifespan=setting)
            loop_scope = "run"
            loop_factory = staticmethod(own_loop)

            async def test(self) -> None:
                asyncio.get_running_loop().call_exception_handler({"message": "told"})

        class OtherCase(Case):
            app = app

            async def test(self) -> None:
                self.assertIsNone(asyncio.get_running_loop().get_exception_handler())

        self.assertEqual(outcomes(run_classes(Case, type("Second", (Case,), {}))), {})
        self.assertEqual(events, ["told", "told"])
        self.assertEqual(outcomes(run_classes(OtherCase)), {})
        SharedLoop.for_class(__name__, None, own_loop).close()

    def test_class_of_another_app(self) -> None:
        """What the app of a shared server raises on its own is no matter of a class that has another server."""
        may_raise: list[asyncio.Event] = []

        async def work() -> None:
            await may_raise[0].wait()
            raise LookupError("in the first app's work")

        @contextlib.asynccontextmanager
        async def working(_: FastAPI) -> AsyncIterator[None]:
            may_raise.append(asyncio.Event())
            task = asyncio.create_task(work())
            yield
            await asyncio.wait([task])
            events.append(str(task.exception()))

        class First(Base):
            app = FastAPI(lifespan=working)
            loop_scope = "run"
            loop_factory = staticmethod(own_loop)

            async def test(self) -> None:
                await self.client.get("/")

        class Second(First):
            app = app
            server_scope = "class"

            async def test(self) -> None:
                may_raise[0].set()
                self.assertStatus(await self.client.get("/"), 200)

        self.assertEqual(outcomes(run_classes(First, Second)), {})
        self.assertEqual(events, ["start", "stop", "in the first app's work"])
        SharedLoop.for_class(__name__, None, own_loop).close()


class EndTests(unittest.TestCase):
    """When a shared server ends."""

    def setUp(self) -> None:
        events.clear()
        self.addCleanup(unittest.doModuleCleanups)  # which nobody calls after Ctrl-C

    def run_script(self, body: str) -> str:
        """Run a test module by a runner of its own, and return what it printed."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "test_it.py").write_text(textwrap.dedent(body), "utf-8")
            run = subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "test_it.py"],
                cwd=folder,
                env=environment(),
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        return run.stdout

    def test_failing_start(self) -> None:
        """A server that does not start fails each class, and leaves nothing."""

        @contextlib.asynccontextmanager
        async def broken(_: FastAPI) -> AsyncIterator[None]:
            events.append("tried")
            raise LookupError("no database")
            yield

        class Case(Base):
            app = FastAPI(lifespan=broken)

            async def test(self) -> None: ...

        result = run_classes(Case, type("Other", (Case,), {}))
        self.assertEqual((len(result.errors), events), (2, ["tried", "tried"]))
        self.assertIn("LookupError: no database", outcomes(result)["setUpClass"])

    def test_class_that_is_left_half_way(self) -> None:
        """A class whose cleanups nobody calls, as after Ctrl-C in its set-up, holds up no module's end."""

        class Case(Base):
            @classmethod
            def setUpClass(cls) -> None:
                super().setUpClass()
                raise KeyboardInterrupt

            async def test(self) -> None: ...

        with self.assertRaises(KeyboardInterrupt):
            run_classes(Case)
        self.addCleanup(Case.doClassCleanups)
        unittest.doModuleCleanups()
        self.assertEqual(events, ["start", "stop"])

    def test_failing_end(self) -> None:
        """A shutdown that fails is the module's error."""

        class Case(Base):
            app = FastAPI(lifespan=failing_at_its_end)

            async def test(self) -> None: ...

        self.assertRegex(
            outcomes(run_classes(Case))["tearDownModule"],
            r"^fastapi_testing.errors.ServerShutdownError: .*: LookupError: no database$",
        )

    def test_failing_end_for_another_module(self) -> None:
        """Where the first class of another module ends it, its error says whose end has failed."""

        class Case(Base):
            app = FastAPI(lifespan=failing_at_its_end)

            async def test(self) -> None: ...

        class OtherCase(Base):
            async def test(self) -> None: ...

        for case, module in ((Case, "no module a"), (OtherCase, "no module b")):
            case.__module__ = module
        result = run_classes(Case, OtherCase)
        ((_, told),) = result.errors
        self.assertIn("LookupError: no database\n", told)
        self.assertIn(
            "\nthat is the end of what the classes of no module a shared: a runner that tells nobody that a module "
            "ends leaves it to the next class of another one\n",
            told,
        )

    def test_another_module(self) -> None:
        """Where nobody calls module cleanups, the first class of another module ends what is there."""

        class Case(Base):
            async def test(self) -> None:
                events.append(self.__module__)

        others = [type("Case", (Case,), {"__module__": f"no module {name}"}) for name in "ab"]
        self.assertEqual(outcomes(run_classes(*others, Case)), {})
        self.assertEqual(
            events,
            ["start", "no module a", "stop", "start", "no module b", "stop", "start", __name__, "stop"],
        )

    def test_interrupted(self) -> None:
        """Ctrl-C in a test ends the server at once."""

        class Case(Base):
            async def test(self) -> None:
                os.kill(os.getpid(), signal.SIGINT)
                await asyncio.Event().wait()

        handler = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, handler)
        with self.assertRaises(KeyboardInterrupt):
            run_classes(Case)
        self.assertEqual(events, ["start", "stop"])

    def test_suite_within_a_test(self) -> None:
        """The end of a suite that a test itself runs does not end the server that the test is on."""

        class Inner(unittest.TestCase):
            def test(self) -> None: ...

        class Case(Base):
            async def test(self) -> None:
                self.assertTrue(run_classes(Inner).wasSuccessful())
                unittest.doModuleCleanups()
                self.assertStatus(await self.client.get("/"), 200)

        class Next(Base):
            async def test(self) -> None: ...

        self.assertEqual(outcomes(run_classes(Case, Next)), {})
        self.assertEqual(events, ["start", "stop"])

    def test_pytest(self) -> None:
        """Under pytest it ends with the process, at the latest."""
        printed = self.run_script(
            """
            import contextlib
            from fastapi import FastAPI
            from fastapi_testing import AsyncServerTestCase

            @contextlib.asynccontextmanager
            async def lifespan(app):
                yield
                print("stopped")

            class First(AsyncServerTestCase):
                app = FastAPI(lifespan=lifespan)
                server_scope = "module"

                async def test(self):
                    print(self.server.url)

            class Second(First):
                pass
            """
        )
        self.assertRegex(printed, r"^(http://127\.0\.0\.1:\d+)\n\.\1\n\.\n2 passed .*\nstopped\n$")
