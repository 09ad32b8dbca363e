"""The app's exceptions in WebSockets: raised in the test, and shown by what fails."""

import asyncio
import logging
import re
import unittest
from typing import Any

from fastapi import FastAPI, WebSocket
from starlette.responses import Response
from websockets.exceptions import ConnectionClosed, InvalidStatus

from fastapi_testing import AsyncServerTestCase, ServerTestCase
from fastapi_testing.client.websocket.session import WebSocketSession
from tests.case.failing import failures

logger = logging.getLogger("tests.chat")
logger.addHandler(logging.NullHandler())  # or its warnings would go to the terminal

app = FastAPI()


@app.websocket("/early")
async def early(_: WebSocket) -> None:
    """Fail before the handshake is answered."""
    raise LookupError("no such room")


@app.websocket("/late")
async def late(websocket: WebSocket) -> None:
    """Fail once a message has come."""
    await websocket.accept()
    await websocket.receive_text()
    logger.warning("room %s is full", "lobby")
    raise LookupError("no room")


@app.websocket("/denied")
async def denied(websocket: WebSocket) -> None:
    """Reject the handshake."""
    await websocket.send_denial_response(Response(status_code=499))


@app.websocket("/private")
async def private(websocket: WebSocket) -> None:
    """Refuse the handshake, with a code and a reason that the client does not get."""
    await websocket.close(1008, "no token")


@app.websocket("/busy")
async def busy(websocket: WebSocket) -> None:
    """Refuse it with a code alone."""
    await websocket.close(1013)


@app.websocket("/open")
async def open_(websocket: WebSocket) -> None:
    """Accept, and wait for ever."""
    await websocket.accept()
    await asyncio.Event().wait()


def traceback_of(function: Any, line: int, code: str) -> str:
    """Return what is told of an exception in one line of a function."""
    name = function.__name__
    return (
        f"the app raised, for WebSocket /{name}, in {__name__}.{name}:\n"
        "  Traceback (most recent call last):\n"
        f'    File "{__file__}", line {function.__code__.co_firstlineno + line}, in {name}\n'
        f"      raise {code}\n"
        f"  {code.replace('(', ': ').replace(')', '').replace(chr(34), '')}"
    )


EARLY = traceback_of(early, 3, 'LookupError("no such room")')
LATE = traceback_of(late, 6, 'LookupError("no room")')
LOGGED = "the app logged:\n  WARNING tests.chat: room lobby is full"


async def end(chat: WebSocketSession) -> None:
    """Have the handler fail, and the connection end."""
    await chat.send_text("hi")
    await chat.wait_closed()


class RaisedTests(unittest.TestCase):
    """raise_server_exceptions = True."""

    def passes(self, test: Any) -> None:
        """Check that a test passes: what it has got is seen."""
        self.assertEqual(failures(test, app=app, raise_server_exceptions=True), [])

    def test_receive(self) -> None:
        """A receive raises what has ended the connection; so do a send, an assertion, and draining."""

        async def test(case: AsyncServerTestCase) -> None:
            chat = await case.ws.connect("/late")
            await end(chat)
            for attempt in (
                chat.receive,
                chat.recv,
                chat.drain_messages,
                lambda: chat.send_text("hi"),
                lambda: case.assertWebSocketClosed(chat),
            ):
                with case.assertRaisesRegex(LookupError, "^no room$") as caught:
                    await attempt()
                case.assertIsNone(caught.exception.__context__)  # it stays as the app raised it

        self.passes(test)

    def test_handshake(self) -> None:
        """A handshake that is rejected because the app raised, raises it."""

        async def test(case: AsyncServerTestCase) -> None:
            with case.assertRaisesRegex(LookupError, "^no such room$"):
                await case.ws.connect("/early")

        self.passes(test)

    def test_nothing_raised(self) -> None:
        """Where the app did not raise, it is as it is without."""

        async def test(case: AsyncServerTestCase) -> None:
            chat = await case.ws.connect("/late")
            await chat.close()
            for attempt in (chat.receive, lambda: chat.send_text("hi")):
                with case.assertRaises(ConnectionClosed):
                    await attempt()
            with case.assertRaises(InvalidStatus):
                await case.ws.connect("/denied")

        self.passes(test)

    def test_failure(self) -> None:
        """A test that does not catch it fails with it, once."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.ws.connect("/early")

        (text,) = failures(test, app=app, raise_server_exceptions=True)
        self.assertTrue(text.endswith("LookupError: no such room"), text)


class RejectedTests(AsyncServerTestCase):
    """The exception of a handshake that was rejected."""

    app = app
    maxDiff = None

    async def test_app_raised(self) -> None:
        """It has the exchange, and notes of what was asked, what was answered, and what the app raised."""
        with self.assertServerRaises(LookupError), self.assertRaises(InvalidStatus) as caught:
            await self.ws.connect("/early")
        rejected = "WebSocket /early: the handshake was rejected with 500 Internal Server Error\n"
        self.assertEqual(caught.exception.__notes__, [rejected + EARLY])
        self.assertIs(caught.exception.exchange, self.server.exchanges[0])  # type: ignore[attr-defined]

    async def test_app_did_not_raise(self) -> None:
        """Where the app did not raise, it has what was answered; a status may be one that has no name."""
        with self.assertRaises(InvalidStatus) as caught:
            await self.ws.connect("/denied")
        self.assertEqual(caught.exception.__notes__, ["WebSocket /denied: the handshake was rejected with 499"])

    async def test_response(self) -> None:
        """The rejected handshake that an assertion returns shows the exchange where another assertion fails on it."""
        with self.assertServerRaises(LookupError):
            rejected = await self.assertWebSocketRejected("/early")
        with self.assertRaises(AssertionError) as caught:
            self.assertStatus(rejected, 403)
        self.assertTrue(str(caught.exception).endswith(EARLY), str(caught.exception))


class CodeTests(AsyncServerTestCase):
    """The code and the reason with which the app refuses a handshake."""

    app = app
    maxDiff = None

    async def test_exchange(self) -> None:
        """They are on the exchange, in the note of the exception, and on the response that the assertion returns."""
        for path, code, reason, noted in (
            ("/private", 1008, "no token", ", as the app closed with 1008 and 'no token'"),
            ("/busy", 1013, "", ", as the app closed with 1013"),
        ):
            with self.subTest(path=path):
                with self.assertRaises(InvalidStatus) as caught:
                    await self.ws.connect(path)
                exchange = self.server.exchanges[-1]
                self.assertEqual((exchange.close_code, exchange.close_reason), (code, reason))
                note = f"WebSocket {path}: the handshake was rejected with 403 Forbidden{noted}"
                self.assertEqual(caught.exception.__notes__, [note])
                rejected = await self.assertWebSocketRejected(path, 403)
                self.assertEqual((rejected.close_code, rejected.close_reason), (code, reason))

    async def test_expected(self) -> None:
        """The assertion takes them; a pattern is searched for in the reason."""
        await self.assertWebSocketRejected("/private", code=1008)
        await self.assertWebSocketRejected("/private", 403, code=1008, reason="no token")
        await self.assertWebSocketRejected("/private", reason=re.compile("token$"))
        with self.assertRaises(TypeError):
            await self.assertWebSocketRejected("/private", reason=b"no token")  # type: ignore[arg-type]

    async def test_another(self) -> None:
        """A failure shows what was expected, and what the app gave."""
        closed = 'got 403 Forbidden; body: empty, and the app closed it with 1008 (policy violation) "no token"'
        cases: list[tuple[dict[str, Any], str]] = [
            ({"code": 4001}, "close code 4001"),
            ({"status": 403, "reason": "no seat"}, '403 and close reason "no seat"'),
            (
                {"code": 1008, "reason": re.compile("a")},
                "close code 1008 (policy violation) and a close reason to match 'a'",
            ),
        ]
        for options, expected in cases:
            with self.subTest(options=options), self.assertRaises(AssertionError) as caught:
                await self.assertWebSocketRejected("/private", **options)
            wanted = f"WebSocket /private: expected the handshake to be rejected with {expected}"
            self.assertEqual(str(caught.exception), f"{wanted}, {closed}")

    async def test_none(self) -> None:
        """A failure says so where the app gave none."""
        with self.assertRaises(AssertionError) as caught:
            await self.assertWebSocketRejected("/denied", code=1008)
        self.assertEqual(
            str(caught.exception),
            "WebSocket /denied: expected the handshake to be rejected with close code 1008 (policy violation), "
            "got 499; body: empty, and the app did not close it",
        )

    async def test_accepted(self) -> None:
        """A handshake that is accepted fails at once, whatever the app then does."""
        with self.assertRaises(AssertionError) as caught:
            await self.assertWebSocketRejected("/open", code=1008)
        self.assertEqual(
            str(caught.exception),
            "WebSocket /open: expected the handshake to be rejected with close code 1008 (policy violation), "
            "but it was accepted",
        )
        for task in self.server.recorder.tasks("websocket"):
            task.cancel()


class PlainCodeTests(ServerTestCase):
    """The same in a plain test."""

    app = app

    def test_expected(self) -> None:
        """The assertion takes them."""
        rejected = self.assertWebSocketRejected("/private", code=1008, reason="no token")
        self.assertEqual((rejected.close_code, rejected.close_reason), (1008, "no token"))
        with self.assertRaisesRegex(AssertionError, "close code 4001, got 403 Forbidden"):
            self.assertWebSocketRejected("/private", code=4001)


class ShownTests(unittest.TestCase):
    """What is shown by failures."""

    maxDiff = None

    def failure(self, test: Any) -> str:
        """Run a test of the app, and return its one failure."""
        (text,) = failures(test, app=app)
        return text

    def test_assertions(self) -> None:
        """Each assertion on a WebSocket shows what the app raised, what it logged and what it was asked; only once."""

        async def receives(case: AsyncServerTestCase, chat: WebSocketSession) -> None:
            await case.assertWebSocketReceives(chat, "hi")

        async def receives_all(case: AsyncServerTestCase, chat: WebSocketSession) -> None:
            await case.assertWebSocketReceivesAll(chat, ["hi"])

        async def receives_nothing(case: AsyncServerTestCase, chat: WebSocketSession) -> None:
            await case.assertWebSocketReceivesNothing(chat, within=0)

        async def closed(case: AsyncServerTestCase, chat: WebSocketSession) -> None:
            await case.assertWebSocketClosed(chat, 1000)

        async def connected(case: AsyncServerTestCase, check: Any) -> None:
            chat = await case.ws.connect("/late", headers={"X-Tenant": "blue"})
            await end(chat)
            await check(case, chat)

        for check in (receives, receives_all, receives_nothing, closed):

            async def test(case: AsyncServerTestCase, check: Any = check) -> None:
                await connected(case, check)

            with self.subTest(check=check.__name__):
                text = self.failure(test)
                self.assertTrue(text.endswith(f"\n{LATE}\n{LOGGED}\nthe request:\n  x-tenant: blue"), text)

    def test_letter(self) -> None:
        """The whole of one."""

        async def test(case: AsyncServerTestCase) -> None:
            chat = await case.ws.connect("/late")
            await end(chat)
            await case.assertWebSocketReceives(chat, "hi")

        self.assertEqual(
            self.failure(test),
            f'AssertionError: WebSocket /late: expected "hi", got close code 1006 (abnormal closure)\n{LATE}\n{LOGGED}',
        )

    def test_rejected(self) -> None:
        """So does the assertion on a rejected handshake."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.assertWebSocketRejected("/early", 403)

        self.assertEqual(
            self.failure(test),
            "AssertionError: WebSocket /early: expected the handshake to be rejected with 403, "
            f"got 500 Internal Server Error; body: Internal Server Error\n{EARLY}",
        )

    def test_exception(self) -> None:
        """A test that fails with the handshake's own exception shows the app's once."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.ws.connect("/early")

        text = self.failure(test)
        self.assertTrue(
            text.endswith(f"WebSocket /early: the handshake was rejected with 500 Internal Server Error\n{EARLY}"), text
        )
