"""The contenders' clients, each open and ready for the first request to the app."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import httpx

from tests.benchmarks.app import app
from tests.benchmarks.serving import bare_uvicorn

if TYPE_CHECKING:
    import aiohttp.test_utils
    import starlette.testclient

__all__ = [
    "AIOHTTP",
    "ASGI_TRANSPORT",
    "HTTPX",
    "OURS",
    "OURS_ON_HTTPX2",
    "TEST_CLIENT",
    "TEST_CLIENT_NEEDS",
    "WEBSOCKETS",
    "WEBSOCKETS_BARE",
    "aiohttp_client",
    "asgi_transport",
    "httpx_over_tcp",
    "test_client",
]

OURS = "fastapi_testing"
OURS_ON_HTTPX2 = "the same, on httpx2"
ASGI_TRANSPORT = "httpx.ASGITransport"
HTTPX = "httpx over TCP"
TEST_CLIENT = "Starlette's TestClient"
AIOHTTP = "aiohttp's TestClient"
WEBSOCKETS = "websockets"
WEBSOCKETS_BARE = "websockets, bare"

TEST_CLIENT_NEEDS = ("httpx2",)


@asynccontextmanager
async def asgi_transport() -> AsyncIterator[httpx.AsyncClient]:
    """Open httpx's client that calls the app."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


@asynccontextmanager
async def httpx_over_tcp() -> AsyncIterator[httpx.AsyncClient]:
    """Open httpx's client as it comes, and a server of uvicorn's bare parts."""
    async with bare_uvicorn() as url, httpx.AsyncClient(base_url=url) as client:
        yield client


@contextmanager
def test_client() -> "Iterator[starlette.testclient.TestClient]":
    """Open Starlette's client; one that is not entered starts a thread and an event loop for each request."""
    from starlette.testclient import TestClient  # noqa: PLC0415 - it warns where httpx2 is missing

    with TestClient(app) as client:
        yield client


@asynccontextmanager
async def aiohttp_client() -> "AsyncIterator[aiohttp.test_utils.TestClient[aiohttp.web.Request, None]]":
    """Open aiohttp's test client, and a server of uvicorn's bare parts."""
    from tests.benchmarks.aiohttp_server import open_client  # noqa: PLC0415 - aiohttp is of an extra

    async with open_client() as client:
        yield client
