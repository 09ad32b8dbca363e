"""The ``network_stream`` of a response: what is known of its connection, and that connection where HTTP has left it."""

import asyncio
from collections.abc import Iterable
from typing import Any

import httpx

from fastapi_testing.server.aborting import abort

__all__ = ["NetworkStream", "SwitchedStream"]


class NetworkStream:
    """
    What is known of a connection, also after it is closed.

    Args:
        transport: The connection as asyncio knows it.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._addresses = {  # a closed connection may not know them any more
            "client_addr": transport.get_extra_info("sockname"),
            "server_addr": transport.get_extra_info("peername"),
        }

    def get_extra_info(self, info: str) -> Any:
        """
        Return something about the connection.

        Args:
            info: ``"client_addr"`` or ``"server_addr"``, the addresses of this end and of the server's; ``"socket"``;
                ``"ssl_object"``, which is None without TLS. Anything else is None.
        """
        if info in {"socket", "ssl_object"}:
            return self._transport.get_extra_info(info)
        return self._addresses.get(info)

    def cut(self) -> None:
        """Close the connection; from its event loop."""
        abort(self._transport)


class SwitchedStream(NetworkStream):
    """
    A connection that speaks another protocol by now, after a 101 or after a 2xx to ``CONNECT``, to read and to write.

    Args:
        transport: The connection as asyncio knows it.
        pieces: What came on it behind the head of the response.
        library: Whose errors are raised.
    """

    def __init__(self, transport: asyncio.Transport, pieces: Iterable[bytes], library: Any = httpx) -> None:
        super().__init__(transport)
        self._library = library
        self._reader = asyncio.StreamReader()
        protocol = _Relay(self._reader, transport.get_protocol())
        protocol.connection_made(transport)
        self._writer = asyncio.StreamWriter(transport, protocol, self._reader, asyncio.get_running_loop())
        for piece in pieces:
            self._reader.feed_data(piece)
        if transport.is_closing():
            self._reader.feed_eof()
        transport.set_protocol(protocol)
        transport.resume_reading()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """
        Return what comes next, empty where the server has closed the connection.

        Args:
            max_bytes: The most that is returned.
            timeout: Seconds that this may take; None for no limit.

        Raises:
            httpx.ReadTimeout: If nothing comes in time.
            httpx.ReadError: If the connection is lost.
        """
        try:
            async with asyncio.timeout(timeout):
                return await self._reader.read(max_bytes)
        except TimeoutError:
            raise self._library.ReadTimeout(f"the server sent nothing for {timeout:g} s") from None
        except OSError as exc:
            raise self._library.ReadError(f"the connection was lost: {exc}") from exc

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """
        Send something.

        Args:
            buffer: What to send.
            timeout: Seconds that the server may take to take it; None for no limit.

        Raises:
            httpx.WriteTimeout: If it is not taken in time.
            httpx.WriteError: If the connection is lost.
        """
        self._writer.write(buffer)
        try:
            async with asyncio.timeout(timeout):
                await self._writer.drain()
        except TimeoutError:
            raise self._library.WriteTimeout(f"the server took nothing for {timeout:g} s") from None
        except OSError as exc:
            raise self._library.WriteError(f"the connection was lost: {exc}") from exc

    async def aclose(self) -> None:
        """Close the connection, which closing the response does too."""
        self.cut()


class _Relay(asyncio.StreamReaderProtocol):
    """Takes the place of a connection's protocol, which still hears of the end."""

    def __init__(self, reader: asyncio.StreamReader, protocol: asyncio.BaseProtocol) -> None:
        super().__init__(reader)
        self._relieved = protocol

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._relieved.connection_lost(exc)
