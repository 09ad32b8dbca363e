# ruff: noqa: INP001 - a project of its own, which unittest must not discover
"""A suite as users of this API have it, under pytest-asyncio; tests/standalone/test_pytest.py runs it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from websockets.protocol import State

from fastapi_testing import (
    AsyncTestClient,
    AsyncTestResponse,
    AsyncTestServer,
    Config,
    InvalidResponseTypeError,
    PortGenerator,
    WebSocketConfig,
    WebSocketHelper,
    create_test_server,
    global_config,
)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[AsyncTestServer]:
    """Serve an app whose routes are added once it runs."""
    async with create_test_server() as server:
        app: FastAPI = server.app

        @app.post("/items", status_code=201)
        async def create_item(item: dict[str, Any]) -> dict[str, Any]:
            return item

        @app.websocket("/ws")
        async def echo(websocket: WebSocket) -> None:
            await websocket.accept(subprotocol="test-protocol")
            try:
                while True:
                    await websocket.send_json({"echo": await websocket.receive_json()})
            except WebSocketDisconnect:
                return

        yield server


@pytest.mark.asyncio
async def test_http(server: AsyncTestServer) -> None:
    """A request, its status and its body."""
    response = await server.client.post("/items", json={"name": "Widget"})
    assert isinstance(response, AsyncTestResponse)
    assert (await response.expect_status(201)) is response
    assert await response.json() == {"name": "Widget"}
    assert "Widget" in await response.text()
    with pytest.raises(InvalidResponseTypeError, match="This response is not a WebSocket connection"):
        response.websocket()


@pytest.mark.asyncio
async def test_at_once(server: AsyncTestServer) -> None:
    """Several requests at once."""
    for response in await asyncio.gather(*[server.client.get("/nothing") for _ in range(5)]):
        await response.expect_status(404)


@pytest.mark.asyncio
async def test_websocket(server: AsyncTestServer) -> None:
    """A WebSocket by the helper of the client."""
    config = WebSocketConfig(subprotocols=["test-protocol"], ping_interval=20.0, ping_timeout=20.0)
    response = await server.client.websocket("/ws", config)
    helper: WebSocketHelper = server.client.ws
    try:
        await helper.send_json(response, {"a": 1})
        assert await helper.receive_json(response) == {"echo": {"a": 1}}
        await helper.send_text(response, "[]")
        await helper.expect_message(response, {"echo": []}, timeout=5.0)
        with pytest.raises(InvalidResponseTypeError, match="Cannot get JSON directly from WebSocket response"):
            await response.json()
        assert response.websocket().subprotocol == "test-protocol"
    finally:
        await response.websocket().close()
    assert response.websocket().state is State.CLOSED


@pytest.mark.asyncio
async def test_by_hand() -> None:
    """Start and stop by hand, with a lifespan and a client of its own."""
    log = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        log.append("started")
        yield
        log.append("stopped")

    server = AsyncTestServer(lifespan=lifespan, startup_timeout=30.0, shutdown_timeout=10.0)
    await server.stop()
    await server.start()
    with pytest.raises(RuntimeError, match="Server is already running"):
        await server.start()
    async with AsyncTestClient(server.base_url, timeout=5.0, follow_redirects=False) as client:
        await (await client.get("/openapi.json")).expect_status(200)
    await server.stop()
    with pytest.raises(RuntimeError, match="Server is not running"):
        _ = server.client
    assert log == ["started", "stopped"]


def test_configuration() -> None:
    """Settings and ports."""
    assert Config(ws_retry_delay=0.5).WS_RETRY_DELAY == 0.5
    assert global_config.PORT_RANGE_START == 8001
    with pytest.raises(RuntimeError, match="No available ports in range 9-8"):
        PortGenerator(9, 8).get_port()
