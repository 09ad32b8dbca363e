"""Apps that are classes, whose objects are awaited."""

from collections.abc import Generator
from typing import Any

from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.websockets import WebSocket

__all__ = ["Echo", "Hello", "Other"]


class Hello(HTTPEndpoint):
    """Greets, or fails."""

    async def get(self, request: Request) -> Response:
        """Greet."""
        return PlainTextResponse(f"hello {request.query_params['name']}")

    async def delete(self, _: Request) -> Response:
        """Fail."""
        raise LookupError("nobody is there")


class Echo(WebSocketEndpoint):
    """Says what it hears."""

    encoding = "text"

    async def on_receive(self, websocket: WebSocket, data: Any) -> None:
        """Say it."""
        await websocket.send_text(data)


class Other:
    """Is awaited too, and is no app."""

    def __init__(self, answer: str) -> None:
        self.answer = answer

    def __await__(self) -> Generator[Any, None, str]:
        yield from ()
        return self.answer
