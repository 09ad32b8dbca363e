"""Servers without a test class, over TLS."""

import asyncio

import httpx
import requests

from fastapi_testing import AsyncClassTestCase, Config, ServerError, TLSOptions, create_test_server
from fastapi_testing.standalone import AsyncTestServer
from tests.server.tls_app import app


class StandaloneTests(AsyncClassTestCase):
    """What ``tls`` does for them."""

    async def test_client(self) -> None:
        """The client speaks TLS, over HTTP and WebSockets, also when it was closed and is made anew."""
        async with create_test_server(app, tls=True) as server:
            self.assertEqual(server.base_url, f"https://127.0.0.1:{server.port}")
            for _ in range(2):
                response = await server.client.get("/scheme")
                self.assertEqual((await response.json())["scheme"], "https")
                session = await server.client.websocket("/scheme")
                await server.client.ws.expect_message(session, "wss")
                await server.client.close()

    async def test_ports(self) -> None:
        """It goes with a range of ports."""
        config = Config()
        config.PORT_RANGE_START, config.PORT_RANGE_END = 20_000, 30_000
        async with AsyncTestServer(app, config=config, tls=True) as server:
            await (await server.client.get("/scheme")).expect_status(200)

    async def test_other_clients(self) -> None:
        """Clients of other makers have what they need, also for a server that wants to know them."""
        async with create_test_server(app, tls=TLSOptions(client_certificates="required")) as server:
            await (await server.client.get("/scheme")).expect_status(200)
            answer = await asyncio.to_thread(
                requests.get,
                f"{server.base_url}/scheme",
                verify=str(server.ca_certificate),
                cert=str(server.issue_client_certificate("ann")),
                timeout=5,
            )
            async with httpx.AsyncClient(verify=server.client_ssl_context(), trust_env=False) as client:
                self.assertEqual((await client.get(f"{server.base_url}/scheme")).json(), answer.json())

    async def test_wrong(self) -> None:
        """What is no TLS is refused, and a plain server has none."""
        with self.assertRaises(TypeError) as refused:
            create_test_server(app, tls="yes")  # type: ignore[arg-type]
        self.assertEqual(str(refused.exception), "tls must be True, False or TLSOptions(...), got 'yes'")
        with self.assertRaises(ServerError) as caught:
            _ = create_test_server(app).ca_certificate
        self.assertEqual(str(caught.exception), "the server of FastAPI 'secure' does not speak TLS: say tls = True")
