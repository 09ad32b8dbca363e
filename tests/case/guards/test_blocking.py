"""Code that holds the event loop up: reported while it does, and what it means for a test."""

import asyncio
import contextlib
import http.client
import io
import re
import sys
import threading
import time
import unittest
import urllib.request
import warnings
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, ClassVar, cast
from unittest import mock

import httpx
import requests
from fastapi import Depends, FastAPI, WebSocket

from fastapi_testing import AsyncServerTestCase, ServerTestCase
from fastapi_testing.case.guards.blocking import BlockGuard, Blocking
from fastapi_testing.case.guards.monitor import Hold
from tests.case import failing
from tests.case.guards.test_hangs import ADVICE, stop_until
from tests.resources import held_resources
from tests.running import outcomes, run_classes
from tests.timing import MS

LIMIT = 60 * MS

FREEZE = 10 * LIMIT
"""Longer than a busy machine holds a thread up: where nothing is to be told, or a call has to be seen."""

OWN_SERVER = (
    "The call goes to the test's own server, which cannot answer while the call holds its event loop. "
    "Make the test `async def` and use `await self.client.get(...)`, or `await asyncio.to_thread(...)` with the call, "
    "or make the class a ServerTestCase, whose server has a thread of its own."
)

OWN_SERVER_IN_HANDLER = (
    "The call goes to the server whose own event loop it holds, so that nothing answers it. "
    "Await a client that is asynchronous, or make the handler a plain `def`, which runs in a thread."
)

BESIDE = (
    "The server answers nothing meanwhile. In what is asynchronous, await instead of time.sleep(), "
    "asyncio.to_thread() for the rest; or make the handler a plain `def`, which runs in a thread."
)


BLAMED = threading.Event()
"""Set whenever a handler is blamed, in a test of a :class:`BlamingCase`."""


class BlamingCase(unittest.TestCase):
    """The base of tests whose handlers hold the event loop until that is seen."""

    def setUp(self) -> None:
        blame = BlockGuard._blame

        def blame_and_say(guard: BlockGuard, hold: Hold) -> None:
            blame(guard, hold)
            BLAMED.set()

        self.enterContext(mock.patch.object(BlockGuard, "_blame", blame_and_say))


class Terminal(io.StringIO):
    """The terminal, which knows whether something was printed."""

    def __init__(self) -> None:
        super().__init__()
        self.printed = threading.Event()

    def flush(self) -> None:
        self.printed.set()

    def block(self) -> None:
        """Block until something is printed: as long as it takes, and no longer."""
        self.printed.wait(5)

    def block_by(self, call: Callable[[], object]) -> None:
        """Make a call that times out until something is printed: a busy machine may not have looked in its time."""
        for _ in range(10):  # pragma: no branch - it is printed by then
            with contextlib.suppress(OSError, httpx.TimeoutException):
                call()
            if self.printed.is_set():  # pragma: no branch - the first one is enough but on a busy machine
                return


class SharedCase(failing.FailingCase):
    """The base of async classes."""

    blocked_after: ClassVar[float] = LIMIT
    terminal: Terminal

    def block(self) -> None:
        """Block the thread."""
        self.terminal.block()


class BesideCase(ServerTestCase):
    """The base of sync ones."""

    app = failing.app
    blocked_after: ClassVar[float] = LIMIT
    terminal: Terminal


def run(test: Any, base: type[unittest.TestCase] = SharedCase, /, **attributes: Any) -> tuple[str, dict[str, str]]:
    """Run a function as the only test of a class; return what is printed on the terminal, and its outcome."""
    terminal = Terminal()
    case = type("Case", (base,), {"test": test, "terminal": terminal, "__module__": __name__, **attributes})
    with mock.patch.object(sys, "__stderr__", terminal):
        result = run_classes(case)
    return terminal.getvalue(), outcomes(result)


def hold_until_blamed() -> None:
    """Hold the thread until the handler that calls this is blamed: as long as it takes, and no longer."""
    BLAMED.clear()
    BLAMED.wait(5)


def line_in(function: Callable[..., Any], offset: int, source: str) -> str:
    """Return a line of a function as a traceback shows it."""
    code = function.__code__
    return f'  File "{__file__}", line {code.co_firstlineno + offset}, in {code.co_name}\n    {source}\n'


class ReportTests(unittest.TestCase):
    """What is printed while something blocks the event loop."""

    maxDiff = None

    def assert_told_once(self, printed: str, report: str) -> None:
        """Assert that this was printed, once; what a busy machine has held up besides may be told, too."""
        self.assertIn(report, printed)
        self.assertEqual(printed.count("self.printed.wait(5)"), 1, printed)

    def test_test(self) -> None:
        """A test that blocks the loop is named with its line, once, and passes as before."""

        async def test(case: SharedCase) -> None:
            case.block()
            time.sleep(2 * LIMIT)  # noqa: ASYNC251 - that is what is tested

        text, outcome = run(test)
        self.assert_told_once(
            text,
            f"\n{__name__}.Case.test: the event loop has been blocked for {LIMIT:g} s, at:\n"
            f"{line_in(test, 1, 'case.block()')}"
            f"{line_in(SharedCase.block, 2, 'self.terminal.block()')}"
            f"{line_in(Terminal.block, 2, 'self.printed.wait(5)')}"
            f"{ADVICE}\n",
        )
        self.assertEqual(outcome, {})

    def test_own_server(self) -> None:
        """A blocking client that waits for the test's own server is told what to use instead, whichever it is."""

        def use_requests(url: str) -> None:
            requests.get(url, timeout=FREEZE)

        def use_urllib(url: str) -> None:
            opener.open(url, timeout=FREEZE)

        def use_httpx(url: str) -> None:
            client.get(url, timeout=FREEZE)

        # These take long to make, which would be told.
        opener = urllib.request.build_opener()
        client = self.enterContext(httpx.Client(trust_env=False, verify=False))  # noqa: S501

        def use_http(url: str) -> None:
            connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=FREEZE)
            connection.request("GET", "/")
            with contextlib.closing(connection):
                connection.getresponse()

        for use in (use_requests, use_urllib, use_httpx, use_http):

            async def test(case: SharedCase, use: Callable[[str], None] = use) -> None:
                case.terminal.block_by(partial(use, case.server.url))

            with self.subTest(use=use.__name__):
                text, outcome = run(test)
                self.assertEqual(outcome, {})
                self.assertIn(f"in {use.__name__}\n", text)
                self.assertTrue(text.endswith(f"\n{OWN_SERVER}\n"), text)

    def test_another_server(self) -> None:
        """One that waits for a server which is not the loop's is told what holds for all."""

        async def test(case: SharedCase) -> None:
            assert case.server.is_running
            http.client.HTTPConnection(address, timeout=FREEZE).connect()
            case.terminal.block_by(partial(requests.get, f"http://{address}", timeout=FREEZE))

        import socket  # noqa: PLC0415 - of this test

        with socket.create_server(("127.0.0.1", 0)) as silent:
            address = f"127.0.0.1:{silent.getsockname()[1]}"
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                text, _ = run(test)
        self.assertTrue(text.endswith(f"\n{ADVICE}\n"), text)

    def test_handler(self) -> None:
        """A handler that blocks is named, and so is its request."""
        app = FastAPI()

        @app.get("/")
        async def block() -> None:
            Case.terminal.block()

        class Case(SharedCase):
            pass

        async def test(case: SharedCase) -> None:
            Case.terminal = case.terminal
            await case.client.get("/")

        text, _ = run(test, app=app)
        self.assert_told_once(
            text,
            f"\n{__name__}.Case.test: the event loop has been blocked for {LIMIT:g} s, at:\n"
            f"{line_in(block, 2, 'Case.terminal.block()')}"
            f"{line_in(Terminal.block, 2, 'self.printed.wait(5)')}"
            f"in flight: GET /, in {__name__}.ReportTests.test_handler.<locals>.block, running\n"
            f"{ADVICE}\n",
        )

    def test_handler_that_asks_its_own_server(self) -> None:
        """In a handler, another advice is wanted."""
        app = FastAPI()
        opener = urllib.request.build_opener()  # on Python 3.13, it takes long

        @app.get("/ask")
        async def ask(url: str) -> None:
            terminal = cast("Terminal", sys.__stderr__)
            terminal.block_by(partial(opener.open, url, timeout=FREEZE))

        async def test(case: AsyncServerTestCase) -> None:
            await case.client.get("/ask", params={"url": case.server.url})

        def sync_test(case: ServerTestCase) -> None:
            case.client.get("/ask", params={"url": case.server.url})

        for text, _ in (run(test, app=app, leaks="ignore"), run(sync_test, BesideCase, app=app, leaks="ignore")):
            self.assertTrue(text.endswith(f"\n{OWN_SERVER_IN_HANDLER}\n"), text)

    def test_sync_class(self) -> None:
        """A handler that blocks the loop beside a sync test is told as well; the test itself may block."""
        app = FastAPI()
        terminal = None

        @app.get("/")
        async def block() -> None:
            assert terminal is not None
            terminal.block()

        def test(case: BesideCase) -> None:
            nonlocal terminal
            terminal = case.terminal
            time.sleep(2 * LIMIT)
            self.assertNotIn("in test\n", terminal.getvalue())
            case.client.get("/")

        text, outcome = run(test, BesideCase, app=app)
        self.assertEqual(outcome, {})
        self.assert_told_once(
            text,
            f"\n{__name__}.Case.test: the server's event loop has been blocked for {LIMIT:g} s, at:\n"
            f"{line_in(block, 3, 'terminal.block()')}"
            f"{line_in(Terminal.block, 2, 'self.printed.wait(5)')}"
            f"in flight: GET /, in {__name__}.ReportTests.test_sync_class.<locals>.block, running\n"
            f"{BESIDE}\n",
        )

    def test_scopes_of_sync_classes(self) -> None:
        """The server of a test, and the one that the classes of a module share, are looked at too."""
        app = FastAPI()
        seen: list[Terminal] = []

        @app.get("/")
        async def block() -> None:
            seen[-1].block()

        def test(case: BesideCase) -> None:
            seen.append(case.terminal)
            case.client.get("/")

        for scope in ("test", "module", "module"):
            with self.subTest(scope=scope):
                self.assertIn("in block\n", run(test, BesideCase, app=app, server_scope=scope)[0])

    def test_sync_test_of_an_async_class(self) -> None:
        """A test that is no coroutine holds the loop as well, also while a loop of its own turns."""

        def test(case: SharedCase) -> None:
            case.block()

        def test_of_a_loop(case: SharedCase) -> None:
            asyncio.run(wait_for(case.terminal))

        async def wait_for(terminal: Terminal) -> None:
            await asyncio.to_thread(terminal.block)

        self.assertIn(line_in(test, 1, "case.block()"), run(test)[0])
        self.assertIn(line_in(test_of_a_loop, 1, "asyncio.run(wait_for(case.terminal))"), run(test_of_a_loop)[0])

    def test_hooks_of_a_class(self) -> None:
        """Hooks and cleanups of a class that block are told, as those of no test."""

        async def test(_: SharedCase) -> None: ...

        async def set_up(cls: Any) -> None:
            cls.terminal.block()
            await SharedCase.asyncSetUpClass.__func__(cls)  # type: ignore[attr-defined]

        def set_up_sync(cls: Any) -> None:
            super(cls, cls).setUpClass()
            cls.terminal.block()

        def set_up_cleanup(cls: Any) -> None:
            super(cls, cls).setUpClass()
            cls.addClassCleanup(cls.terminal.block)

        def tear_down(cls: Any) -> None:
            cls.terminal.block()
            super(cls, cls).tearDownClass()

        hooks: dict[str, Any] = {"asyncSetUpClass": set_up, "setUpClass": set_up_sync, "tearDownClass": tear_down}
        for name, hook in [*hooks.items(), ("setUpClass", set_up_cleanup)]:
            with self.subTest(name=name, hook=hook.__name__):
                text, outcome = run(test, **{name: classmethod(hook)})
                self.assertIn(f"\n{__name__}.Case, before or after its tests: the event loop has been blocked", text)
                self.assertIn("self.printed.wait(5)", text)
                self.assertEqual(outcome, {})

    def test_lifespan(self) -> None:
        """So is a lifespan, in both kinds of class; the import of an app is part of the same."""
        terminals: list[Terminal] = []

        @contextlib.asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            terminals[-1].block()
            yield

        class Make:
            terminal: Terminal

            @classmethod
            async def create_app(cls) -> FastAPI:
                terminals.append(cls.terminal)
                return FastAPI(lifespan=lifespan)

        async def test(_: Any) -> None: ...

        def sync_test(_: Any) -> None: ...

        for function, base in ((test, SharedCase), (sync_test, BesideCase)):
            with self.subTest(base=base.__name__):
                text, outcome = run(function, base, create_app=Make.__dict__["create_app"])
                self.assertIn(line_in(lifespan.__wrapped__, 2, "terminals[-1].block()"), text)  # type: ignore[attr-defined]
                self.assertEqual(outcome, {})

    def test_off(self) -> None:
        """With 0, no thread is started, and nothing is told."""
        threads: list[str] = []

        async def test(_: SharedCase) -> None:
            threads.extend(thread.name for thread in threading.enumerate())
            time.sleep(2 * LIMIT)  # noqa: ASYNC251 - that is what is tested

        self.assertEqual(run(test, blocked_after=0), ("", {}))
        self.assertNotIn("fastapi_testing monitor", threads)

    def test_nothing_is_left(self) -> None:
        """The thread ends with its class, also of a class that cannot be set up."""

        async def test(_: Any) -> None:
            assert "fastapi_testing monitor" in [thread.name for thread in threading.enumerate()]

        def sync_test(_: Any) -> None:
            assert "fastapi_testing monitor" in [thread.name for thread in threading.enumerate()]

        async def fail(_: Any) -> None:
            raise LookupError("no chairs")

        run(test)
        before = held_resources()
        self.assertEqual(run(test, blocked_after=60.0), ("", {}))
        self.assertEqual(run(sync_test, BesideCase, blocked_after=60.0), ("", {}))
        self.assertIn("no chairs", str(run(test, asyncSetUpClass=classmethod(fail))))
        self.assertEqual(held_resources(), before)

    def test_many_short_ones(self) -> None:
        """Requests that follow one another without a pause, each of them short, block nothing."""

        async def test(case: SharedCase) -> None:
            deadline = time.monotonic() + 1.2 * FREEZE
            while time.monotonic() < deadline:
                await case.client.get("/plain")

        self.assertEqual(run(test, blocked_after=FREEZE, blocking="fail", blocking_threshold=FREEZE), ("", {}))

    def test_debugger(self) -> None:
        """Nothing is told of a test that has stopped in a debugger, nor of what its step does when it goes on."""

        async def test(case: SharedCase) -> None:
            stop_until(lambda: is_excused(case))
            time.sleep(2 * LIMIT)  # noqa: ASYNC251 - that is what is tested

        def is_excused(case: SharedCase) -> bool:
            assert case._framework_block_guard._monitor is not None
            hold = case._framework_block_guard._monitor._hold
            return hold is not None and hold.is_excused

        text, outcome = run(test)
        self.assertNotIn("in test\n", text)
        self.assertEqual(outcome, {})

    def test_wrong_attributes(self) -> None:
        """What cannot be meant is refused by both kinds of class, before anything is started."""
        wrong: list[tuple[str, Any, str]] = [
            ("blocking", "error", "blocking must be 'warn', 'fail' or 'ignore', got 'error'"),
            ("blocked_after", -1, "blocked_after must be a number of seconds, 0 for no report, got -1"),
            ("blocked_after", None, "blocked_after must be a number of seconds, 0 for no report, got None"),
            ("blocked_after", True, "blocked_after must be a number of seconds, 0 for no report, got True"),
            ("blocking_threshold", 0, "blocking_threshold must be a positive number of seconds, got 0"),
            ("blocking_threshold", "1", "blocking_threshold must be a positive number of seconds, got '1'"),
        ]
        for name, value, message in wrong:
            for base in (SharedCase, BesideCase):
                with self.subTest(name=name, value=value, base=base.__name__):
                    _, outcome = run(lambda _: None, base, **{name: value})
                    self.assertEqual(outcome, {"setUpClass": f"ValueError: {message}"})


app = FastAPI()


def spend(seconds: float) -> None:
    """Have the processor work."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def spend_until_blamed() -> None:
    """Have the processor work until the handler that does is blamed."""
    BLAMED.clear()
    end = time.perf_counter() + 5
    while not BLAMED.is_set() and time.perf_counter() < end:
        pass


def spend_in_c() -> None:
    """
    Have the processor work in calls that hold the GIL, until the handler that does is blamed.

    Each is long enough to be blamed for. At its end the GIL may go to any thread that waits for it, and only sooner or
    later to the one that looks.
    """
    BLAMED.clear()
    end = time.perf_counter() + 5
    while not BLAMED.is_set() and time.perf_counter() < end:
        sum(range(10_000_000))


@app.get("/sleep")
async def sleep() -> None:
    """Hold the loop in the operating system."""
    hold_until_blamed()


@app.get("/doze")
async def doze() -> None:
    """Hold it for a while, whether or not somebody is blamed."""
    time.sleep(4 * LIMIT)  # noqa: ASYNC251 - that is what is tested


@app.get("/spend")
async def spend_time() -> None:
    """Hold it by work."""
    spend_until_blamed()


@app.get("/c")
async def spend_time_in_c() -> None:
    """Hold it, and every other thread, by work."""
    spend_in_c()


async def slow_dependency() -> None:
    """Hold it in a dependency."""
    spend_until_blamed()


@app.get("/dependency", dependencies=[Depends(slow_dependency)])
async def depend() -> None:
    """Hold nothing."""


@app.get("/thread")
def sleep_in_thread() -> None:
    """Hold nothing: a plain function runs in a thread."""
    time.sleep(4 * LIMIT)


@app.get("/wait")
async def wait() -> None:
    """Take as long, and hold nothing."""
    await asyncio.sleep(4 * LIMIT)


@app.websocket("/ws")
async def hold_in_websocket(websocket: WebSocket) -> None:
    """Hold it in a WebSocket."""
    await websocket.accept()
    spend_until_blamed()
    await websocket.send_text("done")


class BlockingTests(BlamingCase):
    """Handlers that hold the event loop, and the tests that asked."""

    maxDiff = None

    def blamed(self, path: str, base: type[unittest.TestCase] = SharedCase, blocking: Blocking = "fail") -> str:
        """Return the failure of a test that asks for a path."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.client.get(path)

        def sync_test(case: ServerTestCase) -> None:
            case.client.get(path)

        case = type("Case", (base,), {"test": test if base is SharedCase else sync_test, **self.attributes(blocking)})
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = run_classes(case)
        return "".join(text for _, text in [*result.failures, *result.errors])

    def attributes(self, blocking: Blocking) -> dict[str, Any]:
        """Return the attributes of a class."""
        return {"app": app, "blocked_after": 0, "blocking": blocking, "blocking_threshold": LIMIT}

    def test_report(self) -> None:
        """The failure has the request, the line, and how long it was."""
        text = self.blamed("/sleep")
        self.assertRegex(
            text,
            rf"AssertionError: the event loop was held up for \d\.\d\d s by GET /sleep, in {__name__}\.sleep, at:\n"
            + re.escape(line_in(sleep, 3, "hold_until_blamed()"))
            + re.escape(line_in(hold_until_blamed, 3, "BLAMED.wait(5)"))
            + re.escape(f"blocking_threshold is {LIMIT:g} s\n"),
        )

    def test_kinds(self) -> None:
        """Waiting, working, working in C, and a dependency are all seen, in both kinds of class."""
        for base in (SharedCase, BesideCase):
            for path, name in [
                ("/sleep", "sleep"),
                ("/spend", "spend_time"),
                ("/c", "spend_time_in_c"),
                ("/dependency", "slow_dependency"),
            ]:
                with self.subTest(base=base.__name__, path=path):
                    self.assertIn(f"in {name}\n", self.blamed(path, base))

    def test_innocent(self) -> None:
        """What takes as long and lets the loop turn is left alone."""
        for path in ("/thread", "/wait"):
            with self.subTest(path=path):
                self.assertEqual(self.blamed(path), "")

    def test_websocket(self) -> None:
        """The handler of a WebSocket counts as well."""

        async def test(case: AsyncServerTestCase) -> None:
            async with case.ws.connect("/ws") as session:
                await session.receive()

        _, outcome = run(test, **self.attributes("fail"))
        self.assertEqual(outcome, {"test": f"blocking_threshold is {LIMIT:g} s"})

    def test_test_itself(self) -> None:
        """What the test itself does is its own business."""

        async def test(_: AsyncServerTestCase) -> None:
            spend(4 * LIMIT)

        self.assertEqual(run(test, **self.attributes("fail")), ("", {}))

    def test_warning(self) -> None:
        """It may be a warning instead, at the line of the test's method."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.client.get("/sleep")

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            self.assertEqual(run(test, **self.attributes("warn")), ("", {}))
        # What earlier tests have left may be collected here, and warn as well.
        (warning,) = (each for each in caught if each.category is RuntimeWarning)
        self.assertEqual(warning.filename, __file__)
        self.assertEqual(warning.lineno, test.__code__.co_firstlineno)
        self.assertIn("by GET /sleep, in", str(warning.message))

    def test_warning_as_error(self) -> None:
        """Under ``-W error`` it fails the test, and hides nothing else that is wrong."""
        self.assertIn("RuntimeWarning: the event loop was held up", self.blamed("/sleep", blocking="warn"))

        async def test(case: AsyncServerTestCase) -> None:
            await case.client.get("/sleep")
            case.left = asyncio.create_task(asyncio.Event().wait())  # type: ignore[attr-defined]

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            case = type("Case", (SharedCase,), {"test": test, "leaks": "fail", **self.attributes("warn")})
            ((_, text),) = run_classes(case).failures
        self.assertIn("left a task running, cancelled now:", text)
        self.assertIn("\nthe event loop was held up for ", text)

    def test_ignored(self) -> None:
        """By default nothing is said."""
        self.assertEqual(self.blamed("/doze", blocking="ignore"), "")

    def test_many(self) -> None:
        """A report shows five, and counts the rest."""

        async def test(case: AsyncServerTestCase) -> None:
            for _ in range(7):
                await case.client.get("/sleep")

        case = type("Case", (SharedCase,), {"test": test, **self.attributes("fail")})
        ((_, text),) = run_classes(case).failures
        self.assertEqual(text.count("by GET /sleep, in"), 5)
        self.assertIn("\nand 2 times more\nblocking_threshold is", text)

    def test_each_test_has_its_own(self) -> None:
        """The next test starts with none."""

        class Case(SharedCase):
            async def test_1(self) -> None:
                await self.client.get("/sleep")

            async def test_2(self) -> None:
                await self.client.get("/wait")

        for name, value in self.attributes("fail").items():
            setattr(Case, name, value)
        self.assertEqual([*outcomes(run_classes(Case))], ["test_1"])

    def test_lifespan(self) -> None:
        """A lifespan that holds the loop is no handler."""

        async def test(_: AsyncServerTestCase) -> None: ...

        @contextlib.asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            spend(4 * LIMIT)
            yield

        attributes = self.attributes("fail") | {"app": FastAPI(lifespan=lifespan), "server_scope": "test"}
        self.assertEqual(run(test, **attributes), ("", {}))
