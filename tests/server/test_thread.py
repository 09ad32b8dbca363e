"""The server on a thread of its own."""

import asyncio
import contextlib
import contextvars
import os
import signal
import subprocess
import sys
import threading
import unittest
import warnings
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, NoReturn
from unittest import mock

import httpx
from fastapi import FastAPI

from fastapi_testing import ServerError, ServerNotRunningError, ServerShutdownError, ServerStartupError, ServerThread
from fastapi_testing.server.calls import Call, LoopBlockedError
from fastapi_testing.server.loop_thread import LoopThread
from tests.resources import held_resources
from tests.server.apps import app, make_app
from tests.timing import MS

seen: contextvars.ContextVar[str] = contextvars.ContextVar("seen", default="nothing")

EXIT = """
import contextlib
from fastapi import FastAPI
from fastapi_testing import ServerThread

@contextlib.asynccontextmanager
async def lifespan(app):
    yield
    print("shut down")

server = ServerThread(FastAPI(lifespan=lifespan))
server.start()
"""


@contextlib.asynccontextmanager
async def failing(_: FastAPI) -> AsyncIterator[None]:
    """Fail to start."""
    raise LookupError("no database")
    yield  # pragma: no cover - makes it a generator


def get(url: str) -> int:
    """Return the status of a request by a client that knows nothing of the server."""
    return httpx.get(url, trust_env=False).status_code


async def forever(started: threading.Event | None = None) -> None:
    """Wait for what does not come."""
    if started is not None:
        started.set()
    await asyncio.Event().wait()


class ServingTests(unittest.TestCase):
    """Starting, being used and stopping."""

    def test_serves(self) -> None:
        """It answers real requests, and says where."""
        with ServerThread(app) as server:
            self.assertEqual(get(server.url), 200)
            self.assertEqual(server.url, f"http://{server.host}:{server.port}")
            self.assertEqual(server.ws_url, f"ws://{server.host}:{server.port}")
            self.assertIs(server.app, app)
            self.assertEqual([str(exchange) for exchange in server.exchanges], ["GET /"])
            self.assertIs(server.recorder, server.server.recorder)
            self.assertTrue(server.is_running)
        self.assertFalse(server.is_running)

    def test_options_and_state(self) -> None:
        """The options of a server are taken, and its lifespan's state is there."""

        @contextlib.asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, str]]:
            yield {"pool": "open"}

        with ServerThread(FastAPI(lifespan=lifespan), host="127.0.0.2", startup_timeout=1) as server:
            self.assertEqual((server.host, server.state), ("127.0.0.2", {"pool": "open"}))

    def test_for_a_class(self) -> None:
        """It is entered like any other context."""

        class Case(unittest.TestCase):
            server: ServerThread

            @classmethod
            def setUpClass(cls) -> None:
                cls.server = cls.enterClassContext(ServerThread(app))

            def test(self) -> None:
                self.assertEqual(get(self.server.url), 200)

        result = unittest.TestResult()
        unittest.TestSuite([Case("test")]).run(result)
        self.assertTrue(result.wasSuccessful())
        self.assertFalse(Case.server.is_running)

    def test_two_at_once(self) -> None:
        """Each has a thread, a loop and a port of its own."""
        with ServerThread(app) as one, ServerThread(make_app()) as other:
            self.assertNotEqual(one.port, other.port)
            self.assertEqual([get(one.url), get(other.url)], [200, 200])

    def test_started_again(self) -> None:
        """One that was stopped may be started again; one that runs may not."""
        server = ServerThread(app)
        with server:
            text = "^cannot start <ServerThread: the server of FastAPI 'shop', running>: it has been started already; "
            with self.assertRaisesRegex(ServerError, text):
                server.start()
        with server:
            self.assertEqual(get(server.url), 200)
        server.stop()
        self.assertEqual(repr(server), "<ServerThread: the server of FastAPI 'shop', stopped>")

    def test_stopped_by_another_thread(self) -> None:
        """Whichever thread started it, any may stop it."""
        server = ServerThread(app)
        server.start()
        thread = threading.Thread(target=server.stop)
        thread.start()
        thread.join()
        self.assertFalse(server.is_running)

    def test_not_running(self) -> None:
        """What needs the server says that it does not run, and leaves no coroutine behind."""
        server = ServerThread(app)
        text = "^the server of FastAPI 'shop' is not running: enter it with `with`, or call its start\\(\\)$"
        for use in (lambda: server.url, lambda: server.port, lambda: server.run(forever()), lambda: server.state):
            with self.subTest(use=use), self.assertRaisesRegex(ServerNotRunningError, text):
                use()

    def test_startup_failure(self) -> None:
        """The app's own exception is the cause of what start() raises, and nothing is left."""
        before = held_resources()
        text = "^the lifespan of FastAPI 'FastAPI' failed in its startup: LookupError: no database$"
        with self.assertRaisesRegex(ServerStartupError, text) as raised:
            ServerThread(FastAPI(lifespan=failing)).start()
        self.assertIsInstance(raised.exception.__cause__, LookupError)
        del raised
        self.assertEqual(held_resources(), before)

    def test_startup_that_blocks(self) -> None:
        """An app that blocks the event loop in its startup is not waited for; once it goes on, nothing is left."""
        before = held_resources()
        release = threading.Event()

        @contextlib.asynccontextmanager
        async def blocking(_: FastAPI) -> AsyncIterator[None]:
            release.wait()
            await asyncio.Event().wait()
            yield  # pragma: no cover - makes it a generator

        server = ServerThread(FastAPI(lifespan=blocking), startup_timeout=10 * MS)
        text = (
            "^the server of FastAPI 'FastAPI' cannot start: the event loop is blocked at:\n  File .*\n    release.wait"
        )
        with (
            mock.patch("fastapi_testing.server.calls._GRACE", 10 * MS),
            mock.patch("fastapi_testing.server.loop_thread._STOP_TIMEOUT", 10 * MS),
            self.assertWarnsRegex(RuntimeWarning, "has not ended"),
            self.assertRaisesRegex(ServerStartupError, text) as raised,
        ):
            server.start()
        self.assertFalse(server.is_running)
        release.set()
        del raised
        for thread in threading.enumerate():
            if thread.name == "the server of FastAPI 'FastAPI'":
                thread.join()
        self.assertEqual(held_resources(), before)

    def test_loop_factory(self) -> None:
        """The loop is the factory's; where there is none, start() raises why."""

        class Loop(asyncio.SelectorEventLoop):
            pass

        with ServerThread(app, loop_factory=Loop) as server:
            self.assertIsInstance(server.run(running_loop()), Loop)

        def fail() -> NoReturn:
            raise LookupError("no loop")

        before = held_resources()
        with self.assertRaisesRegex(LookupError, "^no loop$"):
            ServerThread(app, loop_factory=fail).start()
        self.assertEqual(held_resources(), before)

    def test_leaves_nothing(self) -> None:
        """No thread, socket or loop outlives it, whatever is left on its loop."""
        before = held_resources()
        for _ in range(3):
            with ServerThread(app) as server:
                left = server.run(start_task(forever()))
                get(server.url)
            self.assertTrue(left.cancelled())
        del left
        self.assertEqual(held_resources(), before)

    def test_settle(self) -> None:
        """It waits for what is in flight, and says what does not end."""
        with ServerThread(app, shutdown_timeout=10 * MS) as server:
            server.settle()
            with contextlib.suppress(httpx.ReadTimeout):
                httpx.get(f"{server.url}/never", timeout=50 * MS, trust_env=False)
            with self.assertRaisesRegex(TimeoutError, r"^not settled within 0\.01 s:\n  GET /never, in "):
                server.settle(timeout=0.01)
            with self.assertRaisesRegex(ServerShutdownError, "^not ended within .* of stopping FastAPI 'shop'"):
                server.stop()

    def test_at_exit(self) -> None:
        """One that nobody stops does not keep the interpreter, and its lifespan is run to the end."""
        run = subprocess.run(
            [sys.executable, "-W", "error", "-c", EXIT], capture_output=True, text=True, timeout=60, check=False
        )
        self.assertEqual((run.stdout, run.stderr, run.returncode), ("shut down\n", "", 0))


class RunTests(unittest.TestCase):
    """Coroutines on its loop."""

    def setUp(self) -> None:
        """Start a server."""
        self.server = self.enterContext(ServerThread(app))

    def test_result_and_exception(self) -> None:
        """What a coroutine returns or raises, the caller gets."""

        async def fail() -> None:
            raise LookupError("no stock")

        self.assertIs(self.server.run(running_loop()), self.server._loop)
        with self.assertRaisesRegex(LookupError, "^no stock$"):
            self.server.run(fail())

    def test_context(self) -> None:
        """It sees the context variables of the caller."""

        async def look() -> str:
            return seen.get()

        contextvars.copy_context().run(seen.set, "unseen")
        self.assertEqual(contextvars.copy_context().run(self._run_with, "something", look), "something")
        self.assertEqual(self.server.run(look()), "nothing")

    def _run_with(self, value: str, look: object) -> str:
        seen.set(value)
        assert callable(look)
        return str(self.server.run(look()))

    def test_timeout(self) -> None:
        """A coroutine that takes too long is cancelled, and the error says where it was."""
        before = len(self.server.run(all_tasks()))
        text = r'^not ended within 0\.01 s: it waits at File ".*", line \d+, in forever$'
        with self.assertRaisesRegex(TimeoutError, text):
            self.server.run(forever(), timeout=0.01)
        self.assertEqual(len(self.server.run(all_tasks())), before)

    def test_timeout_before_it_began(self) -> None:
        """On a loop that does not turn, it cannot have begun."""
        with self.blocked(), self.assertRaisesRegex(TimeoutError, r"^not ended within 0\.001 s: it has not begun$"):
            self.server.run(forever(), timeout=0.001)

    def test_blocked_loop(self) -> None:
        """Whoever waits for a loop that does not turn can be told which line blocks it."""
        self.enterContext(mock.patch("fastapi_testing.server.calls._GRACE", 10 * MS))
        with (
            self.blocked(),
            self.assertRaisesRegex(LoopBlockedError, "^the event loop is blocked at:\n  File ") as raised,
        ):
            self.server.begin(forever()).wait(patience=10 * MS)
        self.assertIn("in block", str(raised.exception))

    def test_patience_with_a_loop_that_turns(self) -> None:
        """A coroutine that takes its time on a loop that turns is waited for."""

        async def take_time() -> str:
            await asyncio.sleep(30 * MS)
            return "done"

        self.assertEqual(self.server.begin(take_time()).wait(patience=5 * MS), "done")

    def test_no_coroutine(self) -> None:
        """A function that was not called is refused."""
        with self.assertRaisesRegex(
            TypeError, "^a coroutine is needed, got <function forever at .*>: call a coroutine "
        ):
            self.server.run(forever)  # type: ignore[arg-type]

    def test_on_its_own_loop(self) -> None:
        """What would wait for itself is refused, in a handler as well."""

        async def ask() -> None:
            self.server.run(forever())

        text = (
            "^the server of FastAPI 'shop' was called on its own event loop, which would wait for itself without end: "
        )
        with self.assertRaisesRegex(ServerError, text):
            self.server.run(ask())

    def test_stopped_on_its_own_loop(self) -> None:
        """The loop cannot wait for its own end."""

        async def stop() -> None:
            self.server.stop()

        with self.assertRaisesRegex(ServerError, "^cannot stop <ServerThread: .*> from its own event loop: call stop"):
            self.server.run(stop())

    def test_stopped_meanwhile(self) -> None:
        """A call that is in flight when the thread is stopped ends with it."""
        started = threading.Event()
        outcome: list[BaseException] = []

        def wait() -> None:
            try:
                self.server.run(forever(started))
            except BaseException as exc:
                outcome.append(exc)

        thread = threading.Thread(target=wait)
        thread.start()
        started.wait()
        self.server.stop()
        thread.join()
        self.assertIsInstance(outcome[0], ServerNotRunningError)

    def test_interrupted(self) -> None:
        """Ctrl-C while it waits cancels the coroutine, and goes through."""
        ended: list[str] = []

        async def interrupt() -> None:
            os.kill(os.getpid(), signal.SIGINT)
            try:
                await forever()
            finally:
                ended.append("cancelled")

        self.addCleanup(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, signal.default_int_handler))
        with self.assertRaises(KeyboardInterrupt):
            self.server.run(interrupt())
        self.assertEqual(ended, ["cancelled"])

    def test_exit_in_the_app(self) -> None:
        """Where something on the loop exits, which ends any other loop, the server goes on."""

        async def leave() -> str:
            asyncio.get_running_loop().call_soon(sys.exit)
            await asyncio.sleep(0)
            return "still here"

        self.assertEqual(self.server.run(leave()), "still here")
        self.assertEqual(get(self.server.url), 200)

    def test_too_late_for_the_loop(self) -> None:
        """A call that the loop does not come to any more ends with its thread."""
        loop = asyncio.new_event_loop()
        self.addCleanup(loop.close)
        call = Call(self.server, loop, forever())
        self.server.stop()
        with self.assertRaises(ServerNotRunningError):
            call.wait()

    def test_loop_that_closes(self) -> None:
        """A call that comes when the loop has just been closed finds it not running."""
        loop = asyncio.new_event_loop()
        loop.close()
        coroutine = forever()
        with self.assertRaises(ServerNotRunningError):
            Call(self.server, loop, coroutine)
        coroutine.close()

    def test_stop_of_a_blocked_loop(self) -> None:
        """It says which line blocks the loop, and does not wait for it."""
        self.enterContext(mock.patch("fastapi_testing.server.calls._GRACE", 10 * MS))
        self.enterContext(mock.patch("fastapi_testing.server.loop_thread._STOP_TIMEOUT", 10 * MS))
        self.server.server.shutdown_timeout = 10 * MS
        text = "^the server of FastAPI 'shop' cannot stop: the event loop is blocked at:\n  File "
        with self.blocked() as thread, warnings.catch_warnings(record=True, action="always") as warned:
            self.assertRaisesRegex(ServerShutdownError, text, self.server.stop)
        thread.join()
        self.assertRegex(
            str(warned[0].message), "^the thread of the server of .* has not ended after .*; it is at:\n  File "
        )

    @contextlib.contextmanager
    def blocked(self) -> Iterator[threading.Thread]:
        """Block the event loop for as long as the context is open."""
        blocks, release = threading.Event(), threading.Event()

        def block() -> None:
            blocks.set()
            release.wait()

        thread = self.server._thread
        assert self.server._loop is not None
        assert thread is not None
        self.server._loop.call_soon_threadsafe(block)
        blocks.wait()
        try:
            yield thread
        finally:
            release.set()


class LoopThreadTests(unittest.TestCase):
    """The thread without a server."""

    def test_ensure_started(self) -> None:
        """It starts where it does not run."""
        thread = LoopThread("the client")
        thread.ensure_started()
        thread.ensure_started()
        self.assertTrue(thread.is_running)
        thread.stop()
        self.assertEqual(thread.whereabouts(), "")


async def running_loop() -> asyncio.AbstractEventLoop:
    """Return the loop."""
    return asyncio.get_running_loop()


async def all_tasks() -> set["asyncio.Task[object]"]:
    """Return what runs on the loop."""
    return asyncio.all_tasks()


async def start_task(coroutine: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
    """Leave a task."""
    return asyncio.create_task(coroutine)
