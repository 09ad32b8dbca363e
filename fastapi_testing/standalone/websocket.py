"""WebSockets of the standalone front end: how they are opened, and what is done with them."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from websockets.exceptions import ConnectionClosed

from fastapi_testing.assertions.websocket.payload import describe_expected, describe_payload, find_accepted
from fastapi_testing.standalone.response import AsyncTestResponse

__all__ = ["WebSocketConfig", "WebSocketHelper"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_T = TypeVar("_T")


@dataclass
class WebSocketConfig:
    """
    How a WebSocket is opened.

    Attributes:
        subprotocols: The subprotocols to offer, in order of preference.
        compression: ``"deflate"`` offers compression (RFC 7692).
        extra_headers: Headers of the handshake.
        ping_interval: Seconds between keep-alive pings; None sends none.
        ping_timeout: Seconds that the server has to answer one of these; None for no limit.
        max_size: Bytes that a message may have; None for the ``WS_MAX_MESSAGE_SIZE`` of the client's
            :class:`~fastapi_testing.Config`.
        max_queue: Messages that may wait to be received; None for its ``WS_MAX_QUEUE_SIZE``.
        timeout: Seconds that the handshake, and then each receive, may take; None for those of the client.
    """

    subprotocols: Sequence[str] | None = None
    compression: Literal["deflate"] | None = None
    extra_headers: Mapping[str, str] | Sequence[tuple[str, str]] | None = None
    ping_interval: float | None = None
    ping_timeout: float | None = 20.0
    max_size: int | None = None
    max_queue: int | None = None
    timeout: float | None = None


class WebSocketHelper:
    """
    Sends and receives on the WebSocket that a response stands for.

    The session itself, ``response.websocket()``, does all of this too. Each method raises
    :exc:`~fastapi_testing.errors.InvalidResponseTypeError` for a response of HTTP, and each receive :exc:`TimeoutError`
    where nothing comes within the time-out of the WebSocket.
    """

    @staticmethod
    async def send_text(response: AsyncTestResponse, text: str) -> None:
        """Send a text message."""
        await response.websocket().send_text(text)

    @staticmethod
    async def send_json(response: AsyncTestResponse, value: Any) -> None:
        """Send a value as JSON (RFC 8259), in a text message."""
        await response.websocket().send_json(value)

    @staticmethod
    async def send_binary(response: AsyncTestResponse, data: bytes) -> None:
        """Send a binary message."""
        await response.websocket().send_bytes(data)

    @staticmethod
    async def receive_text(response: AsyncTestResponse) -> str:
        """
        Receive the next message, which must be text.

        Raises:
            TypeError: If a binary message comes.
        """
        return await _receive(response.websocket().receive_text, "Expected str, got <class 'bytes'>")

    @staticmethod
    async def receive_json(response: AsyncTestResponse) -> Any:
        """
        Receive the next message, which must be text that is JSON (RFC 8259).

        Raises:
            TypeError: If a binary message comes.
            ValueError: If the message is not JSON.
        """
        session = response.websocket()
        text = await _receive(session.receive_text, "Expected text data to decode JSON, got <class 'bytes'>")
        try:
            return json.loads(text)
        except ValueError as exc:
            raise ValueError(f"{session}: expected a JSON message, got {text!r}: {exc}") from None

    @staticmethod
    async def receive_binary(response: AsyncTestResponse) -> bytes:
        """
        Receive the next message, which must be binary.

        Raises:
            TypeError: If a text message comes.
        """
        return await _receive(response.websocket().receive_bytes, "Expected bytes, got <class 'str'>")

    @staticmethod
    async def expect_message(response: AsyncTestResponse, expected: Any, timeout: float | None = None) -> None:
        """
        Fail unless the next message is the expected one.

        Args:
            response: The WebSocket.
            expected: A str for a text message, bytes for a binary one, or a document, which is compared as JSON.
            timeout: Seconds to wait; unless given, those of the WebSocket.

        Raises:
            AssertionError: If another message comes.
            TimeoutError: If none comes in time.
        """
        try:
            message = await response.websocket().receive(timeout)
        except TimeoutError as exc:
            raise TimeoutError(f"Timeout waiting for expected message {describe_expected(expected)}: {exc}") from None
        for _ in find_accepted(message, expected):
            return
        raise AssertionError(
            f"Expected message {describe_expected(expected)}, got {describe_payload(message, expected)}"
        )

    @staticmethod
    async def drain_messages(response: AsyncTestResponse, timeout: float = 0.1) -> list[str | bytes]:
        """
        Receive messages until none comes any more, because it takes too long or the connection is closed.

        ``response.websocket().drain_messages()`` does not wait for more than what the server has sent by now.

        Args:
            response: The WebSocket.
            timeout: Seconds to wait for each message.

        Returns:
            The messages, oldest first.
        """
        session = response.websocket()
        messages: list[str | bytes] = []
        try:
            while True:
                messages.append(await session.receive(timeout))
        except (ConnectionClosed, TimeoutError):
            return messages


async def _receive(receive: Callable[[], Awaitable[_T]], problem: str) -> _T:
    """Receive a message of one kind; the error of the session says which message came instead."""
    try:
        return await receive()
    except TypeError as exc:
        raise TypeError(problem) from exc
