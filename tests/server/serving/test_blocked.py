"""What blocks the event loop while a server starts or stops: it is interrupted at the time-out, and named."""

import asyncio
import contextlib
import io
import signal
import sys
import threading
import time
import unittest
from collections.abc import AsyncIterator, Callable
from typing import Any
from unittest import mock

from fastapi import FastAPI

from fastapi_testing import Client, Server, ServerShutdownError, ServerStartupError, ServerThread
from fastapi_testing.server.threads import lookout
from tests.case.guards.test_blocking import Terminal
from tests.case.guards.test_hangs import stop_until
from tests.resources import held_resources
from tests.timing import MS

LIMIT = 50 * MS

BLOCKING = "time.sleep(60)  # noqa: ASYNC251 - that is what is tested"


def shop(lifespan: Callable[[FastAPI], AsyncIterator[None]]) -> FastAPI:
    """Return an app with a lifespan written as a generator."""
    return FastAPI(title="shop", lifespan=contextlib.asynccontextmanager(lifespan))


def blocked(function: Callable[..., Any], offset: int) -> str:
    """Return the line that blocks in a function as a report shows it."""
    code = function.__code__
    return f'\n  File "{__file__}", line {code.co_firstlineno + offset}, in {code.co_name}\n    {BLOCKING}'


async def blocks_at_its_start(_: FastAPI) -> AsyncIterator[None]:
    """Block before the server serves."""
    time.sleep(60)  # noqa: ASYNC251 - that is what is tested
    yield  # pragma: no cover - makes it a generator


async def blocks_at_its_end(_: FastAPI) -> AsyncIterator[None]:
    """Block once the server has stopped."""
    yield
    time.sleep(60)  # noqa: ASYNC251 - that is what is tested


class LifespanTests(unittest.IsolatedAsyncioTestCase):
    """Lifespans."""

    def setUp(self) -> None:
        self.enterContext(mock.patch.object(lookout, "_GRACE", 20 * MS))
        self.enterContext(mock.patch.object(sys, "__stderr__", io.StringIO()))  # where it takes some more time

    async def test_startup(self) -> None:
        """A startup that blocks is ended at ``startup_timeout``; nothing is left of it."""
        before = held_resources()
        with self.assertRaises(ServerStartupError) as caught:
            await Server(shop(blocks_at_its_start), startup_timeout=LIMIT).start()
        self.assertEqual(
            str(caught.exception),
            f"the lifespan of FastAPI 'shop' did not complete its startup within {LIMIT:g} s: the event loop is "
            f"blocked at:{blocked(blocks_at_its_start, 2)}",
        )
        self.assertEqual(asyncio.all_tasks(), {asyncio.current_task()})
        self.assertEqual(held_resources(), before)

    async def test_shutdown(self) -> None:
        """A shutdown that blocks is ended at ``shutdown_timeout``, and the server is stopped."""
        server = Server(shop(blocks_at_its_end), shutdown_timeout=LIMIT)
        await server.start()
        with self.assertRaises(ServerShutdownError) as caught:
            await server.stop()
        self.assertEqual(
            str(caught.exception),
            f"the lifespan of FastAPI 'shop' did not complete its shutdown within {LIMIT:g} s: the event loop is "
            f"blocked at:{blocked(blocks_at_its_end, 3)}",
        )
        self.assertFalse(server.is_running)

    async def test_cancelled(self) -> None:
        """One that blocks where it is cancelled, as it waited for too long before, is ended as well."""

        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            try:
                await asyncio.Event().wait()
            finally:
                time.sleep(60)  # noqa: ASYNC251 - that is what is tested
            yield  # pragma: no cover - makes it a generator

        with self.assertRaises(ServerStartupError) as caught:
            await Server(shop(lifespan), startup_timeout=LIMIT).start()
        self.assertTrue(str(caught.exception).endswith(blocked(lifespan, 4)), caught.exception)

    async def test_interrupt(self) -> None:
        """Ctrl-C stays what it is, whatever else has gone wrong."""

        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            with contextlib.suppress(asyncio.CancelledError):
                time.sleep(60)  # noqa: ASYNC251 - that is what is tested
            raise KeyboardInterrupt
            yield  # pragma: no cover - makes it a generator

        limit = lookout.LoopLimit(LIMIT, "the work did not end", ServerShutdownError)
        with self.assertRaises(KeyboardInterrupt), limit:
            await anext(lifespan(FastAPI()))

    async def test_signals_come_back(self) -> None:
        """The program's signal handlers are its own afterwards."""
        numbers = (signal.SIGUSR2, signal.SIGUSR1, signal.SIGALRM)
        before = [signal.getsignal(number) for number in numbers]
        async with Server(shop(idle)):
            pass
        self.assertEqual([signal.getsignal(number) for number in numbers], before)

    async def test_without_signals(self) -> None:
        """Where nothing can interrupt the call, the report is printed meanwhile, and raised after it."""
        terminal = Terminal()

        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            terminal.block()
            yield

        with (
            mock.patch.object(lookout, "_SIGNALS", ()),
            mock.patch.object(sys, "__stderr__", terminal),
            self.assertRaises(ServerStartupError) as caught,
        ):
            await Server(shop(lifespan), startup_timeout=LIMIT).start()
        self.assertEqual(str(caught.exception), terminal.getvalue().strip())

    async def test_debugger(self) -> None:
        """A lifespan that has stopped in a debugger may take as long as it likes, then and afterwards."""
        looks: list[float] = []

        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            stop_until(lambda: any(thread.name == "fastapi_testing lookout" for thread in threading.enumerate()))
            deadline = time.monotonic() + 2 * LIMIT
            stop_until(lambda: time.monotonic() > deadline)
            await asyncio.sleep(2 * LIMIT)
            looks.append(1)
            yield

        async with Server(shop(lifespan), startup_timeout=LIMIT):
            self.assertEqual(looks, [1])

    def test_other_thread(self) -> None:
        """On the thread of a ServerThread it is that one which tells it, once."""
        terminal, gate = Terminal(), threading.Event()

        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            gate.wait()
            yield

        self.enterContext(mock.patch("fastapi_testing.server.threads.calls._GRACE", 20 * MS))
        self.enterContext(mock.patch("fastapi_testing.server.threads.loop_thread._STOP_TIMEOUT", 10 * MS))
        with mock.patch.object(sys, "__stderr__", terminal), self.assertWarns(RuntimeWarning):
            try:
                self.assertRaisesRegex(
                    ServerStartupError, "cannot start", ServerThread(shop(lifespan), startup_timeout=LIMIT).start
                )
            finally:
                gate.set()
        self.assertEqual(terminal.getvalue(), "")


class RequestTests(unittest.IsolatedAsyncioTestCase):
    """Requests that are cancelled when the server stops."""

    async def test_finally(self) -> None:
        """A handler that blocks where it is cancelled is ended, and the server is stopped, its lifespan too."""
        self.enterContext(mock.patch.object(lookout, "_GRACE", 20 * MS))
        self.enterContext(mock.patch.object(sys, "__stderr__", io.StringIO()))
        begun, stopped = asyncio.Event(), asyncio.Event()

        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            yield
            stopped.set()

        app = shop(lifespan)

        @app.get("/")
        async def handle() -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                time.sleep(60)  # noqa: ASYNC251 - that is what is tested

        server = Server(app, shutdown_timeout=LIMIT)
        await server.start()
        async with Client(server.url, timeout=None) as client:
            asking = asyncio.create_task(client.get("/"))
            await begun.wait()
            with self.assertLogs("uvicorn.error"), self.assertRaises(ServerShutdownError) as caught:
                await server.stop()
            self.assertEqual((await asking).status_code, 500)
        self.assertEqual(
            str(caught.exception),
            f"the requests of FastAPI 'shop' did not end within {LIMIT:g} s: the event loop is blocked at:"
            f"{blocked(handle, 6)}",
        )
        self.assertTrue(stopped.is_set())
        self.assertFalse(server.is_running)

    async def test_debugger(self) -> None:
        """One that is in a debugger is not cancelled before it ends."""
        begun, excused = asyncio.Event(), asyncio.Event()
        app = FastAPI()

        @app.get("/")
        async def handle() -> str:
            begun.set()
            await excused.wait()
            return "done"

        def excuse(_: lookout.LoopLimit) -> bool:
            excused.set()
            return True

        server = Server(app, shutdown_timeout=LIMIT)
        await server.start()
        async with Client(server.url, timeout=None) as client:
            asking = asyncio.create_task(client.get("/"))
            await begun.wait()
            with mock.patch.object(lookout.LoopLimit, "is_excused", excuse):
                await server.stop()
            self.assertEqual((await asking).json(), "done")


async def idle(_: FastAPI) -> AsyncIterator[None]:
    """Do nothing."""
    yield
