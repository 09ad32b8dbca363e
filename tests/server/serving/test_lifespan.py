"""The lifespan of an app: the state it gives, the ways it fails, and the ends of all waits for it."""

import asyncio
import contextlib
import logging
import unittest
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from unittest import mock

import anyio
from fastapi import FastAPI

from fastapi_testing import Server, ServerShutdownError, ServerStartupError
from fastapi_testing.server.application import ASGIApp, Receive, Scope, Send
from tests.server.apps import bare_app, raw_request
from tests.timing import MS

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[Any]]


def shop(lifespan: Any) -> FastAPI:
    """Return an app with a lifespan written as a generator."""
    return FastAPI(title="shop", lifespan=contextlib.asynccontextmanager(lifespan))


def answering(*answers: dict[str, Any]) -> ASGIApp:
    """Return an app that gives one answer after the other to the events of its lifespan, and then ends."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for answer in answers:
            await receive()
            await send(answer)

    return app


def saying(message: dict[str, Any]) -> ASGIApp:
    """Return an app that starts, says one thing more without being asked, and ends."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(STARTED)
        await send(message)

    return app


STARTED = {"type": "lifespan.startup.complete"}
STOPPED = {"type": "lifespan.shutdown.complete"}


class LifespanTests(unittest.IsolatedAsyncioTestCase):
    """Lifespans that go well."""

    async def test_state(self) -> None:
        """What the lifespan yields is the server's state, and every request gets it."""

        async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, str]]:
            yield {"pool": "open"}

        app = shop(lifespan)

        @app.get("/")
        async def index(request: Any) -> None: ...

        async with Server(app) as server:
            self.assertEqual(server.state, {"pool": "open"})

    async def test_runs_around_the_server(self) -> None:
        """The app is started before the server answers, and shut down after it has stopped."""
        steps = []

        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            steps.append("startup")
            yield
            steps.append("shutdown")

        async with Server(shop(lifespan)) as server:
            await raw_request(server.host, server.port)
            self.assertEqual(steps, ["startup"])
        self.assertEqual(steps, ["startup", "shutdown"])

    async def test_off(self) -> None:
        """With lifespan="off" the app's lifespan is not run."""

        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            raise AssertionError("run nevertheless")  # pragma: no cover - must not be run
            yield  # pragma: no cover - makes it a generator

        async with Server(shop(lifespan), lifespan="off") as server:
            self.assertEqual(server.state, {})

    async def test_app_that_ends_early(self) -> None:
        """An app whose lifespan returns once it is started, or at once, is served."""
        for app in (answering(STARTED), answering()):
            async with Server(app, lifespan="on") as server:
                self.assertTrue(server.is_running)

    async def test_app_that_answers_and_lingers(self) -> None:
        """An app that does not end after its last answer is cancelled."""
        cancelled = asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await answering(STARTED, STOPPED)(scope, receive, send)
            try:
                await receive()
            finally:
                cancelled.set()

        with mock.patch("fastapi_testing.server.serving.lifespan._GRACE", 10 * MS):
            async with Server(app):
                pass
        self.assertTrue(cancelled.is_set())


class StartupTests(unittest.IsolatedAsyncioTestCase):
    """Startups that fail."""

    async def start(self, app: ASGIApp, **options: Any) -> ServerStartupError:
        """Start a server in vain, and return its error."""
        with self.assertRaises(ServerStartupError) as caught:
            await Server(app, **options).start()
        self.assertEqual(asyncio.all_tasks(), {asyncio.current_task()})
        return caught.exception

    async def test_exception(self) -> None:
        """The app's own exception is the cause, and its text is in the message."""

        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            raise LookupError("no database")
            yield

        with self.assertNoLogs(level=logging.ERROR):
            error = await self.start(shop(lifespan))
        self.assertEqual(str(error), "the lifespan of FastAPI 'shop' failed in its startup: LookupError: no database")
        self.assertIsInstance(error.__cause__, LookupError)

    async def test_exit(self) -> None:
        """An app that exits in its startup does not end the process."""

        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            raise SystemExit(3)
            yield

        error = await self.start(shop(lifespan))
        self.assertEqual(str(error), "the lifespan of FastAPI 'shop' failed in its startup: SystemExit: 3")

    async def test_failure_with_a_message(self) -> None:
        """An app that says why it failed is quoted."""
        app = answering({"type": "lifespan.startup.failed", "message": "no database"})
        error = await self.start(app)
        self.assertEqual(
            str(error),
            f"the lifespan of {__name__}.answering.<locals>.app failed in its startup: no database",
        )

    async def test_failure_without_a_message(self) -> None:
        """An app that does not say why it failed is named."""
        error = await self.start(answering({"type": "lifespan.startup.failed"}))
        self.assertTrue(str(error).endswith("failed in its startup: it gave no reason"), error)

    async def test_unsupported_but_required(self) -> None:
        """With lifespan="on", an app without support for it does not start."""
        error = await self.start(bare_app, lifespan="on")
        self.assertEqual(
            str(error),
            "the lifespan of tests.server.apps.bare_app failed in its startup: NotImplementedError: lifespan",
        )

    async def test_unexpected_message(self) -> None:
        """An app that answers what was not asked gets an error, as it would from uvicorn."""
        error = await self.start(answering(STOPPED), lifespan="on")
        self.assertRegex(
            str(error), "RuntimeError: unexpected ASGI message 'lifespan.shutdown.complete' in the lifespan's startup$"
        )

    async def test_hangs(self) -> None:
        """A startup that takes too long is named with the line where it waits, and cancelled."""

        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            await asyncio.Event().wait()
            yield  # pragma: no cover - makes it a generator

        error = await self.start(shop(lifespan), startup_timeout=10 * MS)
        self.assertEqual(
            str(error),
            f"the lifespan of FastAPI 'shop' did not complete its startup within {10 * MS:g} s: it waits at "
            f'File "{__file__}", line {lifespan.__code__.co_firstlineno + 1}, in lifespan',
        )


class ShutdownTests(unittest.IsolatedAsyncioTestCase):
    """Shutdowns that fail."""

    async def stop(self, app: ASGIApp, **options: Any) -> ServerShutdownError:
        """Start and stop a server, and return the error of the latter."""
        server = Server(app, **options)
        await server.start()
        with self.assertRaises(ServerShutdownError) as caught:
            await server.stop()
        self.assertEqual(asyncio.all_tasks(), {asyncio.current_task()})
        self.assertFalse(server.is_running)
        return caught.exception

    async def test_exception(self) -> None:
        """The app's own exception is the cause, and its text is in the message."""

        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            yield
            raise LookupError("no database")

        error = await self.stop(shop(lifespan))
        self.assertEqual(str(error), "the lifespan of FastAPI 'shop' failed in its shutdown: LookupError: no database")
        self.assertIsInstance(error.__cause__, LookupError)

    async def test_exception_without_an_answer(self) -> None:
        """An app that raises instead of answering to its shutdown has failed."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await answering(STARTED)(scope, receive, send)
            await receive()
            raise LookupError("no database")

        error = await self.stop(app)
        self.assertTrue(str(error).endswith("failed in its shutdown: LookupError: no database"), error)

    async def test_ended_before(self) -> None:
        """A lifespan that an exception ended while the server ran is reported when it stops."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await answering(STARTED)(scope, receive, send)
            raise LookupError("no database")

        error = await self.stop(app)
        self.assertEqual(
            str(error),
            f"the lifespan of {__name__}.{app.__qualname__} ended while the server ran: LookupError: no database",
        )
        self.assertIsInstance(error.__cause__, LookupError)

    async def test_says_so_before(self) -> None:
        """What the app says of an end that it was not told to make is in the message, be it an exception or words."""

        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            async with anyio.create_task_group() as group:
                app.state.fail = lambda: group.start_soon(fail)
                yield

        async def fail() -> None:
            raise LookupError("no database")

        app = shop(lifespan)
        async with self.assertRaisesShutdown() as caught, Server(app):
            app.state.fail()
            await asyncio.sleep(10 * MS)
        self.assertEqual(
            caught, ["the lifespan of FastAPI 'shop' ended while the server ran: LookupError: no database"]
        )
        failed = {"type": "lifespan.shutdown.failed", "message": "no power"}
        for message, reason in (
            (failed, "no power"),
            (STOPPED, "RuntimeError: the app has ended its lifespan by itself, before the server was told to stop"),
            (STARTED, "RuntimeError: unexpected ASGI message 'lifespan.startup.complete' while the server runs"),
        ):
            with self.subTest(message["type"]):
                error = await self.stop(saying(message))
                self.assertTrue(str(error).endswith(f" ended while the server ran: {reason}"), error)

    @contextlib.asynccontextmanager
    async def assertRaisesShutdown(self) -> AsyncIterator[list[str]]:
        """Fail unless a server says in the end that it could not be shut down well; its words are in the list."""
        caught: list[str] = []
        with self.assertRaises(ServerShutdownError) as raised:
            yield caught
        caught.append(str(raised.exception))

    async def test_hangs(self) -> None:
        """A shutdown that takes too long is named with the line where it waits, and cancelled."""

        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            yield
            await asyncio.Event().wait()

        error = await self.stop(shop(lifespan), shutdown_timeout=10 * MS)
        self.assertEqual(
            str(error),
            f"the lifespan of FastAPI 'shop' did not complete its shutdown within {10 * MS:g} s: it waits at "
            f'File "{__file__}", line {lifespan.__code__.co_firstlineno + 2}, in lifespan',
        )

    async def test_interrupt(self) -> None:
        """Ctrl-C while the lifespan runs is not taken for an exception of the app."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            raise KeyboardInterrupt

        def run() -> None:
            asyncio.run(Server(app).start())

        with self.assertRaises(KeyboardInterrupt):
            await asyncio.to_thread(run)
