"""Responses that break off."""

import asyncio
import itertools
from typing import Any

import httpx

from fastapi_testing import AsyncServerTestCase
from tests.soak.budget import Budget
from tests.soak.cases import run_test
from tests.soak.faults import Faults
from tests.soak.outcome import Outcome
from tests.soak.row import Row

__all__ = ["ROW"]

_BOUND = 5.0


async def served(scope: Any, receive: Any, send: Any) -> None:
    """Say that six bytes come, or do not say how many; send three, and raise or return."""
    if scope["type"] != "http":
        raise NotImplementedError
    framing, _, end = scope["path"][1:].partition("-")
    headers = [(b"content-length", b"6")] if framing == "length" else []
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"abc", "more_body": True})
    if end == "late":
        await asyncio.sleep(0.01)
    if end != "returns":
        raise LookupError("torn")


def run(budget: Budget) -> Outcome:
    """Ask for responses that never end."""
    faults = Faults(budget, _BOUND)

    class Tests(AsyncServerTestCase):
        app = staticmethod(served)

        async def test_torn(self) -> None:
            kinds = itertools.cycle(itertools.product(("length", "chunked"), ("raises", "late", "returns")))
            for _, (framing, end) in zip(faults.turns(), kinds, strict=False):
                path = f"/{framing}-{end}"
                with faults.one(path):
                    await self._tear(path, raises=end != "returns")

        async def _tear(self, path: str, *, raises: bool) -> None:
            if not raises:
                with self.assertRaises(httpx.RemoteProtocolError):
                    await self.client.get(path)
                return
            async with self.assertServerRaises(LookupError, "torn"):
                with self.assertRaises(httpx.RemoteProtocolError):
                    await self.client.get(path)

    faults.mistakes += run_test(Tests("test_torn"))
    return faults.outcome("responses")


ROW = Row(name="torn-answers", title="Responses that break off, since the app raises or returns", run=run)
