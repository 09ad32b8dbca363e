"""The event loop on a thread of its own, and what other threads have run on it."""

import asyncio
import contextlib
import contextvars
import gc
import logging
import os
import signal
import sys
import threading
import time
import unittest
import warnings
from collections.abc import Iterator
from typing import Literal
from unittest import mock

from fastapi_testing import ServerError, ServerNotRunningError, ServerShutdownError, ServerThread
from fastapi_testing.server.threads.calls import Call, LoopBlockedError
from fastapi_testing.server.threads.loop_thread import LoopThread
from tests.server.apps import app
from tests.server.asking import forever, get, running_loop
from tests.timing import MS

seen: contextvars.ContextVar[str] = contextvars.ContextVar("seen", default="nothing")


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
        self.enterContext(mock.patch("fastapi_testing.server.threads.calls._GRACE", 10 * MS))
        with (
            self.blocked(),
            self.assertRaisesRegex(LoopBlockedError, "^the event loop is blocked at:\n  File ") as raised,
        ):
            self.server.begin(forever()).wait(patience=10 * MS)
        self.assertIn("in block", str(raised.exception))

    def test_loop_that_is_not_made(self) -> None:
        """A factory of loops that hangs is named with its line."""
        gate = threading.Event()

        def make() -> asyncio.AbstractEventLoop:
            gate.wait()
            return asyncio.new_event_loop()

        thread = LoopThread("the loop", loop_factory=make)
        self.enterContext(mock.patch("fastapi_testing.server.threads.loop_thread._START_TIMEOUT", 20 * MS))
        text = "^the loop cannot start: its event loop is not made at:\n  File .*\n    gate.wait"
        self.assertRaisesRegex(ServerError, text, thread.start)
        gate.set()
        while not thread.is_running:  # it comes late, and is stopped
            time.sleep(MS)
        thread.stop()

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

    def test_stop_of_the_loop(self) -> None:
        """Where something stops the loop, who waits for a coroutine hears so, and the loop goes on."""

        async def leave() -> None:
            asyncio.get_running_loop().stop()
            await forever()

        with self.assertRaisesRegex(RuntimeError, "^Event loop stopped before Future completed.$") as caught:
            self.server.run(leave())
        self.assertEqual(
            caught.exception.__notes__, ["something called stop() on the event loop of the server of FastAPI 'shop'"]
        )
        self.assertEqual(get(self.server.url), 200)

    def test_stop_of_a_loop_that_nobody_waits_for(self) -> None:
        """Where nobody does, asyncio's log has it; calls that have not begun are made nevertheless."""
        loop = self.server._loop
        assert loop is not None
        text = "something called stop() on the event loop of the server of FastAPI 'shop', which goes on"
        for stop_first in (True, False):
            begun = threading.Event()
            with self.subTest(stop_first=stop_first), self.assertLogs("asyncio") as logged:
                loop.call_soon_threadsafe(begun.wait)
                if stop_first:
                    loop.call_soon_threadsafe(loop.stop)
                    call = self.server.begin(running_loop())
                else:
                    call = self.server.begin(running_loop())
                    loop.call_soon_threadsafe(loop.stop)
                begun.set()
                self.assertIs(call.wait(), loop)
            self.assertEqual(logged.output, [f"ERROR:asyncio:{text}"])

    def test_end_that_fails(self) -> None:
        """What goes wrong as the thread ends is not taken for a stop of its loop."""
        with (
            mock.patch("fastapi_testing.server.threads.loop_thread.cancel_tasks", side_effect=RuntimeError("mine")),
            mock.patch("threading.excepthook") as excepthook,
            LoopThread("the thread"),
        ):
            pass
        ((arguments,),) = (call.args for call in excepthook.mock_calls)
        self.assertEqual(repr(arguments.exc_value), "RuntimeError('mine')")

    def test_too_late_for_the_loop(self) -> None:
        """A call that the loop does not come to any more ends with its thread."""
        loop = asyncio.new_event_loop()
        self.addCleanup(loop.close)
        call = Call(self.server, loop, forever())
        self.server.stop()
        with self.assertRaises(ServerNotRunningError):
            call.wait()

    def test_coroutine_that_refuses_to_end(self) -> None:
        """Who waits for a coroutine that nothing can end hears so when the thread is stopped, and so do the others."""

        async def refuse() -> None:
            started.set()
            closed = False
            while not closed:
                try:
                    await asyncio.sleep(0)
                except asyncio.CancelledError:
                    pass
                except GeneratorExit:
                    closed = True
            await asyncio.sleep(0)  # the first attempt to close it fails

        cases: tuple[tuple[Literal["always", "error"], int], ...] = (("always", 0), ("error", 1))
        for action, raised in cases:
            started = threading.Event()
            thread = LoopThread("the thread")
            with (
                self.subTest(warnings=action),
                mock.patch("fastapi_testing.server.cancelling._CANCEL_TIMEOUT", MS),
                mock.patch("threading.excepthook") as excepthook,
                mock.patch.object(logging.getLogger("asyncio"), "disabled", new=True),  # it tells of what it has left
                warnings.catch_warnings(record=True, action=action),
            ):
                thread.start()
                calls = [thread.begin(refuse()) for _ in range(2)]
                started.wait()
                thread.stop()
                for call in calls:
                    with self.assertRaisesRegex(ServerNotRunningError, "^the thread is not running: ") as caught:
                        call.wait(10_000 * MS)
                    self.assertRegex(str(caught.exception.__cause__), "^coroutine ignored GeneratorExit$")
                del call, calls, caught
                self.assertEqual(excepthook.call_count, raised)
                excepthook.reset_mock()
                gc.collect()

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
        self.enterContext(mock.patch("fastapi_testing.server.threads.calls._GRACE", 10 * MS))
        self.enterContext(mock.patch("fastapi_testing.server.threads.loop_thread._STOP_TIMEOUT", 10 * MS))
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


async def all_tasks() -> set["asyncio.Task[object]"]:
    """Return what runs on the loop."""
    return asyncio.all_tasks()
