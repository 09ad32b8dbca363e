"""What came of a request, or of a WebSocket handshake."""

from typing import Any, Self

import httpx

from fastapi_testing.assertions import HTTPAssertions
from fastapi_testing.client import WebSocketSession
from fastapi_testing.errors import InvalidResponseTypeError

__all__ = ["AsyncTestResponse"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


class AsyncTestResponse:
    """
    The response to a request; or a WebSocket, in the place of a response.

    Every assertion takes it. What it does not have itself it has of its :class:`httpx.Response` (``cookies``,
    ``history``, ``request``) or of its :class:`~fastapi_testing.WebSocketSession`. Whatever belongs to responses only
    raises :exc:`~fastapi_testing.errors.InvalidResponseTypeError` for a WebSocket, and the other way round.

    Args:
        response: The response of httpx, or the WebSocket.
    """

    def __init__(self, response: httpx.Response | WebSocketSession) -> None:
        self._response = response

    @property
    def status_code(self) -> int:
        """The status code (RFC 9110 §15)."""
        return self._http(
            "WebSocket connections don't have status codes: websocket() returns the connection"
        ).status_code

    @property
    def headers(self) -> httpx.Headers:
        """The header fields (RFC 9110 §5)."""
        return self._http(
            "WebSocket connections don't have headers: websocket().response.headers are those of the handshake"
        ).headers

    @property
    def content(self) -> bytes:
        """The body, its content coding undone."""
        return self._http("WebSocket connections don't have a body: websocket().recv() receives a message").content

    async def json(self) -> Any:
        """Return the JSON value (RFC 8259) that the body holds."""
        return self._http(
            "Cannot get JSON directly from WebSocket response: client.ws.receive_json(response) receives a message"
        ).json()

    async def text(self) -> str:
        """Return the body as text."""
        return self._http(
            "Cannot get text directly from WebSocket response: client.ws.receive_text(response) receives a message"
        ).text

    async def expect_status(self, status_code: int) -> Self:
        """
        Fail unless the response has the status, as ``assertStatus`` does.

        Args:
            status_code: The status code, or what else ``assertStatus`` takes.

        Returns:
            The response itself.

        Raises:
            AssertionError: If it has another one.
        """
        HTTPAssertions().assertStatus(self, status_code)
        return self

    def websocket(self) -> WebSocketSession:
        """Return the WebSocket connection."""
        if not isinstance(self._response, WebSocketSession):
            raise InvalidResponseTypeError(
                "This response is not a WebSocket connection: json() and text() return its body; "
                "client.websocket(path) opens a WebSocket"
            )
        return self._response

    async def recv(self) -> str | bytes:
        """Receive the next message of the WebSocket, for the assertions on WebSockets."""
        return await self.websocket().recv()

    async def close(self) -> None:
        """Close the WebSocket."""
        await self.websocket().close()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # copy and pickle look for some, also before there is a response to ask
            raise AttributeError(name)
        return getattr(self._response, name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._response}>"

    def _http(self, problem: str) -> httpx.Response:
        if isinstance(self._response, WebSocketSession):
            raise InvalidResponseTypeError(problem)
        return self._response
