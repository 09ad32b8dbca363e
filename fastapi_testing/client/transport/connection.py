"""
One connection to the server: an asyncio protocol that sends requests and reads their responses (RFC 9112 §9).

Theory of operation
-------------------

It serves one request after the other and never two at once, so its phase is that of one exchange:

======== ============== =======================================================================================
phase    next           what it is
======== ============== =======================================================================================
idle     sending        Nobody has asked anything. Data that comes now is no answer: "the client MUST NOT consider that
                        data to be a valid response" (RFC 9112 §9.2).
sending  sent, stopped  The request goes out. What comes meanwhile is read without a limit: a server that could not
                        write might not read either, and both would wait.
sent     idle           All of the request is out. The response may be there already, in part or whole.
stopped  idle           The rest of the request stays here. The server has answered with an error, after which a client
                        "SHOULD immediately cease transmitting the body" (§9.5), or answered and takes no more.
======== ============== =======================================================================================

``exchange()`` leads from idle to sent or stopped, and ``release()`` back, but only where the next response on the wire
will be that to the next request. Else it closes the connection, and so does ``exchange()`` where it raises, in whatever
phase that is; what is closed serves nothing any more.

Beside the phase, in the order in which they may come:

* The head of the response, then its end (the reader's ``has_head`` and ``complete``), in any phase but idle.
* ``_error``: why no more of the response will come. The first one stays, and whoever waits next gets it. Where it is
  set, the connection is closed or about to be.
* ``closed``: asyncio has let go of the socket. It comes last and once.

What is never so:

* Two tasks wait at the same time: there is one ``_waiter``.
* An idle connection has stopped reading: only a response that is not complete is held back, and that is not released.
* A request is sent a second time, though RFC 9112 §9.3.1 would allow that for some: a test counts calls.
"""

import asyncio
import contextlib
import os
import select
import socket
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Literal, Protocol, TypeVar, cast

import httpx

from fastapi_testing.client.library import library_of
from fastapi_testing.client.transport.network import NetworkStream, SwitchedStream
from fastapi_testing.client.transport.request import BodyFraming, RequestHead
from fastapi_testing.client.transport.response import ResponseReader
from fastapi_testing.client.transport.timer import Watchdog
from fastapi_testing.server.aborting import abort

__all__ = ["Connection", "Origin", "Owner"]

Origin = tuple[str, str, int] | tuple[str, str, int, str]
"""Scheme, host and port (RFC 6454 §4), and the name that TLS asks for where it is not the host's."""

_HIGH_WATER = 256 * 1024
"""Bytes of a body that may wait for its reader before the server has to wait."""

_SMALL = 64 * 1024
"""Bytes of a body up to which copying it behind the head costs less than a second system call."""

_HELD_UP = "; the event loop was held up meanwhile (blocking = 'fail' on a test class names the line that did)"

_Outcome = Literal["news", "late news", "nothing"]
"""How a wait ends: in time, or by what has come once its time was over, or because it was over."""

_Error = TypeVar("_Error", bound=httpx.TransportError)


class Owner(Protocol):
    """Who keeps a connection."""

    def connection_opened(self, connection: "Connection") -> None:
        """Take a new connection."""

    def connection_lost(self, connection: "Connection") -> None:
        """Drop a connection that is gone."""


class Connection(asyncio.Protocol):
    """
    A connection, which serves one request at a time.

    One task at a time waits on it: for the server to take more of the request, or to send more of the response.

    Args:
        owner: Who keeps it.
        origin: Where it leads to.

    Attributes:
        transport: The connection as asyncio knows it.
        network_stream: What httpx documents under this name.
        closed: Done once the connection is gone.
    """

    transport: asyncio.Transport
    network_stream: NetworkStream

    _request: httpx.Request
    _response: ResponseReader
    _library: Any  # the request's

    def __init__(self, owner: Owner, origin: Origin) -> None:
        loop = asyncio.get_running_loop()
        self.origin = origin
        self.closed: asyncio.Future[None] = loop.create_future()
        self._owner = owner
        self._loop = loop
        self._watchdog = Watchdog(loop, self._expire)
        self._waiter: asyncio.Future[_Outcome] | None = None
        self._phase: Literal["idle", "sending", "sent", "stopped"] = "idle"
        self._error: httpx.TransportError | None = None  # why no more of the response will come
        self._writable = True
        self._reading = True
        self._poll: Callable[[float], object] | None = None  # made once: each request asks it

    @property
    def is_usable(self) -> bool:
        """Whether the server has not closed the connection, as far as can be known before anything is sent."""
        return not (self.transport.is_closing() or self._has_news())

    async def exchange(self, request: httpx.Request, head: RequestHead) -> ResponseReader:
        """
        Send a request, and receive the head of its response.

        Nothing is ever sent twice: what became of a request without an answer is not known, and a test counts calls.

        Returns:
            The reader of the response, which the connection keeps feeding.

        Raises:
            httpx.TransportError: If that cannot be done; the connection is closed then.
        """
        timeouts = request.extensions.get("timeout", {})
        self._request = request
        self._library = library = library_of(request)
        self._response = response = ResponseReader(request.method, switches=head.switches, library=library)
        self._phase = "sending"
        try:
            if isinstance(request.stream, library.ByteStream):
                self._write(head, b"".join(request.stream))
                all_sent = self._writable or await self._drain(timeouts.get("write"))
            else:
                all_sent = await self._send_pieces(request.stream, head, timeouts.get("write"))
            self._phase = "sent" if all_sent else "stopped"
            while not response.has_head:
                await self.receive(timeouts.get("read"))
        except BaseException:
            abort(self.transport)
            raise
        if response.switched:
            self.network_stream = SwitchedStream(self.transport, response.pieces, library)
            response.pieces.clear()
        return response

    async def receive(self, timeout: float | None) -> None:
        """
        Wait until more of the response has come.

        Args:
            timeout: Seconds that this may take; None for no limit.

        Raises:
            httpx.ReadTimeout: If nothing comes in time.
            httpx.TransportError: If nothing will come any more.
        """
        if self._error is not None:
            raise self._error
        if not self._reading:
            self._reading = True
            self.transport.resume_reading()
        if (outcome := await self._wait(timeout)) != "news":
            why = _HELD_UP if outcome == "late news" else ""
            raise self._problem(self._library.ReadTimeout, f"the server sent nothing for {timeout:g} s{why}")

    def release(self) -> bool:
        """
        End the exchange.

        Returns:
            Whether the connection can serve another; it is closed if not.
        """
        reusable = self._is_clean()
        self._phase = "idle"
        if not reusable:
            abort(self.transport)
        return reusable

    def cut(self) -> None:
        """Close the connection, whoever waits on it."""
        if self._phase != "idle" and self._error is None:
            self._error = self._problem(self._library.ReadError, "the connection was closed on this side")
        abort(self.transport)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin (called by the event loop)."""
        self.transport = cast("asyncio.Transport", transport)
        self.network_stream = NetworkStream(self.transport)
        self._owner.connection_opened(self)

    def data_received(self, data: bytes) -> None:
        """Read what came (called by the event loop)."""
        if self._phase == "idle":
            abort(self.transport)  # nobody asked
            return
        try:
            self._response.feed(data)
        except self._library.RemoteProtocolError as exc:
            self._error = self._problem(self._library.RemoteProtocolError, str(exc))
            abort(self.transport)
        if self._phase != "sending":
            self._hold_back()
            self._wake()
        elif self._response.complete or self._is_refused() or self._error is not None:
            self._wake()

    def eof_received(self) -> None:
        """See that nothing more will come; asyncio then closes this side too (called by the event loop)."""
        if self._phase != "idle" and self._error is None:
            try:
                self._response.feed_eof()
            except self._library.RemoteProtocolError as exc:
                self._error = self._problem(self._library.RemoteProtocolError, str(exc))
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """See that the connection is gone (called by the event loop)."""
        if exc is not None and self._phase != "idle" and self._error is None:
            self._read_rest()
        if exc is None:
            self.eof_received()
        elif self._phase != "idle" and self._error is None:
            self._error = self._problem(self._library.ReadError, f"the connection was lost: {exc}")
        self._wake()
        self._watchdog.close()
        self._owner.connection_lost(self)
        self.closed.set_result(None)

    def pause_writing(self) -> None:
        """Hold back the request (called by the event loop)."""
        self._writable = False

    def resume_writing(self) -> None:
        """Go on with the request (called by the event loop)."""
        self._writable = True
        self._wake()

    def _write(self, head: RequestHead, body: bytes) -> None:
        data = body
        if len(body) != head.length:  # else, as nearly always, it is framed as it is
            framing = BodyFraming(head.length, self._library)
            data = framing.frame(body) + framing.end()
        if len(data) <= _SMALL:
            self.transport.write(head.data + data)
        else:
            self.transport.write(head.data)
            self.transport.write(data)

    async def _send_pieces(self, stream: Any, head: RequestHead, timeout: float | None) -> bool:
        """Send a request whose body comes in pieces, and return whether the server took all of it."""
        framing = BodyFraming(head.length, self._library)
        self.transport.write(head.data)
        async for piece in stream:
            if not await self._send_piece(framing.frame(piece), timeout):
                return False
        return await self._send_piece(framing.end(), timeout)

    async def _send_piece(self, data: bytes, timeout: float | None) -> bool:
        """Send a piece of the body, and return whether the server wants more."""
        if not self.transport.is_closing() and self._has_news():
            # Writing to a connection that the server has closed would lose the answer it may have given before.
            await asyncio.sleep(0)
            await asyncio.sleep(0)  # between the two the event loop reads it
        if self._is_over():
            return False
        self.transport.write(data)
        return self._writable or await self._drain(timeout)

    async def _drain(self, timeout: float | None) -> bool:
        """Wait until the server has taken most of what was written, and return whether it wants more."""
        while not self._writable:
            if self._is_over() or self._response.complete:
                return False
            if await self._wait(timeout) != "news":
                raise self._problem(self._library.WriteTimeout, f"the server took nothing for {timeout:g} s")
        return True

    def _is_over(self) -> bool:
        """
        Return whether there is no use in sending more of the request.

        Raises:
            httpx.TransportError: If there will be no answer to it either.
        """
        if self._response.has_head:
            return self._is_refused() or self.transport.is_closing()
        if isinstance(self._error, self._library.ReadError):
            raise self._library.WriteError(str(self._error)) from self._error
        if self._error is not None:
            raise self._error
        return False

    def _is_refused(self) -> bool:
        """Return whether the answer is an error, after which a client stops sending (RFC 9112 §9.5)."""
        return self._response.has_head and self._response.status_code >= HTTPStatus.BAD_REQUEST

    def _is_clean(self) -> bool:
        """Return whether the next response on this connection will be that to the next request."""
        response = self._response
        return (
            self._phase == "sent"
            and response.complete
            and response.keep_alive
            and not response.excess
            and not self.transport.is_closing()
            and not self.transport.get_write_buffer_size()
        )

    def _has_news(self) -> bool:
        """Return whether there is something to read that the event loop has not read yet."""
        if self._poll is None:
            self._poll = _polls(self.transport.get_extra_info("socket"))
        return bool(self._poll(0))

    def _read_rest(self) -> None:
        """
        Read what came before the connection was lost.

        A server that has answered and closed while its client sends resets the connection. The kernel still has the
        answer then, and asyncio gives up at the failed write: the socket is closed when this call returns.
        """
        if self.transport.get_extra_info("sslcontext") is not None:
            return
        with contextlib.suppress(OSError, self._library.RemoteProtocolError):  # none that is left, or no HTTP
            while data := os.read(self.transport.get_extra_info("socket").fileno(), _HIGH_WATER):
                self._response.feed(data)

    def _hold_back(self) -> None:
        """Read no more for now, where the body's reader is behind; while a request is sent, its response can wait."""
        response = self._response
        if response.buffered > _HIGH_WATER and not (response.complete or self.transport.is_closing()):
            self._reading = False
            self.transport.pause_reading()

    async def _wait(self, timeout: float | None) -> _Outcome:
        """Wait for something to happen, and return whether it did in time."""
        self._waiter = self._loop.create_future()
        if timeout is not None:
            self._watchdog.start(timeout)
        try:
            return await self._waiter
        finally:
            self._waiter = None
            self._watchdog.stop()

    def _wake(self, outcome: _Outcome | None = None) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(outcome or ("late news" if self._watchdog.is_late() else "news"))

    def _expire(self) -> None:
        self._wake("nothing")

    def _problem(self, error: type[_Error], what: str) -> _Error:
        return error(f"{self._request.method} {self._request.url.raw_path.decode()}: {what}")


def _polls(sock: socket.socket) -> Callable[[float], object]:
    """Return what tells, within a time, whether there is something to read from a socket; nothing is false."""
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return poll.poll
    return lambda timeout: select.select([sock], [], [], timeout)[0]  # pragma: no cover - Windows
