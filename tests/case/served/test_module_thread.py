"""Plain classes of one module that share a server: who shares it, and when it ends."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import unittest
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

from fastapi import FastAPI

from fastapi_testing import ServerTestCase
from tests.case.served import test_module_server
from tests.case.served.test_module_server import app, events
from tests.processes import environment
from tests.resources import held_resources
from tests.running import outcomes, run_classes


class Base(ServerTestCase):
    """The base of the cases that are run inside a test."""

    app: Any = app
    server_scope: ClassVar[Any] = "module"
    leaks = "fail"


async def leave_task() -> "asyncio.Task[Any]":
    """Leave a task."""
    return asyncio.create_task(asyncio.Event().wait())


def fail() -> None:
    """Fail to clean up."""
    raise LookupError("cannot clean up")


async def running_loop() -> asyncio.AbstractEventLoop:
    """Return the loop."""
    return asyncio.get_running_loop()


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
            def setUpClass(cls) -> None:
                super().setUpClass()
                left.append(cls.run_async(leave_task()))

            def test(self) -> None:
                urls.append(self.server.url)
                loops.append(self.run_async(running_loop()))
                self.client.get("/")
                self.ws.connect("/chat")
                self.assertEqual(dict(self.client.cookies), {"seen": "yes"})

        class Second(Base):
            def test(self) -> None:
                urls.append(self.server.url)
                loops.append(self.run_async(running_loop()))
                self.assertEqual(dict(self.client.cookies), {})
                self.assertEqual(self.app.dependency_overrides, {})
                self.assertTrue(left[0].cancelled())

        before = held_resources()
        with self.assertWarns(UserWarning):  # the override serves no route
            self.assertEqual(outcomes(run_classes(First, Second)), {})
        self.assertEqual((len(set(urls)), len(set(loops)), events), (1, 1, ["start", "stop"]))
        del loops[:], left[:]
        self.assertEqual(held_resources(), before)

    def test_created_app(self) -> None:
        """A create_app that classes inherit is called once, and an import string is loaded once."""

        class Creating(Base):
            app = None

            @classmethod
            async def create_app(cls) -> Any:
                events.append("created")
                return FastAPI()

            def test(self) -> None: ...

        class Importing(Base):
            app = f"{test_module_server.__name__}:app"

            def test(self) -> None: ...

        inheriting = [type("Inheriting", (case,), {}) for case in (Creating, Importing)]
        self.assertEqual(outcomes(run_classes(Creating, Importing, *inheriting)), {})
        self.assertEqual(sorted(events), ["created", "start", "stop"])

    def test_differences(self) -> None:
        """Another app, another loop, other options or asynchronous tests make another server."""
        recorders: list[Any] = []  # and no URLs: the port of a server that has ended may be that of the next one

        class Plain(Base):
            def test(self) -> None:
                recorders.append(self.server.recorder)

        class Awaiting(test_module_server.Base):
            async def test(self) -> None:
                recorders.append(self.server.recorder)

        others = [
            type("Other", (Plain,), attributes)
            for attributes in (
                {"app": FastAPI()},
                {"loop_factory": asyncio.new_event_loop},
                {"startup_timeout": 7.0},
                {"server_options": {"http": "h11"}},
                {"server_scope": "class"},
            )
        ]
        self.assertEqual(outcomes(run_classes(Plain, *others, Awaiting, Plain)), {})
        self.assertEqual((len(recorders), len(set(recorders))), (8, 7))

    def test_no_app(self) -> None:
        """A class that names no app has nothing to share."""

        class Case(ServerTestCase):
            server_scope = "module"

            def test(self) -> None: ...

        self.assertRegex(
            outcomes(run_classes(Case))["setUpClass"],
            r"^TypeError: .*Case has server_scope = 'module' and names no app that others could share$",
        )

    def test_stopped(self) -> None:
        """Where a test has stopped the server, the next class has it started again, and the error names the module."""

        class Stopping(Base):
            def test(self) -> None:
                self.server.stop()
                self.client.get("/")

        class Next(Base):
            def test(self) -> None:
                self.assertStatus(self.client.get("/"), 200)

        result = run_classes(Stopping, Next)
        self.assertEqual(
            outcomes(result)["test"],
            f"fastapi_testing.errors.ServerNotRunningError: the server of {__name__} is not running: "
            f"enter it with `with`, or call its start()",
        )
        self.assertEqual((result.testsRun, events), (2, ["start", "stop", "start", "stop"]))


class EndTests(unittest.TestCase):
    """When a shared server ends."""

    def setUp(self) -> None:
        events.clear()

    def test_failing_start(self) -> None:
        """A server that does not start fails each class, and leaves nothing."""

        @contextlib.asynccontextmanager
        async def broken(_: FastAPI) -> AsyncIterator[None]:
            events.append("tried")
            raise LookupError("no database")
            yield

        class Case(Base):
            app = FastAPI(lifespan=broken)

            def test(self) -> None: ...

        before = held_resources()
        result = run_classes(Case, type("Other", (Case,), {}))
        self.assertEqual((len(result.errors), events), (2, ["tried", "tried"]))
        self.assertIn("LookupError: no database", outcomes(result)["setUpClass"])
        del result
        self.assertEqual(held_resources(), before)

    def test_failing_end(self) -> None:
        """A shutdown that fails is the module's error."""

        @contextlib.asynccontextmanager
        async def broken(_: FastAPI) -> AsyncIterator[None]:
            yield
            raise LookupError("no database")

        class Case(Base):
            app = FastAPI(lifespan=broken)

            def test(self) -> None: ...

        self.assertRegex(
            outcomes(run_classes(Case))["tearDownModule"],
            r"^fastapi_testing.errors.ServerShutdownError: .*: LookupError: no database$",
        )

    def test_another_module(self) -> None:
        """Where nobody calls module cleanups, the first class of another module ends what is there."""

        class Case(Base):
            def test(self) -> None:
                events.append(self.__module__)

        others = [type("Case", (Case,), {"__module__": f"no module {name}"}) for name in "ab"]
        self.assertEqual(outcomes(run_classes(*others, Case)), {})
        self.assertEqual(
            events,
            ["start", "no module a", "stop", "start", "no module b", "stop", "start", __name__, "stop"],
        )

    def test_interrupted(self) -> None:
        """Ctrl-C in a test ends the server at once and cleans the class up; a later class has a new server."""

        class Case(Base):
            @classmethod
            def setUpClass(cls) -> None:
                super().setUpClass()
                cls.addClassCleanup(events.append, "cleanup")
                cls.addClassCleanup(fail)

            def test(self) -> None:
                os.kill(os.getpid(), signal.SIGINT)
                self.run_async(asyncio.Event().wait())  # pragma: no cover - interrupted, mostly before

        class Next(Base):
            def test(self) -> None:
                self.assertStatus(self.client.get("/"), 200)

        handler = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, handler)
        with self.assertRaises(KeyboardInterrupt) as raised:
            run_classes(Case)
        self.assertEqual(sorted(events), ["cleanup", "start", "stop"])
        (note,) = raised.exception.__notes__
        self.assertRegex(note, r"^and then, in a class cleanup of .*\.Case:\n(?s:.*)LookupError: cannot clean up$")
        self.assertEqual(outcomes(run_classes(Next)), {})
        self.assertEqual(sorted(events), ["cleanup", "start", "start", "stop", "stop"])

    def test_suite_within_a_test(self) -> None:
        """The end of a suite that a test itself runs does not end the server that the test is on."""

        class Inner(unittest.TestCase):
            def test(self) -> None: ...

        class Case(Base):
            def test(self) -> None:
                self.assertTrue(run_classes(Inner).wasSuccessful())
                unittest.doModuleCleanups()
                self.assertStatus(self.client.get("/"), 200)

        class Next(Base):
            def test(self) -> None: ...

        self.assertEqual(outcomes(run_classes(Case, Next)), {})
        self.assertEqual(events, ["start", "stop"])

    def test_pytest(self) -> None:
        """Under pytest it ends with the process, at the latest."""
        module = """
            import contextlib
            from fastapi import FastAPI
            from fastapi_testing import ServerTestCase

            @contextlib.asynccontextmanager
            async def lifespan(app):
                yield
                print("stopped")

            class First(ServerTestCase):
                app = FastAPI(lifespan=lifespan)
                server_scope = "module"

                def test(self):
                    print(self.server.url)

            class Second(First):
                pass
            """
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "test_it.py").write_text(textwrap.dedent(module), "utf-8")
            run = subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "test_it.py"],
                cwd=folder,
                env=environment(),
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        self.assertRegex(run.stdout, r"^(http://127\.0\.0\.1:\d+)\n\.\1\n\.\n2 passed .*\nstopped\n$", run.stderr)
