"""The phases of a connection: those that its theory of operation names, and no others."""

import itertools
import re
import unittest.mock
from typing import Any

import httpx

from fastapi_testing.client.transport import connection as module
from fastapi_testing.client.transport.connection import Connection
from tests.client.raw_servers import Reader, TransportTestCase, Writer, answering
from tests.client.transport.test_streaming import OK, TOO_LARGE, endless

_ROW = re.compile(r"^([a-z]+) +([a-z]+(?:, [a-z]+)*)  +\S", re.MULTILINE)


class PhaseTests(TransportTestCase):
    """What a connection goes through, in the order of it."""

    def setUp(self) -> None:
        """Write down the phases of each connection that the test opens."""
        super().setUp()
        self.phases: list[str] = []
        self.connections: list[Connection] = []

        def note(connection: Connection, name: str, value: Any) -> None:
            object.__setattr__(connection, name, value)
            if name == "_phase":
                self.phases.append(value)
                self.connections.append(connection)

        self.enterContext(unittest.mock.patch.object(Connection, "__setattr__", note, create=True))

    async def test_answered(self) -> None:
        """A connection is idle, sends, has sent, and is idle again when the response is read."""
        client = self.new_client((await self.serve(answering(OK, OK))).url)
        await client.get("/")
        self.assertEqual(self.phases, ["idle", "sending", "sent", "idle"])
        await client.get("/")
        self.assertEqual(self.phases, ["idle", *["sending", "sent", "idle"] * 2])
        self.assertEqual(len({*self.connections}), 1)

    async def test_refused(self) -> None:
        """One whose server has refused the request stops sending, and is closed when the response is read."""

        async def handler(reader: Reader, writer: Writer) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(TOO_LARGE)
            await reader.read()

        client = self.new_client((await self.serve(handler)).url)
        response = await client.post("/", content=endless())
        self.assertEqual(response.status_code, 413)
        self.assertEqual(self.phases, ["idle", "sending", "stopped", "idle"])
        self.assertTrue(self.connections[0].transport.is_closing())

    async def test_malformed(self) -> None:
        """One that cannot read the answer is closed as it is: it never becomes idle."""
        client = self.new_client((await self.serve(answering(b"HTTP/9.9 what\r\n\r\n"))).url)
        with self.assertRaises(httpx.RemoteProtocolError):
            await client.get("/")
        self.assertEqual(self.phases, ["idle", "sending", "sent"])
        await self.connections[0].closed
        self.assertEqual(self.phases, ["idle", "sending", "sent"])

    def test_table(self) -> None:
        """The table has what these tests have seen."""
        rows = {phase: following.split(", ") for phase, following in _ROW.findall(module.__doc__ or "")}
        del rows["phase"]  # the headings
        seen = [["idle", "sending", "sent", "idle"], ["idle", "sending", "stopped", "idle"]]
        self.assertEqual(
            {(phase, each) for phase, following in rows.items() for each in following},
            {pair for phases in seen for pair in itertools.pairwise(phases)},
        )
