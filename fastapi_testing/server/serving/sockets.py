"""The socket that a server listens on, bound before anything is told its address."""

import errno
import ipaddress
import socket
import sys
import warnings

from fastapi_testing.errors import ServerStartupError

__all__ = ["bind_socket", "bound_host", "warn_of_exposure"]

_LOOPBACK = {4: "127.0.0.1", 6: "::1"}

_NO_ADDRESS = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
"""What the operating system says where the machine has no such address, or none of its kind."""

_warned: set[str] = set()
"""The addresses that have been warned of in this process."""


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
    version = _ip_address(host).version
    try:
        return _listen(host, port, version)
    except (OSError, OverflowError, TypeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else exc
        raise ServerStartupError(f"cannot bind {host} port {port}: {reason}; {_advice(exc, version)}") from exc


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


def warn_of_exposure(host: str, name: str) -> None:
    """Warn, once in a process, of a server that others than this machine reach."""
    address = _ip_address(host)
    if address.is_unspecified and host not in _warned:
        warnings.warn(
            f"the server of {name} listens on {host}, every address of this machine: others on its networks can reach "
            f"the app while the tests run; with host={_LOOPBACK[address.version]!r}, only this machine can",
            RuntimeWarning,
            stacklevel=4,
        )
        _warned.add(host)


def _listen(host: str, port: int, version: int) -> socket.socket:
    sock = _make_socket(version)
    try:
        sock.bind((host, port))
        sock.listen()
    except BaseException:
        sock.close()
        raise
    return sock


def _advice(exc: Exception, version: int) -> str:
    """Return what to do about an address that cannot be bound."""
    if getattr(exc, "errno", None) not in _NO_ADDRESS:
        return "choose another port, or leave it at 0 for a free one"
    other = 10 - version
    if not _has(version) and _has(other):
        return f"this machine has IPv{other} only: say host={_LOOPBACK[other]!r}"
    return "this machine has no such address"


def _has(version: int) -> bool:
    """Tell whether this machine has the loopback address of a version of IP."""
    try:
        _listen(_LOOPBACK[version], 0, version).close()
    except OSError:
        return False
    return True


def _make_socket(version: int) -> socket.socket:
    family = socket.AF_INET6 if version == 6 else socket.AF_INET  # noqa: PLR2004 - IPv6's own number
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


def _ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        raise ValueError(f"host must be an IP address such as '127.0.0.1' or '::1', got {host!r}") from None
