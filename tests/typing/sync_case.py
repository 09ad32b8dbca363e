"""A plain test class as users write it; the type checkers read it, nobody runs it."""

from typing import Any, assert_type

import httpx
from fastapi import FastAPI
from httpx_sse import ServerSentEvent

from fastapi_testing import ServerTestCase, ServerThread, SyncClient, SyncWebSocketClient, SyncWebSocketSession

app = FastAPI()


async def count() -> int:
    return 1


class ItemTests(ServerTestCase):
    app = app
    server_options = {"http": "h11", "host": "::1"}
    headers = {"X-Tenant": "blue"}

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        assert_type(cls.server, ServerThread)
        assert_type(cls.enterClassContext(ServerThread(app, port=0, shutdown_timeout=1.0)), ServerThread)

    def setUp(self) -> None:
        self.client = httpx.Client(base_url=self.server.url)

    def test_types(self) -> None:
        assert_type(self.server, ServerThread)
        assert_type(self.client, SyncClient)
        assert_type(type(self).client, SyncClient)
        assert_type(type(self).new_client(), SyncClient)
        assert_type(self.ws, SyncWebSocketClient)
        assert_type(self.client.get("/"), httpx.Response)
        assert_type(self.run_async(count()), int)
        assert_type(self.server.run(count(), timeout=1), int)
        assert_type(self.new_client(headers={"X-Tenant": "red"}, server=ServerThread("shop.main:app")), SyncClient)
        with self.ws.connect("/chat", timeout=1.0) as chat:
            assert_type(chat, SyncWebSocketSession)
            assert_type(chat.receive_text(), str)
            assert_type(self.assertWebSocketReceives(chat, {"a": 1}), Any)
        with self.client.sse("/events") as events:
            assert_type(events.next(), ServerSentEvent)
            assert_type([event.data for event in events], list[str])
        assert_type(self.assertEventually(lambda: 1), int)
