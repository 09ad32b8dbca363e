"""Logging while a server runs: who sees what, and what is kept off the terminal."""

import asyncio
import contextlib
import io
import logging
import sys
import unittest
from collections.abc import AsyncIterator
from typing import Any

from anyio import BrokenResourceError
from fastapi import FastAPI, Request, WebSocket
from websockets.exceptions import InvalidStatus

from fastapi_testing import Client, Server

logger = logging.getLogger("shop")
uvicorn_logger = logging.getLogger("uvicorn.error")

app = FastAPI()


@app.get("/")
async def warn() -> None:
    """Log, with a logger that does not propagate too."""
    logger.warning("sold out")
    quiet = logging.getLogger("shop.quiet")
    quiet.propagate = False
    quiet.warning("to nobody")


@app.get("/fail")
async def fail() -> None:
    """Raise."""
    raise LookupError("no database")


@app.post("/upload")
async def read(request: Request) -> None:
    """Read a body to its end."""
    await request.body()


@app.get("/half")
async def break_a_stream() -> None:
    """Raise what a task group makes of a stream that nobody reads any more, and of something else."""
    raise ExceptionGroup("", [BrokenResourceError(), OSError("no disk")])


@app.get("/cancelled")
async def cancel() -> None:
    """Be cancelled."""
    raise asyncio.CancelledError


@app.websocket("/denied")
async def deny(websocket: WebSocket) -> None:
    """Reject the handshake with a response, in two pieces."""
    headers: list[tuple[bytes, bytes]] = []
    await websocket.send({"type": "websocket.http.response.start", "status": 402, "headers": headers})
    await websocket.send({"type": "websocket.http.response.body", "body": b"no", "more_body": True})
    await websocket.send({"type": "websocket.http.response.body", "body": b" money"})


@app.websocket("/silent")
async def say_nothing(_: WebSocket) -> None:
    """Leave the handshake without an answer."""


class RecordTests(unittest.IsolatedAsyncioTestCase):
    """Which records an exchange gets."""

    async def test_without_propagation(self) -> None:
        """Records of loggers that do not propagate are there as well."""
        async with Server(app) as server, Client(server.url) as client:
            with self.assertLogs("shop") as logs, contextlib.redirect_stderr(io.StringIO()):
                exchange = (await client.get("/")).extensions["exchange"]
        self.assertEqual([record.getMessage() for record in exchange.log_records], ["sold out", "to nobody"])
        self.assertEqual(logs.output, ["WARNING:shop:sold out"])

    async def test_levels(self) -> None:
        """What a level holds back is not recorded."""
        logger.setLevel(logging.ERROR)
        self.addCleanup(logger.setLevel, logging.NOTSET)
        async with Server(app) as server, Client(server.url) as client:
            exchange = (await client.get("/")).extensions["exchange"]
        self.assertEqual(list(exchange.log_records), [])

    async def test_last_resort(self) -> None:
        """Warnings of an app that configures no logging go to the terminal, as they do without a server."""
        async with Server(app) as server, Client(server.url) as client:
            with contextlib.redirect_stderr(io.StringIO()) as terminal:
                await client.get("/")
        self.assertEqual(terminal.getvalue(), "sold out\nto nobody\n")


class FactoryTests(unittest.IsolatedAsyncioTestCase):
    """The record factory is the program's own."""

    def setUp(self) -> None:
        self.addCleanup(logging.setLogRecordFactory, logging.getLogRecordFactory())

    async def test_comes_back(self) -> None:
        """Once the last server has stopped, the factory is the one that was there, and the filter gone."""
        before = (logging.getLogRecordFactory(), uvicorn_logger.filters[:])
        async with Server(app), Server(app):
            self.assertNotEqual((logging.getLogRecordFactory(), uvicorn_logger.filters[:]), before)
        self.assertEqual((logging.getLogRecordFactory(), uvicorn_logger.filters[:]), before)

    async def test_another_around_it(self) -> None:
        """A factory that the program puts around it meanwhile stays, and gets what it asks for."""
        async with Server(app):
            inner = logging.getLogRecordFactory()

            def factory(*args: Any, **kwargs: Any) -> logging.LogRecord:
                record = inner(*args, **kwargs)
                record.tenant = "blue"
                return record

            logging.setLogRecordFactory(factory)
        self.assertIs(logging.getLogRecordFactory(), factory)
        with self.assertLogs("shop") as logs:
            logger.warning("closed")
        self.assertEqual(logs.records[0].tenant, "blue")  # type: ignore[attr-defined]

    async def test_failed_start(self) -> None:
        """A server that does not start leaves no factory behind."""
        before = logging.getLogRecordFactory()
        with self.assertRaises(OSError):
            async with Server(app) as server:
                server.servers[0].close()
                raise OSError
        self.assertIs(logging.getLogRecordFactory(), before)


class TerminalTests(unittest.IsolatedAsyncioTestCase):
    """Where uvicorn's log of the app's exception goes."""

    def setUp(self) -> None:
        self.terminal = self.enterContext(contextlib.redirect_stderr(io.StringIO()))

    async def ask(self, *, reports: bool) -> str:
        """Ask for what fails; return what was written on the terminal."""
        async with Server(app) as server, Client(server.url) as client:
            server.recorder.reports = reports
            await client.get("/fail")
        return self.terminal.getvalue()

    async def test_nobody_reports(self) -> None:
        """A bare server lets uvicorn's traceback through."""
        text = await self.ask(reports=False)
        self.assertRegex(text, r"^Exception in ASGI application\n(.*\n)*LookupError: no database")

    async def test_somebody_reports(self) -> None:
        """Where the exception is reported elsewhere, the terminal stays clean."""
        self.assertEqual(await self.ask(reports=True), "")

    async def test_handler_on_the_terminal(self) -> None:
        """The same with a handler that writes on the terminal."""
        handler = logging.StreamHandler(sys.stderr)
        logging.getLogger().addHandler(handler)
        self.addCleanup(logging.getLogger().removeHandler, handler)
        self.assertEqual(await self.ask(reports=True), "")

    async def test_other_handlers(self) -> None:
        """Handlers that write elsewhere, such as assertLogs', get the record with the app's lines, by their level."""
        stream = io.StringIO()
        handlers = [logging.StreamHandler(stream), logging.StreamHandler(stream)]
        handlers[1].setLevel(logging.CRITICAL)
        for handler in handlers:
            uvicorn_logger.addHandler(handler)
            self.addCleanup(uvicorn_logger.removeHandler, handler)
        await self.ask(reports=True)
        self.assertEqual(stream.getvalue().count("LookupError: no database"), 1)
        with self.assertLogs("uvicorn.error") as logs:
            self.assertEqual(await self.ask(reports=True), "")
        self.assertRegex(
            logs.output[0],
            r"^ERROR:uvicorn.error:Exception in ASGI application\nTraceback .*:\n"
            rf'  File "{__file__}", line \d+, in fail\n    .*\nLookupError: no database\Z',
        )

    async def test_client_has_gone(self) -> None:
        """A client that breaks off is nobody's mistake: a bare server keeps it off too; other handlers get it."""

        async def pieces() -> AsyncIterator[bytes]:
            yield b"1"
            raise OSError("no more")

        async def break_off() -> None:
            async with Server(app) as server, Client(server.url) as client:
                with self.assertRaisesRegex(OSError, "^no more$"):
                    await client.post("/upload", content=pieces())
                await server.settle()

        await break_off()
        self.assertEqual(self.terminal.getvalue(), "")
        with self.assertLogs("uvicorn.error") as logs:
            await break_off()
        self.assertRegex(
            logs.output[0], r"^ERROR:uvicorn.error:Exception in ASGI application\n(.*\n)*.*\.ClientDisconnect"
        )

    async def test_more_than_gone(self) -> None:
        """What is more than a client that has gone is shown: a group with another error in it, a cancellation."""
        for path, last in (("/half", "OSError: no disk"), ("/cancelled", "CancelledError")):
            with self.subTest(path):
                self.terminal.truncate(self.terminal.seek(0))
                async with Server(app) as server, Client(server.url) as client:
                    self.assertEqual((await client.get(path)).status_code, 500)
                text = self.terminal.getvalue()
                self.assertRegex(text, rf"^Exception in ASGI application\n(.*\n)*.*{last}")

    async def test_denied_handshake(self) -> None:
        """The complaint of a handshake that was not completed is kept back where the app has completed it."""
        async with Server(app) as server, Client(server.url) as client:
            with self.assertRaises(InvalidStatus):
                await client.ws.connect("/denied")
            self.assertEqual(self.terminal.getvalue(), "")
            with self.assertRaises(InvalidStatus):
                await client.ws.connect("/silent")
        self.assertEqual(self.terminal.getvalue(), "ASGI callable returned without completing handshake.\n")

    async def test_other_logs(self) -> None:
        """Everything else that uvicorn logs is shown."""

        async def silent(*_: Any) -> None: ...

        async with Server(silent, lifespan="off") as server, Client(server.url) as client:
            server.recorder.reports = True
            await client.get("/")
        self.assertEqual(self.terminal.getvalue(), "ASGI callable returned without starting response.\n")
