"""What a test can claim of a WebSocket."""

from collections.abc import Sequence
from typing import Any

from websockets.exceptions import InvalidStatus

from fastapi_testing.assertions.comparing.patterns import TextOrPattern
from fastapi_testing.assertions.comparing.status import ExpectedStatus
from fastapi_testing.assertions.websocket.attempts import Connecting, attempt_of, open_connection
from fastapi_testing.assertions.websocket.connection import (
    ReceivingConnection,
    RejectedHandshake,
    WebSocketConnection,
    handshake_limit,
    receive_next,
    target_of,
)
from fastapi_testing.assertions.websocket.payload import check_expected
from fastapi_testing.assertions.websocket.unordered import Unordered
from fastapi_testing.assertions.websocket.verdicts import Awaited, Rejection, WebSocketVerdicts, check_reason

__all__ = ["WebSocketAssertions"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


class WebSocketAssertions(WebSocketVerdicts):
    """
    Assertions on WebSockets, for any test case whose tests are coroutines.

    They take the sessions of this package and of httpx2, and the asyncio connections of websockets. Each wait has
    an end: after ``timeout`` seconds, unless given those of the session, or five.
    """

    async def assertWebSocketReceives(
        self,
        session: WebSocketConnection | ReceivingConnection,
        expected: Any,
        timeout: float | None = None,
        msg: Any = None,
    ) -> Any:
        """
        Fail unless the next message is the expected one.

        ::

            await self.assertWebSocketReceives(chat, {"room": "lobby", "id": ANY})

        Args:
            session: The WebSocket.
            expected: A str for a text message, bytes for a binary one; a function to call with the message; an object
                that decides for itself what it equals, such as :data:`unittest.mock.ANY`; or a document, for a message
                of either kind that is JSON, compared as ``assertJsonEqual`` does.
            timeout: Seconds to wait.
            msg: What to say besides.

        Returns:
            The message; where JSON was expected, the document.

        Raises:
            TypeError: If ``expected`` is a coroutine function.
        """
        check_expected(expected)
        awaited = Awaited.of(session, timeout)
        return self._check_received(awaited, await receive_next(session, awaited.seconds), expected, msg)

    async def assertWebSocketReceivesAll(
        self,
        session: WebSocketConnection | ReceivingConnection,
        messages: Sequence[Any],
        timeout: float | None = None,
        msg: Any = None,
    ) -> list[Any]:
        """
        Fail unless the next messages are the expected ones, in any order.

        It receives as many messages as are expected, and no more; at the first that none of the expected ones is left
        for, it fails. ::

            await self.assertWebSocketReceivesAll(chat, [{"joined": "Ada"}, {"joined": "Grace"}])

        Args:
            session: The WebSocket.
            messages: The messages, each as for :meth:`assertWebSocketReceives`, and each to be one of its own.
            timeout: Seconds to wait for each.
            msg: What to say besides.

        Returns:
            The messages, in the order expected; where JSON was expected, the documents.

        Raises:
            TypeError: If one of ``messages`` is a coroutine function.
        """
        for expected in messages:
            check_expected(expected)
        awaited, taken = Awaited.of(session, timeout), Unordered(messages)
        while not taken.complete:
            self._check_taken(awaited, await receive_next(session, awaited.seconds), taken, msg)
        return taken.values()

    async def assertWebSocketReceivesNothing(
        self, session: WebSocketConnection | ReceivingConnection, within: float, msg: Any = None
    ) -> None:
        """
        Fail if a message comes, or the connection ends, within a time.

        A wait is no proof: where the app can be made to send something that comes after what it must not send, receive
        that instead.

        Args:
            session: The WebSocket.
            within: Seconds to wait; 0 for what has come already.
            msg: What to say besides.
        """
        awaited = Awaited.of(session, within)
        self._check_silence(awaited, await receive_next(session, within), msg)

    async def assertWebSocketClosed(
        self,
        session: WebSocketConnection | ReceivingConnection,
        code: int | None = None,
        reason: TextOrPattern | None = None,
        timeout: float | None = None,
        msg: Any = None,
    ) -> None:
        """
        Fail unless the peer closes the WebSocket, and has sent nothing more before that.

        A connection that ends without a close frame counts as closed with 1006, one closed without a code with 1005
        (RFC 6455 §7.1.5). One that this side closed first was not closed by the peer.

        Args:
            session: The WebSocket.
            code: The close code (RFC 6455 §7.4.1); any, unless given.
            reason: The close reason, or a compiled pattern to search it for; any, unless given.
            timeout: Seconds to wait.
            msg: What to say besides.

        Raises:
            TypeError: If ``reason`` is neither a str nor a compiled pattern.
        """
        check_reason(reason)
        awaited = Awaited.of(session, timeout)
        self._check_closed(awaited, await receive_next(session, awaited.seconds), code, reason, msg)

    async def assertWebSocketRejected(
        self,
        connecting: str | Connecting,
        status: ExpectedStatus | None = None,
        body: Any = None,
        timeout: float | None = None,
        msg: Any = None,
        *,
        code: int | None = None,
        reason: TextOrPattern | None = None,
    ) -> RejectedHandshake:
        """
        Fail unless the server answers the handshake with an HTTP response that rejects it (RFC 6455 §4.2.2).

        ::

            await self.assertWebSocketRejected("/private", 403)
            await self.assertWebSocketRejected(self.ws.connect("/private", headers=wrong_token), 401)
            await self.assertWebSocketRejected("/private", code=1008, reason="no token")

        What else may go wrong in a handshake, such as a connection that is refused, is raised as it is.

        Args:
            connecting: A path for ``self.ws.connect``, or what performs the handshake when it is awaited.
            status: The status of the response, as for ``assertStatus``; any, unless given.
            body: Its body: a str or bytes that it is equal to, or a document that its JSON is equal to; any, unless
                given.
            timeout: Seconds that the handshake may take.
            msg: What to say besides.
            code: The close code that the app gave to refuse it (RFC 6455 §7.4); any, unless given. No client gets to
                know it, but the recorder of a server of this process does.
            reason: The close reason that it gave, or a compiled pattern to search it for; any, unless given.

        Returns:
            The response, for further assertions.

        Raises:
            TypeError: If ``connecting`` is neither a path nor awaitable, if it is a path and this test case has no
                ``ws``, if ``status`` is nothing that stands for status codes, or if ``reason`` is neither a str nor a
                compiled pattern.
            ValueError: If there is no such status.
        """
        expected = Rejection.parse(status, body, code, reason)
        attempt = attempt_of(self, connecting, timeout)
        seconds = handshake_limit(attempt, timeout)
        outcome = await open_connection(attempt, seconds)
        target = connecting if isinstance(connecting, str) else target_of(attempt) or target_of(outcome)
        if not isinstance(outcome, InvalidStatus | TimeoutError):
            await getattr(outcome, "disconnect", outcome.close)()  # a session's own close() waits for the app
        return self._check_rejected(target, outcome, expected, seconds, msg)
