"""What stands between the server and the app: it hands on what they say, and has an exchange take notes."""

from typing import Any

from fastapi_testing.server.application import Message, Receive, Send
from fastapi_testing.server.recording.exchange import Exchange

__all__ = ["DEBUG", "Tap"]

DEBUG = "http.response.debug"
"""The message, and the ASGI extension, by which Starlette tells a test what a response was made of."""


class Tap:
    """What the app gets for ``receive`` and ``send``: the server's own, and an exchange that takes notes."""

    __slots__ = ("_exchange", "_receive", "_send")

    def __init__(self, exchange: Exchange, receive: Receive, send: Send) -> None:
        self._exchange = exchange
        self._receive = receive
        self._send = send

    async def receive(self) -> Message:
        """Receive from the server."""
        message = await self._receive()
        kind = message["type"]
        if kind == "http.request":
            self._exchange.bytes_received += len(message.get("body", b""))
        elif kind == "websocket.receive":
            self._exchange.bytes_received += _payload_size(message)
        elif kind == "lifespan.shutdown":
            self._exchange.is_on = False
        elif kind == "websocket.disconnect":
            self._exchange.is_over = self._exchange.is_told = True
        return message

    # Not a coroutine function of its own: what it returns is the server's coroutine, which saves one per message.
    def send(self, message: Message) -> Any:
        """Send to the server."""
        kind = message["type"]
        if kind == "http.response.body":
            self._exchange.bytes_sent += len(message.get("body", b""))
        elif kind == "http.response.start":
            self._exchange.take_answer(message, message["status"])
        elif kind.startswith("websocket."):
            self._take_note(kind, message)
        elif kind == "lifespan.startup.complete":
            self._exchange.is_on = True
        elif kind == DEBUG:
            self._exchange.debug = message["info"]
            return _sent()  # the server knows no such message
        return self._send(message)

    def _take_note(self, kind: str, message: Message) -> None:
        exchange = self._exchange
        if kind == "websocket.send":
            exchange.bytes_sent += _payload_size(message)
        elif kind == "websocket.accept":
            exchange.take_answer(message, 101)
        elif kind == "websocket.http.response.start":
            exchange.take_answer(message, message["status"])
        elif kind == "websocket.http.response.body":
            exchange.bytes_sent += len(message.get("body", b""))
            exchange.denied = not message.get("more_body", False)
        elif kind == "websocket.close":  # pragma: no branch - uvicorn refuses all others
            exchange.take_close(message)


async def _sent() -> None:
    """Be what a message that nobody gets returns."""


def _payload_size(message: Message) -> int:
    text = message.get("text")
    return len(message.get("bytes") or b"") if text is None else len(text.encode("utf-8", "surrogatepass"))
