"""WebSockets that are still open when their class ends: the server closes them, and the terminal stays clean."""

import asyncio
import io
import logging
import unittest
from contextlib import redirect_stderr
from typing import Any, ClassVar

import websockets.asyncio.client
import websockets.sync.client
from fastapi import FastAPI, WebSocket

from fastapi_testing import AsyncServerTestCase, ServerTestCase
from tests.running import run_classes

app = FastAPI()

silent = logging.getLogger("tests.silent")
"""Of the client, whose reading thread may meet a socket that is closed already; here the server is listened to."""
silent.addHandler(logging.NullHandler())
silent.propagate = False


@app.websocket("/echo")
async def echo(websocket: WebSocket) -> None:
    """Wait for messages; the end of the connection is raised here."""
    await websocket.accept()
    while True:
        await websocket.send_text(await websocket.receive_text())


@app.websocket("/push")
async def push(websocket: WebSocket) -> None:
    """Send messages, and note the end of the connection only by that."""
    await websocket.accept()
    while True:
        await websocket.send_text("news")
        await asyncio.sleep(0)


@app.websocket("/breaks")
async def breaks(websocket: WebSocket) -> None:
    """Fail once the connection has ended."""
    await websocket.accept()
    await websocket.receive()
    raise LookupError("no room")


class OpenCase(AsyncServerTestCase):
    """A class that opens a WebSocket for all of its tests, and does not close it."""

    app = app
    path: ClassVar[str] = "/echo"
    session: ClassVar[Any]

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        """Open it, as a client that is not of this package does."""
        await super().asyncSetUpClass()
        cls.session = await websockets.asyncio.client.connect(
            cls.server.ws_url + cls.path, ping_interval=None, logger=silent
        )

    @classmethod
    async def asyncTearDownClass(cls) -> None:
        """Let its last messages come and go."""
        await asyncio.sleep(0)
        await super().asyncTearDownClass()

    async def test(self) -> None:
        """Do nothing with it."""


class PlainOpenCase(ServerTestCase):
    """The same with plain tests; what a test opens is cancelled with it."""

    app = app
    path: ClassVar[str] = "/echo"
    session: ClassVar[Any]

    @classmethod
    def setUpClass(cls) -> None:
        """Open it."""
        super().setUpClass()
        cls.session = websockets.sync.client.connect(cls.server.ws_url + cls.path, ping_interval=None, logger=silent)
        cls.addClassCleanup(cls.session.close_socket)

    def test(self) -> None:
        """Do nothing with it."""


class OpenWebSocketTests(unittest.TestCase):
    """What such a class prints."""

    def printed(self, base: type[unittest.TestCase], **attributes: Any) -> tuple[list[str], str]:
        """Run a class, and return what it fails with, and what it writes on the terminal."""
        with redirect_stderr(io.StringIO()) as terminal:
            logging.getLogger("uvicorn.error").addHandler(handler := logging.StreamHandler())
            self.addCleanup(logging.getLogger("uvicorn.error").removeHandler, handler)
            result = run_classes(type("Case", (base,), attributes))
            logging.getLogger("uvicorn.error").removeHandler(handler)
        return [text for _, text in [*result.errors, *result.failures]], terminal.getvalue()

    def test_clean(self) -> None:
        """Nothing is printed, whoever notes the end in the app, and however long the server lives."""
        for base in (OpenCase, PlainOpenCase):
            for path in ("/echo", "/push"):
                for scope in ("class", "module"):
                    with self.subTest(base=base.__name__, path=path, server_scope=scope):
                        self.assertEqual(self.printed(base, path=path, server_scope=scope), ([], ""))

    def test_client_goes_first(self) -> None:
        """Neither is it where the client closes it after the last test."""

        class Case(OpenCase):
            @classmethod
            async def asyncTearDownClass(cls) -> None:
                await cls.session.close()
                await super().asyncTearDownClass()

        self.assertEqual(self.printed(Case), ([], ""))

    def test_breaks(self) -> None:
        """What the app raises besides goes to the terminal, as no test is there to be told."""
        troubles, terminal = self.printed(OpenCase, path="/breaks")
        self.assertEqual(troubles, [])
        self.assertIn("Exception in ASGI application", terminal)
        self.assertIn("LookupError: no room", terminal)
