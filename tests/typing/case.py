"""A test class as users write it; the type checkers read it, nobody runs it."""

from pathlib import Path
from typing import Unpack, assert_type

import httpx
from fastapi import FastAPI

from fastapi_testing import (
    AsyncServerTestCase,
    Client,
    ClientOptions,
    Server,
    TLSOptions,
    WebSocketClient,
    WebSocketSession,
    shard_tests,
)

app = FastAPI()
load_tests = shard_tests(__name__)


class ItemTests(AsyncServerTestCase):
    app = app
    server_options = {"http": "h11", "host": "::1"}
    headers = {"X-Tenant": "blue"}
    timeout = httpx.Timeout(1.0)
    tls = TLSOptions(client_certificates="optional", host_names=["shop.test"])

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        await super().asyncSetUpClass()
        assert_type(cls.server, Server)
        assert_type(await cls.enterAsyncClassContext(Server(app)), Server)
        cls.addAsyncClassCleanup(cls.forget, "all")

    @classmethod
    async def forget(cls, what: str) -> None: ...

    def new_user(self, **options: Unpack[ClientOptions]) -> Client:
        return self.new_client(**options)

    def setUp(self) -> None:
        self.client = httpx.AsyncClient(base_url=self.server.url)

    async def test_types(self) -> None:
        assert_type(self.server, Server)
        assert_type(self.client, Client)
        assert_type(type(self).client, Client)
        assert_type(type(self).new_client(headers={"X-Tenant": "red"}), Client)
        assert_type(self.ws, WebSocketClient)
        assert_type(await self.client.get("/"), httpx.Response)
        assert_type(self.server.ca_certificate, Path)
        ann = self.server.client_ssl_context(self.server.issue_client_certificate("ann", email="ann@shop.test"))
        assert_type(self.new_client(verify=ann), Client)
        assert_type(self.new_client(headers={"X-Tenant": "red"}, server=Server("shop.main:app")), Client)
        async with self.ws.connect("/chat") as chat:
            assert_type(chat, WebSocketSession)
            assert_type(await chat.receive_text(), str)
        assert_type(await self.ws.connect("/chat"), WebSocketSession)
