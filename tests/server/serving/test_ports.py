"""Ports of a range, and servers that are given the socket which reserves one."""

import errno
import os
import socket
import subprocess
import sys
import unittest
from unittest import mock

from fastapi_testing.errors import ServerError, ServerStartupError
from fastapi_testing.server import PortGenerator, Server
from fastapi_testing.server.serving.sockets import bind_socket
from tests.resources import held_resources
from tests.server.apps import bare_app, raw_request


def free_range(size: int) -> tuple[int, int]:
    """Return the first and the last of some ports in a row that were free just now, below those of clients."""
    first = 10000 + os.getpid() % 1000 * 10  # apart from those of another run of the tests
    start = next(
        start
        for start in range(first, 30000, size)
        if all(PortGenerator.is_port_available(port) for port in range(start, start + size))
    )
    return start, start + size - 1


class PortGeneratorTests(unittest.TestCase):
    """What is handed out, and what is not."""

    def setUp(self) -> None:
        self.start, self.end = free_range(3)
        self.ports = PortGenerator(self.start, self.end)
        for port in range(self.start, self.end + 1):
            self.addCleanup(self.ports.release_port, port)

    def test_defaults(self) -> None:
        """The range is that of the configuration, unless another is given."""
        ports = PortGenerator()
        self.assertEqual((ports.start, ports.end, ports.used_ports), (8001, 9000, set()))

    def test_lowest_first(self) -> None:
        """Each port of the range is handed out once, and is among the used ones from then on."""
        handed_out = [self.ports.get_port() for _ in range(3)]
        self.assertEqual(handed_out, [self.start, self.start + 1, self.end])
        self.assertEqual(self.ports.used_ports, set(handed_out))

    def test_exhausted(self) -> None:
        """When all are in use, the error names the range."""
        for _ in range(3):
            self.ports.get_port()
        with self.assertRaises(ServerError) as caught:
            self.ports.get_port()
        self.assertIsInstance(caught.exception, RuntimeError)
        self.assertEqual(str(caught.exception), f"No available ports in range {self.start}-{self.end}")

    def test_reversed(self) -> None:
        """A reversed range has no ports."""
        with self.assertRaisesRegex(RuntimeError, "^No available ports in range 9000-8001$"):
            PortGenerator(9000, 8001).get_port()

    def test_release(self) -> None:
        """A port that was released is handed out again; to release one twice does nothing."""
        port = self.ports.get_port()
        self.ports.release_port(port)
        self.ports.release_port(port)
        self.assertEqual(self.ports.used_ports, set())
        self.assertEqual(self.ports.get_port(), port)

    def test_marked_as_used(self) -> None:
        """A port that is put among the used ones by hand is not handed out, and has no socket."""
        self.ports.used_ports.add(self.start)
        self.assertEqual(self.ports.get_port(), self.start + 1)
        with self.assertRaises(ValueError) as caught:
            self.ports.get_socket(self.start)
        self.assertEqual(
            str(caught.exception), f"port {self.start} is not reserved: get_port() reserves one, and returns it"
        )

    def test_reserved_against_the_same_process(self) -> None:
        """A port that is reserved is not available, and another generator of the range passes over it."""
        port = self.ports.get_port()
        other = PortGenerator(self.start, self.end)
        self.assertFalse(PortGenerator.is_port_available(port))
        self.addCleanup(other.release_port, other.get_port())
        self.assertEqual(other.used_ports, {self.start + 1})

    def test_reserved_against_another_process(self) -> None:
        """Another process gets another port, also where both allow for addresses to be used again."""
        self.ports.get_port()
        program = (
            f"from fastapi_testing.server import PortGenerator as P; print(P({self.start}, {self.end}).get_port())"
        )
        command = [sys.executable, "-c", program]
        printed = subprocess.check_output(command, text=True, timeout=60)
        self.assertEqual(int(printed), self.start + 1)

    def test_lost_race(self) -> None:
        """Where somebody else listens between our binding and listening, the port is passed over."""
        lost = OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        before = held_resources()
        with mock.patch.object(socket.socket, "listen", side_effect=[lost, None]):
            self.assertEqual(self.ports.get_port(), self.start + 1)
        self.ports.release_port(self.start + 1)
        self.assertEqual(held_resources(), before)

    def test_available(self) -> None:
        """A free port is available, and is none the less so for the question; what is no port is not."""
        before = held_resources()
        self.assertTrue(PortGenerator.is_port_available(self.start))
        self.assertTrue(self.ports.is_port_available(self.start))
        self.assertFalse(PortGenerator.is_port_available(999999))
        self.assertFalse(PortGenerator.is_port_available(-1))
        self.assertEqual(held_resources(), before)


class GivenSocketTests(unittest.IsolatedAsyncioTestCase):
    """A server listens on the socket that it is given."""

    async def test_reserved_port(self) -> None:
        """The server has the port that was reserved, and closes the socket when it stops."""
        ports = PortGenerator(*free_range(1))
        port = ports.get_port()
        self.addCleanup(ports.release_port, port)
        async with Server(bare_app, sock=ports.get_socket(port)) as server:
            self.assertEqual(server.url, f"http://127.0.0.1:{port}")
            self.assertIn(b"204 No Content", await raw_request(server.host, port))
        self.assertEqual(ports.get_socket(port).fileno(), -1)

    async def test_host_of_the_socket(self) -> None:
        """The host is that of the socket, and not the argument."""
        async with Server(bare_app, host="127.0.0.1", sock=bind_socket("::1", 0)) as server:
            self.assertEqual(server.host, "::1")

    async def test_no_delay(self) -> None:
        """A socket that was made without naming TCP is set up so that responses are not held back."""
        sock = socket.create_server(("127.0.0.1", 0))
        async with Server(bare_app, sock=sock):
            self.assertTrue(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    async def test_starts_once(self) -> None:
        """A server that was given its socket has none to start again with."""
        server = Server(bare_app, sock=bind_socket("127.0.0.1", 0))
        await server.start()
        await server.stop()
        with self.assertRaises(ServerStartupError) as caught:
            await server.start()
        self.assertEqual(
            str(caught.exception),
            "the socket that the server of tests.server.apps.bare_app was given is closed: give it another",
        )

    async def test_not_bound(self) -> None:
        """A socket without an address and a port is refused."""
        left, right = socket.socketpair()
        for sock in (socket.socket(), left):
            with self.subTest(sock=sock), self.assertRaises(ValueError) as caught:
                Server(bare_app, sock=sock)
            self.assertEqual(str(caught.exception), f"sock must be bound to an IP address and a port, got {sock!r}")
            sock.close()
        right.close()
