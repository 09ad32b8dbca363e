"""What leaves the event loop in the middle of a test: SystemExit, loop.stop(), KeyboardInterrupt."""

import asyncio
import signal
import sys
import time
import unittest
import warnings
from collections.abc import AsyncIterator
from contextlib import suppress
from types import FunctionType
from unittest import mock

import httpx
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from fastapi_testing import AsyncServerTestCase, ServerTestCase
from tests.loops import LOOPS
from tests.running import outcomes, run_classes, without_carets, without_exchanges
from tests.timing import MS

HALF = "4 bytes of a chunked body"

app = FastAPI()


@app.get("/exit")
async def leave() -> None:
    """Exit in a task."""

    async def exit_app() -> None:
        sys.exit(3)

    await asyncio.wait([asyncio.create_task(exit_app())])


@app.get("/stream")
async def stream() -> StreamingResponse:
    """Exit in the middle of an answer."""

    async def body() -> AsyncIterator[bytes]:
        yield b"half"
        await asyncio.sleep(0)
        sys.exit(3)

    return StreamingResponse(body())


@app.get("/stop")
async def stop() -> None:
    """Stop the event loop."""
    asyncio.get_running_loop().stop()
    await asyncio.sleep(0)


@app.get("/interrupt-task")
async def interrupt_task() -> None:
    """Press Ctrl-C, as it were, in a task."""

    async def interrupt() -> None:
        raise KeyboardInterrupt

    await asyncio.wait([asyncio.create_task(interrupt())])


@app.get("/interrupt")
async def interrupt_call() -> None:
    """Press Ctrl-C, as it were."""
    raise KeyboardInterrupt


@app.get("/")
async def root() -> str:
    """Answer."""
    return "here"


async def interrupt_twice(_: object) -> None:
    """Press Ctrl-C, and once more as the test takes its time to end."""
    try:
        signal.raise_signal(signal.SIGINT)
        await asyncio.Event().wait()
    finally:
        asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGINT)
        await asyncio.Event().wait()


async def interrupt_thrice(_: object) -> None:
    """Press Ctrl-C twice, and once more as the test is ended for that."""
    loop = asyncio.get_running_loop()
    for _ in range(2):
        loop.call_soon(signal.raise_signal, signal.SIGINT)
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            loop.call_soon(signal.raise_signal, signal.SIGINT)


def line_in(function: object, offset: int) -> str:
    """Return a line of a function, as reports name it; the offset is from its first line."""
    assert isinstance(function, FunctionType)
    return f'File "{__file__}", line {function.__code__.co_firstlineno + offset}, in {function.__name__}'


class AsyncCase(AsyncServerTestCase):
    """A case whose tests the tests below run."""

    app = app

    async def get(self, path: str) -> httpx.Response:
        """Ask the app."""
        return await self.client.get(path)

    async def test_later(self) -> None:
        """The server, and the loop, are as they were."""
        self.assertJsonEqual(await self.get("/"), "here")


class SyncCase(ServerTestCase):
    """The same, sync."""

    app = app

    def get(self, path: str) -> httpx.Response:
        """Ask the app."""
        return self.client.get(path)

    def test_later(self) -> None:
        """The server is as it was."""
        self.assertJsonEqual(self.get("/"), "here")


def cases(path: str) -> list[type[AsyncCase | SyncCase]]:
    """Return classes of both kinds, on each kind of loop, with a test that asks for a path."""

    async def test(self: AsyncCase) -> None:
        await self.get(path)

    def test_sync(self: SyncCase) -> None:
        self.get(path)

    both = ((AsyncCase, test), (SyncCase, test_sync))
    return [
        type("Case", (base,), {"test": function, "loop_factory": factory})
        for factory in LOOPS
        for base, function in both
    ]


class LeavingTests(unittest.TestCase):
    """What comes of it; never is there a word of asyncio's log, or a warning."""

    def setUp(self) -> None:
        """Have the least word of either fail the test."""
        self.enterContext(self.assertNoLogs("asyncio"))
        self.enterContext(warnings.catch_warnings())
        warnings.simplefilter("error")
        handler = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, handler)

    def test_exit_of_the_app(self) -> None:
        """A test whose app exits in a task goes on, and fails with that; the next one is fine."""
        for case in cases("/exit"):
            with self.subTest(case):
                result = run_classes(case)
                ((_, text),) = result.failures
                self.assertEqual(
                    without_carets(without_exchanges(text)),
                    "AssertionError: the app raised what no response could show; where that is meant, expect it with "
                    "assertServerRaises(): the app raised, for a task that GET /exit started, in "
                    "leave.<locals>.exit_app:\n  Traceback (most recent call last):\n"
                    f'    File "{__file__}", line {leave.__code__.co_firstlineno + 5}, in exit_app\n'
                    "      sys.exit(3)\n  SystemExit: 3",
                )
                self.assertEqual((result.testsRun, result.errors), (2, []))

    def test_expected_exit_of_the_app(self) -> None:
        """It can be expected, as anything that the app raises."""

        async def test(self: AsyncCase) -> None:
            for _ in range(2):  # the test goes on each time
                with self.assertServerRaises(SystemExit):
                    await self.get("/exit")

        def test_sync(self: SyncCase) -> None:
            for _ in range(2):
                with self.assertServerRaises(SystemExit):
                    self.get("/exit")

        for factory in LOOPS:
            for base, function in ((AsyncCase, test), (SyncCase, test_sync)):
                case = type("Case", (base,), {"test": function, "loop_factory": factory})
                with self.subTest(case=base.__name__, loop=factory):
                    self.assertEqual(outcomes(run_classes(case)), {})

    def test_exit_in_the_middle_of_an_answer(self) -> None:
        """Where the app exits while it answers, the request says how far the answer came, and why no further."""
        for case in cases("/stream"):
            with self.subTest(case):
                ((_, text),) = run_classes(case).errors
                self.assertEqual(
                    without_carets(text).splitlines()[-6:],
                    [
                        f"httpx.RemoteProtocolError: GET /stream: the server closed the connection after {HALF}",
                        f"the app raised, for GET /stream, in {__name__}.stream:",
                        "  Traceback (most recent call last):",
                        f'    File "{__file__}", line {stream.__code__.co_firstlineno + 7}, in body',
                        "      sys.exit(3)",
                        "  SystemExit: 3",
                    ],
                )

    def test_stop(self) -> None:
        """A test that stops its loop, or whose app does, is an error at once; the next one is fine."""
        for case in cases("/stop"):
            with self.subTest(case):
                result = run_classes(case)
                ((_, text),) = result.errors
                where = (
                    " of the server of Case" if issubclass(case, SyncCase) else f": left at {line_in(AsyncCase.get, 2)}"
                )
                self.assertIn(
                    "RuntimeError: Event loop stopped before Future completed.\n"
                    f"something called stop() on the event loop{where}\n",
                    text,
                )
                self.assertEqual((result.testsRun, result.failures), (2, []))

    def test_exit_of_the_test(self) -> None:
        """Where a task of the test's own exits, the test is over; its end is run, and what goes wrong there noted."""
        ended: list[str] = []

        async def exit_run() -> None:
            sys.exit(3)

        async def test(self: AsyncCase) -> None:
            self.addCleanup(ended.append, "cleanup")
            task = asyncio.create_task(exit_run())
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(repr(task.done()))
                raise LookupError("at the end")

        for factory in LOOPS:
            ended.clear()
            case = type("Case", (AsyncCase,), {"test": test, "loop_factory": factory})
            with self.subTest(loop=factory):
                ((_, text),) = run_classes(case).errors
                first, last = (line_in(exit_run, 1), line_in(test, 7))
                self.assertEqual(
                    without_carets(text).splitlines(),
                    [
                        "Traceback (most recent call last):",
                        f"  {first}",
                        "    sys.exit(3)",
                        "SystemExit: 3",
                        f"left at {line_in(test, 4)}",
                        "and then, as it was cancelled:",
                        "Traceback (most recent call last):",
                        f"  {last}",
                        '    raise LookupError("at the end")',
                        "LookupError: at the end",
                    ],
                )
                self.assertEqual(ended, ["True", "cleanup"])

    def test_test_that_exits_after_its_app(self) -> None:
        """What ends the test itself ends it also where its app has exited before."""

        async def exit_run(self: AsyncCase) -> None:
            with self.assertServerRaises(SystemExit):
                await self.get("/exit")
            sys.exit(4)

        async def stop_run(self: AsyncCase) -> None:
            with self.assertServerRaises(SystemExit):
                await self.get("/exit")
            asyncio.get_running_loop().stop()
            await asyncio.Event().wait()

        for factory in LOOPS:
            case = type("Case", (AsyncCase,), {"test_1": exit_run, "test_2": stop_run, "loop_factory": factory})
            with self.subTest(loop=factory):
                self.assertEqual(
                    outcomes(run_classes(case)),
                    {
                        "test_1": "SystemExit: 4",
                        "test_2": f"something called stop() on the event loop: left at {line_in(stop_run, 4)}",
                    },
                )

    def test_test_that_cancels_itself(self) -> None:
        """It is an error of the test, as it is for the standard library, also where its app has exited before."""

        async def cancel(_: AsyncCase) -> None:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.Event().wait()

        async def exit_and_cancel(self: AsyncCase) -> None:
            with self.assertServerRaises(SystemExit):
                await self.get("/exit")
            await cancel(self)

        for factory in LOOPS:
            case = type("Case", (AsyncCase,), {"test_1": cancel, "test_2": exit_and_cancel, "loop_factory": factory})
            with self.subTest(loop=factory):
                cancelled = "asyncio.exceptions.CancelledError"
                self.assertEqual(outcomes(run_classes(case)), {"test_1": cancelled, "test_2": cancelled})

    def test_that_does_not_end(self) -> None:
        """A test that does not end when it is cancelled is let go of, and its error says so."""

        async def test(_: AsyncCase) -> None:
            asyncio.get_running_loop().call_soon(sys.exit, 3)
            while True:
                with suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()

        for factory in LOOPS:
            case = type("Case", (AsyncCase,), {"test": test, "loop_factory": factory})
            with self.subTest(loop=factory), mock.patch("fastapi_testing.case.loops.leaving._GRACE", 10 * MS):
                result = run_classes(case)
                where = line_in(test, 4)
                self.assertEqual(
                    result.errors[0][1].splitlines()[-3:],
                    [
                        "SystemExit: 3",
                        f"left at {where}",
                        f"cancelled, but not ended after {10 * MS:g} s: it waits at {where}",
                    ],
                )
                self.assertEqual((result.testsRun, len(result.errors)), (2, 1))

    def test_interrupt_in_the_app(self) -> None:
        """A KeyboardInterrupt that the app raises, in its call or in a task, is the run's."""
        for path in ("/interrupt", "/interrupt-task"):
            for case in cases(path):
                with self.subTest(case, path=path), self.assertRaises(KeyboardInterrupt):
                    run_classes(case)

    def test_interrupt_in_the_app_of_another_client(self) -> None:
        """So it is where the main thread waits for something else than the loop of the server."""

        def test(self: SyncCase) -> None:
            httpx.get(f"{self.server.url}/interrupt", trust_env=False)
            while True:  # pragma: no cover - the answer may come before the interrupt; pause() could miss it
                time.sleep(MS)

        with self.assertRaises(KeyboardInterrupt):
            run_classes(type("Case", (SyncCase,), {"test": test}))

    def test_second_interrupt(self) -> None:
        """Pressed while the test takes its time to end, Ctrl-C ends it at once, and its cleanups are called."""
        ended: list[str] = []

        async def test(self: AsyncCase) -> None:
            self.addCleanup(ended.append, "cleanup")
            await interrupt_twice(self)

        for factory in LOOPS:
            ended.clear()
            case = type("Case", (AsyncCase,), {"test": test, "loop_factory": factory})
            with self.subTest(loop=factory), self.assertRaises(KeyboardInterrupt) as caught:
                run_classes(case)
            self.assertEqual(caught.exception.__notes__, [f"left at {line_in(interrupt_twice, 7)}"])
            self.assertEqual(ended, ["cleanup"])

    def test_third_interrupt(self) -> None:
        """Pressed while it is ended for the second one, it is not waited for any longer."""
        with self.assertRaises(KeyboardInterrupt) as caught:
            run_classes(type("Case", (AsyncCase,), {"test": interrupt_thrice}))
        context = caught.exception.__context__
        assert context is not None
        self.assertIn(f"left at {line_in(interrupt_thrice, 7)}", context.__notes__)

    def test_interrupt_in_a_cleanup(self) -> None:
        """Pressed again in a cleanup, it ends that one, and the others are called."""
        ended: list[str] = []

        async def wait(self: AsyncCase) -> None:
            signal.raise_signal(signal.SIGINT)
            await asyncio.Event().wait()

        async def test(self: AsyncCase) -> None:
            self.addCleanup(ended.append, "cleanup")
            self.addAsyncCleanup(wait, self)
            await wait(self)

        def wait_sync() -> None:
            signal.raise_signal(signal.SIGINT)

        def test_sync(self: SyncCase) -> None:
            self.addCleanup(ended.append, "cleanup")
            self.addCleanup(wait_sync)
            wait_sync()

        for base, function in ((AsyncCase, test), (SyncCase, test_sync)):
            ended.clear()
            with self.subTest(case=base.__name__), self.assertRaises(KeyboardInterrupt):
                run_classes(type("Case", (base,), {"test": function}))
            self.assertEqual(ended, ["cleanup"])

    def test_interrupt_after_the_app_has_exited(self) -> None:
        """Ctrl-C ends a test also where its app has exited before."""

        async def test(self: AsyncCase) -> None:
            with self.assertServerRaises(SystemExit):
                await self.get("/exit")
            signal.raise_signal(signal.SIGINT)
            await asyncio.Event().wait()

        for factory in LOOPS:
            with self.subTest(loop=factory), self.assertRaises(KeyboardInterrupt):
                run_classes(type("Case", (AsyncCase,), {"test": test, "loop_factory": factory}))


class SetUpTests(unittest.TestCase):
    """``sys.exit()`` where a class is set up: it is the error of the class, or the run would end without a word."""

    def test_hook(self) -> None:
        """In a hook of the class."""

        async def leave_hook(_: type) -> None:
            sys.exit(0)

        case = type("Case", (AsyncServerTestCase,), {"asyncSetUpClass": classmethod(leave_hook), "test": print})
        self.assertEqual(
            outcomes(run_classes(case)), {"setUpClass": "RuntimeError: asyncSetUpClass of Case has called sys.exit(0)"}
        )

    def test_create_app(self) -> None:
        """In ``create_app``, of both kinds."""

        def make(_: type) -> None:
            sys.exit("no DATABASE_URL")

        text = "fastapi_testing.errors.ServerStartupError: create_app of Case has called sys.exit('no DATABASE_URL')"
        for base in (AsyncServerTestCase, ServerTestCase):
            case = type("Case", (base,), {"create_app": classmethod(make), "test": print})
            self.assertEqual(outcomes(run_classes(case)), {"setUpClass": text})
