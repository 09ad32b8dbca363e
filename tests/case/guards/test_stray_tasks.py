"""Tasks that the app starts while it answers, and whose end it does not look at."""

import asyncio
import unittest
from typing import Any

from fastapi import FastAPI, WebSocket

from fastapi_testing import AsyncServerTestCase
from tests.case.failing import failures, terminal_of
from tests.timing import MS


async def work() -> None:
    """Fail."""
    raise LookupError("no paper")


async def wait(gate: asyncio.Event) -> None:
    """Fail once the gate is open."""
    await gate.wait()
    await work()


def make_app() -> FastAPI:
    """Return an app that starts tasks."""
    app = FastAPI()
    app.state.gate = asyncio.Event()

    @app.get("/dropped")
    async def dropped() -> None:
        asyncio.create_task(work())  # noqa: RUF006 - as apps do

    @app.get("/held")
    async def held() -> None:
        app.state.task = asyncio.create_task(work())

    @app.get("/looked-at")
    async def look() -> None:
        app.state.task = asyncio.create_task(work())
        await asyncio.wait([app.state.task])
        assert app.state.task.exception() is not None

    @app.get("/gate")
    async def start() -> None:
        app.state.task = asyncio.create_task(wait(app.state.gate))

    @app.get("/ends")
    async def ends() -> None:
        app.state.task = asyncio.create_task(asyncio.sleep(0))
        app.state.cancelled = asyncio.create_task(asyncio.sleep(60))
        app.state.cancelled.cancel()

    @app.websocket("/socket")
    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        app.state.task = asyncio.create_task(wait(app.state.gate))
        await websocket.receive()

    return app


def told(target: str, coroutine: str = "work") -> str:
    """Return how the failure of a task is told."""
    first = work.__code__.co_firstlineno
    line = wait.__code__.co_firstlineno + 3
    outer = f'    File "{__file__}", line {line}, in wait\n      await work()\n' if coroutine == "wait" else ""
    return (
        f"the app raised, for a task that {target} started, in {coroutine}:\n"
        "  Traceback (most recent call last):\n"
        f"{outer}"
        f'    File "{__file__}", line {first + 2}, in work\n'
        '      raise LookupError("no paper")\n'
        "  LookupError: no paper"
    )


UNSEEN = (
    "AssertionError: the app raised what no response could show; where that is meant, expect it with "
    "assertServerRaises(): "
)


class StrayTaskTests(unittest.TestCase):
    """What becomes of the tests."""

    maxDiff = None

    def failures(self, test: Any, **attributes: Any) -> list[str]:
        """Run a test of the app, and return its failures."""
        return failures(test, **{"app": make_app(), "settle_timeout": 60.0} | attributes)

    def test_failed(self) -> None:
        """A task that failed fails the test, whether or not the app still holds it; the terminal stays clean."""
        for path in ("/dropped", "/held"):

            async def test(case: AsyncServerTestCase, path: str = path) -> None:
                case.assertStatus(await case.client.get(path), 200)

            with self.subTest(path=path):
                self.assertEqual(self.failures(test), [UNSEEN + told(f"GET {path}")])
                self.assertEqual(terminal_of(test, app=make_app()), "")

    def test_eager(self) -> None:
        """So does one that has failed before its maker goes on; Python has such tasks since 3.12."""

        def eager_loop() -> asyncio.AbstractEventLoop:
            loop = asyncio.new_event_loop()
            loop.set_task_factory(getattr(asyncio, "eager_task_factory", None))
            return loop

        async def test(case: AsyncServerTestCase) -> None:
            await case.client.get("/held")

        failed = self.failures(test, loop_factory=staticmethod(eager_loop))
        self.assertEqual(failed, [UNSEEN + told("GET /held")])

    def test_websocket(self) -> None:
        """So does one that a WebSocket's handler started."""

        async def test(case: AsyncServerTestCase) -> None:
            async with case.ws.connect("/socket"):
                await case.client.get("/ends")
                case.app.state.gate.set()

        self.assertEqual(self.failures(test), [UNSEEN + told("WebSocket /socket", "wait")])

    def test_looked_at(self) -> None:
        """An exception that the app has looked at is its own matter; tasks that end, or are cancelled, are none."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.client.get("/looked-at")
            await case.client.get("/ends")

        self.assertEqual(self.failures(test), [])

    def test_looked_at_later(self) -> None:
        """The same where it looks only later, up to the end of the test."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.client.get("/held")
            with case.assertRaises(LookupError):
                await case.app.state.task

        self.assertEqual(self.failures(test), [])

    def test_expected(self) -> None:
        """It can be expected, by each form; it is waited for."""

        async def at_once(case: AsyncServerTestCase) -> None:
            with case.assertServerRaises(LookupError, "paper") as raised:
                await case.client.get("/dropped")
            case.assertEqual((str(raised.exception), str(raised.exchange)), ("no paper", "GET /dropped"))

        async def waiting(case: AsyncServerTestCase) -> None:
            await case.client.get("/gate")
            asyncio.get_running_loop().call_later(MS, case.app.state.gate.set)
            async with case.assertServerRaises(LookupError, "paper"):
                pass

        async def deferred(case: AsyncServerTestCase) -> None:
            with case.assertServerRaises(LookupError, "paper"):
                await case.client.get("/gate")
            case.app.state.gate.set()
            await case.server.settle(tasks=True)

        async def just_ended(case: AsyncServerTestCase) -> None:
            with case.assertServerRaises(LookupError, "paper") as raised:
                await case.client.get("/gate")
                case.app.state.gate.set()
                await asyncio.sleep(0)  # in which the task ends; it is looked at in the next turn
                await case.server.settle(tasks=True)
            case.assertEqual(str(raised.exception), "no paper")

        for test in (at_once, waiting, deferred, just_ended):
            with self.subTest(test=test.__name__):
                self.assertEqual(self.failures(test), [])

    def test_something_else_expected(self) -> None:
        """Where something else is expected, it is shown, and once."""

        async def test(case: AsyncServerTestCase) -> None:
            async with case.assertServerRaises(ValueError):
                await case.client.get("/dropped")

        self.assertEqual(
            self.failures(test),
            [f"AssertionError: expected the app to raise ValueError, it raised:\n{told('GET /dropped')}"],
        )

    def test_beside_a_failure(self) -> None:
        """It does not hide the test's own failure."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.client.get("/dropped")
            case.fail("my own")

        self.assertEqual(self.failures(test), ["AssertionError: my own", UNSEEN + told("GET /dropped")])
