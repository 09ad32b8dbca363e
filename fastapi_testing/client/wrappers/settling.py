"""When a request is over: once the app has ended its call, so that what it does after its answer is done as well."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from textwrap import indent
from typing import Any

import httpx

from fastapi_testing.client.library import library_of, stream_class
from fastapi_testing.client.transport.body import WholeBody
from fastapi_testing.client.transport.network import NetworkStream
from fastapi_testing.client.wrappers.leaving import handled_here, is_left_by_exception
from fastapi_testing.server.recording.exchange import Exchange
from fastapi_testing.server.recording.recorder import find_exchange, raising, recorders
from fastapi_testing.server.recording.settle import wait_ended
from fastapi_testing.server.recording.tap import DEBUG

__all__ = [
    "Settling",
    "SettlingStream",
    "SettlingTransport",
    "describe_exception",
    "find_for",
    "give_exchange",
    "raise_exception",
]

__unittest = True

_NOTED = 10
"""Requests that a time-out names: of a transport that does not tell its connection, any one may be its own."""


@dataclass(eq=False)
class Settling:
    """
    How the requests of a client come to their end.

    Attributes:
        settle: Whether a request returns only when the app's call has ended. A streamed response waits for that when
            it is closed, and so does a WebSocket. A request says otherwise with ``extensions={"settle": False}``, a
            WebSocket with ``connect(..., settle=False)``.
        timeout: Seconds that the call may take from then on.
        raise_server_exceptions: Whether an exception of the app is raised where the request was made, or the WebSocket
            is used or left.
    """

    settle: bool = True
    timeout: float = 5.0
    raise_server_exceptions: bool = False
    open_streams: "set[SettlingStream]" = field(default_factory=set, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.raise_server_exceptions:
            raising.add(self)

    def attach(self, request: httpx.Request, response: httpx.Response) -> None:
        """Give a response its exchange, and have it settle when its body is read or closed."""
        exchange = find_for(response)
        if exchange is None:
            return
        give_exchange(response, exchange)
        is_whole = isinstance(response, WholeBody)
        if exchange.ended_at is not None and exchange.exception is None and is_whole:
            return  # most are so: there is nothing to wait for, to raise or to close
        library = library_of(request)
        stream: Any = response.stream
        assert isinstance(stream, library.AsyncByteStream)  # noqa: S101 - of an asynchronous transport
        settles = bool(request.extensions.get("settle", self.settle))
        network_stream = response.extensions["network_stream"]
        response.stream = stream_class(library, SettlingStream)(
            stream, exchange, self, network_stream, library, settles=settles, is_whole=is_whole
        )

    def explain(self, broken_off: httpx.TransportError, exchange: Exchange | None) -> None:
        """Raise what the app has raised instead, where that is wanted, or note it: it is why the response broke off."""
        if self.raise_server_exceptions:
            raise_exception(exchange)
        elif exchange is not None and exchange.is_error:
            broken_off.add_note(describe_exception(exchange))

    async def aclose(self) -> None:
        """Close the streams that are still open, and wait for nothing."""
        for stream in list(self.open_streams):
            await stream.cut()


class SettlingTransport(httpx.AsyncBaseTransport):
    """
    Hands requests on to a transport, and gives each response its exchange where the server runs in this process.

    Args:
        transport: The transport; its responses name the client's address as httpcore's do, through the
            ``network_stream`` in their extensions.
        settling: How the requests end.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport, settling: Settling) -> None:
        self._transport = transport
        self._settling = settling

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            response = await self._transport.handle_async_request(request)
        except BaseException as exc:
            left = _in_flight(request)
            for exchange in left:
                exchange.left = True
            library = library_of(request)
            if isinstance(exc, library.TimeoutException):
                _note(exc, left)
            elif isinstance(exc, library.TransportError):
                self._settling.explain(exc, find_for(request))
            raise
        self._settling.attach(request, response)
        return response

    async def aclose(self) -> None:
        await self._transport.aclose()


class SettlingStream(httpx.AsyncByteStream):
    """A response's body, whose end is the end of the exchange."""

    def __init__(
        self,
        stream: httpx.AsyncByteStream,
        exchange: Exchange,
        settling: Settling,
        network_stream: Any,
        library: Any,
        *,
        settles: bool,
        is_whole: bool,
    ) -> None:
        self._stream = stream
        self._is_whole = is_whole
        self._network_stream = network_stream
        self._library = library
        self._exchange = exchange
        self._settling = settling
        self._settles = settles
        self._handled = handled_here()
        settling.open_streams.add(self)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._stream.__aiter__() if self._is_whole else self._explaining()

    async def aclose(self) -> None:
        await self.cut()
        if is_left_by_exception(self._handled):
            return
        if self._settles and self._exchange.ended_at is None:
            await wait_ended(self._exchange, self._settling.timeout)
        if self._exchange.exception is not None and isinstance(self._network_stream, NetworkStream):
            # uvicorn is about to close it; where it runs on another thread, a request could still slip in before.
            self._network_stream.cut()
        if self._settling.raise_server_exceptions:
            raise_exception(self._exchange)

    async def _explaining(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._stream:  # pragma: no branch - coverage on 3.11 misses its end
                yield piece
        except self._library.TransportError as exc:
            self._settling.explain(exc, self._exchange)
            raise

    async def cut(self) -> None:
        """Close it without waiting for anything."""
        self._settling.open_streams.discard(self)
        await self._stream.aclose()


def give_exchange(response: Any, exchange: Exchange) -> None:
    """Give a response its exchange, and what the app has told of how it was made, as Starlette's TestClient does."""
    response.extensions["exchange"] = exchange
    exchange.delivered = True
    if exchange.debug is not None:
        response.extensions[DEBUG], exchange.debug = exchange.debug, None
        for name in response.extensions[DEBUG].keys() & {"template", "context"}:
            setattr(response, name, response.extensions[DEBUG][name])


def describe_exception(exchange: Exchange) -> str:
    """Return the exception of the app, as errors show it."""
    return f"the app raised, for {exchange.name}:\n{indent(exchange.app_traceback, '  ')}"


def raise_exception(exchange: Exchange | None) -> None:
    """Raise the exception with which the app has ended a call, if it has, as it is; it is seen by that."""
    exception = None if exchange is None or not exchange.is_error else exchange.exception
    if exchange is None or exception is None:
        return
    exchange.expect()
    exchange.is_handed_over = True
    context = exception.__context__  # of the app; raising it where another one is handled would replace it
    try:
        raise exception
    finally:
        exception.__context__ = context


def find_for(message: httpx.Response | httpx.Request) -> Exchange | None:
    """Return the exchange of a response, or of a request that has got none."""
    stream: Any = message.extensions.get("network_stream")
    if stream is None:
        return None
    client, server = stream.get_extra_info("client_addr"), stream.get_extra_info("server_addr")
    return find_exchange(server[:2], client[:2]) if client and server else None


def _in_flight(request: httpx.Request) -> list[Exchange]:
    """Return what the app still does for a request without a response; of a transport of others', it may be these."""
    recorder = recorders.get((request.url.host, request.url.port or 0))
    in_flight = [] if recorder is None else list(recorder.current.values())
    stream = request.extensions.get("network_stream")  # of a LoopbackTransport
    if stream is not None:
        client = stream.get_extra_info("client_addr")[:2]
        return [exchange for exchange in in_flight if exchange.client == client]
    asked = request.method, request.url.raw_path.decode()
    return [exchange for exchange in in_flight if (exchange.method, exchange.target) == asked]


def _note(error: BaseException, left: list[Exchange]) -> None:
    for exchange in left[:_NOTED]:
        error.add_note(f"in flight: {exchange.whereabouts}")
    if len(left) > _NOTED:
        error.add_note(f"in flight: {len(left) - _NOTED} more for the same target")
