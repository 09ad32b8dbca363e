"""The transport over TLS."""

import ssl
from collections.abc import AsyncIterator

import httpx
import trustme

from fastapi_testing.client import LoopbackTransport
from tests.client.raw_servers import Reader, TransportTestCase, Writer, answering, read_request, serve_raw
from tests.resources import held_resources
from tests.timing import MS

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


class TLSTests(TransportTestCase):
    """A server with a certificate of its own making."""

    server_context: ssl.SSLContext
    client_context: ssl.SSLContext

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        """Make the certificates."""
        await super().asyncSetUpClass()
        authority = trustme.CA()
        cls.server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1", "shop.test").configure_cert(cls.server_context)
        cls.client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        authority.configure_trust(cls.client_context)

    async def asyncSetUp(self) -> None:
        """Make a transport that trusts them."""
        await super().asyncSetUp()
        self.transport = LoopbackTransport(ssl_context=self.client_context)
        self.addAsyncCleanup(self.transport.aclose)

    async def test_request(self) -> None:
        """Requests and responses are encrypted, the connection is used again, and is closed without a trace."""
        before = held_resources()[0]
        async with serve_raw(answering(OK, OK), tls=self.server_context) as server:
            client = self.new_client(server.url)
            responses = [await client.post("/", content=b"x" * 1_000_000) for _ in range(2)]
            self.assertEqual([response.text for response in responses], ["hi", "hi"])
            ssl_object = responses[0].extensions["network_stream"].get_extra_info("ssl_object")
            self.assertEqual(ssl_object.version(), "TLSv1.3")
            self.assertEqual(server.connections, 1)
            await self.transport.aclose()
        self.assertEqual(held_resources()[0], before)

    async def test_until_close(self) -> None:
        """A body may end with the connection."""

        async def handler(reader: Reader, writer: Writer) -> None:
            await read_request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\n\r\nhi")

        server = await self.serve(handler, tls=self.server_context)
        self.assertEqual((await self.new_client(server.url).get("/")).text, "hi")

    async def test_streamed(self) -> None:
        """A body can be streamed."""

        async def body() -> AsyncIterator[bytes]:
            for _ in range(10):
                yield b"x" * 100_000

        server = await self.serve(answering(OK), tls=self.server_context)
        response = await self.new_client(server.url).post("/", content=body(), headers={"Content-Length": "1000000"})
        self.assertEqual(response.text, "hi")

    async def test_server_name(self) -> None:
        """The certificate may be of another name, which is asked for."""
        server = await self.serve(answering(OK), tls=self.server_context)
        client = self.new_client(server.url)
        response = await client.get("/", extensions={"sni_hostname": "shop.test"})
        self.assertEqual(response.text, "hi")
        with self.assertRaisesRegex(httpx.ConnectError, "other.test"):
            await self.new_client(server.url.replace("127.0.0.1", "localhost")).get(
                "/", extensions={"sni_hostname": "other.test"}
            )

    async def test_untrusted(self) -> None:
        """A certificate that is not trusted is a ConnectError."""
        transport = LoopbackTransport(ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        self.addAsyncCleanup(transport.aclose)
        server = await self.serve(answering(OK), tls=self.server_context)
        with self.assertRaisesRegex(httpx.ConnectError, f"^cannot connect to {server.url}: .*CERTIFICATE_VERIFY_FAIL"):
            await transport.handle_async_request(httpx.Request("GET", server.url))

    async def test_no_handshake(self) -> None:
        """A server that does not shake hands is a ConnectTimeout."""
        server = await self.serve(answering())
        url = server.url.replace("http", "https")
        with self.assertRaises(httpx.ConnectTimeout) as caught:
            await self.new_client(url, httpx.Timeout(None, connect=20 * MS)).get("/")
        self.assertEqual(str(caught.exception), f"cannot connect to {url}: not done within {20 * MS:g} s")
