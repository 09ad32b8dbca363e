"""The server on a thread of its own."""

import asyncio
import contextlib
import subprocess
import sys
import threading
import unittest
from collections.abc import AsyncIterator, Coroutine
from typing import Any, NoReturn
from unittest import mock

import httpx
from fastapi import FastAPI

from fastapi_testing import ServerError, ServerNotRunningError, ServerShutdownError, ServerStartupError, ServerThread
from tests.processes import side_by_side
from tests.resources import held_resources
from tests.server.apps import app, make_app
from tests.server.asking import forever, get, running_loop
from tests.timing import MS, answer_within

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

STOP_AT_EXIT = f"""
import atexit
import threading
{EXIT}
def refuse(thread):
    raise RuntimeError("can't create new thread at interpreter shutdown")  # as Python 3.12 does

atexit.register(server.stop)
atexit.register(setattr, threading.Thread, "start", refuse)
"""


@contextlib.asynccontextmanager
async def failing(_: FastAPI) -> AsyncIterator[None]:
    """Fail to start."""
    raise LookupError("no database")
    yield  # pragma: no cover - makes it a generator


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
            mock.patch("fastapi_testing.server.threads.calls._GRACE", 10 * MS),
            mock.patch("fastapi_testing.server.threads.loop_thread._STOP_TIMEOUT", 10 * MS),
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
                httpx.get(f"{server.url}/never", timeout=answer_within(50), trust_env=False)
            with self.assertRaisesRegex(TimeoutError, r"^not settled within 0\.01 s:\n  GET /never, in "):
                server.settle(timeout=0.01)
            with self.assertRaisesRegex(ServerShutdownError, "^not ended within .* of stopping FastAPI 'shop'"):
                server.stop()

    def test_at_exit(self) -> None:
        """
        One that nobody stops does not keep the interpreter, and its lifespan is run to the end.

        So it is where somebody stops it then, when no thread can be started any more.
        """
        scripts = (EXIT, STOP_AT_EXIT)
        for script, run in zip(scripts, side_by_side(run_script, scripts), strict=True):
            with self.subTest(script):
                self.assertEqual((run.stdout, run.stderr, run.returncode), ("shut down\n", "", 0))


def run_script(script: str) -> "subprocess.CompletedProcess[str]":
    """Run a script with warnings as errors."""
    command = [sys.executable, "-W", "error", "-c", script]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


async def start_task(coroutine: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
    """Leave a task."""
    return asyncio.create_task(coroutine)
