# ruff: noqa: S101 - pytest shows what an assert compares
"""The shop under pytest-asyncio."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from fastapi_testing import AsyncTestServer, create_test_server

from shop import app


@pytest_asyncio.fixture
async def server() -> AsyncIterator[AsyncTestServer]:
    """Serve the shop for a test."""
    async with create_test_server(app) as server:
        yield server


@pytest.mark.asyncio
async def test_read(server: AsyncTestServer) -> None:
    """The first item is an apple."""
    response = await server.client.get("/items/1")
    await response.expect_status(200)
    assert await response.json() == {"name": "apple"}


@pytest.mark.asyncio
async def test_missing(server: AsyncTestServer) -> None:
    """There is no second one."""
    await (await server.client.get("/items/2")).expect_status(404)
