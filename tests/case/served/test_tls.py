"""The test case over TLS: everything it does, encrypted."""

import asyncio
import socket
import ssl
import unittest
from collections.abc import AsyncIterator
from typing import ClassVar

import httpx
from fastapi import BackgroundTasks, FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse
from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware

from fastapi_testing import AsyncServerTestCase, AsyncTestClient, ForeignURLError, Server, TLSOptions
from tests.case import shop
from tests.running import outcomes, run_classes
from tests.server import tls_app

app = FastAPI(title="streams")


@app.post("/echo")
async def echo(request: Request) -> StreamingResponse:
    """Take the body as it comes, and send it back."""
    pieces = [piece async for piece in request.stream()]

    async def answer() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    return StreamingResponse(answer())


@app.get("/later")
async def later(tasks: BackgroundTasks) -> None:
    """Do something after the answer."""

    async def work() -> None:
        await asyncio.sleep(0)
        app.state.worked = True

    tasks.add_task(work)


@app.get("/broken")
async def broken() -> None:
    """Fail."""
    raise LookupError("no stock")


@app.websocket("/echo")
async def echo_messages(websocket: WebSocket) -> None:
    """Send messages back."""
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)


class Secure(AsyncServerTestCase):
    """The base of a suite, which says that it speaks TLS."""

    app = tls_app.app
    tls: ClassVar[TLSOptions | bool | None] = True


class SecureTests(Secure):
    """A class of the suite."""

    async def test_client(self) -> None:
        """Requests go by https, on one connection."""
        self.assertEqual(self.server.url, f"https://127.0.0.1:{self.server.port}")
        clients = [self.client, self.client, self.new_client()]
        responses = [await client.get("/scheme") for client in clients]
        self.assertJsonEqual(responses[0], {"scheme": "https", "url": f"{self.server.url}/scheme"})
        addresses = [response.extensions["exchange"].client for response in responses]
        self.assertEqual(addresses, addresses[:1] * 3)

    async def test_ws(self) -> None:
        """WebSockets go by wss; the session has its exchange."""
        async with self.ws.connect("/scheme") as session:
            self.assertEqual(await session.receive_text(), "wss")
            self.assertEqual(str(session.exchange), "WebSocket /scheme")
        async with self.ws.connect(f"{self.server.ws_url}/scheme") as session:
            await session.expect("wss")

    async def test_cookies(self) -> None:
        """Secure cookies are kept, and sent."""
        await self.client.get("/login")
        self.assertJsonEqual(await self.client.get("/cookies"), {"session": "abc"})

    async def test_other_servers(self) -> None:
        """Clients of other servers speak to them as they do: with TLS, with TLS of another kind, and without."""
        options = TLSOptions(client_certificates="required", host_names=["shop.test"])
        for tls in (True, options, None):
            with self.subTest(tls=tls):
                other = await self.enterAsyncContext(Server(tls_app.app, tls=tls))
                client = self.new_client(server=other)
                self.assertStatus(await client.get("/scheme"), 200)
                async with client.ws.connect("/scheme") as session:
                    await session.expect("wss" if tls else "ws")

    async def test_in_the_clear(self) -> None:
        """The same address by http is another origin."""
        with self.assertRaises(ForeignURLError):
            await self.client.get(f"http://127.0.0.1:{self.server.port}/scheme")

    async def test_stranger(self) -> None:
        """A client that does not trust the authority has httpx's error, and leaves nothing."""
        stranger = self.new_client(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        with self.assertRaisesRegex(httpx.ConnectError, f"^cannot connect to {self.server.url}: .*CERTIFICATE_VERIFY"):
            await stranger.get("/scheme")
        with self.assertRaisesRegex(ssl.SSLError, "CERTIFICATE_VERIFY_FAILED"):
            await stranger.ws.connect("/scheme")

    async def test_handshake_in_flight(self) -> None:
        """A client that has not shaken hands when the test ends is cut off, and is no leak of the test's."""
        sock = socket.create_connection(("127.0.0.1", self.server.port))
        self.addCleanup(sock.close)
        self.assertStatus(await self.client.get("/scheme"), 200)


class PlainTests(Secure):
    """A class of the suite that does not want it."""

    tls = False

    async def test_plain(self) -> None:
        """Its requests go in the clear."""
        self.assertJsonEqual(await self.client.get("/scheme"), {"scheme": "http", "url": f"{self.server.url}/scheme"})
        async with self.ws.connect("/scheme") as session:
            await session.expect("ws")

    async def test_verify(self) -> None:
        """What is said of TLS is not asked for."""
        client = self.new_client(verify=ssl.create_default_context())
        self.assertStatus(await client.get("/scheme"), 200)
        async with client.ws.connect("/scheme") as session:
            await session.expect("ws")


class PerTestTests(AsyncServerTestCase):
    """A server for each test."""

    app = tls_app.app
    tls = True
    server_scope = "test"

    async def test_client(self) -> None:
        """It speaks TLS as well."""
        self.assertJsonContains(await self.client.get("/scheme"), {"scheme": "https"})


class StandaloneClientTests(AsyncServerTestCase):
    """The client of the standalone front end."""

    app = tls_app.app
    tls = True
    client_class = AsyncTestClient

    async def test_client(self) -> None:
        """It speaks TLS over the connections of the class, and over some of its own."""
        for client in (self.client, self.new_client(verify=self.server.client_ssl_context())):
            self.assertStatus(await client.get("/scheme"), 200)
        async with self.ws.connect("/scheme") as session:
            await session.expect("wss")


class RedirectTests(AsyncServerTestCase):
    """HTTPSRedirectMiddleware, on both sides of it."""

    app = HTTPSRedirectMiddleware(shop.make_app())

    async def test_redirected(self) -> None:
        """A request in the clear is sent to https."""
        location = self.server.url.replace("http", "https") + "/request"
        self.assertRedirects(await self.client.get("/request"), location, 307)


class RedirectedTests(RedirectTests):
    """The same with TLS."""

    tls = True

    async def test_redirected(self) -> None:
        """A request by https is answered."""
        self.assertStatus(await self.client.get("/request"), 200)


class ExchangeTests(AsyncServerTestCase):
    """What a test sees of the inside, encrypted or not."""

    app = app
    tls = True

    async def test_streams(self) -> None:
        """Bodies are streamed both ways."""

        async def body() -> AsyncIterator[bytes]:
            for _ in range(20):
                yield b"x" * 100_000

        async with self.client.stream("POST", "/echo", content=body()) as response:
            received = [len(piece) async for piece in response.aiter_bytes()]
        self.assertEqual(sum(received), 2_000_000)

    async def test_settle(self) -> None:
        """A request returns when its background tasks are done."""
        app.state.worked = False
        await self.client.get("/later")
        self.assertTrue(app.state.worked)

    async def test_server_error(self) -> None:
        """The app's exceptions are seen."""
        with self.assertServerRaises(LookupError, "no stock"):
            response = await self.client.get("/broken")
        with self.assertRaisesRegex(AssertionError, "LookupError: no stock"):
            self.assertStatus(response, 200)

    async def test_websocket(self) -> None:
        """A long message passes, and a session left open is closed at the end."""
        session = await self.ws.connect("/echo")
        await session.send_text("x" * 500_000)
        self.assertEqual(await session.receive_text(), "x" * 500_000)


class ClientCertificateTests(AsyncServerTestCase):
    """A class whose server wants to know who its clients are."""

    app = tls_app.app
    tls = TLSOptions(client_certificates="required")

    async def test_client(self) -> None:
        """The test's own client has a certificate."""
        self.assertStatus(await self.client.get("/scheme"), 200)
        async with self.ws.connect("/scheme") as session:
            await session.expect("wss")

    async def test_identity(self) -> None:
        """A client may be somebody else."""
        ann = self.server.issue_client_certificate("ann", email="ann@shop.test")
        client = self.new_client(verify=self.server.client_ssl_context(ann))
        ssl_object = (await client.get("/scheme")).extensions["network_stream"].get_extra_info("ssl_object")
        self.assertEqual(ssl_object.version(), "TLSv1.3")
        async with client.ws.connect("/scheme") as session:
            await session.expect("wss")

    async def test_without(self) -> None:
        """A client without a certificate is refused, and told why, with whatever it sends."""
        client = self.new_client(verify=ssl.create_default_context(cafile=self.server.ca_certificate))
        for method, content in (("GET", b""), ("POST", b"x" * 3_000_000)):
            with self.subTest(method=method), self.assertRaises(httpx.ReadError) as caught:
                await client.request(method, "/scheme", content=content)
            self.assertRegex(
                str(caught.exception),
                rf"\A{method} /scheme: the connection was lost: \[SSL: .*\] .*alert certificate required .*\Z",
            )
        with self.assertRaisesRegex(ssl.SSLError, "alert certificate required"):
            await client.ws.connect("/scheme")

    async def test_without_by_tls_1_2(self) -> None:
        """With TLS 1.2 it is refused before it can send anything."""
        context = ssl.create_default_context(cafile=self.server.ca_certificate)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        client = self.new_client(verify=context)
        with self.assertRaisesRegex(
            httpx.ConnectError, f"^cannot connect to {self.server.url}: .*alert handshake fail"
        ):
            await client.get("/scheme")
        with self.assertRaisesRegex(ssl.SSLError, "alert handshake failure"):
            await client.ws.connect("/scheme")


class WrongTests(unittest.TestCase):
    """Classes that say what cannot be meant."""

    def test_wrong(self) -> None:
        """It is an error of the class, which says what is right."""

        class Wrong(AsyncServerTestCase):
            """Says yes."""

            tls = "yes"  # type: ignore[assignment]

            async def test_nothing(self) -> None:
                """Is never come to."""

        result = run_classes(Wrong)
        self.assertEqual(
            outcomes(result), {"setUpClass": "TypeError: tls must be True, False or TLSOptions(...), got 'yes'"}
        )
