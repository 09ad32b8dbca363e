"""Whether a thread waits for a server that cannot answer it."""

import socket
from collections.abc import Collection, Iterator
from typing import Any

from fastapi_testing.server.recording.stacks import frames_of_thread

__all__ = ["waits_for"]

_INNERMOST = 12
"""Frames in which a client of any maker has its socket while it waits."""


def waits_for(thread: int, addresses: Collection[tuple[str, int]]) -> bool:
    """
    Return whether a thread waits on a socket that is connected to one of these addresses.

    Clients of HTTP have the socket as a local variable of a function, or as an attribute of the object whose method is
    called.
    """
    frames = frames_of_thread(thread)[:_INNERMOST]
    return any(_peer(sock) in addresses for frame in frames for sock in _sockets(list(frame.f_locals.values())))


def _sockets(values: list[Any]) -> Iterator[socket.socket]:
    for value in values:
        if issubclass(type(value), socket.socket):  # isinstance() may call the user's code
            yield value
        else:
            yield from (held for held in _attributes(value) if issubclass(type(held), socket.socket))


def _attributes(value: object) -> list[Any]:
    try:
        return [*object.__getattribute__(value, "__dict__").values()]  # getattr() may call the user's code
    except AttributeError:  # it has slots, or is of C
        return []


def _peer(sock: socket.socket) -> tuple[str, int] | None:
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return None
    try:
        host, port = sock.getpeername()[:2]
    except OSError:  # it is not connected
        return None
    return host, port
