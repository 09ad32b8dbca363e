"""The socket that a server listens on, bound before anything is told its address."""

import ipaddress
import socket
import sys

from fastapi_testing.errors import ServerStartupError

__all__ = ["bind_socket", "bound_host"]


def bind_socket(host: str, port: int) -> socket.socket:
    """
    Bind a TCP socket and let it listen, so that the port is nobody else's.

    A bound socket alone does not keep it: Linux lets any number of them bind one port with SO_REUSEADDR, as long as
    none listens. A connection that comes before the server accepts it waits.

    Args:
        host: An IP address, version 4 or 6, such as ``127.0.0.1`` or ``::1``.
        port: 0 for a free port that the operating system chooses, else the port itself.

    Raises:
        ValueError: If ``host`` is not an IP address.
        ServerStartupError: If the address cannot be bound; ``__cause__`` is the :exc:`OSError`.
    """
    sock = _make_socket(host)
    try:
        sock.bind((host, port))
        sock.listen()
    except (OSError, OverflowError, TypeError) as exc:
        sock.close()
        reason = exc.strerror if isinstance(exc, OSError) else exc
        raise ServerStartupError(
            f"cannot bind {host} port {port}: {reason}; choose another port, or leave it at 0 for a free one"
        ) from exc
    return sock


def bound_host(sock: socket.socket) -> str:
    """
    Return the IP address that a socket is bound to.

    Raises:
        ValueError: If it is not bound to one, and to a port.
    """
    address = sock.getsockname() if sock.family in (socket.AF_INET, socket.AF_INET6) else ("", 0)
    host, port, *_ = address
    if port == 0:
        raise ValueError(f"sock must be bound to an IP address and a port, got {sock!r}")
    return str(host)


def _make_socket(host: str) -> socket.socket:
    family = socket.AF_INET6 if _ip_version(host) == 6 else socket.AF_INET  # noqa: PLR2004 - IPv6's own number
    # asyncio sets TCP_NODELAY on accepted sockets only where it sees this proto (it compares it in
    # base_events._set_nodelay); without it Nagle's algorithm and delayed ACKs cost 44 ms a response.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform == "win32":  # pragma: no cover - coverage is measured on POSIX
        # SO_REUSEADDR would let two servers share one port there.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        # A fixed port can be used again while old connections linger in TIME_WAIT.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.settimeout(0)
    return sock


def _ip_version(host: str) -> int:
    try:
        return ipaddress.ip_address(host).version
    except ValueError:
        raise ValueError(f"host must be an IP address such as '127.0.0.1' or '::1', got {host!r}") from None
