"""uvicorn's HTTP/1.1 protocol, which sends in one piece what an app answers at once."""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["JoiningProtocol"]

_STATUS_LINE = b"HTTP/1.1 "
"""What the head of a response begins with. A piece of a body may, too; it then waits no longer than a head does."""


class JoiningProtocol(HttpToolsProtocol):
    """
    uvicorn's own, but that the head of a response waits for the piece of the body that comes with it.

    uvicorn writes one after the other, and a system call is one of the dearest parts of a request. Only the responses
    get another transport: the protocol keeps its own, and so does a WebSocket that it hands the connection to.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin (called by the event loop)."""
        super().connection_made(transport)
        self._joining = cast("asyncio.Transport", _JoiningTransport(transport, self.loop))

    def on_headers_complete(self) -> None:
        """Call the app (called by the parser)."""
        super().on_headers_complete()
        # Its task has not begun; a response to HEAD has nothing to wait for.
        if self.cycle is not None and self.scope["method"] != "HEAD":
            self.cycle.transport = self._joining


class _JoiningTransport:
    """What a response needs of a transport; a head waits for the next write, or for the event loop's next turn."""

    __slots__ = ("_head", "_loop", "_transport", "is_closing")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self.is_closing = transport.is_closing
        self._transport = transport
        self._loop = loop
        self._head = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)  # what uvicorn may come to need

    def write(self, data: bytes) -> None:
        if self._head:
            self._transport.write(self._take_head() + data)
        elif data.startswith(_STATUS_LINE):
            self._head = data
            self._loop.call_soon(self._flush)
        else:
            self._transport.write(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._head:
            self._transport.write(self._take_head())

    def _take_head(self) -> bytes:
        head, self._head = self._head, b""
        return head
