"""Exceptions of the app while a detector of blocking calls is at work on its event loop."""

import unittest

from blockbuster import blockbuster_ctx

from fastapi_testing import AsyncServerTestCase
from fastapi_testing.server.recording import libraries
from tests.case.failing import failures


class DetectorTests(unittest.TestCase):
    """blockbuster, which refuses on an event loop what may wait for a disk."""

    def setUp(self) -> None:
        for function in (libraries.is_users, libraries.is_frameworks, libraries._names_brought):
            function.cache_clear()

    def test_exchange(self) -> None:
        """The response comes, and the failure shows what the app has raised."""

        async def test(case: AsyncServerTestCase) -> None:
            with blockbuster_ctx(), case.assertLogs("uvicorn.error") as logs:
                response = await case.client.get("/fail")
            case.assertIn("LookupError: no stock", logs.output[0])
            with blockbuster_ctx():
                case.assertStatus(response, 200)

        (text,) = failures(test)
        self.assertIn("GET /fail: expected status 200, got 500 Internal Server Error", text)
        self.assertIn('raise LookupError("no stock")\n  LookupError: no stock\n', text)
        self.assertNotIn("BlockingError", text)
