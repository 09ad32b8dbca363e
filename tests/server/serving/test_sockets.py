"""The socket that a server listens on: what is said where there can be none, or one that is too many people's."""

import errno
import os
import socket
import unittest
import warnings
from typing import Any
from unittest import mock

from fastapi_testing import AsyncServerTestCase, Server, ServerStartupError, ServerTestCase
from fastapi_testing.server.serving.sockets import bind_socket
from tests.running import outcomes, run_classes
from tests.server.apps import app

ELSEWHERE = "192.0.2.1"
"""An address of documentation (RFC 5737), which no machine has."""


class BindTests(unittest.TestCase):
    """What cannot be bound."""

    def refusal(self, host: str, *versions: int, fault: int = errno.EADDRNOTAVAIL) -> str:
        """Return what is said of an address on a machine that lacks versions of IP: those of tests have them."""

        def listen(_host: str, _port: int, version: int) -> socket.socket:
            if version in versions:
                raise OSError(fault, os.strerror(fault))
            return socket.create_server(("127.0.0.1", 0))

        with (
            mock.patch("fastapi_testing.server.serving.sockets._listen", listen),
            self.assertRaises(ServerStartupError) as caught,
        ):
            bind_socket(host, 0)
        return str(caught.exception)

    def test_other_version_only(self) -> None:
        """On a machine that has the other version of IP only, the error says so, and how to use it."""
        for fault in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            for host, lacking, advice in (
                ("127.0.0.1", 4, "this machine has IPv6 only: say host='::1'"),
                (ELSEWHERE, 4, "this machine has IPv6 only: say host='::1'"),
                ("::1", 6, "this machine has IPv4 only: say host='127.0.0.1'"),
            ):
                with self.subTest(host=host, fault=fault):
                    self.assertEqual(
                        self.refusal(host, lacking, fault=fault),
                        f"cannot bind {host} port 0: {os.strerror(fault)}; {advice}",
                    )

    def test_neither_version(self) -> None:
        """Where there is neither, it says no more than that."""
        self.assertEqual(
            self.refusal("127.0.0.1", 4, 6),
            f"cannot bind 127.0.0.1 port 0: {os.strerror(errno.EADDRNOTAVAIL)}; this machine has no such address",
        )

    def test_address_of_another_machine(self) -> None:
        """An address that is not this machine's is named as such."""
        with self.assertRaises(ServerStartupError) as caught:
            bind_socket(ELSEWHERE, 0)
        self.assertEqual(
            str(caught.exception),
            f"cannot bind {ELSEWHERE} port 0: {os.strerror(errno.EADDRNOTAVAIL)}; this machine has no such address",
        )


class ExposureTests(unittest.TestCase):
    """A server that others than this machine can reach."""

    def setUp(self) -> None:
        """Have warned of nothing."""
        self.enterContext(mock.patch("fastapi_testing.server.serving.sockets._warned", set()))

    def test_once(self) -> None:
        """It is warned of once, in both kinds of test case."""
        for base in (AsyncServerTestCase, ServerTestCase):
            with self.subTest(base), mock.patch("fastapi_testing.server.serving.sockets._warned", set()):
                case: Any = type("Case", (base,), {"app": app, "server_options": {"host": "0.0.0.0"}, "test": passing})
                with warnings.catch_warnings(record=True, action="always") as warned:
                    self.assertEqual(outcomes(run_classes(case, type("Other", (case,), {}))), {})
                text = (
                    "the server of FastAPI 'shop' listens on 0.0.0.0, every address of this machine: others on its "
                    "networks can reach the app while the tests run; with host='127.0.0.1', only this machine can"
                )
                self.assertEqual([(each.category, str(each.message)) for each in warned], [(RuntimeWarning, text)])

    def test_error(self) -> None:
        """Where warnings are errors, nothing is bound."""
        case: Any = type(
            "Case", (AsyncServerTestCase,), {"app": app, "server_options": {"host": "::"}, "test": passing}
        )
        with warnings.catch_warnings(action="error"):
            result = run_classes(case)
        self.assertEqual(result.testsRun, 0)
        self.assertRegex(result.errors[0][1], r"RuntimeWarning: the server of FastAPI 'shop' .* with host='::1', only")

    def test_given_socket(self) -> None:
        """It is warned of where the socket is given, too."""
        sock = self.enterContext(socket.create_server(("0.0.0.0", 0)))

        class Case(unittest.IsolatedAsyncioTestCase):
            async def test(self) -> None:
                async with Server(app, sock=sock):
                    pass

        with self.assertWarnsRegex(RuntimeWarning, "listens on 0.0.0.0, every address"):
            self.assertEqual(outcomes(run_classes(Case)), {})

    def test_loopback(self) -> None:
        """The loopback's addresses are nobody else's."""
        with warnings.catch_warnings(action="error"):
            for host in ("127.0.0.1", "127.0.0.2"):
                case: Any = type(
                    "Case", (ServerTestCase,), {"app": app, "server_options": {"host": host}, "test": passing}
                )
                with self.subTest(host):
                    self.assertEqual(outcomes(run_classes(case)), {})


def passing(_: unittest.TestCase) -> None:
    """Pass."""
