"""One open WebSocket, as a test holds it: every wait has an end, and every failure says what came before it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Literal, overload

from websockets.asyncio.client import ClientConnection
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK, InvalidMessage, InvalidStatus
from websockets.frames import CloseCode
from websockets.protocol import Event, State

from fastapi_testing.client.websocket.conversation import AwaitedMessages
from fastapi_testing.client.websocket.messages import Data
from fastapi_testing.client.wrappers.settling import Settling
from fastapi_testing.server.aborting import abort
from fastapi_testing.server.recording.exchange import Exchange
from fastapi_testing.server.recording.settle import wait_ended

__all__ = ["WebSocketSession"]

__unittest = True


class WebSocketSession(AwaitedMessages, ClientConnection):
    """
    A WebSocket connection to the test server.

    It is a :class:`websockets.asyncio.client.ClientConnection`, whose methods stay as they are, with receives that
    end, and that know which kind of message a test waits for::

        async with self.ws.connect("/chat/lobby") as chat:
            await chat.send_json({"say": "hi"})
            await chat.expect({"room": "lobby", "said": "hi"})

    Attributes:
        timeout: Seconds that a receive or a send may take where it is not told otherwise.
        settle: Whether closing waits until the app's call has ended, for as long as ``settle_timeout``.
        received: The last messages that were received, oldest first: 100, and 1 MB of them. Of a larger one, the
            beginning is, which says how much is cut. What ``recv_streaming`` yields is not among them.
        exchange: What the server recorded of it; None where the server is not one of this process.
    """

    def __init__(self, protocol: ClientProtocol, *, settling: Settling | None = None, **options: Any) -> None:
        super().__init__(protocol, **options)
        self._begin(settling)
        self._alert: ssl.SSLError | None = None

    async def handshake(self, *args: Any, **kwargs: Any) -> None:
        addresses = self.remote_address[:2], self.local_address[:2]
        try:
            await super().handshake(*args, **kwargs)
        except InvalidMessage as exc:
            if self._alert is None:
                self._note_broken_off(exc, *addresses)
                raise
            raise self._alert from exc  # the server has refused the client's certificate: in TLS 1.3, only now
        except InvalidStatus as exc:
            self._note_rejection(exc, *addresses)
            raise
        self._find_exchange(*addresses)

    async def __aiter__(self) -> AsyncIterator[Data]:
        with suppress(ConnectionClosedOK):
            while True:
                yield await self.receive()

    @overload
    async def recv(self, decode: Literal[True]) -> str: ...

    @overload
    async def recv(self, decode: Literal[False]) -> bytes: ...

    @overload
    async def recv(self, decode: bool | None = None) -> Data: ...  # noqa: FBT001 - websockets' own signature

    async def recv(self, decode: bool | None = None) -> Data:  # noqa: FBT001 - websockets' own signature
        try:
            return self._keep(await super().recv(decode))
        except ConnectionClosed:
            self._raise_exception()
            raise

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_left_by_exception = exc_type is not None
        await super().__aexit__(exc_type, exc, traceback)

    async def disconnect(self, code: CloseCode | int = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        """
        Close the connection (RFC 6455 §7), and do not wait for the app; on a closed one it does nothing.

        Unlike websockets' own ``close()`` it always ends within ``close_timeout`` seconds, also where the server has
        stopped reading, or has sent more than anybody received.

        Args:
            code: The close code (RFC 6455 §7.4).
            reason: The close reason.
        """
        self.transport.resume_reading()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.close_timeout):
                    await ClientConnection.close(self, code, reason)
        finally:
            abort(self.transport)  # does nothing to a transport that is closed
        await self.wait_closed()

    async def _settle(self, exchange: Exchange) -> None:
        await wait_ended(exchange, self._settling.timeout)

    def connection_lost(self, exc: Exception | None) -> None:
        self._alert = exc if isinstance(exc, ssl.SSLError) else None
        super().connection_lost(exc)

    def process_event(self, event: Event) -> None:
        super().process_event(event)
        # websockets stops reading when 16 messages wait to be received. Where nobody will receive them any more,
        # the server's close frame would never be read behind them, and closing would take the whole close_timeout.
        if self.state is State.CLOSING:
            self.transport.resume_reading()

    async def _send(self, data: str | bytes | bytearray | memoryview) -> None:
        try:
            async with asyncio.timeout(self.timeout):
                await self.send(data)
        except ConnectionClosed:
            self._raise_exception()
            raise
        except TimeoutError:
            raise self._not_taken() from None

    async def _recv_within(self, seconds: float) -> Data:
        async with asyncio.timeout(seconds):
            return await self.recv()

    async def _drain(self, seconds: float) -> list[Data]:
        messages: list[Data] = []
        reader = asyncio.create_task(self._receive_into(messages))
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._answer_to_ping(reader)
        finally:
            # What came ahead of the pong woke the reader ahead of this task: it has all of it.
            reader.cancel()
            await asyncio.wait([reader])
        if not reader.cancelled():
            reader.result()
        return messages

    async def _receive_into(self, messages: list[Data]) -> None:
        with suppress(ConnectionClosed):
            while True:
                messages.append(await self.recv())

    async def _answer_to_ping(self, reader: "asyncio.Task[None]") -> None:
        try:
            await (await self.ping())
        except ConnectionClosed:
            await asyncio.wait([reader])  # it ends by itself, after the last message
