"""The ports of a range, for those who have to open a firewall: each is reserved by a socket that a server then uses."""

import socket

from fastapi_testing.errors import ServerError, ServerStartupError
from fastapi_testing.server.serving.sockets import bind_socket

__all__ = ["FIRST_PORT", "LAST_PORT", "PortGenerator"]

FIRST_PORT = 8001
LAST_PORT = 9000

_HOST = "127.0.0.1"


class PortGenerator:
    """
    Hands out the free ports of a range, the lowest first.

    A port is reserved by a socket that is bound to it, so that no other process gets it. The server takes that
    socket over instead of binding one of its own::

        ports = PortGenerator(8001, 9000)
        port = ports.get_port()
        async with Server(app, sock=ports.get_socket(port)): ...
        ports.release_port(port)

    Args:
        start: The first port of the range.
        end: The last port of the range.

    Attributes:
        used_ports: The ports that are not handed out: the reserved ones, and what is added to them.
    """

    def __init__(self, start: int = FIRST_PORT, end: int = LAST_PORT) -> None:
        self.start = start
        self.end = end
        self.used_ports: set[int] = set()
        self._sockets: dict[int, socket.socket] = {}

    def get_port(self) -> int:
        """
        Reserve a port of 127.0.0.1.

        Raises:
            ServerError: If every port of the range is in use, by this process or by another.
        """
        for port in range(self.start, self.end + 1):
            if port not in self.used_ports and (sock := _reserve(port)):
                self.used_ports.add(port)
                self._sockets[port] = sock
                return port
        raise ServerError(f"No available ports in range {self.start}-{self.end}")

    def get_socket(self, port: int) -> socket.socket:
        """
        Return the socket that reserves a port, for the server that is to use it.

        Raises:
            ValueError: If the port is not reserved here.
        """
        try:
            return self._sockets[port]
        except KeyError:
            raise ValueError(f"port {port} is not reserved: get_port() reserves one, and returns it") from None

    def release_port(self, port: int) -> None:
        """Close the socket that reserves a port, and let the port be handed out again."""
        self.used_ports.discard(port)
        if sock := self._sockets.pop(port, None):
            sock.close()

    @staticmethod
    def is_port_available(port: int) -> bool:
        """Return whether a port of 127.0.0.1 could be reserved now; only :meth:`get_port` makes sure of it."""
        if sock := _reserve(port):
            sock.close()
            return True
        return False


def _reserve(port: int) -> socket.socket | None:
    """Return a socket that nobody can have beside this process; None if somebody has the port, or it is none."""
    try:
        return bind_socket(_HOST, port)
    except ServerStartupError:
        return None
