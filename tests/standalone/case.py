"""What most tests of the standalone front end need: a server."""

import unittest

from fastapi_testing.standalone import AsyncTestClient, AsyncTestServer, create_test_server
from tests.standalone.apps import make_app

__all__ = ["StandaloneTestCase"]


class StandaloneTestCase(unittest.IsolatedAsyncioTestCase):
    """A test case with a server for each test."""

    server: AsyncTestServer

    async def asyncSetUp(self) -> None:
        self.server = await self.enterAsyncContext(create_test_server(make_app()))

    @property
    def client(self) -> AsyncTestClient:
        """The client of the server."""
        return self.server.client
