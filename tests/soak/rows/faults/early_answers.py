"""Uploads that the app answers before their end."""

import itertools
from collections.abc import AsyncIterator, Iterator

from fastapi import FastAPI, Request, Response

from fastapi_testing import AsyncServerTestCase, ServerTestCase
from tests.soak.budget import Budget
from tests.soak.cases import run_test
from tests.soak.faults import Faults
from tests.soak.outcome import Outcome
from tests.soak.row import Row

__all__ = ["ROW"]

_BOUND = 5.0
_SIZES = (10, 10_000, 1_000_000, 10_000_000)
_PIECE = 50_000

served = FastAPI()


@served.post("/limit")
async def limit(request: Request, after: int) -> Response:
    """Refuse an upload once so many pieces of it have come, and close the connection."""
    pieces = request.stream()
    for _ in range(after):
        await anext(pieces, None)
    return Response("too big", 413, headers={"Connection": "close"})


@served.post("/raise")
async def raise_early(request: Request, after: int) -> None:
    """Raise then."""
    await limit(request, after)
    raise LookupError("no room")


def _cases() -> Iterator[tuple[str, int, int]]:
    """Yield, without end, where to send an upload, after which piece it is answered, its size and the status."""
    return itertools.cycle(itertools.product(("/limit", "/raise"), (0, 1, 3), _SIZES))


def _pieces(size: int) -> Iterator[bytes]:
    for start in range(0, size, _PIECE):
        yield bytes(min(_PIECE, size - start))


async def _async_pieces(size: int) -> AsyncIterator[bytes]:
    for piece in _pieces(size):
        yield piece


class _AsyncTests(AsyncServerTestCase):
    app = served
    faults: Faults

    async def test_uploads(self) -> None:
        for _, (path, after, size) in zip(self.faults.turns(), _cases(), strict=False):
            for body in ({"content": _async_pieces(size)}, {"files": {"file": bytes(size)}}):
                with self.faults.one(f"{path}?after={after}, {size} bytes, {next(iter(body))}"):
                    response = await self.client.post(path, params={"after": after}, **body)
                    self.assertStatus(response, 413 if path == "/limit" else 500)


class _PlainTests(ServerTestCase):
    app = served
    faults: Faults

    def test_uploads(self) -> None:
        for _, (path, after, size) in zip(self.faults.turns(), _cases(), strict=False):
            for body in ({"content": _pieces(size)}, {"files": {"file": bytes(size)}}):
                with self.faults.one(f"{path}?after={after}, {size} bytes, {next(iter(body))}, in a plain test"):
                    response = self.client.post(path, params={"after": after}, **body)
                    self.assertStatus(response, 413 if path == "/limit" else 500)


def run(budget: Budget) -> Outcome:
    """Upload, half of the time in an asynchronous test, then in a plain one."""
    faults = Faults(budget.part(2), _BOUND)
    _AsyncTests.faults = _PlainTests.faults = faults
    faults.mistakes += run_test(_AsyncTests("test_uploads"))
    faults.budget = budget.part(1)
    faults.mistakes += run_test(_PlainTests("test_uploads"))
    return faults.outcome("uploads")


ROW = Row(name="early-answers", title="Uploads of up to 10 MB that the app answers before their end", run=run)
