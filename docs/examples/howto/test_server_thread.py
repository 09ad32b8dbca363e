"""A server for whatever speaks HTTP."""

import unittest

import requests
from fastapi_testing import HTTPAssertions, ServerThread

server = ServerThread("counter:app")


def setUpModule() -> None:
    """Start the server, and stop it when the tests of the module are done."""
    unittest.enterModuleContext(server)


class RequestsTests(HTTPAssertions, unittest.TestCase):
    """A suite that has a client of its own."""

    def test_count(self) -> None:
        """The assertions take its responses as well."""
        response = requests.post(f"{server.url}/count", timeout=5)
        self.assertStatus(response, 200)
