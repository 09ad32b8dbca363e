"""The body of a response, as httpx and httpx2 read it."""

from collections.abc import AsyncIterator
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import httpx

from fastapi_testing.client.transport.connection import Connection
from fastapi_testing.client.transport.network import NetworkStream
from fastapi_testing.client.transport.pool import ConnectionPool
from fastapi_testing.client.transport.response import ResponseReader
from fastapi_testing.hints.foreign import ForeignNames
from fastapi_testing.hints.names import RESPONSE_NAMES

if TYPE_CHECKING:
    from httpx import Response
else:
    Response = object

__all__ = ["KnowingResponse", "LoopbackResponse", "ResponseBody", "WholeBody", "WholeResponse", "make_response"]

_FILLED_BY_AREAD = {"_content", "_num_bytes_downloaded"}
"""What httpx's own ``aread()`` leaves in a response. Private, so that one who reads faster looks whether they exist."""


class ResponseBody(httpx.AsyncByteStream):
    """
    The body of a response, in the pieces that came; closing it gives the connection back.

    Args:
        connection: The connection that it comes on.
        reader: Who reads it.
        pool: Where the connection goes back to.
        timeout: Seconds between two pieces; None for no limit.
    """

    def __init__(
        self, connection: Connection, reader: ResponseReader, pool: ConnectionPool, timeout: float | None
    ) -> None:
        self._connection = connection
        self._reader = reader
        self._pool = pool
        self._timeout = timeout
        self._is_closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        reader = self._reader
        while True:
            if piece := reader.take():
                yield piece
            elif reader.complete:
                return
            else:
                await self._connection.receive(self._timeout)

    async def aclose(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._pool.put_back(self._connection)


class KnowingResponse(ForeignNames, Response):
    """
    The half of a response that knows what other libraries call its attributes; the other half is one of httpx's.

    Attributes:
        sets_cookies: Whether it has cookies for the client.
        is_coded: Whether its body has to be decoded.
    """

    _foreign = RESPONSE_NAMES

    sets_cookies: bool
    is_coded: bool


class WholeBody(KnowingResponse):
    """
    The same of a response whose body came with its head.

    httpx reads a body through three generators, four context managers and a decoder. Where there is nothing to wait
    for and nothing to decode, they take a twentieth of a whole request.

    Attributes:
        whole: The body, as it was sent.
    """

    whole: bytes
    is_stream_consumed: bool

    async def aread(self) -> bytes:
        if not self._is_plain():
            return await super().aread()
        self.is_stream_consumed = True
        await self.aclose()
        return self._fill()

    def read(self) -> bytes:
        if not self._is_plain():
            return super().read()
        self.is_stream_consumed = True
        self.close()
        return self._fill()

    def _is_plain(self) -> bool:
        return not (self.is_closed or self.is_stream_consumed or self.is_coded)

    def _fill(self) -> bytes:
        self._num_bytes_downloaded = len(self.whole)
        self._content = self.whole
        return self.whole


class LoopbackResponse(KnowingResponse, httpx.Response):
    """A response of httpx that knows what other libraries call its attributes."""


class WholeResponse(WholeBody, LoopbackResponse):
    """A response of httpx whose body came with its head."""


def make_response(reader: ResponseReader, body: ResponseBody, network_stream: NetworkStream) -> httpx.Response:
    """
    Return a response whose head is there.

    Args:
        reader: Who read it.
        body: The body.
        network_stream: What httpx documents under this name.
    """
    fields = reader.fields
    response = response_classes(reader.library)[reader.complete](
        status_code=reader.status_code,
        headers=fields.headers,
        stream=body,
        extensions={
            "http_version": reader.version,
            "reason_phrase": reader.reason,
            "network_stream": network_stream,
        },
    )
    response.sets_cookies = fields.sets_cookies
    response.is_coded = fields.is_coded
    if isinstance(response, WholeBody):
        response.whole = b"".join(reader.pieces)
    return response


@cache
def response_classes(library: Any) -> tuple[type[LoopbackResponse], type[LoopbackResponse]]:
    """Return the classes of a library's responses: of those whose body comes behind their head, and with it."""
    behind, whole = LoopbackResponse, WholeResponse
    if library is not httpx:
        second = import_module("fastapi_testing.client.transport.second")
        behind, whole = second.LoopbackResponse, second.WholeResponse
    can_fill = vars(library.Response(200, content=b"")).keys() >= _FILLED_BY_AREAD
    return behind, whole if can_fill else behind
