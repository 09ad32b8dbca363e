"""An app that is served by https and wss."""

import asyncio
import ssl

import httpx
import requests
from fastapi_testing import AsyncServerTestCase, Server, TLSOptions


class VaultTests(AsyncServerTestCase):
    """The app is served over TLS, for this class and those that inherit from it."""

    app = "vault:app"
    tls = True

    async def test_treasure(self) -> None:
        """The middleware lets requests pass, and the client keeps the secure cookie."""
        await self.client.post("/login")
        response = await self.client.get("/treasure")
        self.assertJsonEqual(response, {"treasure": "gold", "seen_at": f"{self.server.url}/treasure"})
        self.assertTrue(self.server.url.startswith("https://127.0.0.1:"))

    async def test_watch(self) -> None:
        """WebSockets go by wss."""
        async with self.ws.connect("/watch") as session:
            await self.assertWebSocketReceives(session, {"scheme": "wss"})

    async def test_in_the_clear(self) -> None:
        """A server without TLS shows what the middleware does there."""
        plain = await self.enterAsyncContext(Server(self.app))
        response = await self.new_client(server=plain).get("/treasure")
        self.assertRedirects(response, plain.url.replace("http", "https") + "/treasure", 307)


class OtherClientTests(AsyncServerTestCase):
    """Clients of other makers are told whom to trust."""

    app = "vault:app"
    tls = True

    async def test_requests(self) -> None:
        """The file is what requests takes."""
        response = await asyncio.to_thread(
            requests.post, f"{self.server.url}/login", verify=str(self.server.ca_certificate), timeout=5
        )
        self.assertStatus(response, 200)

    async def test_httpx(self) -> None:
        """A context is what httpx takes."""
        async with httpx.AsyncClient(verify=self.server.client_ssl_context()) as client:
            self.assertStatus(await client.post(f"{self.server.url}/login"), 200)

    async def test_stranger(self) -> None:
        """Nobody else trusts the authority."""
        async with httpx.AsyncClient() as client:
            with self.assertRaisesRegex(httpx.ConnectError, "CERTIFICATE_VERIFY_FAILED"):
                await client.post(f"{self.server.url}/login")


class HostNameTests(AsyncServerTestCase):
    """The certificate is for another name as well."""

    app = "vault:app"
    tls = TLSOptions(host_names=["vault.test"])

    async def test_name(self) -> None:
        """A request may ask for that name; it still goes to the test server."""
        response = await self.client.post(
            "/login", headers={"Host": "vault.test"}, extensions={"sni_hostname": "vault.test"}
        )
        self.assertStatus(response, 200)


class ClientCertificateTests(AsyncServerTestCase):
    """Only those come in who have a certificate."""

    app = "vault:app"
    tls = TLSOptions(client_certificates="required")

    async def test_client(self) -> None:
        """The client of a test has one."""
        self.assertStatus(await self.client.post("/login"), 200)

    async def test_ann(self) -> None:
        """Another client is somebody else."""
        certificate = self.server.issue_client_certificate("ann", email="ann@vault.test")
        ann = self.new_client(verify=self.server.client_ssl_context(certificate))
        self.assertStatus(await ann.post("/login"), 200)

    async def test_nobody(self) -> None:
        """A client without a certificate is refused, and told so when it waits for the answer."""
        nobody = self.new_client(verify=ssl.create_default_context(cafile=self.server.ca_certificate))
        with self.assertRaisesRegex(httpx.ReadError, "certificate required"):
            await nobody.post("/login")
