"""What a test may not leave behind, and what is done about it."""

import asyncio
import functools
import unittest
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI
from starlette.applications import Starlette
from starlette.responses import StreamingResponse

from fastapi_testing import AsyncServerTestCase
from fastapi_testing.case.guards.guard import OverridesGuard
from tests.case import failing
from tests.case.failing import FailingCase, failures, line_of
from tests.running import outcomes, run_classes


async def leave_task(case: AsyncServerTestCase) -> None:
    """Leave a task running."""
    case.task = asyncio.create_task(asyncio.Event().wait(), name="waiter")  # type: ignore[attr-defined]


async def leave_request(case: AsyncServerTestCase) -> None:
    """Leave a request that is never answered."""
    request = asyncio.create_task(case.client.get("/never"))
    await case.assertEventually(lambda: case.server.recorder.in_flight)
    request.cancel()


class LeakTests(unittest.TestCase):
    """Tasks that outlive their test."""

    maxDiff = None

    def test_fail(self) -> None:
        """With leaks = "fail" the test fails, and says which task it was."""
        (text,) = failures(leave_task, leaks="fail")
        self.assertRegex(
            text,
            r"^AssertionError: .*\.Case\.test left a task running, cancelled now:\n"
            r"  task 'waiter' of Event.wait\(\), waits at File .*locks.py\", line \d+, in wait$",
        )

    def test_request(self) -> None:
        """A request is named with its handler."""
        (text,) = failures(leave_request, leaks="fail")
        self.assertRegex(text, r"^AssertionError: .*\.Case\.test left a task running, cancelled now:\n")
        self.assertTrue(
            text.endswith(
                "\n  GET /never, in tests.case.failing.never, "
                f'waits at File "{failing.__file__}", line {line_of("await asyncio.Event().wait()")}, in never'
            ),
            text,
        )

    def test_request_held_open(self) -> None:
        """The test's own tasks end first, so that what they keep the app busy with ends as well, and is no leak."""
        for scope in ("class", "test"):
            with self.subTest(server_scope=scope):

                async def test(case: AsyncServerTestCase) -> None:
                    asyncio.create_task(case.client.get("/until-left"), name="asking")  # noqa: RUF006 - left on purpose
                    await case.assertEventually(lambda: case.server.recorder.in_flight)

                (text,) = failures(test, leaks="fail", server_scope=scope, settle_timeout=60.0)
                self.assertRegex(text, r"\.Case\.test left a task running, cancelled now:\n  task 'asking' of .*$")

    def test_server_of_the_test(self) -> None:
        """What a server that the test itself has started does for an open WebSocket is not the test's."""

        async def test(case: AsyncServerTestCase) -> None:
            session = await case.ws.connect("/chat")
            await session.send_text("hello")

        (text,) = failures(test, leaks="fail", server_scope="test")
        self.assertNotIn("running", text)
        self.assertIn("LookupError: no room", text)

    def test_several(self) -> None:
        """Several are counted; one that the app has started is among them."""

        async def test(case: AsyncServerTestCase) -> None:
            await leave_task(case)
            await case.client.get("/task")

        (text,) = failures(test, leaks="fail")
        self.assertRegex(text, r"left 2 tasks running, cancelled now:\n  task 'waiter' .*\n  task 'worker' ")

    def test_warn(self) -> None:
        """By default it is a warning, at the test's own line."""

        class Case(FailingCase):
            test = leave_task

        with self.assertWarns(ResourceWarning) as caught:
            run_classes(Case)
        self.assertEqual((caught.filename, caught.lineno), (__file__, leave_task.__code__.co_firstlineno))

    def test_partial_method(self) -> None:
        """A test that is made of another function by functools.partialmethod has the line of that function."""

        async def leave(case: AsyncServerTestCase, name: str) -> None:
            case.task = asyncio.create_task(asyncio.Event().wait(), name=name)  # type: ignore[attr-defined]

        class Case(FailingCase):
            test = functools.partialmethod(leave, "waiter")

        with self.assertWarnsRegex(ResourceWarning, "left a task running, cancelled now:\n  task 'waiter'") as caught:
            result = run_classes(Case)
        self.assertEqual((caught.filename, caught.lineno), (__file__, leave.__code__.co_firstlineno))
        self.assertEqual(outcomes(result), {})

    def test_ignore(self) -> None:
        """With leaks = "ignore" nothing is said; the task is cancelled all the same."""

        class Case(FailingCase):
            leaks = "ignore"

            async def test_a(self) -> None:
                await leave_task(self)
                type(self).left = self.task  # type: ignore[attr-defined]

            async def test_b(self) -> None:
                self.assertTrue(self.left.cancelled())  # type: ignore[attr-defined]

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.assertEqual(outcomes(run_classes(Case)), {})

    def test_no_leaks(self) -> None:
        """What a test has cancelled itself, and what the lifespan has started, is no leak."""
        workers = []

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            jobs: asyncio.Queue[None] = asyncio.Queue()

            async def dispatch() -> None:
                await jobs.get()
                workers.append(asyncio.create_task(asyncio.Event().wait()))

            app.state.jobs = jobs
            app.state.dispatcher = asyncio.create_task(dispatch())
            yield
            workers[0].cancel()

        class Case(AsyncServerTestCase):
            leaks = "fail"

            @classmethod
            async def create_app(cls) -> Any:
                return FastAPI(lifespan=lifespan)

            async def test_a(self) -> None:
                asyncio.create_task(asyncio.sleep(1)).cancel()
                self.app.state.jobs.put_nowait(None)
                await self.app.state.dispatcher

            async def test_b(self) -> None:
                self.assertFalse(workers[0].done())

        self.assertEqual(outcomes(run_classes(Case)), {})

    def test_beside_a_failure(self) -> None:
        """The test's own failure is not hidden."""

        async def test(case: AsyncServerTestCase) -> None:
            await leave_task(case)
            case.fail("my own")

        first, second = failures(test, leaks="fail")
        self.assertEqual(first, "AssertionError: my own")
        self.assertIn("left a task running", second)

    def test_wrong_choice(self) -> None:
        """Another word is answered with those that there are."""
        (text,) = failures(leave_task, leaks="explode")
        self.assertEqual(text, "ValueError: leaks must be 'warn', 'fail' or 'ignore', got 'explode'")


class StreamTests(unittest.TestCase):
    """Responses that a test does not read to their end."""

    def test_closed(self) -> None:
        """The app sees its client go, and the next test finds nothing in flight."""
        app = FastAPI()

        async def forever() -> AsyncIterator[bytes]:
            while True:
                yield b"tick"
                await asyncio.sleep(0)

        @app.get("/ticks")
        async def ticks() -> StreamingResponse:
            return StreamingResponse(forever())

        class Case(AsyncServerTestCase):
            leaks = "fail"

            @classmethod
            async def create_app(cls) -> Any:
                return app

            async def test_a(self) -> None:
                request = self.client.build_request("GET", "/ticks")
                self.assertStatus(await self.client.send(request, stream=True), 200)

            async def test_b(self) -> None:
                self.assertEqual(self.server.recorder.in_flight, [])

        self.assertEqual(outcomes(run_classes(Case)), {})


def one() -> int:
    """Return 1."""
    return 1


class OverridesTests(unittest.TestCase):
    """Dependency overrides come back as they were."""

    def make_app(self) -> FastAPI:
        """Return an app with an app in it."""
        app = FastAPI()
        app.mount("/sub", FastAPI())

        @app.get("/")
        async def index(number: int = Depends(one)) -> int:
            return number

        return app

    def test_between_tests(self) -> None:
        """An override of one test is not seen by the next; one that was there before is."""
        app = self.make_app()
        app.dependency_overrides[len] = lambda: 3

        class Case(AsyncServerTestCase):
            @classmethod
            async def create_app(cls) -> Any:
                return app

            async def test_a(self) -> None:
                self.app.dependency_overrides[one] = lambda: 2
                self.assertJsonEqual(await self.client.get("/"), 2)

            async def test_b(self) -> None:
                self.assertJsonEqual(await self.client.get("/"), 1)
                self.app.dependency_overrides.clear()

        self.assertEqual(outcomes(run_classes(Case)), {})
        self.assertEqual(list(app.dependency_overrides), [len])

    def test_mounted_and_wrapped(self) -> None:
        """Apps within middleware, and those mounted, are found; a dict that was replaced comes back."""
        app = self.make_app()
        sub = app.routes[-2].app  # type: ignore[attr-defined]
        before = sub.dependency_overrides

        class Middleware:
            def __init__(self, inner: Any) -> None:
                self.app = inner

        guard = OverridesGuard(Middleware(app))
        app.dependency_overrides[one] = lambda: 2
        sub.dependency_overrides = {one: lambda: 3}
        guard.restore()
        self.assertEqual((app.dependency_overrides, sub.dependency_overrides), ({}, {}))
        self.assertIs(sub.dependency_overrides, before)

    def test_other_apps(self) -> None:
        """An app that has no overrides is left as it is, also one that contains itself."""
        app = Starlette()
        app.mount("/again", app)
        OverridesGuard(app).restore()
        self.assertFalse(hasattr(app, "dependency_overrides"))
