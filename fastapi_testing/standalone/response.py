"""What came of a request, or of a WebSocket handshake."""

from typing import Any, Self

import httpx

from fastapi_testing.assertions import HTTPAssertions
from fastapi_testing.client import WebSocketSession
from fastapi_testing.errors import InvalidResponseTypeError

__all__ = ["AsyncTestResponse"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_OF_HTTP = frozenset(dir(httpx.Response(200)))  # of an instance: __init__ makes some of them, such as history

_OF_WEBSOCKETS = frozenset(dir(WebSocketSession)) | {"exchange", "id", "latency", "received", "response", "transport"}

_INSTEAD = {
    "status_code": "status codes: websocket() returns the connection",
    "headers": "headers: websocket().response.headers are those of the handshake",
    "content": "a body: websocket().recv() receives a message",
    "cookies": "cookies: those that the handshake set are in client.http.cookies",
    "url": "a URL: websocket().target is the path and query of the handshake",
    "is_closed": "is_closed: websocket().state says whether the connection is open",
}
"""What a WebSocket does not have, as a reader calls it, and what there is instead."""


class AsyncTestResponse:
    """
    The response to a request; or a WebSocket, in the place of a response.

    Every assertion takes it. What it does not have itself it has of its :class:`httpx.Response` (``cookies``,
    ``history``, ``request``) or of its :class:`~fastapi_testing.WebSocketSession`. Whatever belongs to responses only
    raises :exc:`~fastapi_testing.errors.InvalidResponseTypeError` for a WebSocket, and the other way round.

    Args:
        response: The response of httpx or httpx2, or the WebSocket.
    """

    def __init__(self, response: httpx.Response | WebSocketSession) -> None:
        self._response = response

    @property
    def status_code(self) -> int:
        """The status code (RFC 9110 §15)."""
        return self._http(_describe_missing("status_code")).status_code

    @property
    def headers(self) -> httpx.Headers:
        """The header fields (RFC 9110 §5)."""
        return self._http(_describe_missing("headers")).headers

    @property
    def content(self) -> bytes:
        """The body, its content coding undone."""
        return self._http(_describe_missing("content")).content

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
        self._http(_describe_missing("status_code"))
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
        # Python comes here for the properties above too, as what they raise is an AttributeError.
        if not name.startswith("_"):  # copy and pickle look for some, also before there is a response to ask
            if hasattr(self._response, name):
                return getattr(self._response, name)
            if isinstance(self._response, WebSocketSession) and name in _OF_HTTP:
                raise InvalidResponseTypeError(_describe_missing(name))
            if not isinstance(self._response, WebSocketSession) and name in _OF_WEBSOCKETS:
                raise InvalidResponseTypeError(
                    f"HTTP responses don't have {name}: json() and text() return the body; "
                    f"client.websocket(path) opens a WebSocket, which has it"
                )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._response}>"

    def _http(self, problem: str) -> httpx.Response:
        if isinstance(self._response, WebSocketSession):
            raise InvalidResponseTypeError(problem)
        return self._response


def _describe_missing(name: str) -> str:
    """Say that a WebSocket does not have what a response of HTTP has, and what to call instead."""
    instead = _INSTEAD.get(name, f"{name}: websocket() returns the connection, whose response is the handshake's")
    return f"WebSocket connections don't have {instead}"
