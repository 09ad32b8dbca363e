"""What a test can claim of a WebSocket."""

import inspect
from collections.abc import Sequence
from typing import Any, cast
from unittest import TestCase

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Close

from fastapi_testing.assertions.connection import (
    Connecting,
    RejectedHandshake,
    WebSocketConnection,
    handshake_limit,
    open_connection,
    peer_close,
    receive,
    received_messages,
    target_of,
    time_limit,
)
from fastapi_testing.assertions.describe import (
    describe_answer,
    describe_close,
    describe_close_code,
    describe_message,
    describe_received,
)
from fastapi_testing.assertions.exchange import describe_behind
from fastapi_testing.assertions.patterns import TextOrPattern, check_text_or_pattern, matches
from fastapi_testing.assertions.payload import check_expected, describe_expected, describe_payload, find_accepted
from fastapi_testing.assertions.response import text_of
from fastapi_testing.assertions.status import ExpectedStatus, StatusChoice
from fastapi_testing.assertions.unordered import Unordered

__all__ = ["WebSocketAssertions"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_AN_AWAITABLE = "what connects when it is awaited, such as websockets.connect(uri)"


class WebSocketAssertions(TestCase):
    """
    Assertions on WebSockets, for any test case whose tests are coroutines.

    They take the sessions of this package and the asyncio connections of websockets. Each wait has an end: after
    ``timeout`` seconds, unless given those of the session, or five.
    """

    async def assertWebSocketReceives(
        self, session: WebSocketConnection, expected: Any, timeout: float | None = None, msg: Any = None
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
        earlier, seconds = received_messages(session), time_limit(session, timeout)
        event = await receive(session, seconds)
        if isinstance(event, str | bytes):
            for value in find_accepted(event, expected):
                return value
            got = describe_payload(event, expected)
        else:
            got = _describe_end(event, "message", seconds)
        standard = f"{_name(target_of(session))}: expected {describe_expected(expected)}, got {got}"
        behind = describe_behind(session)
        return self.fail(self._formatMessage(msg, f"{standard}{describe_received(earlier)}{behind}"))

    async def assertWebSocketReceivesAll(
        self, session: WebSocketConnection, messages: Sequence[Any], timeout: float | None = None, msg: Any = None
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
        earlier, seconds = received_messages(session), time_limit(session, timeout)
        taken = Unordered(messages)
        while not taken.complete:
            event = await receive(session, seconds)
            if isinstance(event, str | bytes) and taken.take(event):
                continue
            got = _describe_stray(event, seconds)
            standard = f"{_name(target_of(session))}: expected {taken}, got {got}{taken.describe_missing()}"
            came = describe_received([*earlier, *taken.received])
            self.fail(self._formatMessage(msg, f"{standard}{came}{describe_behind(session)}"))
        return taken.values()

    async def assertWebSocketReceivesNothing(
        self, session: WebSocketConnection, within: float, msg: Any = None
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
        earlier = received_messages(session)
        event = await receive(session, within)
        self._check_silence(
            event,
            f"{_name(target_of(session))}: expected no message within {within:g} s",
            earlier,
            session,
            msg,
        )

    async def assertWebSocketClosed(
        self,
        session: WebSocketConnection,
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
        if reason is not None:
            check_text_or_pattern("expected close reason", reason)
        earlier, seconds = received_messages(session), time_limit(session, timeout)
        event = await receive(session, seconds)
        if not _is_close(event, code, reason):
            got = _describe_close_event(event, seconds)
            standard = f"{_name(target_of(session))}: expected {_describe_expected_close(code, reason)}, got {got}"
            self.fail(self._formatMessage(msg, f"{standard}{describe_received(earlier)}{describe_behind(session)}"))

    async def assertWebSocketRejected(
        self,
        connecting: str | Connecting,
        status: ExpectedStatus | None = None,
        body: Any = None,
        timeout: float | None = None,
        msg: Any = None,
    ) -> RejectedHandshake:
        """
        Fail unless the server answers the handshake with an HTTP response that rejects it (RFC 6455 §4.2.2).

        ::

            await self.assertWebSocketRejected("/private", 403)
            await self.assertWebSocketRejected(self.ws.connect("/private", headers=wrong_token), 401)

        What else may go wrong in a handshake, such as a connection that is refused, is raised as it is.

        Args:
            connecting: A path for ``self.ws.connect``, or what performs the handshake when it is awaited.
            status: The status of the response, as for ``assertStatus``; any, unless given.
            body: Its body: a str or bytes that it is equal to, or a document that its JSON is equal to; any, unless
                given.
            timeout: Seconds that the handshake may take.
            msg: What to say besides.

        Returns:
            The response, for further assertions.

        Raises:
            TypeError: If ``connecting`` is neither a path nor awaitable, if it is a path and this test case has no
                ``ws``, or if ``status`` is nothing that stands for status codes.
            ValueError: If there is no such status.
        """
        choice = None if status is None else StatusChoice.parse(status)
        attempt = self._connect(connecting)
        seconds = handshake_limit(attempt, timeout)
        outcome = await open_connection(attempt, seconds)
        target = connecting if isinstance(connecting, str) else target_of(attempt) or target_of(outcome)
        if isinstance(outcome, InvalidStatus):
            rejected = RejectedHandshake.from_exception(outcome, target)
            if _is_rejection(rejected, choice, body):
                return rejected
            got = f"got {describe_answer(rejected)}{describe_behind(rejected)}"
        else:
            got = await _describe_no_rejection(outcome, seconds)
        standard = f"{_name(target)}: expected the handshake to be rejected{_describe_rejection(choice, body)}, {got}"
        return self.fail(self._formatMessage(msg, standard))

    def _check_silence(
        self,
        event: str | bytes | ConnectionClosed | TimeoutError,
        wanted: str,
        earlier: Sequence[str | bytes],
        session: WebSocketConnection,
        msg: Any,
    ) -> None:
        if not isinstance(event, TimeoutError):
            standard = f"{wanted}, got {_describe_unwanted(event)}{describe_received(earlier)}"
            self.fail(self._formatMessage(msg, f"{standard}{describe_behind(session)}"))

    def _connect(self, connecting: str | Connecting) -> Connecting:
        if inspect.isawaitable(connecting):
            return connecting
        if not isinstance(connecting, str):
            raise TypeError(f"connecting {connecting!r} is not understood: give a path, or {_AN_AWAITABLE}")
        client = getattr(self, "ws", None)
        if client is None:
            name = type(self).__qualname__
            raise TypeError(f"{name} has no `ws` to connect to {connecting!r} with: give {_AN_AWAITABLE}")
        return cast("Connecting", client.connect(connecting))


def _name(target: str) -> str:
    return f"WebSocket {target}".rstrip()


def _describe_end(event: ConnectionClosed | TimeoutError, awaited: str, seconds: float) -> str:
    if isinstance(event, TimeoutError):
        return f"no {awaited} within {seconds:g} s"
    close = peer_close(event)
    if close is None:
        return f"no {awaited}: this side closed first, with {_describe(event.sent)}"
    return f"close code {_describe(close)}"


def _describe_stray(event: str | bytes | ConnectionClosed | TimeoutError, seconds: float) -> str:
    if isinstance(event, str | bytes):
        return f"{describe_message(event)}, which is none of those still expected"
    return _describe_end(event, "message", seconds)


def _describe_unwanted(event: str | bytes | ConnectionClosed) -> str:
    if isinstance(event, str | bytes):
        return describe_message(event)
    return _describe_end(event, "open connection", 0)


def _describe(close: Close | None) -> str:
    return describe_close(close.code, close.reason) if close else "no close frame"


def _is_close(event: object, code: int | None, reason: TextOrPattern | None) -> bool:
    close = peer_close(event) if isinstance(event, ConnectionClosed) else None
    if close is None:
        return False
    return code in (None, close.code) and (reason is None or matches(reason, close.reason))


def _describe_close_event(event: str | bytes | ConnectionClosed | TimeoutError, seconds: float) -> str:
    if isinstance(event, str | bytes):
        return f"message {describe_message(event)}"
    return _describe_end(event, "close", seconds).removeprefix("close code ")


def _describe_expected_close(code: int | None, reason: TextOrPattern | None) -> str:
    parts = []
    if code is not None:
        parts.append(f"close code {describe_close_code(code)}")
    if isinstance(reason, str):
        parts.append(f"close reason {describe_message(reason)}")
    elif reason is not None:
        parts.append(f"a close reason to match {reason.pattern!r}")
    return " and ".join(parts) or "the peer to close"


def _is_rejection(rejected: RejectedHandshake, choice: StatusChoice | None, body: Any) -> bool:
    if choice is not None and rejected.status_code not in choice:
        return False
    if body is None:
        return True
    payload = text_of(rejected, rejected.content) if isinstance(body, str) else rejected.content
    return any(True for _ in find_accepted(payload, body))


def _describe_rejection(choice: StatusChoice | None, body: Any) -> str:
    parts = [] if choice is None else [str(choice)]
    if body is not None:
        parts.append(f"body {describe_expected(body)}")
    return f" with {' and '.join(parts)}" if parts else ""


async def _describe_no_rejection(outcome: WebSocketConnection | TimeoutError, seconds: float) -> str:
    """Close the connection that should not be, and return what came instead of a rejection."""
    if isinstance(outcome, TimeoutError):
        return f"got no answer within {seconds:g} s"
    await outcome.close()
    subprotocol = getattr(outcome, "subprotocol", None)
    return f"but it was accepted{f' (subprotocol {subprotocol})' if subprotocol else ''}"
