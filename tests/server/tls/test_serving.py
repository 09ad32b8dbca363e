"""A server that speaks TLS: its certificates, what its clients need, and how it refuses one."""

import asyncio
import contextlib
import socket
import ssl
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import requests
import trustme
from cryptography import x509
from websockets.asyncio.client import connect

from fastapi_testing import AsyncClassTestCase, Server, ServerError, ServerStartupError, TLSOptions
from tests.server.apps import bare_app, in_flight, make_app, raw_request
from tests.server.tls_app import app


def shake_hands(server: Server, context: ssl.SSLContext, name: str = "127.0.0.1") -> x509.Certificate:
    """Return the certificate that a server shows to a client that asks for a name."""
    with (
        socket.create_connection((server.host, server.port)) as sock,
        context.wrap_socket(sock, server_hostname=name) as secured,
    ):
        der = secured.getpeercert(binary_form=True)
    assert der is not None
    return x509.load_der_x509_certificate(der)


def stock_context(server: Server) -> ssl.SSLContext:
    """Return a context of the standard library's own making, which trusts the server's authority, strictly."""
    context = ssl.create_default_context(cafile=server.ca_certificate)
    context.verify_flags |= ssl.VERIFY_X509_STRICT  # what Python 3.13 does by itself
    return context


def issued_in(folder: str, *names: str) -> tuple[Path, Path, Path]:
    """Return PEM files of an authority of one's own: its certificate, and a certificate and key for the names."""
    authority = trustme.CA()
    issued = authority.issue_cert(*names)
    ca, certificate, key = (Path(folder) / name for name in ("ca.pem", "cert.pem", "key.pem"))
    authority.cert_pem.write_to_path(ca)
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    return ca, certificate, key


class OptionsTests(unittest.TestCase):
    """What can be said of TLS, and what cannot."""

    def test_off(self) -> None:
        """False is plain HTTP, as None is."""
        self.assertEqual([Server(bare_app, tls=tls).tls for tls in (None, False)], [None, None])

    def test_on(self) -> None:
        """True is what the options are without any."""
        options = TLSOptions()
        self.assertEqual(Server(bare_app, tls=True).tls, options)
        self.assertIs(Server(bare_app, tls=options).tls, options)

    def test_wrong(self) -> None:
        """Anything else is refused."""
        for tls in ("yes", 1, TLSOptions):
            with self.subTest(tls=tls), self.assertRaises(TypeError) as caught:
                Server(bare_app, tls=tls)  # type: ignore[arg-type]
            self.assertEqual(str(caught.exception), f"tls must be True, False or TLSOptions(...), got {tls!r}")

    def test_wrong_options(self) -> None:
        """Options that say nothing, or contradict each other, are refused."""
        table: list[tuple[dict[str, object], str]] = [
            (
                {"host_names": "shop.test"},
                "host_names must be a sequence of names, such as ['shop.test']; got a single str",
            ),
            (
                {"host_names": ["shop.test"], "certificate": "shop.pem"},
                "host_names are for a certificate that is made; one of your own has its names already",
            ),
            ({"private_key": "key.pem"}, "private_key says nothing without certificate: give that too"),
            ({"ca_certificate": "ca.pem"}, "ca_certificate says nothing without certificate: give that too"),
            (
                {"client_ca_certificate": "ca.pem"},
                "client_ca_certificate says nothing without client_certificates: give that too",
            ),
            (
                {"client_certificates": True},
                "client_certificates must be 'optional', 'required' or None, got True",
            ),
        ]
        for options, message in table:
            with self.subTest(options=options), self.assertRaises((TypeError, ValueError)) as caught:
                TLSOptions(**options)  # type: ignore[arg-type]
            self.assertEqual(str(caught.exception), message)

    def test_plain(self) -> None:
        """A server that does not speak TLS has nothing for its clients."""
        server = Server(bare_app)
        message = "the server of tests.server.apps.bare_app does not speak TLS: say tls = True"
        for ask in (lambda: server.ca_certificate, server.client_ssl_context):
            with self.assertRaises(ServerError) as caught:
                ask()
            self.assertEqual(str(caught.exception), message)

    def test_no_client_certificates(self) -> None:
        """Certificates for clients are only made where they are asked for."""
        with self.assertRaises(ServerError) as caught:
            Server(bare_app, tls=True).issue_client_certificate("ann")
        self.assertEqual(
            str(caught.exception),
            "the server of tests.server.apps.bare_app does not ask for client certificates: "
            "say tls = TLSOptions(client_certificates='required')",
        )


class CertificateTests(AsyncClassTestCase):
    """Whom the server says it is, and whom clients have to trust."""

    async def test_names(self) -> None:
        """The certificate is one for this machine, by every name and address that it has for itself."""
        async with Server(bare_app, tls=True) as server:
            for name in ("127.0.0.1", "localhost", "::1"):
                with self.subTest(name=name):
                    await asyncio.to_thread(shake_hands, server, stock_context(server), name)
            with self.assertRaisesRegex(ssl.SSLCertVerificationError, "not valid for 'shop.test'"):
                await asyncio.to_thread(shake_hands, server, stock_context(server), "shop.test")

    async def test_host_names(self) -> None:
        """It may have more names, with wildcards and beyond ASCII."""
        names = ["shop.test", "*.shop.test", "café.test"]
        async with Server(bare_app, tls=TLSOptions(host_names=names)) as server:
            for name in ("shop.test", "api.shop.test", "café.test", "127.0.0.1"):
                with self.subTest(name=name):
                    await asyncio.to_thread(shake_hands, server, stock_context(server), name)

    async def test_host(self) -> None:
        """It is for the address that the server listens on."""
        for host in ("::1", "127.0.0.2"):
            with self.subTest(host=host):
                async with (
                    Server(bare_app, host=host, tls=True) as server,
                    httpx.AsyncClient(verify=stock_context(server), trust_env=False) as client,
                ):
                    self.assertEqual((await client.get(server.url)).status_code, 204)

    async def test_impossible_name(self) -> None:
        """A name that cannot be in a certificate is the error of who gave it, and leaves nothing running."""
        server = Server(bare_app, tls=TLSOptions(host_names=["a b"]))
        with self.assertRaises(ValueError):
            await server.start()
        self.assertFalse(server.is_running)

    async def test_once(self) -> None:
        """Certificates are made once for all servers, of one authority."""
        first, second = Server(bare_app, tls=True), Server(bare_app, tls=True)
        self.assertEqual(first.ca_certificate, second.ca_certificate)
        async with first, second:
            shown = [await asyncio.to_thread(shake_hands, each, stock_context(first)) for each in (first, second)]
        self.assertEqual(shown[0], shown[1])

    async def test_again(self) -> None:
        """A server that is started again speaks TLS again."""
        server = Server(bare_app, tls=True)
        for _ in range(2):
            async with server:
                await asyncio.to_thread(shake_hands, server, stock_context(server))

    async def test_own(self) -> None:
        """The certificate may be one's own; clients trust its authority, or the certificate itself."""
        with TemporaryDirectory() as folder:
            authority, certificate, key = issued_in(folder, "127.0.0.1")
            for trusted in (authority, None):
                options = TLSOptions(certificate=certificate, private_key=str(key), ca_certificate=trusted)
                async with (
                    Server(bare_app, tls=options) as server,
                    httpx.AsyncClient(verify=server.client_ssl_context(), trust_env=False) as client,
                ):
                    self.assertEqual(server.ca_certificate, trusted or certificate)
                    self.assertEqual((await client.get(server.url)).status_code, 204)

    async def test_own_unusable(self) -> None:
        """Files that are missing, or are not what they should be, are named, as often as it is tried."""
        with TemporaryDirectory() as folder:
            _, certificate, key = issued_in(folder, "127.0.0.1")
            missing = Path(folder) / "nothing.pem"
            table = [
                (
                    TLSOptions(certificate=missing),
                    # Python 3.15 says which.
                    f"certificate {missing}, private_key None: [Errno 2] No such file or directory(: '{missing}')?",
                ),
                (
                    TLSOptions(certificate=certificate, private_key=certificate),
                    rf"certificate {certificate}, private_key {certificate}: \[SSL\] PEM lib.*",
                ),
                (
                    TLSOptions(client_certificates="required", client_ca_certificate=key),
                    rf"client_ca_certificate {key}: \[X509.*",
                ),
            ]
            for options, pattern in table:
                server = Server(bare_app, tls=options)
                for _ in range(2):
                    with self.subTest(options=options), self.assertRaises(ServerStartupError) as caught:
                        await server.start()
                    self.assertRegex(
                        str(caught.exception),
                        rf"\Acannot serve TLS with {pattern.replace('[Errno 2]', r'.Errno 2.')}\Z",
                    )
                    self.assertIsInstance(caught.exception.__cause__, OSError)


class ServedTests(AsyncClassTestCase):
    """Requests of clients of every maker."""

    async def asyncSetUp(self) -> None:
        """Start the server."""
        self.server = await self.enterAsyncContext(Server(app, tls=True))

    async def test_urls(self) -> None:
        """Its URLs say so."""
        self.assertEqual(self.server.url, f"https://127.0.0.1:{self.server.port}")
        self.assertEqual(self.server.ws_url, f"wss://127.0.0.1:{self.server.port}")
        self.assertEqual(repr(self.server), f"<Server of FastAPI 'secure' at {self.server.url}>")

    async def test_httpx(self) -> None:
        """The context is what httpx takes; the app sees that it is asked by https."""
        async with httpx.AsyncClient(
            base_url=self.server.url, verify=self.server.client_ssl_context(), trust_env=False
        ) as client:
            answer = (await client.get("/scheme")).json()
        self.assertEqual(answer, {"scheme": "https", "url": f"{self.server.url}/scheme"})

    async def test_h11(self) -> None:
        """It is so with uvicorn's other implementation of HTTP."""
        async with Server(app, tls=True, http="h11") as server:
            context = server.client_ssl_context()
            async with httpx.AsyncClient(base_url=server.url, verify=context, trust_env=False) as client:
                self.assertEqual((await client.get("/scheme")).json()["scheme"], "https")

    async def test_requests(self) -> None:
        """The file is what requests takes; a connection that it keeps does not hold up the server's stop."""
        session = requests.Session()
        self.addCleanup(session.close)
        session.trust_env = False
        url = f"{self.server.url}/scheme"
        answer = await asyncio.to_thread(session.get, url, verify=str(self.server.ca_certificate), timeout=5)
        self.assertEqual(answer.json()["scheme"], "https")
        async with asyncio.timeout(5):  # asyncio would wait for the client for 30 s
            await self.server.stop()

    async def test_websockets(self) -> None:
        """The context is what websockets takes as well; the app sees that it is asked by wss."""
        context = self.server.client_ssl_context()
        async with connect(f"{self.server.ws_url}/scheme", ssl=context, proxy=None) as websocket:
            self.assertEqual(await websocket.recv(), "wss")

    async def test_no_delay(self) -> None:
        """The server's end of a connection sends at once."""
        async with in_flight("127.0.0.1", self.server.port, "/"):
            pass  # a client that never shakes hands, and goes
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.server.port, ssl=self.server.client_ssl_context()
        )
        writer.write(b"GET /scheme HTTP/1.1\r\nHost: test\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        (connection,) = self.server.server_state.connections
        sock = connection.transport.get_extra_info("socket")
        self.assertTrue(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()
        await writer.wait_closed()

    async def test_not_trusted(self) -> None:
        """Whoever does not trust the authority has httpx's error."""
        async with httpx.AsyncClient(base_url=self.server.url, trust_env=False) as client:
            with self.assertRaisesRegex(httpx.ConnectError, "CERTIFICATE_VERIFY_FAILED.*unable to get local issuer"):
                await client.get("/scheme")

    async def test_in_the_clear(self) -> None:
        """A request without TLS is not answered."""
        async with asyncio.timeout(5):
            self.assertEqual(await raw_request("127.0.0.1", self.server.port), b"")


class ClientCertificateTests(AsyncClassTestCase):
    """A server that wants to know who its clients are."""

    async def get(self, server: Server, context: ssl.SSLContext) -> int:
        """Return the status of the answer to a client of httpx."""
        async with httpx.AsyncClient(verify=context, trust_env=False) as client:
            return (await client.get(f"{server.url}/scheme")).status_code

    async def test_required(self) -> None:
        """Clients with a certificate of the run's authority are let in."""
        async with Server(app, tls=TLSOptions(client_certificates="required")) as server:
            ann = server.issue_client_certificate("ann", email="ann@shop.test")
            for certificate in (None, ann, server.issue_client_certificate("bob")):
                with self.subTest(certificate=certificate):
                    self.assertEqual(await self.get(server, server.client_ssl_context(certificate)), 200)

    async def test_requests(self) -> None:
        """The certificate's file is what requests takes."""
        async with Server(app, tls=TLSOptions(client_certificates="required")) as server:
            response = await asyncio.to_thread(
                requests.get,
                f"{server.url}/scheme",
                verify=str(server.ca_certificate),
                cert=str(server.issue_client_certificate("ann")),
                timeout=5,
            )
        self.assertEqual(response.status_code, 200)

    async def test_identity(self) -> None:
        """A certificate names who it is for; the same name has the same one."""
        server = Server(app, tls=TLSOptions(client_certificates="required"))
        path = server.issue_client_certificate("ann", email="ann@shop.test")
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        (name,) = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        self.assertEqual(name.value, "ann")
        self.assertEqual(alternatives.get_values_for_type(x509.RFC822Name), ["ann@shop.test"])
        self.assertEqual(server.issue_client_certificate("ann", email="ann@shop.test"), path)
        self.assertNotEqual(server.issue_client_certificate("ann"), path)

    async def test_refused(self) -> None:
        """A client without a certificate, or with one of somebody else's, is told why, and asyncio's task ends."""
        async with Server(app, tls=TLSOptions(client_certificates="required")) as server:
            stranger = stock_context(server)
            trustme.CA().issue_cert("ann@shop.test").configure_cert(stranger)
            for context, reason in (
                (stock_context(server), "certificate required"),
                (stranger, "unknown ca"),
            ):
                with self.subTest(reason=reason):
                    with self.assertRaisesRegex(ssl.SSLError, reason):
                        await self.get(server, context)
                    handshakes = [task for task in asyncio.all_tasks() if "_accept_connection2" in repr(task)]
                    async with asyncio.timeout(5):
                        await asyncio.gather(*handshakes, return_exceptions=True)

    async def test_refused_by_tls_1_2(self) -> None:
        """So is one that speaks TLS 1.2, in the handshake."""
        async with Server(app, tls=TLSOptions(client_certificates="required")) as server:
            context = stock_context(server)
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            with self.assertRaisesRegex(httpx.ConnectError, "handshake failure"):
                await self.get(server, context)

    async def test_optional(self) -> None:
        """Clients may do without, but not with one of somebody else's."""
        async with Server(app, tls=TLSOptions(client_certificates="optional")) as server:
            self.assertEqual(await self.get(server, stock_context(server)), 200)
            self.assertEqual(await self.get(server, server.client_ssl_context()), 200)
            stranger = stock_context(server)
            trustme.CA().issue_cert("ann@shop.test").configure_cert(stranger)
            with self.assertRaisesRegex(ssl.SSLError, "unknown ca"):
                await self.get(server, stranger)

    async def test_other_authority(self) -> None:
        """Clients may have a certificate of another authority, besides those of the run's."""
        with TemporaryDirectory() as folder:
            authority, certificate, key = issued_in(folder, "ann@shop.test")
            options = TLSOptions(client_certificates="required", client_ca_certificate=authority)
            async with Server(app, tls=options) as server:
                self.assertEqual(await self.get(server, server.client_ssl_context(certificate, key)), 200)
                self.assertEqual(await self.get(server, server.client_ssl_context()), 200)


class HandshakeTests(AsyncClassTestCase):
    """Clients that do not speak TLS as they should."""

    async def test_garbage(self) -> None:
        """What is no TLS is cut off."""
        async with Server(bare_app, tls=True) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"\0" * 100)
            self.assertEqual(await reader.read(), b"")
            writer.close()
            await writer.wait_closed()

    async def test_refused_client_goes_on(self) -> None:
        """A client that is refused, and talks on, is cut off."""
        async with Server(bare_app, tls=True) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(client_hello(ssl.TLSVersion.TLSv1_2, "NULL"))
            self.assertEqual(await reader.readexactly(7), b"\x15\x03\x03\x00\x02\x02\x28")  # alert: handshake_failure
            writer.write(b"more")
            self.assertEqual(await reader.read(), b"")
            writer.close()
            await writer.wait_closed()

    async def test_silent_client(self) -> None:
        """A client that never shakes hands does not hold up the server's stop."""
        async with asyncio.timeout(5):
            async with Server(make_app(), tls=True) as server:
                _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.close()
            await writer.wait_closed()


def client_hello(version: ssl.TLSVersion, ciphers: str) -> bytes:
    """Return what a client begins with that knows one version and some ciphers only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = version
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    outgoing = ssl.MemoryBIO()
    session = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="127.0.0.1")
    with contextlib.suppress(ssl.SSLWantReadError):
        session.do_handshake()
    return outgoing.read()
