# ruff: noqa: INP001 - run as a script
"""Runs a class with a server and a database again and again, and says which database each round had."""

import json
import os
import sys
import tempfile
import unittest

from kiosk import Base, app, get_session

from fastapi_testing import AsyncServerTestCase, PortGenerator, Server
from fastapi_testing.databases import SQLAlchemyMixin

PORTS = PortGenerator()
"""Each process tries the same ports, the lowest first."""


class OrderTests(SQLAlchemyMixin, AsyncServerTestCase):
    """The first order is the only one, whatever other processes order meanwhile."""

    app = app
    metadata = Base.metadata
    session_dependency = get_session
    timeout = settle_timeout = 100.0  # in four processes on a busy machine, five seconds have been too few

    async def test_buy(self) -> None:
        """Only an order of another process could make it more."""
        self.assertJsonEqual(await self.client.post("/orders", params={"item": "paper"}), 1)
        print(self.engine.url.database)  # noqa: T201 - read by the test

    async def test_port_of_a_range(self) -> None:
        """A port that is this process's own is nobody else's."""
        port = PORTS.get_port()
        self.addCleanup(PORTS.release_port, port)
        server = await self.enterAsyncContext(Server(app, sock=PORTS.get_socket(port)))
        self.assertJsonEqual(await self.new_client(server=server).get("/prices/paper"), 2)


print("ready", flush=True)  # noqa: T201 - read by the test
while line := sys.stdin.readline():
    rounds, os.environ["TEST_DATABASE_URL"], tempfile.tempdir = json.loads(line)
    for _ in range(rounds):
        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromTestCase(OrderTests).run(result)
        if not result.wasSuccessful():
            sys.exit("\n".join(text for _, text in [*result.errors, *result.failures]))
    print("ready", flush=True)  # noqa: T201 - read by the test
