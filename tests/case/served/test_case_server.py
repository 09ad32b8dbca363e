"""Tests of fastapi_testing.case.served.case_server: what the server of a plain class has, and what is gone with it."""

import unittest
from typing import Any

from fastapi import FastAPI

from fastapi_testing import AsyncServerTestCase, ServerNotRunningError, ServerTestCase
from fastapi_testing.case.served.case_server import CaseServer


class Case(ServerTestCase):
    """A class that is served."""

    app = FastAPI()

    def test(self) -> None:
        """Do nothing."""


class AsyncCase(AsyncServerTestCase):
    """An asynchronous one."""

    app = FastAPI()

    async def test(self) -> None:
        """Do nothing."""


class CaseServerTests(unittest.TestCase):
    """The server, and the client, of what is not running."""

    def test_attributes(self) -> None:
        """What the server has while it runs says that it does not; another name is no attribute."""
        server: Any = CaseServer(Case, None)
        for name in ("server", "transport"):
            with self.subTest(name), self.assertRaises(ServerNotRunningError):
                getattr(server, name)
        with self.assertRaisesRegex(AttributeError, "^'CaseServer' object has no attribute 'sever'$"):
            server.sever  # noqa: B018 - it raises

    def test_client(self) -> None:
        """A test has a client while it runs; before, that is said."""
        for base in (Case, AsyncCase):
            case = base("test")
            text = f"^{case.id()} is not running: it has a client from its set-up to its last cleanup$"
            with self.subTest(base.__name__), self.assertRaisesRegex(ServerNotRunningError, text):
                case.client  # noqa: B018 - it raises
