"""The way from a thread that waits to the event loop on which the connections are."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

import httpx

from fastapi_testing.client.library import library_of, stream_class
from fastapi_testing.client.transport.body import WholeBody
from fastapi_testing.client.transport.network import SwitchedStream
from fastapi_testing.client.wrappers.leaving import handled_here, is_left_by_exception
from fastapi_testing.client.wrappers.origin import ANSWER
from fastapi_testing.client.wrappers.settling import SettlingStream
from fastapi_testing.server.threads.calls import LoopBlockedError, ask
from fastapi_testing.server.threads.loop_thread import LoopThread

__all__ = ["BridgeTransport", "Extensions"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


class Extensions:
    """The names of what requests and responses carry to and fro beyond what httpx documents."""

    STREAMED = "fastapi_testing.streamed"
    """Of a request: its response is not read at once."""

    HEAD_TIMEOUT = "fastapi_testing.head_timeout"
    """Of such a request: the seconds that the head of the response may take in all."""

    ASYNC_STREAM = "fastapi_testing.async_stream"
    """Of its response: the body as it is on the event loop."""


class BridgeTransport(httpx.BaseTransport):
    """
    A transport for a client that waits, of httpx or httpx2: its requests are made on the event loop of another thread.

    Unless it is streamed, a response is received, read and closed in one go, and the waiting thread woken once.

    Args:
        thread: The thread of the event loop.
        transport: Makes the requests, there.
    """

    def __init__(self, thread: LoopThread, transport: httpx.AsyncBaseTransport) -> None:
        self._thread = thread
        self._transport = transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if ANSWER in request.extensions:
            answer: httpx.Response = request.extensions.pop(ANSWER)
            return answer
        timeout = request.extensions.get("timeout", {}).get("read")
        patience = request.extensions.get(Extensions.HEAD_TIMEOUT, timeout)
        library = library_of(request)
        sent = request if isinstance(request.stream, library.ByteStream) else _in_pieces(request)
        make = self._open if Extensions.STREAMED in request.extensions else self._fetch
        try:
            response = self._thread.begin(make(sent)).wait(patience=patience)
        except LoopBlockedError as exc:
            target = request.url.raw_path.decode()
            raise library.ReadTimeout(f"{request.method} {target}: no answer for {patience:g} s: {exc}") from None
        if isinstance(response.stream, _StreamedBody):
            response.stream.handled = handled_here()
        return response

    def close(self) -> None:
        if self._thread.is_running:
            self._thread.finish(self._transport.aclose())

    async def _fetch(self, request: httpx.Request) -> httpx.Response:
        response = await self._transport.handle_async_request(request)
        response.stream = await _read(response, library_of(request))
        return response

    async def _open(self, request: httpx.Request) -> httpx.Response:
        async with asyncio.timeout(request.extensions.get(Extensions.HEAD_TIMEOUT)):
            response = await self._transport.handle_async_request(request)
        response.extensions[Extensions.ASYNC_STREAM] = response.stream
        network_stream = response.extensions.get("network_stream")
        if isinstance(network_stream, SwitchedStream):
            response.extensions["network_stream"] = _SyncSwitchedStream(self._thread, network_stream)
        response.stream = stream_class(library_of(request), _StreamedBody)(self._thread, response.stream)
        return response


class _Pieces(httpx.AsyncByteStream):
    """The body of a request, whose pieces are made by the thread that waits for the response."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (piece := await ask(partial(next, self._pieces, None))) is not None:
            yield piece


class _ReadBody(httpx.SyncByteStream):
    """A body that has been read and closed, with what went wrong in doing so."""

    def __init__(self, content: bytes, read_error: Exception | None, close_error: Exception | None) -> None:
        self._content = content
        self._read_error = read_error
        self._close_error = close_error

    def __iter__(self) -> Iterator[bytes]:
        yield self._content
        if self._read_error is not None:
            raise self._read_error

    def close(self) -> None:
        if self._close_error is not None:
            raise self._close_error


class _StreamedBody(httpx.SyncByteStream):
    """
    A body that is read as it comes.

    Attributes:
        handled: The exception that is being handled where the request is made, on that thread: none that leaves the
            stream.
    """

    handled: BaseException | None = None

    def __init__(self, thread: LoopThread, stream: Any) -> None:
        self._thread = thread
        self._stream = stream
        self._pieces: Any = None

    def __iter__(self) -> Iterator[bytes]:
        self._pieces = self._stream.__aiter__()
        while (piece := self._thread.finish(self._next())) is not None:
            yield piece

    def close(self) -> None:
        if self._thread.is_running:
            self._thread.finish(self._close(left=is_left_by_exception(self.handled)))

    async def _next(self) -> bytes | None:
        piece: bytes | None = await anext(self._pieces, None)
        return piece

    async def _close(self, *, left: bool) -> None:
        if self._pieces is not None:
            await self._pieces.aclose()
        if left and isinstance(self._stream, SettlingStream):
            await self._stream.cut()
        else:
            await self._stream.aclose()


class _SyncSwitchedStream:
    """A connection that speaks another protocol by now, as httpx documents it for clients that wait."""

    def __init__(self, thread: LoopThread, stream: SwitchedStream) -> None:
        self._thread = thread
        self._stream = stream

    def get_extra_info(self, info: str) -> Any:
        """Return something about the connection, as :class:`SwitchedStream` does."""
        return self._stream.get_extra_info(info)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what comes next, empty where the server has closed the connection."""
        return self._thread.finish(self._stream.read(max_bytes, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send something."""
        self._thread.finish(self._stream.write(buffer, timeout))

    def close(self) -> None:
        """Close the connection."""
        self._thread.finish(self._stream.aclose())


def _in_pieces(request: httpx.Request) -> httpx.Request:
    """Return a request whose body may block where it is made, or use the client itself."""
    library, stream = library_of(request), request.stream
    assert isinstance(stream, library.SyncByteStream)  # noqa: S101 - of a client that waits
    pieces = stream_class(library, _Pieces)(iter(stream))
    sent: httpx.Request = library.Request(
        request.method, request.url, headers=request.headers, stream=pieces, extensions=request.extensions
    )
    return sent


async def _read(response: httpx.Response, library: Any) -> _ReadBody:
    make: type[_ReadBody] = stream_class(library, _ReadBody)
    stream: Any = response.stream
    content, read_error = await _content_of(response)
    try:
        await stream.aclose()
    except Exception as exc:  # noqa: BLE001 - raised where the response is closed
        return make(content, read_error, exc)
    return make(content, read_error, None)


async def _content_of(response: httpx.Response) -> tuple[bytes, Exception | None]:
    if isinstance(response, WholeBody):
        return response.whole, None
    stream: Any = response.stream
    pieces: list[bytes] = []
    try:
        async for piece in stream:
            pieces.append(piece)  # noqa: PERF401 - what came before an error is kept
    except Exception as exc:  # noqa: BLE001 - raised where the response is read
        return b"".join(pieces), exc
    return b"".join(pieces), None
