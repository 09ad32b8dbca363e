"""Sessions that end when the app's call has, and raise what it has raised."""

import asyncio
import unittest
from typing import Any

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from websockets.exceptions import ConnectionClosed

from fastapi_testing import (
    AsyncServerTestCase,
    Client,
    ServerTestCase,
    ServerThread,
    SyncClient,
    SyncWebSocketClient,
)
from fastapi_testing.client.wrappers.settling import Settling
from fastapi_testing.server.threads.loop_thread import LoopThread
from tests.case.failing import failures
from tests.timing import MS

app = FastAPI()
done: list[str] = []
gate: dict[str, asyncio.Event] = {}


@app.websocket("/tidy")
async def tidy(websocket: WebSocket) -> None:
    """Tidy up when the client has gone."""
    await websocket.accept()
    try:
        await websocket.receive_text()
    except WebSocketDisconnect:
        for _ in range(5):
            await asyncio.sleep(0)
        done.append("tidy")


@app.websocket("/late")
async def late(websocket: WebSocket) -> None:
    """Fail behind the last message of the client."""
    await websocket.accept()
    await websocket.receive_text()
    for _ in range(5):
        await asyncio.sleep(0)
    raise LookupError("no room")


@app.websocket("/after-close")
async def after_close(websocket: WebSocket) -> None:
    """Fail when the connection is closed."""
    await websocket.accept()
    await websocket.close(4000)
    raise LookupError("no room")


@app.websocket("/stuck")
async def stuck(websocket: WebSocket) -> None:
    """Hear that the client has gone, and wait until it is let go."""
    gate["stuck"] = asyncio.Event()
    await websocket.accept()
    await websocket.receive()
    await gate["stuck"].wait()


@app.websocket("/pushing")
async def push(websocket: WebSocket) -> None:
    """Look at nothing that comes, until it is let go."""
    gate["stuck"] = asyncio.Event()
    await websocket.accept()
    await gate["stuck"].wait()


async def let_go() -> None:
    """Let it go."""
    gate["stuck"].set()


STUCK = (
    f"WebSocket /stuck: closed, but the app did not end the call within {20 * MS:g} s: WebSocket /stuck, in "
    f'{__name__}.stuck, waits at File "{__file__}", line {stuck.__code__.co_firstlineno + 6}, in stuck; where it waits '
    "for something that the test does later, say settle = False on the class, or settle=False with connect()"
)


class AsyncTests(AsyncServerTestCase):
    """Sessions that are awaited."""

    app = app
    settle_timeout = 20 * MS

    async def asyncSetUp(self) -> None:
        done.clear()

    async def test_block(self) -> None:
        """When the block is left, the handler has ended."""
        async with self.ws.connect("/tidy"):
            pass
        self.assertEqual(done, ["tidy"])

    async def test_close(self) -> None:
        """So it has when close() returns; once more, that does nothing."""
        session = await self.ws.connect("/tidy")
        await session.close()
        self.assertEqual(done, ["tidy"])
        await session.close()

    async def test_turned_off(self) -> None:
        """A session does not wait where the test, or its client, says so; server.settle() does."""
        async with self.ws.connect("/tidy", settle=False) as session:
            pass
        assert session.exchange is not None
        self.assertIsNone(session.exchange.ended_at)
        await self.server.settle()
        self.assertEqual(done, ["tidy"])
        client = await self.enterAsyncContext(Client(self.server.url, settling=Settling(settle=False)))
        async with client.ws.connect("/tidy") as session:
            pass
        assert session.exchange is not None
        self.assertIsNone(session.exchange.ended_at)
        async with client.ws.connect("/tidy", settle=True):
            pass
        await self.server.settle()
        self.assertEqual(done, ["tidy"] * 3)

    async def test_open_sessions_are_not_waited_for(self) -> None:
        """server.settle() does not wait for those that are open."""
        async with self.ws.connect("/tidy"):
            await self.server.settle()
        self.assertEqual(done, ["tidy"])

    async def test_stuck(self) -> None:
        """A handler that does not end is named, with what to do; so by server.settle()."""
        with self.assertRaises(TimeoutError) as caught:
            async with self.ws.connect("/stuck"):
                pass
        self.assertEqual(str(caught.exception), STUCK)
        with self.assertRaisesRegex(TimeoutError, r"^not settled within .* s:\n  WebSocket /stuck, in .*stuck, waits"):
            await self.server.settle(timeout=5 * MS)
        gate["stuck"].set()

    async def test_not_told(self) -> None:
        """A handler that does not receive cannot know that its client has gone: the end of the test sees to it."""
        session = await self.ws.connect("/pushing")
        assert session.exchange is not None
        self.addCleanup(gate["stuck"].set)
        # As a cleanup: coverage on 3.11 misses the lines after a coroutine that an exception was thrown into.
        self.addCleanup(lambda exchange: self.assertTrue(exchange.is_given_up), session.exchange)
        await session.close()

    async def test_closed_by_hand(self) -> None:
        """A session that is closed by hand settles wherever that is, while an exception is handled too."""
        session = await self.ws.connect("/tidy")
        try:
            await session.receive_text(timeout=MS)
        except TimeoutError:
            await session.close()
        self.assertEqual(done, ["tidy"])

    async def test_left_by_an_exception(self) -> None:
        """A block that is left by an exception waits for nothing."""
        with self.assertRaises(ZeroDivisionError):
            async with self.ws.connect("/stuck"):
                raise ZeroDivisionError
        gate["stuck"].set()

    async def test_opened_while_an_exception_is_handled(self) -> None:
        """One that is handled around the block is not one by which it is left."""
        try:
            done.remove("nothing")
        except ValueError:
            async with self.ws.connect("/tidy"):
                pass
        self.assertEqual(done, ["tidy"])

    async def test_closed_with_the_client(self) -> None:
        """A client that is closed closes what is open, and does not wait for the app."""
        async with Client(self.server.url) as client:
            await client.ws.connect("/stuck")
        gate["stuck"].set()
        await self.server.settle()


class SyncTests(ServerTestCase):
    """Sessions that wait."""

    app = app
    settle_timeout = 20 * MS

    def setUp(self) -> None:
        done.clear()

    def release(self) -> None:
        """Let the handler go."""
        self.server.run(let_go())
        self.server.settle()

    def test_block(self) -> None:
        """When the block is left, or close() returns, the handler has ended."""
        with self.ws.connect("/tidy"):
            pass
        self.ws.connect("/tidy").close()
        self.assertEqual(done, ["tidy"] * 2)

    def test_turned_off(self) -> None:
        """A session does not wait where the test says so; server.settle() does."""
        with self.ws.connect("/stuck", settle=False):
            pass
        self.release()

    def test_stuck(self) -> None:
        """A handler that does not end is named, with what to do."""
        with self.assertRaises(TimeoutError) as caught, self.ws.connect("/stuck"):
            pass
        self.assertEqual(str(caught.exception), STUCK)
        self.release()

    def test_left_by_an_exception(self) -> None:
        """A block that is left by an exception waits for nothing."""
        with self.assertRaises(ZeroDivisionError), self.ws.connect("/stuck"):
            raise ZeroDivisionError
        self.release()

    def test_thread_that_has_stopped(self) -> None:
        """Where the client's own thread has stopped before, nothing is waited for."""
        thread = LoopThread("the client")
        with thread:
            client = SyncClient(self.server.url, thread=thread)
            session = client.ws.connect("/stuck")
        session.close()
        self.release()


class RaisedTests(unittest.TestCase):
    """raise_server_exceptions = True."""

    def texts(self, test: Any, base: type[unittest.TestCase] = AsyncServerTestCase) -> list[str]:
        """Run a function as a test, and return what it fails with, one line each."""
        found = failures(test, base, app=app, raise_server_exceptions=True)
        return [text.rstrip().rpartition("\n")[2] for text in found]

    def test_behind_the_last_message(self) -> None:
        """What the handler raises behind the client's last message is raised where the block is left, once."""

        async def test(case: AsyncServerTestCase) -> None:
            async with case.ws.connect("/late") as session:
                await session.send_text("hello")

        async def caught(case: AsyncServerTestCase) -> None:
            with case.assertRaisesRegex(LookupError, "^no room$"):
                async with case.ws.connect("/late") as session:
                    await session.send_text("hello")

        self.assertEqual(self.texts(test), ["LookupError: no room"])
        self.assertEqual(self.texts(caught), [])

    def test_plain(self) -> None:
        """So it is in a plain test."""

        def test(case: ServerTestCase) -> None:
            with case.ws.connect("/late") as session:
                session.send_text("hello")

        self.assertEqual(self.texts(test, ServerTestCase), ["LookupError: no room"])

    def test_behind_a_close(self) -> None:
        """What is raised when the app has closed is raised there as well."""

        async def test(case: AsyncServerTestCase) -> None:
            async with case.ws.connect("/after-close") as session:
                await session.wait_closed()

        self.assertEqual(self.texts(test), ["LookupError: no room"])

    def test_seen_before(self) -> None:
        """What a receive has raised, or an assertion expects, is not raised again."""

        async def test(case: AsyncServerTestCase) -> None:
            async with case.ws.connect("/late") as session:
                await session.send_text("hello")
                with case.assertRaises(LookupError):
                    await session.receive()
            async with case.ws.connect("/late") as session, case.assertServerRaises(LookupError):
                await session.send_text("hello")
            with case.assertServerRaises(LookupError):
                async with case.ws.connect("/late") as session:
                    await session.send_text("hello")

        self.assertEqual(self.texts(test), [])

    def test_own_exception(self) -> None:
        """The test's own exception is the one that is seen, and the app's is told at its end."""

        async def test(case: AsyncServerTestCase) -> None:
            async with case.ws.connect("/late") as session:
                await session.send_text("hello")
                raise ZeroDivisionError("my own")

        self.assertEqual(self.texts(test)[0], "ZeroDivisionError: my own")

    def test_without(self) -> None:
        """Without it, what closes is a ConnectionClosed, and the app's exception fails the test at its end."""

        async def test(case: AsyncServerTestCase) -> None:
            async with case.ws.connect("/late") as session:
                await session.send_text("hello")
                with case.assertRaises(ConnectionClosed):
                    await session.receive()

        self.assertRegex(
            "\n".join(failures(test, AsyncServerTestCase, app=app)),
            r"\AAssertionError: the app raised what no response could show; .*\n(  .*\n)*  LookupError: no room\Z",
        )


class ForeignTests(unittest.TestCase):
    """Servers of other makers."""

    def test_no_thread(self) -> None:
        """A plain client without a thread to wait on does not wait."""
        server = self.enterContext(ServerThread(app))
        client = self.enterContext(SyncClient(server.url))
        session = SyncWebSocketClient(client).connect("/stuck")
        session.close()
        assert session.exchange is not None
        self.assertIsNone(session.exchange.ended_at)
        server.run(let_go())
        server.settle()
