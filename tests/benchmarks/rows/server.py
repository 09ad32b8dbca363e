"""A server: started, asked once, and stopped."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi_testing import Server
from tests.benchmarks.app import app
from tests.benchmarks.batches import AsyncOperation, asynchronous
from tests.benchmarks.peers import OURS
from tests.benchmarks.row import Contender, Row, Target
from tests.benchmarks.serving import bare_uvicorn, get_over_streams, serve_in_task

__all__ = ["ROWS"]

_BARE = "uvicorn's bare parts"


@asynccontextmanager
async def _our_server() -> AsyncIterator[str]:
    async with Server(app) as server:
        yield server.url


def _contender(name: str, served: Callable[[], AbstractAsyncContextManager[str]], number: int | None) -> Contender:
    @asynccontextmanager
    async def opened() -> AsyncIterator[AsyncOperation]:
        async def operation() -> None:
            async with served() as url:
                await get_over_streams(url)

        yield operation

    return Contender(name=name, opened=asynchronous(opened), number=number)


ROWS = (
    Row(
        name="server",
        title="Start of a server, one request, stop",
        unit="a server",
        contenders=(
            _contender(OURS, _our_server, None),
            _contender(_BARE, bare_uvicorn, None),
            _contender("uvicorn.Server.serve", serve_in_task, 1),
        ),
        targets=(Target(peer=_BARE, at_most=2.0),),
        note="The request goes over asyncio's streams for all three, so that no client is measured.",
    ),
)
