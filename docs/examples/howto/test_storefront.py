"""What an app sees of the server that it is deployed with."""

from typing import ClassVar

from fastapi_testing import AsyncServerTestCase, ServerOptions, ServerTestCase

from storefront import names


class ProxyTests(AsyncServerTestCase):
    """The app is served as behind its proxy."""

    app = "storefront:create_app"
    server_options: ClassVar[ServerOptions] = {"factory": True, "root_path": "/api"}

    async def test_schema(self) -> None:
        """The documentation finds its way through the proxy."""
        schema = (await self.client.get("/openapi.json")).json()
        self.assertEqual(list(names(schema)), ["/api"])

    async def test_visitor(self) -> None:
        """What the proxy says of a client is what the app sees."""
        forwarded = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
        response = await self.client.get("/visitor", headers=forwarded)
        self.assertJsonEqual(response, {"from": "203.0.113.9", "scheme": "https", "under": "/api"})


class DistrustfulTests(ServerTestCase):
    """The app is served where only another proxy is believed."""

    app = "storefront:create_app"
    server_options: ClassVar[ServerOptions] = {"factory": True, "forwarded_allow_ips": ["10.0.0.1"]}

    def test_visitor(self) -> None:
        """Anybody can write such a header, and nobody is fooled."""
        response = self.client.get("/visitor", headers={"X-Forwarded-For": "203.0.113.9"})
        self.assertJsonContains(response, {"from": "127.0.0.1"})


class SmallMessagesTests(AsyncServerTestCase):
    """The server takes no large messages."""

    app = "storefront:create_app"
    server_options: ClassVar[ServerOptions] = {"factory": True, "ws_max_size": 100}

    async def test_essay(self) -> None:
        """The server closes the WebSocket; the app does not even see the message."""
        async with self.ws.connect("/questions") as session:
            await session.send_text("why " * 100)
            await self.assertWebSocketClosed(session, 1009)
