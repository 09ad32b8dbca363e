"""How the requests of clients of other makers end: what :mod:`settling` does, as far as their event hooks reach."""

import contextlib
import socket
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from fastapi_testing.client.wrappers.leaving import handled_here, is_left_by_exception
from fastapi_testing.client.wrappers.settling import Settling, find_for, give_exchange, raise_exception
from fastapi_testing.client.wrappers.withheld import REFUSALS, note_withheld
from fastapi_testing.server.recording.exchange import Exchange
from fastapi_testing.server.recording.settle import wait_ended
from fastapi_testing.server.threads.loop_thread import LoopThread

__all__ = ["SettlingHook", "SyncSettlingHook"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


class _Hook:
    """What both kinds do: give a response its exchange, and know what is to be done when its body has been read."""

    def __init__(self, settling: Settling, client: Any) -> None:
        self._settling = settling
        self._client = client

    def _begin(self, response: Any) -> Exchange | None:
        exchange: Exchange | None = response.extensions.get("exchange")  # of a client of this package
        if exchange is None and (exchange := find_for(response)) is not None:
            give_exchange(response, exchange)
        if response.status_code in REFUSALS:
            note_withheld(self._client.cookies, response)
        return exchange

    def _is_waited_for(self, response: Any, exchange: Exchange) -> bool:
        return bool(response.request.extensions.get("settle", self._settling.settle)) and exchange.ended_at is None

    def _end(self, response: Any, exchange: Exchange) -> None:
        if exchange.exception is not None:
            _shut_down(response.extensions["network_stream"])
        if self._settling.raise_server_exceptions:
            raise_exception(exchange)


class SettlingHook(_Hook):
    """
    An event hook for the responses of a client that is awaited: of httpx, httpx2, or another that has them.

    Args:
        settling: How the requests end.
        client: The client.
    """

    async def __call__(self, response: Any) -> None:
        exchange = self._begin(response)
        if exchange is not None:
            # Of the stream itself: a stream around it would have to be one of the client's own kind.
            close = response.stream.aclose
            response.stream.aclose = partial(self._close, close, response, exchange, handled_here())

    async def _close(
        self, close: Callable[[], Awaitable[None]], response: Any, exchange: Exchange, handled: BaseException | None
    ) -> None:
        await close()
        if is_left_by_exception(handled):
            return
        if self._is_waited_for(response, exchange):
            await wait_ended(exchange, self._settling.timeout)
        self._end(response, exchange)


class SyncSettlingHook(_Hook):
    """
    The same for a client that waits.

    Args:
        settling: How the requests end.
        client: The client.
        thread: The thread on whose event loop the end is waited for.
    """

    def __init__(self, settling: Settling, client: Any, thread: LoopThread) -> None:
        super().__init__(settling, client)
        self._thread = thread

    def __call__(self, response: Any) -> None:
        exchange = self._begin(response)
        if exchange is not None:
            close = response.stream.close
            response.stream.close = partial(self._close, close, response, exchange, handled_here())

    def _close(
        self, close: Callable[[], None], response: Any, exchange: Exchange, handled: BaseException | None
    ) -> None:
        close()
        if is_left_by_exception(handled):
            return
        if self._is_waited_for(response, exchange):
            self._thread.finish(wait_ended(exchange, self._settling.timeout))
        self._end(response, exchange)


def _shut_down(network_stream: Any) -> None:
    """
    Have the client's pool see that a connection has ended.

    uvicorn is about to close it, as the app has raised, and a request that came on it before that would be lost.
    """
    # By another socket: what uvloop shows for one cannot be shut down itself, and there is none where it is closed.
    if (held := network_stream.get_extra_info("socket")) is not None:
        with contextlib.suppress(OSError), socket.fromfd(held.fileno(), held.family, held.type) as connection:
            connection.shutdown(socket.SHUT_RDWR)
