"""Whether a thread waits for a server that cannot answer it: the sockets in its frames."""

import contextlib
import socket
import threading
import unittest
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from fastapi_testing.case.guards.own_server import waits_for


class Slotted:
    """An object without a ``__dict__``."""

    __slots__ = ("sock",)

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def wait(self, begun: threading.Event) -> None:
        """Wait for what does not come, without a socket in sight."""
        begun.set()
        Slotted.receive(self)

    def receive(self) -> None:
        """Receive."""
        self.sock.recv(1)


class Holder:
    """An object that has its socket as an attribute."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def wait(self, begun: threading.Event) -> None:
        """Wait for what does not come."""
        begun.set()
        self.sock.recv(1)


def wait_on(sock: socket.socket, begun: threading.Event) -> None:
    """Wait for what does not come, on a socket that is a local variable."""
    begun.set()
    sock.recv(1)


class WaitsForTests(unittest.TestCase):
    """Threads that wait on sockets."""

    def setUp(self) -> None:
        """Connect to a server that says nothing."""
        listening = self.enterContext(socket.create_server(("127.0.0.1", 0)))
        self.address = listening.getsockname()
        self.sock = self.enterContext(socket.create_connection(self.address))
        self.accepted = self.enterContext(listening.accept()[0])

    @contextlib.contextmanager
    def waiting(self, target: object) -> Iterator[int]:
        """Run a function on a thread until the block is left."""
        assert callable(target)
        begun = threading.Event()
        thread = threading.Thread(target=target, args=(begun,))
        thread.start()
        begun.wait()
        try:
            yield thread.ident or 0
        finally:
            self.accepted.sendall(b"x")
            thread.join()

    def test_local_variable(self) -> None:
        """A socket that is a local variable is found, and so is one that is an attribute."""
        for target in (lambda begun: wait_on(self.sock, begun), Holder(self.sock).wait):
            with self.subTest(target=target), self.waiting(target) as thread:
                self.assertTrue(waits_for(thread, [self.address]))
                self.assertFalse(waits_for(thread, [("127.0.0.1", 1)]))

    def test_out_of_sight(self) -> None:
        """One that nothing shows is not."""
        with self.waiting(Slotted(self.sock).wait) as thread:
            self.assertFalse(waits_for(thread, [self.address]))

    def test_other_sockets(self) -> None:
        """A socket that is not connected, and one of another family, are to no server."""
        near, far = socket.socketpair()
        with socket.socket() as idle, near, far:
            for sock in (idle, near):
                with self.subTest(family=sock.family), ThreadPoolExecutor(1) as pool:  # no other socket in its frames
                    self.assertFalse(pool.submit(looks_for, sock, self.address).result())


def looks_for(_: socket.socket, address: tuple[str, int]) -> bool:
    """Return whether this thread, which has a socket, waits for an address."""
    return waits_for(threading.get_ident(), [address])
