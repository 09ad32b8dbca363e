"""Many customers at once, by Locust."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from fastapi_testing import AsyncServerTestCase

import market

LOCUSTFILE = Path(__file__).with_name("locustfile.py")


class LoadTests(AsyncServerTestCase):
    """Locust has a process of its own; what it asks is the server of this class."""

    app = market.app
    test_timeout = 60

    async def run_locust(self, *options: str) -> list[dict[str, Any]]:
        """Run Locust without its page; return its report, one document for each kind of request."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "locust", "--headless", "--json", "--only-summary", "--exit-code-on-error", "0"),
            *("--locustfile", str(LOCUSTFILE), "--host", self.server.url, *options),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            printed, problems = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            raise
        self.assertEqual(process.returncode, 0, problems.decode())
        report: list[dict[str, Any]] = json.loads(printed)
        return report

    async def test_many_customers(self) -> None:
        """Twenty customers are served, each of them without an error."""
        report = await self.run_locust("--users", "20", "--spawn-rate", "20", "--requests", "500")
        failures = {row["name"]: row["num_failures"] for row in report}
        self.assertEqual(failures, {"/items/{number}": 0, "/baskets/{customer}": 0})
        requests = {row["name"]: row["num_requests"] for row in report}
        self.assertGreaterEqual(sum(requests.values()), 500)
        self.assertGreaterEqual(sum(map(len, market.baskets.values())), requests["/baskets/{customer}"])
