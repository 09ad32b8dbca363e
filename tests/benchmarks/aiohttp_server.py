"""aiohttp's test client, in front of the app that the other contenders have."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from aiohttp.test_utils import BaseTestServer, TestClient
from aiohttp.web import BaseRunner, Request
from yarl import URL

from tests.benchmarks.serving import bare_uvicorn

__all__ = ["open_client"]


class _UvicornTestServer(BaseTestServer):
    """A test server of aiohttp's that serves an ASGI app, by uvicorn."""

    async def start_server(self, *_: Any, **__: Any) -> None:
        self._stack = AsyncExitStack()
        self._root = URL(await self._stack.enter_async_context(bare_uvicorn()))

    async def close(self) -> None:
        await self._stack.aclose()

    async def _make_runner(self, **_: Any) -> BaseRunner:
        raise NotImplementedError  # uvicorn has none


@asynccontextmanager
async def open_client() -> AsyncIterator[TestClient[Request, None]]:
    """Open the client and the server."""
    client: TestClient[Request, None] = TestClient(_UvicornTestServer())
    async with client:
        yield client
