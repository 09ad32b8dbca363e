# ruff: noqa: S101 - pytest shows what an assert compares
"""The shop under the pytest plugin of anyio."""

from collections.abc import AsyncIterator

import pytest
from fastapi_testing import AsyncTestServer, create_test_server

from shop import app

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Run the tests on asyncio, as uvicorn does."""
    return "asyncio"


@pytest.fixture
async def server() -> AsyncIterator[AsyncTestServer]:
    """Serve the shop for a test."""
    async with create_test_server(app) as server:
        yield server


async def test_echo(server: AsyncTestServer) -> None:
    """What is said comes back."""
    response = await server.client.websocket("/echo")
    await server.client.ws.send_json(response, "hello")
    assert await server.client.ws.receive_json(response) == {"said": "hello"}
